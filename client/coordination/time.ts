/** What sessions and watches take of time, so that tests can drive it. */
export interface ClientTime {
  /** Never steps back; its zero means nothing. */
  nowMs(): number;
  /** Resolves after `ms`, or when the signal aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The process's own; does not keep it alive. */
export const processTime: ClientTime = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms).unref();
      signal.addEventListener("abort", end, { once: true });
    }),
};
