import { Option } from "commander";
import type { Command } from "commander";
import { DescribeTopicCommand } from "../../client/index.ts";
import type { ReadRecord, StreamkeeperClient } from "../../client/index.ts";
import { connect, withConnection } from "../console/connection.ts";
import type { ConnectionOptions } from "../console/connection.ts";
import { Output, OutputClosedError } from "../console/output.ts";
import { Progress } from "../console/progress.ts";
import { formatAmount } from "../console/quantities.ts";
import { recordFormatter } from "../console/record-format.ts";
import { CommandError } from "../command-error.ts";
import { consumeAsMember } from "./consume-as-member.ts";
import { runAction } from "../console/run-action.ts";
import { parseCount, RecordWriter, sizeOf } from "../console/record-writer.ts";
import { parseStartPoint, resolveStartPoint } from "../console/start-point.ts";
import type { StartPoint } from "../console/start-point.ts";
import type { Terminal } from "../console/terminal.ts";

export interface ConsumeOptions extends ConnectionOptions {
  readonly group?: string;
  readonly partition: readonly number[];
  readonly offset: string;
  readonly count?: string;
  readonly exit?: boolean;
  readonly format?: string;
  readonly json?: boolean;
  readonly delimiter: string;
  readonly keyDelimiter?: string;
  readonly null?: boolean;
  readonly unbuffered?: boolean;
  readonly quiet?: boolean;
}

const examples = `
Tokens of --format: %t topic, %p partition, %o offset, %k key, %K its length, %s value, %S its length, %R the same as
four bytes, %T timestamp, %h headers, %% a percent sign; a length of -1 stands for null.

Examples:
  $ streamkeeper consume orders                        all records, then those that are yet to come
  $ streamkeeper consume orders -e -K ' '              all that are there, with their keys
  $ streamkeeper consume orders -o -10 -e              the last ten of each partition
  $ streamkeeper consume orders -o s@1767225600000 -J  from a time on, as JSON
  $ streamkeeper consume orders -p 0 -o 42 -c 1 -f '%k: %s (offset %o)\\n'
  $ streamkeeper consume -g billing orders returns     as a member of a group: it goes on where the group is
  $ streamkeeper consume -g billing orders -o end      and a new group begins at the end, not at the beginning`;

/** Adds `streamkeeper consume`. */
export function registerConsume(program: Command, terminal: Terminal = process): void {
  const command = program.command("consume <topic...>").description("write a topic's records to the standard output");
  withConnection(command)
    .option(
      "-g, --group <group>",
      "as a member of this group: share the partitions with the others, and commit what was written",
    )
    .addOption(
      new Option("-p, --partition <numbers>", "partitions to read, such as 0,2; may be repeated")
        .argParser(partitions)
        .default([], "all"),
    )
    .option("-o, --offset <offset>", "beginning, end, an offset, -N for the last N, or s@<ms since 1970>", "beginning")
    .option("-c, --count <number>", "exit after so many records")
    .option("-e, --exit", "exit at the end of the partitions in place of waiting for more")
    .option("-f, --format <format>", "how a record is written; see below")
    .option("-J, --json", "write each record as a line of JSON")
    .option("-D, --delimiter <text>", "what is written behind each record", String.raw`\n`)
    .option("-K, --key-delimiter <text>", "write the key in front of the value, and this between them")
    .option("-Z, --null", "write NULL for keys and values that are null")
    .option("-u, --unbuffered", "write each record by itself")
    .option("-q, --quiet", "tell neither that the end is reached nor which partitions come and go")
    .addHelpText("after", examples)
    .action((topics: readonly string[], options: ConsumeOptions) =>
      runAction(async (signal) => {
        if (options.group !== undefined) return await consumeAsMember(topics, options, options.group, terminal, signal);
        const [topic = "", ...others] = topics;
        if (others.length > 0) throw new CommandError("only a group (-g) consumes more than one topic");
        return await consume(topic, options, terminal, signal);
      }),
    );
}

async function consume(
  topic: string,
  options: ConsumeOptions,
  { stdout, stderr }: Terminal,
  interrupt: AbortSignal,
): Promise<void> {
  const start = parseStartPoint(options.offset);
  const formatter = recordFormatter({ ...options, showNull: options.null === true });
  const countMax = parseCount(options.count);
  using client = connect(options);
  const done = new AbortController();
  const output = new Output(stdout);
  const signal = AbortSignal.any([interrupt, done.signal, output.signal]);
  const described = await client.send(new DescribeTopicCommand({ topic }), { abortSignal: signal });
  const chosen = choosePartitions(options.partition, described.partitions, topic);
  const writer = new RecordWriter(output, formatter, countMax, options.unbuffered === true);
  const progress = new Progress(`consume ${topic}`, stderr);
  const read = (partition: number): Promise<void> =>
    readPartition(client, { topic, partition, start, stopAtEnd: options.exit === true, signal }, async (records) => {
      await writer.write(records, topic);
      if (stdout.isTTY !== true) progress.add(records.length, sizeOf(records));
      if (writer.isDone) done.abort();
    });
  try {
    await allOrFirstFailure(chosen.map(read), done);
  } catch (error) {
    const quietEnd = writer.isDone || output.signal.reason instanceof OutputClosedError || interrupt.aborted;
    if (!quietEnd) throw error;
  } finally {
    progress.finish();
  }
  if (options.quiet !== true && stderr.isTTY === true && options.exit === true) {
    stderr.write(`${formatAmount(writer.written, "record")} of ${topic}\n`);
  }
}

interface PartitionTask {
  readonly topic: string;
  readonly partition: number;
  readonly start: StartPoint;
  readonly stopAtEnd: boolean;
  readonly signal: AbortSignal;
}

async function readPartition(
  client: StreamkeeperClient,
  task: PartitionTask,
  onRecords: (records: readonly ReadRecord[]) => Promise<void>,
): Promise<void> {
  const { topic, partition, start, stopAtEnd, signal } = task;
  const from = await resolveStartPoint(client, start, { topic, partition }, signal);
  const reset = start.at === "earliest" || start.at === "beforeEnd" ? "earliest" : "error";
  const reader = client.readPartition({ topic, partition, from, reset, stopAtEnd, signal });
  for await (const page of reader.pages()) {
    if (page.records.length > 0) await onRecords(page.records);
  }
}

/** Waits for all; the first failure ends the others. */
async function allOrFirstFailure(tasks: readonly Promise<void>[], others: AbortController): Promise<void> {
  try {
    await Promise.all(tasks);
  } catch (error) {
    others.abort();
    await Promise.allSettled(tasks);
    throw error;
  }
}

function choosePartitions(wanted: readonly number[], partitionsCount: number, topic: string): readonly number[] {
  const tooHigh = wanted.find((partition) => partition >= partitionsCount);
  if (tooHigh !== undefined)
    throw new CommandError(`${topic} has no partition ${tooHigh}: its last is ${partitionsCount - 1}`);
  if (wanted.length > 0) return [...new Set(wanted)];
  return Array.from({ length: partitionsCount }, (_, partition) => partition);
}

function partitions(text: string, before: readonly number[]): readonly number[] {
  const numbers = text.split(",").map((part) => (/^\d{1,9}$/.test(part) ? Number(part) : Number.NaN));
  if (numbers.some(Number.isNaN)) throw new CommandError(`--partition must be numbers such as 0,2: ${text}`);
  return [...before, ...numbers];
}
