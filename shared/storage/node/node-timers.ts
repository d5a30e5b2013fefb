import type { Timers } from "../environment.ts";

/** Node fires a longer timer at once. */
const timerMsMax = 2_147_483_647;

/** Node's timers; a sleep keeps the process alive. */
export const nodeTimers: Timers = { sleep };

/** Not `node:timers/promises`: there an abort makes an error of its own each time, which costs more than all the rest. */
async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  for (let leftMs = ms; ; leftMs -= timerMsMax) {
    signal?.throwIfAborted();
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, Math.min(leftMs, timerMsMax));
      signal?.addEventListener("abort", end);
    });
    signal?.throwIfAborted();
    if (leftMs <= timerMsMax) return;
  }
}
