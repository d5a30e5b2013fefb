import { setTimeout as sleep } from "node:timers/promises";
import { CheckFailure } from "./report.ts";

const lookMs = 250;

/**
 * Asks again and again until there is an answer.
 *
 * @param what what is waited for, for the message
 * @throws CheckFailure if there is none in time | what `ask` throws
 */
export async function eventually<Answer>(
  what: string,
  withinMs: number,
  signal: AbortSignal,
  ask: () => Answer | undefined | Promise<Answer | undefined>,
): Promise<Answer> {
  const startedMs = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() - startedMs > withinMs) throw new CheckFailure(`not within ${withinMs} ms: ${what}`);
    await sleep(lookMs, undefined, { signal });
  }
}

/** @throws CheckFailure if the promise takes longer | what it rejects with */
export async function inTime<Value>(what: string, withinMs: number, promise: Promise<Value>): Promise<Value> {
  const timer = new AbortController();
  const late = sleep(withinMs, undefined, { signal: timer.signal }).then(() => {
    throw new CheckFailure(`not within ${withinMs} ms: ${what}`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}
