import {
  CommandInputError,
  CorruptBatchError,
  DeliveryError,
  NoAnswerException,
  NoCommittedOffsetError,
  ProducerFatalError,
  SessionExpiredError,
  StreamkeeperException,
  StreamkeeperServiceException,
  WatchLostError,
} from "../../client/index.ts";
import { CommandError } from "../command-error.ts";
import { interruptedExitCode, onStopSignal } from "../stop-signal.ts";

/** The longest that a timer can have. */
const timerMsMax = 2 ** 31 - 1;

/**
 * Runs a command's action. Ctrl-C aborts its signal, and a second one ends the process at once; the exit code is then
 * 130, whatever the action made of it. The process lives until the action is done: heartbeats alone do not keep it.
 *
 * @throws CommandError for a failure that the caller can understand; anything else is a bug, and is thrown as it is
 */
export async function runAction(action: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const forget = onStopSignal(["SIGINT"], () => controller.abort(new Error("interrupted")));
  const alive = setInterval(() => {}, timerMsMax);
  try {
    await action(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted)
      throw isExpected(error) ? new CommandError(describeFailure(error), { cause: error }) : error;
  } finally {
    clearInterval(alive);
    forget();
  }
  if (controller.signal.aborted) process.exitCode = interruptedExitCode;
}

function isExpected(error: unknown): error is Error {
  return (
    error instanceof StreamkeeperException ||
    error instanceof CommandInputError ||
    error instanceof DeliveryError ||
    error instanceof ProducerFatalError ||
    error instanceof CorruptBatchError ||
    error instanceof NoCommittedOffsetError ||
    error instanceof SessionExpiredError ||
    error instanceof WatchLostError
  );
}

/** A failure in one line. */
function describeFailure(error: Error): string {
  if (error instanceof StreamkeeperServiceException) {
    const id = error.$metadata.requestId;
    return `${error.name}: ${error.message}${id === undefined ? "" : ` (request ${id})`}`;
  }
  if (error instanceof NoAnswerException && error.reason === "connect") {
    return `${error.message}. Is a server running? Start one with "streamkeeper serve", or name it with --endpoint.`;
  }
  return error.message;
}
