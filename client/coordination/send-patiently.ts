import type { Command, CommandSender } from "../command.ts";
import { StreamkeeperException } from "../exceptions.ts";
import { isTransient, retryDelayMs } from "../middleware/retry-policy.ts";
import { pause } from "./time.ts";

/**
 * Sends a command that may be repeated until it is answered: for as long as the signal does not abort, failures that may
 * pass are waited out, with the back-off of a call's own attempts. A write needs an idempotency key of its own.
 *
 * @throws StreamkeeperException a failure that does not pass by itself, or the signal aborted
 */
export function sendPatiently<Input extends object, Output extends object>(
  sender: CommandSender,
  command: Command<Input, Output>,
  signal: AbortSignal | undefined,
): Promise<Output> {
  const options = signal === undefined ? {} : { abortSignal: signal };
  return patiently(() => sender.send(command, options), signal);
}

/**
 * Calls again for as long as the signal does not abort and what failed may pass by itself.
 *
 * @param mayRepeat whether to call again after a failure; default: always
 * @throws what `call` threw last
 */
export async function patiently<Answer>(
  call: () => Promise<Answer>,
  signal: AbortSignal | undefined,
  mayRepeat: (failure: StreamkeeperException) => boolean = () => true,
): Promise<Answer> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await call();
    } catch (error) {
      const isPassing = error instanceof StreamkeeperException && isTransient(error) && mayRepeat(error);
      if (!isPassing || signal?.aborted === true) throw error;
      await pause(retryDelayMs(attempts, Math.random()), signal);
    }
  }
}
