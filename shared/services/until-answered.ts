import { StorageTimeoutError } from "../storage/errors.ts";
import { isStorageFailure } from "./change-errors.ts";

/**
 * Sends a write again until it is answered. It must do no harm a second time: its conditions refuse it, or it is the same.
 * Once an answer was lost, a refusal of a repeat says nothing of what was sent before.
 *
 * @param triesMax how often it is sent
 * @param pause waits after the given number of tries
 * @throws StorageTimeoutError nobody knows whether it was applied
 * @throws StorageThrottledError | StorageUnavailableError not applied
 */
export async function untilAnswered<Answer>(
  triesMax: number,
  send: () => Promise<Answer>,
  pause: (tries: number) => Promise<void> = () => Promise.resolve(),
): Promise<Answer> {
  let unclear: StorageTimeoutError | undefined;
  for (let tries = 1; ; tries += 1) {
    try {
      return await send();
    } catch (cause) {
      if (cause instanceof StorageTimeoutError) unclear = cause;
      if (unclear === undefined || !isStorageFailure(cause)) throw cause;
      if (tries >= triesMax) throw unclear;
    }
    await pause(tries);
  }
}
