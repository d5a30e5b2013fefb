import { Option } from "commander";
import type { Command } from "commander";
import {
  DeleteGroupCommand,
  DescribeGroupCommand,
  GetGroupOffsetsCommand,
  isServiceException,
  paginateListGroups,
  ResetOffsetsCommand,
} from "../../client/index.ts";
import type { DescribeGroupOutput, GetGroupOffsetsOutput, StreamkeeperClient } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";
import { adminAction, type AdminCall, type AdminOptions, withAdmin } from "../console/admin.ts";
import { formatJson } from "../console/json.ts";
import { listOf } from "../console/member-notes.ts";
import { parseResetPoint, parseTopicChoice } from "../console/reset-point.ts";
import type { ResetPointOptions } from "../console/reset-point.ts";
import { formatTable } from "../console/table.ts";
import type { Terminal } from "../console/terminal.ts";

interface DescribeOptions extends AdminOptions {
  readonly members?: boolean;
}

interface ResetOptions extends AdminOptions, ResetPointOptions {
  readonly topic: readonly string[];
  readonly allTopics?: boolean;
  readonly execute?: boolean;
  readonly dryRun?: boolean;
}

const examples = `
Examples:
  $ streamkeeper groups ls
  $ streamkeeper groups describe billing
  $ streamkeeper groups reset billing --topic orders --to-earliest              says what it would do
  $ streamkeeper groups reset billing --topic orders:0,2 --shift-by -10 --execute
  $ streamkeeper groups reset billing --all-topics --to-datetime 2026-01-01T00:00:00.000 --execute
  $ streamkeeper groups delete billing`;

/** Adds `streamkeeper groups`. */
export function registerGroups(program: Command, terminal: Terminal = process): void {
  const run = (options: AdminOptions, action: (call: AdminCall) => Promise<void>): Promise<void> =>
    adminAction(terminal, options, action);
  const groups = program.command("groups").description("list, describe, reset and delete consumer groups");
  groups.addHelpText("after", examples);
  const subcommand = (usage: string, description: string): Command =>
    withAdmin(groups.command(usage).description(description));
  const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

  subcommand("ls", "the groups of a namespace")
    .alias("list")
    .action((options: AdminOptions) => run(options, list));
  subcommand("describe <group>", "offsets and lag of a group, and who owns what")
    .option("--members", "the members in place of the offsets")
    .action((group: string, options: DescribeOptions) => run(options, (call) => describe(call, group, options)));
  subcommand("reset <group>", "move the offsets of a group that has no members")
    .addOption(
      new Option("--topic <topic[:partitions]>", "such as orders or orders:0,2; may be repeated")
        .argParser(collect)
        .default([], "all"),
    )
    .option("--all-topics", "all topics that the group has offsets of: the default")
    .option("--to-earliest", "to the start of the log")
    .option("--to-latest", "to its end")
    .option("--to-offset <offset>", "to an offset; one outside of the log becomes its nearer end")
    .option(
      "--to-datetime <YYYY-MM-DDTHH:mm:ss.sss>",
      "to the first record at or after a time; UTC if it names no zone",
    )
    .option("--to-timestamp <ms>", "the same, as ms since 1970")
    .option("--shift-by <number>", "so many records on, or back if it is negative")
    .option("--dry-run", "only say what would become of it: the default")
    .option("--execute", "do it")
    .action((group: string, options: ResetOptions) => run(options, (call) => reset(call, group, options)));
  subcommand("delete <group...>", "delete groups without members, with their offsets").action(
    (names: readonly string[], options: AdminOptions) => run(options, (call) => remove(call, names)),
  );
}

async function list({ client, abortSignal, json, output }: AdminCall): Promise<void> {
  const groups = [];
  for await (const page of paginateListGroups({ client, abortSignal }, { limit: 1_000 })) groups.push(...page.groups);
  if (json) return output.write(formatJson(groups));
  if (groups.length === 0) return output.write("no groups\n");
  const rows = groups.map(({ group, state, members }) => [group, state, members]);
  return output.write(formatTable(["GROUP", "STATE", "MEMBERS"], rows));
}

