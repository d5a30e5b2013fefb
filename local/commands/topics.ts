import type { Command } from "commander";
import {
  AlterTopicCommand,
  CreateTopicCommand,
  DeleteTopicCommand,
  DescribeTopicCommand,
  GetOffsetCommand,
  paginateListTopics,
} from "../../client/index.ts";
import type { DescribeTopicOutput } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";
import { adminAction, type AdminCall, type AdminOptions, withAdmin } from "../console/admin.ts";
import { formatJson } from "../console/json.ts";
import { formatTable } from "../console/table.ts";
import type { Terminal } from "../console/terminal.ts";

interface ChangeOptions extends AdminOptions {
  readonly partitions?: string;
  readonly config: readonly string[];
  readonly removeConfig?: readonly string[];
}

/** Partitions whose offsets `describe` looks up; each costs two requests. */
const describedPartitionsMax = 100;

const examples = `
Examples:
  $ streamkeeper topics create orders --partitions 3 --config retention.ms=86400000
  $ streamkeeper topics list
  $ streamkeeper topics describe orders --json
  $ streamkeeper topics alter orders --partitions 6 --remove-config retention.ms
  $ streamkeeper topics delete orders`;

/** Adds `streamkeeper topics`. */
export function registerTopics(program: Command, terminal: Terminal = process): void {
  const run = (options: AdminOptions, action: (call: AdminCall) => Promise<void>): Promise<void> =>
    adminAction(terminal, options, action);
  const topics = program.command("topics").description("list, create, describe, alter and delete topics");
  topics.addHelpText("after", examples);
  const subcommand = (usage: string, description: string): Command =>
    withAdmin(topics.command(usage).description(description));
  const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

  subcommand("list", "the topics of a namespace").action((options: AdminOptions) => run(options, list));
  subcommand("describe <topic>", "partitions, configuration and offsets of a topic").action(
    (topic: string, options: AdminOptions) => run(options, (call) => describe(call, topic)),
  );
  subcommand("create <topic>", "create a topic")
    .option("-p, --partitions <number>", "number of partitions")
    .option("-c, --config <key=value>", "a configuration key, as in Kafka; may be repeated", collect, [])
    .action((topic: string, options: ChangeOptions) => run(options, (call) => create(call, topic, options)));
  subcommand("alter <topic>", "give a topic more partitions, or change its configuration")
    .option("-p, --partitions <number>", "number of partitions; never fewer than now")
    .option("-c, --config <key=value>", "set a configuration key; may be repeated", collect, [])
    .option("--remove-config <key>", "remove a configuration key; may be repeated", collect, [])
    .action((topic: string, options: ChangeOptions) => run(options, (call) => alter(call, topic, options)));
  subcommand("delete <topic...>", "delete topics with all their records").action(
    (names: readonly string[], options: AdminOptions) => run(options, (call) => remove(call, names)),
  );
}

async function list({ client, abortSignal, json, output }: AdminCall): Promise<void> {
  const topics = [];
  for await (const page of paginateListTopics({ client, abortSignal }, { limit: 1_000 })) topics.push(...page.topics);
  if (json) return output.write(formatJson(topics));
  if (topics.length === 0) return output.write("no topics\n");
  const rows = topics.map(({ name, partitions, topicId }) => [name, partitions, topicId]);
  return output.write(formatTable(["TOPIC", "PARTITIONS", "ID"], rows));
}

async function describe(call: AdminCall, name: string): Promise<void> {
  const { client, abortSignal, json, output } = call;
  const topic = await client.send(new DescribeTopicCommand({ topic: name }), { abortSignal });
  const offsets = await offsetsOf(call, topic);
  if (json) return output.write(formatJson({ ...topicFields(topic), offsets }));
  const rows = offsets.map(({ partition, earliest, latest }) => [partition, earliest, latest, latest - earliest]);
  const more =
    topic.partitions > offsets.length ? `... and ${topic.partitions - offsets.length} partitions more\n` : "";
  return output.write(`${describeTopic(topic)}\n${formatTable(["PARTITION", "START", "END", "OFFSETS"], rows)}${more}`);
}

async function create(
  { client, abortSignal, json, output }: AdminCall,
  name: string,
  options: ChangeOptions,
): Promise<void> {
  const config = parseConfig(options.config);
  const input = { name, partitions: parsePartitions(options.partitions), config };
  const topic = await client.send(new CreateTopicCommand(input), { abortSignal });
  await output.write(json ? formatJson(topicFields(topic)) : describeTopic(topic));
}

async function alter(
  { client, abortSignal, json, output }: AdminCall,
  name: string,
  options: ChangeOptions,
): Promise<void> {
  const removed = (options.removeConfig ?? []).map((key) => [key, null] as const);
  const config = { ...parseConfig(options.config), ...Object.fromEntries(removed) };
  const partitions = parsePartitions(options.partitions);
  if (partitions === undefined && Object.keys(config).length === 0) {
    throw new CommandError("nothing to alter: give --partitions, --config or --remove-config");
  }
  const topic = await client.send(new AlterTopicCommand({ topic: name, partitions, config }), { abortSignal });
  await output.write(json ? formatJson(topicFields(topic)) : describeTopic(topic));
}

async function remove({ client, abortSignal, json, output }: AdminCall, names: readonly string[]): Promise<void> {
  for (const topic of names) {
    await client.send(new DeleteTopicCommand({ topic }), { abortSignal });
    if (!json) await output.write(`deleted ${topic}\n`);
  }
  if (json) await output.write(formatJson({ deleted: names }));
}

async function offsetsOf({ client, abortSignal }: AdminCall, topic: DescribeTopicOutput) {
  const described = Math.min(topic.partitions, describedPartitionsMax);
  return Promise.all(
    Array.from({ length: described }, async (_, partition) => {
      const place = { topic: topic.name, partition };
      const earliest = await client.send(new GetOffsetCommand({ ...place, at: "earliest" }), { abortSignal });
      const latest = await client.send(new GetOffsetCommand({ ...place, at: "latest" }), { abortSignal });
      return { partition, earliest: earliest.offset, latest: latest.offset };
    }),
  );
}

function topicFields({ name, topicId, partitions, config, createdAtMs }: DescribeTopicOutput): object {
  return { name, topicId, partitions, config, createdAtMs };
}

function describeTopic(topic: DescribeTopicOutput): string {
  const config = Object.entries(topic.config).map(([key, value]) => `  ${key}=${value}\n`);
  return [
    `topic       ${topic.name}\n`,
    `id          ${topic.topicId}\n`,
    `partitions  ${topic.partitions}\n`,
    `created     ${new Date(topic.createdAtMs).toISOString()}\n`,
    config.length === 0 ? "config      (defaults)\n" : `config\n${config.join("")}`,
  ].join("");
}

function parsePartitions(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new CommandError(`--partitions must be a number: ${text}`);
  return Number(text);
}

function parseConfig(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new CommandError(`--config must be key=value: ${pair}`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
