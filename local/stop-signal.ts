/** A signal that comes again this soon is the same one: a terminal and npm both pass Ctrl-C on. */
const sameSignalMs = 300;
/** The exit code of a process that a SIGINT ended. */
export const interruptedExitCode = 130;

/** Resolves when the process is asked to stop (SIGINT, SIGTERM, SIGHUP). Asked once more, it stops at once. */
export function stopSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  onStopSignal(["SIGINT", "SIGTERM", "SIGHUP"], resolve);
  return promise;
}

/** Calls `stop` on the first of these signals; asked once more, the process stops at once. Answers what takes it back. */
export function onStopSignal(signals: readonly NodeJS.Signals[], stop: () => void): () => void {
  let askedAtMs: number | undefined;
  const onSignal = (): void => {
    const nowMs = performance.now();
    if (askedAtMs === undefined) {
      askedAtMs = nowMs;
      stop();
    } else if (nowMs - askedAtMs > sameSignalMs) {
      process.exit(interruptedExitCode);
    }
  };
  for (const signal of signals) process.on(signal, onSignal);
  const forget = (): void => {
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
  return () => {
    if (askedAtMs === undefined) forget();
    // The same one may still come again: a process that has done what it was asked for must not die of it.
    else setTimeout(forget, sameSignalMs).unref();
  };
}
