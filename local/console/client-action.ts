import type { StreamkeeperClient } from "../../client/index.ts";
import { Output, OutputClosedError } from "./output.ts";
import { runAction } from "./run-action.ts";
import type { Terminal } from "./terminal.ts";

/** What every action of a command gets. */
export interface Call {
  readonly client: StreamkeeperClient;
  readonly signal: AbortSignal;
  readonly output: Output;
}

/** Runs an action with a client; output that nobody reads any more ends it quietly. */
export function clientAction(
  terminal: Terminal,
  connectClient: () => StreamkeeperClient,
  action: (call: Call) => Promise<void>,
): Promise<void> {
  return runAction(async (signal) => {
    using client = connectClient();
    try {
      await action({ client, signal, output: new Output(terminal.stdout) });
    } catch (error) {
      if (!(error instanceof OutputClosedError)) throw error;
    }
  });
}
