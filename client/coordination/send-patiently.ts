import type { Command, CommandSender } from "../command.ts";
import { StreamkeeperException } from "../exceptions.ts";
import { isTransient, retryDelayMs } from "../middleware/retry-policy.ts";
import { pause } from "./time.ts";

/**
 * Sends a command that may be repeated until it is answered: for as long as the signal does not abort, failures that may
 * pass are waited out, with the back-off of a call's own attempts.
 *
 * @throws StreamkeeperException a failure that does not pass by itself, or the signal aborted
 */
export async function sendPatiently<Input extends object, Output extends object>(
  sender: CommandSender,
  command: Command<Input, Output>,
  signal: AbortSignal | undefined,
): Promise<Output> {
  const options = signal === undefined ? {} : { abortSignal: signal };
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await sender.send(command, options);
    } catch (error) {
      if (!(error instanceof StreamkeeperException) || !isTransient(error) || signal?.aborted === true) throw error;
      await pause(retryDelayMs(attempts, Math.random()), signal);
    }
  }
}
