/** `streamkeeper consume -g`: as a member of a group, as kcat's `-G`. */
import { Consumer } from "../../client/index.ts";
import type { BatchContext, ConsumerProblem, StreamkeeperClient } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";
import { connect } from "../console/connection.ts";
import type { ConnectionOptions } from "../console/connection.ts";
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
}

/** With `--exit` a partition tells soon that it has no more. */
const exitWaitMs = 500;
const lookMs = 100;

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
  const onProblem = ({ error, during }: ConsumerProblem): void => {
    if (during === "handler") return done.abort();
    stderr.write(`streamkeeper: a ${during} failed, and is tried again: ${String(error)}\n`);
  };
  const consumer = consumerOf(client, { group, topics, from, signal, onProblem, isExit: options.exit === true });
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
  const looking = setInterval(() => {
    if (options.exit === true && isAtEnd(consumer)) done.abort();
  }, lookMs);
  try {
    const { finished } = consumer;
    await consumer.run({ eachBatch, eachBatchAutoResolve: false });
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

interface MemberSettings {
  readonly group: string;
  readonly topics: readonly string[];
  readonly from: "earliest" | "latest";
  readonly signal: AbortSignal;
  readonly onProblem: (problem: ConsumerProblem) => void;
  readonly isExit: boolean;
}

function consumerOf(client: StreamkeeperClient, { isExit, ...settings }: MemberSettings): Consumer {
  const wait = isExit ? { waitMs: exitWaitMs } : {};
  try {
    return new Consumer(client, { ...settings, ...wait, clientId: "streamkeeper-consume" });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new CommandError(cause.message, { cause });
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
