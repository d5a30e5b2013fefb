/** The calls of a transactional producer, each sent again for as long as its failure may pass and its time is not over. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Command, CommandSender } from "../command.ts";
import { StreamkeeperException, StreamkeeperServiceException } from "../exceptions.ts";
import { isTransient, retryDelayMs } from "../middleware/retry-policy.ts";
import { ProducerFencedError } from "./transaction-errors.ts";

/** What the service says to a producer whose transactional id another one has taken over. */
const fencedCodes: readonly string[] = ["PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH", "INVALID_PRODUCER_ID_MAPPING"];
/** Passes when the end of the transaction before has reached every partition. */
const passingCodes: readonly string[] = ["CONCURRENT_TRANSACTIONS"];

/**
 * Sends a command whose repeats the service recognises.
 *
 * @throws ProducerFencedError another producer has taken over
 * @throws StreamkeeperException a failure that does not pass, or did not for `patienceMs`; or the signal aborted
 */
export async function callPatiently<Input extends object, Output extends object>(
  client: CommandSender,
  command: Command<Input, Output>,
  patienceMs: number,
  signal: AbortSignal | undefined,
): Promise<Output> {
  const startedMs = performance.now();
  const options = { maxAttempts: 1, ...(signal === undefined ? {} : { abortSignal: signal }) };
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await client.send(command, options);
    } catch (error) {
      const isOver = performance.now() - startedMs >= patienceMs || signal?.aborted === true;
      if (!mayPass(error) || isOver) throw translated(error);
      const retryAfterMs = error instanceof StreamkeeperServiceException ? error.retryAfterMs : undefined;
      await sleep(
        retryDelayMs(attempts, Math.random(), retryAfterMs),
        undefined,
        signal === undefined ? {} : { signal },
      );
    }
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof StreamkeeperException && (isTransient(error) || passingCodes.includes(error.name));
}

function translated(error: unknown): unknown {
  if (!(error instanceof StreamkeeperServiceException) || !fencedCodes.includes(error.name)) return error;
  return new ProducerFencedError(`another producer has taken over the transactional id: ${error.message}`, {
    cause: error,
  });
}
