import type { Command } from "commander";
import { DescribeElectionCommand, Election, type Leader, type Leadership } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";
import { type CallerOptions, callAction, wholeNumber, withCaller } from "../console/caller.ts";
import type { Call } from "../console/client-action.ts";
import { formatJson } from "../console/json.ts";
import type { Output } from "../console/output.ts";
import { runCommand } from "../console/run-command.ts";
import type { Terminal } from "../console/terminal.ts";
import { lostExitCode } from "./lock.ts";

interface ElectionOptions extends CallerOptions {
  readonly json?: boolean;
  readonly data?: string;
  readonly sessionTimeout: string;
}

const examples = `
A command that is run while leading finds STREAMKEEPER_ELECTION and STREAMKEEPER_FENCING_TOKEN in its environment, and gets
SIGTERM when the lead is lost (exit status ${lostExitCode}).

Examples:
  $ streamkeeper election campaign head                   leads until Ctrl-C
  $ streamkeeper election campaign head --data host-1 -- ./lead.sh
  $ streamkeeper election leader head
  $ streamkeeper election observe head --json`;

/** Adds `streamkeeper election`. */
export function registerElection(program: Command, terminal: Terminal = process): void {
  const election = program.command("election").description("stand for election, and see who leads");
  election.addHelpText("after", examples);
  const subcommand = (usage: string, description: string): Command =>
    withCaller(election.command(usage).description(description)).option("--json", "write JSON");
  subcommand("campaign <name> [command...]", "wait to be elected, then lead until Ctrl-C, or while a command runs")
    .option("--data <text>", "what observers see of the leader")
    .option("--session-timeout <ms>", "how soon another may lead when this process dies", "10000")
    .action((name: string, words: readonly string[], options: ElectionOptions) =>
      callAction(terminal, options, (call) => campaign(call, name, words, options)),
    );
  subcommand("leader <name>", "who leads now").action((name: string, options: ElectionOptions) =>
    callAction(terminal, options, (call) => leader(call, name, options)),
  );
  subcommand("observe <name>", "who leads, and every change of that, until Ctrl-C").action(
    (name: string, options: ElectionOptions) => callAction(terminal, options, (call) => observe(call, name, options)),
  );
}

async function campaign(
  { client, signal, output }: Call,
  name: string,
  words: readonly string[],
  options: ElectionOptions,
): Promise<void> {
  const timeoutMs = wholeNumber(options.sessionTimeout, "--session-timeout");
  await using session = await client.session({ timeoutMs });
  const data = options.data ?? null;
  await using leadership = await new Election(session, name).campaign({ data, signal });
  const { fencingToken, path } = leadership;
  if (words.length > 0) return await lead(name, words, leadership, signal);
  const line = options.json === true ? JSON.stringify({ fencingToken, path }) : `leading with token ${fencingToken}`;
  await output.write(`${line}\n`);
  await aborted(AbortSignal.any([signal, leadership.signal]));
  if (!signal.aborted) throw lost(name);
}

async function lead(
  name: string,
  words: readonly string[],
  leadership: Leadership,
  signal: AbortSignal,
): Promise<void> {
  const variables = {
    STREAMKEEPER_ELECTION: name,
    STREAMKEEPER_FENCING_TOKEN: String(leadership.fencingToken),
  };
  const exitCode = await runCommand(words, variables, AbortSignal.any([signal, leadership.signal]));
  if (leadership.signal.aborted && !signal.aborted) throw lost(name);
  process.exitCode = exitCode;
}

async function leader({ client, signal, output }: Call, name: string, { json }: ElectionOptions): Promise<void> {
  const found = await client.send(new DescribeElectionCommand({ election: name }), { abortSignal: signal });
  if (json === true) {
    const { leader: leading, candidates } = found;
    await output.write(formatJson({ leader: shown(leading), candidates }));
    return;
  }
  await output.write(lineOf(found.leader));
  await output.write(`${found.candidates} candidate(s)\n`);
}

async function observe(call: Call, name: string, { json }: ElectionOptions): Promise<void> {
  const { client, signal, output } = call;
  await using session = await client.session();
  for await (const leading of new Election(session, name).observe({ signal })) {
    await write(output, leading, json === true);
  }
}

async function write(output: Output, leading: Leader | null, json: boolean): Promise<void> {
  await output.write(json ? `${JSON.stringify(shown(leading))}\n` : lineOf(leading));
}

function shown(leading: Leader | null): object | null {
  if (leading === null) return null;
  const { data, ...others } = leading;
  return { ...others, data: typeof data === "object" && data !== null ? Buffer.from(data).toString("base64") : data };
}

function lineOf(leading: Leader | null): string {
  if (leading === null) return "nobody leads\n";
  const { fencingToken, sessionId, data } = leading;
  const text = data === null ? "" : `, ${typeof data === "string" ? data : `${data.length} bytes`}`;
  return `session ${sessionId} leads with token ${fencingToken}${text}\n`;
}

function lost(name: string): CommandError {
  return new CommandError(`the lead of ${name} was lost`, { exitCode: lostExitCode });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
}
