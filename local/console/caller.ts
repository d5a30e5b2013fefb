/** Who a command of coordination is sent as. */
import type { Command } from "commander";
import type { DigestAuth } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";
import { type Call, clientAction } from "./client-action.ts";
import { connect, type ConnectionOptions, withConnection } from "./connection.ts";
import type { Terminal } from "./terminal.ts";

export interface CallerOptions extends ConnectionOptions {
  readonly auth: readonly string[];
}

/** Adds `--endpoint`, `--namespace` and `--auth`. */
export function withCaller(command: Command): Command {
  const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  return withConnection(command).option(
    "--auth <user:password>",
    "who asks, for access control lists; may be repeated",
    collect,
    [],
  );
}

/** Runs an action with a client; output that nobody reads any more ends it quietly. */
export function callAction(
  terminal: Terminal,
  options: CallerOptions,
  action: (call: Call) => Promise<void>,
): Promise<void> {
  return actionAs(terminal, options, options.auth.map(digestOf), action);
}

/** The same with proofs that are known already. */
export function actionAs(
  terminal: Terminal,
  options: ConnectionOptions,
  auth: readonly DigestAuth[],
  action: (call: Call) => Promise<void>,
): Promise<void> {
  return clientAction(terminal, () => connect(options, { auth }), action);
}

export function digestOf(text: string): DigestAuth {
  const colon = text.indexOf(":");
  if (colon < 1) throw new CommandError(`--auth must be user:password: ${text}`);
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** @throws CommandError if the text is no whole number */
export function wholeNumber(text: string, option: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw new CommandError(`${option} must be a whole number: ${text}`);
  return Number(text);
}
