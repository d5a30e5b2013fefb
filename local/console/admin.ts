/** Commands that administer what a namespace has: each answers with a table, or with JSON. */
import type { Command } from "commander";
import type { StreamkeeperClient } from "../../client/index.ts";
import { clientAction } from "./client-action.ts";
import { connect, type ConnectionOptions, withConnection } from "./connection.ts";
import type { Output } from "./output.ts";
import type { Terminal } from "./terminal.ts";

export interface AdminOptions extends ConnectionOptions {
  readonly json?: boolean;
}

/** What every action of such a command gets. */
export interface AdminCall {
  readonly client: StreamkeeperClient;
  readonly abortSignal: AbortSignal;
  readonly json: boolean;
  readonly output: Output;
}

/** Adds `--endpoint`, `--namespace` and `--json`. */
export function withAdmin(command: Command): Command {
  return withConnection(command).option("--json", "write JSON");
}

/** Runs an action with a client; output that nobody reads any more ends it quietly. */
export function adminAction(
  terminal: Terminal,
  options: AdminOptions,
  action: (call: AdminCall) => Promise<void>,
): Promise<void> {
  return clientAction(
    terminal,
    () => connect(options),
    ({ client, signal, output }) => action({ client, abortSignal: signal, json: options.json === true, output }),
  );
}
