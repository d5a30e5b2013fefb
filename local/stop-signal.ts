/** A signal that comes again this soon is the same one: a terminal and npm both pass Ctrl-C on. */
const sameSignalMs = 300;
/** The exit code of a process that a SIGINT ended. */
const interruptedExitCode = 130;

/** Resolves when the process is asked to stop (SIGINT, SIGTERM, SIGHUP). Asked once more, it stops at once. */
export function stopSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let askedAtMs: number | undefined;
  const onSignal = (): void => {
    const nowMs = performance.now();
    if (askedAtMs === undefined) {
      askedAtMs = nowMs;
      resolve();
    } else if (nowMs - askedAtMs > sameSignalMs) {
      process.exit(interruptedExitCode);
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  return promise;
}