async function describe(call: AdminCall, name: string, { members }: DescribeOptions): Promise<void> {
  const { client, abortSignal, json, output } = call;
  const { $metadata: _, ...group } = await client.send(new DescribeGroupCommand({ group: name }), { abortSignal });
  if (members === true) return output.write(json ? formatJson(group) : `${headOf(group)}\n${memberTable(group)}`);
  const { offsets } = await client.send(new GetGroupOffsetsCommand({ group: name }), { abortSignal });
  return output.write(json ? formatJson({ ...group, offsets }) : `${headOf(group)}\n${offsetTable(group, offsets)}`);
}

async function reset(
  { client, abortSignal, json, output }: AdminCall,
  group: string,
  options: ResetOptions,
): Promise<void> {
  const point = parseResetPoint(options);
  const { topic, allTopics, execute, dryRun } = options;
  if (topic.length > 0 && allTopics === true) throw new CommandError("give either --topic or --all-topics");
  if (execute === true && dryRun === true) throw new CommandError("give either --execute or --dry-run");
  const topics = topic.length === 0 ? undefined : topic.map(parseTopicChoice);
  const command = new ResetOffsetsCommand({ group, point, topics, dryRun: execute !== true });
  const { results } = await sendReset(client, command, abortSignal);
  if (json) return output.write(formatJson(results));
  if (results.length === 0) return output.write(`the group ${group} has no offsets there\n`);
  const rows = results.map(({ topic: name, partition, from, to }) => [name, partition, from < 0 ? "-" : from, to]);
  const hint = execute === true ? "" : "\nnothing was changed: say --execute to do it\n";
  return output.write(`${formatTable(["TOPIC", "PARTITION", "CURRENT-OFFSET", "NEW-OFFSET"], rows)}${hint}`);
}

async function sendReset(client: StreamkeeperClient, command: ResetOffsetsCommand, abortSignal: AbortSignal) {
  try {
    return await client.send(command, { abortSignal });
  } catch (cause) {
    if (!isServiceException(cause, "NON_EMPTY_GROUP")) throw cause;
    const message = `the group ${command.input.group} has members: offsets are moved when all have left`;
    throw new CommandError(message, { cause });
  }
}

async function remove({ client, abortSignal, json, output }: AdminCall, names: readonly string[]): Promise<void> {
  for (const group of names) {
    await client.send(new DeleteGroupCommand({ group }), { abortSignal });
    if (!json) await output.write(`deleted ${group}\n`);
  }
  if (json) await output.write(formatJson({ deleted: names }));
}

type Group = Omit<DescribeGroupOutput, "$metadata">;

function headOf({ group, state, members, assignor, groupEpoch }: Group): string {
  return [
    `group     ${group}\n`,
    `state     ${state}${members === 0 ? " (no active members)" : ""}\n`,
    `members   ${members}\n`,
    `assignor  ${assignor}\n`,
    `epoch     ${groupEpoch}\n`,
  ].join("");
}

/** The columns of Kafka's `kafka-consumer-groups --describe`; a member has no host here. */
function offsetTable({ memberList }: Group, offsets: GetGroupOffsetsOutput["offsets"]): string {
  if (offsets.length === 0) return "no offsets\n";
  const clientIds = new Map(memberList.map(({ memberId, clientId }) => [memberId, clientId]));
  const rows = offsets.map(({ topic, partition, offset, highWatermark, lag, memberId = "-" }) => {
    const current = offset < 0 ? "-" : offset;
    return [topic, partition, current, highWatermark, lag, memberId, clientIds.get(memberId) ?? "-"];
  });
  const head = ["TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "CLIENT-ID"];
  return formatTable(head, rows);
}

function memberTable({ memberList }: Group): string {
  if (memberList.length === 0) return "no members\n";
  const rows = memberList.map(({ memberId, instanceId = "-", clientId = "-", memberEpoch, assignment }) => {
    const count = assignment.reduce((sum, { partitions }) => sum + partitions.length, 0);
    return [memberId, instanceId, clientId, memberEpoch, count, listOf(assignment)];
  });
  return formatTable(["CONSUMER-ID", "INSTANCE-ID", "CLIENT-ID", "EPOCH", "PARTITIONS", "ASSIGNMENT"], rows);
}
