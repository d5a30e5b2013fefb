/** Steps of a transaction that may be done again: a few at a time, each until it is done or its bound is reached. */
import { ServiceError } from "../api/errors.ts";
import { markerBackoffMsMax, markerBackoffMsMin, markersAtOnce } from "../limits/transactions.ts";
import type { Storage } from "../storage/storage.ts";
import { isStorageFailure } from "./change-errors.ts";

type Step = () => Promise<void>;

/** Tries all of them; answers what they failed with, the first first. */
export async function inParallel(steps: readonly Step[]): Promise<readonly unknown[]> {
  const failures: unknown[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let step = steps[next]; step !== undefined; step = steps[next]) {
      next += 1;
      await step().catch((cause: unknown) => failures.push(cause));
    }
  };
  await Promise.all(Array.from({ length: Math.min(markersAtOnce, steps.length) }, work));
  return failures;
}

/** Tries again what may be otherwise a moment later. */
export async function untilDone(storage: Storage, triesMax: number, step: Step): Promise<void> {
  const { timers, random } = storage;
  for (let tries = 1; ; tries += 1) {
    try {
      return await step();
    } catch (cause) {
      if (!isPassing(cause) || tries >= triesMax) throw cause;
    }
    const ceilingMs = Math.min(markerBackoffMsMax, markerBackoffMsMin * 2 ** tries);
    await timers.sleep((random.uint32() / 0x1_0000_0000) * ceilingMs);
  }
}

/** What may be otherwise a moment later. */
export function isPassing(cause: unknown): boolean {
  return cause instanceof ServiceError ? cause.retriable : isStorageFailure(cause);
}
