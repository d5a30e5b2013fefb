/** `streamkeeper consume -g`: as a member of a group, as kcat's `-G`. */
import { Consumer, DescribeTopicCommand, isServiceException } from "../../client/index.ts";
import type { BatchContext, ConsumerOptions, ConsumerProblem, StreamkeeperClient } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";
import { connect } from "../console/connection.ts";
import type { ConnectionOptions } from "../console/connection.ts";
import { MemberNotes } from "../console/member-notes.ts";
import { Output, OutputClosedError } from "../console/output.ts";
import { Progress } from "../console/progress.ts";
import { recordFormatter } from "../console/record-format.ts";
import type { RecordFormatOptions } from "../console/record-format.ts";
import { parseCount, RecordWriter, sizeOf } from "../console/record-writer.ts";
import type { Terminal } from "../console/terminal.ts";

export interface MemberOptions extends ConnectionOptions, Omit<RecordFormatOptions, "showNull"> {
  readonly partition: readonly number[];
  readonly offset: string;
  readonly count?: string;
  readonly exit?: boolean;
  readonly null?: boolean;
  readonly unbuffered?: boolean;
  readonly quiet?: boolean;
}

/** With `--exit` a partition tells soon that it has no more. */
const exitWaitMs = 500;
const lookMs = 100;
/** Somebody who has pressed Ctrl-C waits: of records that are written nothing is left to do but the commit. */
const closeTimeoutMs = 5_000;

/** Writes what the group's partitions bring, until it is interrupted or has written enough; leaves the group in order. */
export async function consumeAsMember(
  topics: readonly string[],
  options: MemberOptions,
  group: string,
  { stdout, stderr }: Terminal,
  interrupt: AbortSignal,
): Promise<void> {
  const formatter = recordFormatter({ ...options, showNull: options.null === true });
  const from = startOf(options);
  const countMax = parseCount(options.count);
  using client = connect(options);
  const done = new AbortController();
  const output = new Output(stdout);
  const signal = AbortSignal.any([interrupt, done.signal, output.signal]);
  const writer = new RecordWriter(output, formatter, countMax, options.unbuffered === true);
  const progress = new Progress(`consume ${topics.join(" ")}`, stderr);
  const isQuietEnd = (): boolean => output.signal.reason instanceof OutputClosedError;
  const tell = (line: string): void => {
    progress.finish();
    stderr.write(line);
  };
  const notes = new MemberNotes(tell, options.quiet === true);
  const consumer = consumerOf(client, {
    group,
    topics,
    from,
    signal,
    closeTimeoutMs,
    clientId: "streamkeeper-consume",
    ...(options.exit === true ? { waitMs: exitWaitMs } : {}),
    onAssigned: (partitions) => notes.assigned(partitions),
    onRevoked: (partitions) => {
      if (!signal.aborted) notes.revoked(partitions);
    },
    onLost: (partitions, reason) => notes.lost(partitions, reason),
    onProblem: (problem: ConsumerProblem) => (problem.during === "handler" ? done.abort() : notes.problem(problem)),
  });
  await checkTopics(client, topics, options.exit === true, notes, signal);
  let failure: Error | undefined;
  const eachBatch = async ({ batch, resolveOffset }: BatchContext): Promise<void> => {
    try {
      const written = await writer.write(batch.records, batch.topic);
      if (stdout.isTTY !== true) progress.add(written, sizeOf(batch.records.slice(0, written)));
      const last = batch.records[written - 1];
      if (last !== undefined) resolveOffset(last.offset);
      if (writer.isDone) done.abort();
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  };
  let isMember = false;
  const looking = setInterval(() => {
    if (options.exit === true && isAtEnd(consumer)) done.abort();
    if (isMember) notes.waiting(group);
  }, lookMs);
  try {
    const { finished } = consumer;
    await consumer.run({ eachBatch, eachBatchAutoResolve: false });
    isMember = true;
    await finished;
    if (failure !== undefined && !isQuietEnd()) throw failure;
  } catch (error) {
    if (!signal.aborted) throw error;
    if (error === failure && !isQuietEnd()) throw error;
  } finally {
    clearInterval(looking);
    await consumer.close();
    progress.finish();
  }
}

function consumerOf(client: StreamkeeperClient, options: ConsumerOptions): Consumer {
  try {
    return new Consumer(client, options);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new CommandError(cause.message, { cause });
  }
}

/**
 * A member may wait for a topic that is yet to come; whoever mistyped one should hear of it.
 *
 * @throws StreamkeeperException there is no service, or no topic and `isRequired`
 */
async function checkTopics(
  client: StreamkeeperClient,
  topics: readonly string[],
  isRequired: boolean,
  notes: MemberNotes,
  abortSignal: AbortSignal,
): Promise<void> {
  for (const topic of topics) {
    try {
      await client.send(new DescribeTopicCommand({ topic }), { abortSignal });
    } catch (error) {
      if (isRequired || !isServiceException(error, "UNKNOWN_TOPIC_OR_PARTITION")) throw error;
      notes.noTopic(topic);
    }
  }
}

/** All that it owns has been read and written. */
function isAtEnd({ assignment, lag }: Consumer): boolean {
  const owned = assignment.flatMap(({ partitions }) => partitions).length;
  return owned > 0 && lag.length === owned && lag.every((partition) => partition.lag === 0);
}

function startOf({ offset, partition }: MemberOptions): "earliest" | "latest" {
  if (partition.length > 0) throw new CommandError("--partition is of no use with --group: the group shares them out");
  if (offset === "beginning" || offset === "earliest") return "earliest";
  if (offset === "end" || offset === "latest") return "latest";
  throw new CommandError(
    `with --group, --offset says where to begin what the group has not read yet: beginning or end, not ${offset}; ` +
      "see also: streamkeeper groups reset",
  );
}
