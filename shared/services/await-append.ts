import { appendWaitMsMax } from "../limits.ts";
import type { Appended, AppendRequest } from "../partition/plan-append.ts";
import type { PartitionWriter } from "../partition/partition-writer.ts";
import type { Storage } from "../storage/storage.ts";
import { appendedOrThrow, unknownOutcome } from "./append-errors.ts";

/** Made once: an exception with a stack for each append costs as much as a small append itself, and nobody reads it. */
const answered = new Error("the append was answered");

/**
 * Appends; one that takes too long goes on, but its caller is told that nobody knows.
 *
 * @throws ServiceError for every result but `done`
 */
export async function awaitAppend(
  storage: Storage,
  writer: PartitionWriter,
  request: AppendRequest,
  onQueued?: () => void,
): Promise<Appended> {
  const over = new AbortController();
  const timeout = storage.timers.sleep(appendWaitMsMax, over.signal).then(
    () => {
      throw unknownOutcome(new Error(`no answer within ${appendWaitMsMax} ms`));
    },
    // Aborted because the append was answered; the race is decided.
    () => new Promise<never>(() => undefined),
  );
  try {
    const append = writer.append(request);
    onQueued?.();
    const result = await Promise.race([append, timeout]);
    if (result.kind === "refused" && result.refusal.code === "UNSEALED_TOO_LONG") {
      storage.metrics?.count("UnsealedRefusals", 1, {});
    }
    return appendedOrThrow(result);
  } finally {
    over.abort(answered);
  }
}
