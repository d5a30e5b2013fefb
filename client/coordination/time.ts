/** What sessions take of time, so that tests can drive it. */
export interface ClientTime {
  /** Never steps back; its zero means nothing. */
  nowMs(): number;
  /**
   * Resolves when `nowMs` has grown by `ms` at the least, or when the signal aborts; never rejects, and does not keep the
   * process alive.
   */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The process's own. */
export const processTime: ClientTime = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) => wait(ms, signal, false),
};

/** Resolves after `ms`, or when the signal aborts; never rejects. Keeps the process alive: somebody waits for it. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return wait(ms, signal, true);
}

function wait(ms: number, signal: AbortSignal | undefined, keepsAlive: boolean): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const untilMs = performance.now() + ms;
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    // A timer drops fractions, and may be early by a millisecond: whoever looks at the clock then would not be woken again.
    const endIfOver = (): void => {
      const leftMs = untilMs - performance.now();
      if (leftMs > 0) timer = start(leftMs);
      else end();
    };
    const start = (leftMs: number): NodeJS.Timeout => {
      const started = setTimeout(endIfOver, Math.ceil(leftMs));
      return keepsAlive ? started : started.unref();
    };
    let timer = start(ms);
    signal?.addEventListener("abort", end, { once: true });
  });
}
