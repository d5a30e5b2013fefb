/** Consumer groups and transactions, by the client library against a server in another process on the embedded store. */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateTopicCommand,
  ExecuteTransactionCommand,
  FetchBatchesCommand,
  StreamkeeperClient,
} from "../../client/index.ts";
import type { Consumer } from "../../client/index.ts";
import { measure } from "../log/measure.ts";
import { ServerProcess } from "../server/start-server.ts";

export interface GroupsFigures {
  /** Four members that read eight partitions from the start. */
  readonly consume: { readonly records: number; readonly recordBytes: number; readonly recordsPerSecond: number };
  /** From a change to the moment at which every member owns its share, by the members' own view. */
  readonly rebalance: { readonly joinMs: number; readonly leaveMs: number };
  /** A fetch at the end of a partition that does not wait. */
  readonly emptyPoll: { readonly p50Ms: number; readonly p99Ms: number };
  /** Each of ten records in two partitions, and an offset. */
  readonly transactions: readonly {
    readonly form: "producer" | "one call";
    readonly producers: number;
    readonly transactionsPerSecond: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
  }[];
}

export interface GroupsBenchOptions {
  readonly seconds: number;
  readonly records: number;
  readonly recordBytes: number;
  readonly folder: string;
  readonly onStep: (step: string) => void;
}

const partitions = 8;
const members = 4;
const topic = "bench";
const settleMsMax = 60_000;
const transactionRecords = 10;
const producerCounts = [1, 8] as const;

export async function runGroupsBench(options: GroupsBenchOptions): Promise<GroupsFigures> {
  const dataFolder = await mkdtemp(join(options.folder, "streamkeeper-bench-"));
  try {
    await using server = await ServerProcess.start({ dataFolder });
    using client = new StreamkeeperClient({ endpoint: server.url, connectionsMax: 256 });
    await client.send(new CreateTopicCommand({ name: topic, partitions }));
    options.onStep(`${options.records} records through a group of ${members}`);
    const consume = await benchConsume(client, options);
    options.onStep("rebalances");
    const rebalance = await benchRebalance(client);
    options.onStep("empty polls");
    const emptyPoll = await benchEmptyPoll(client, options.seconds);
    const transactions = [];
    for (const form of ["producer", "one call"] as const) {
      for (const producers of producerCounts) {
        options.onStep(`transactions, ${form}, ${producers}`);
        transactions.push(await benchTransactions(client, form, producers, options.seconds));
      }
    }
    return { consume, rebalance, emptyPoll, transactions };
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
}

async function benchConsume(
  client: StreamkeeperClient,
  { records, recordBytes }: GroupsBenchOptions,
): Promise<GroupsFigures["consume"]> {
  const value = "v".repeat(recordBytes);
  const producer = client.producer({ topic });
  for (let index = 0; index < records; index += 1) await producer.enqueue({ key: `k${index}`, value });
  await producer.close();
  const done = Promise.withResolvers<number>();
  let seen = 0;
  const consumers = startGroup(client, "throughput", members, (count) => {
    seen += count;
    if (seen >= records) done.resolve(performance.now());
  });
  await settled(consumers);
  // Members fetch as soon as they own something: what was read before all were there counts as well, and its time.
  const beganMs = performance.now();
  const before = seen;
  const elapsedMs = (await done.promise) - beganMs;
  await closeAll(consumers);
  const rest = records - before;
  return { records: rest, recordBytes, recordsPerSecond: Math.round((rest * 1_000) / elapsedMs) };
}

async function benchRebalance(client: StreamkeeperClient): Promise<GroupsFigures["rebalance"]> {
  const ignore = (): void => undefined;
  const consumers = startGroup(client, "rebalance", members - 1, ignore);
  await settled(consumers);
  const joinedMs = performance.now();
  const all = [...consumers, ...startGroup(client, "rebalance", 1, ignore)];
  await settled(all);
  const joinMs = Math.round(performance.now() - joinedMs);
  const leftMs = performance.now();
  await all.shift()?.close();
  await settled(all);
  const leaveMs = Math.round(performance.now() - leftMs);
  await closeAll(all);
  return { joinMs, leaveMs };
}

async function benchEmptyPoll(client: StreamkeeperClient, seconds: number): Promise<GroupsFigures["emptyPoll"]> {
  await client.send(new CreateTopicCommand({ name: "empty", partitions: 1 }));
  const poll = new FetchBatchesCommand({ topic: "empty", partition: 0, offset: 0 });
  const { p50Ms, p99Ms } = await measure({ seconds, concurrency: 1 }, async () => {
    await client.send(poll);
    return { records: 0, bytes: 0 };
  });
  return { p50Ms: round(p50Ms), p99Ms: round(p99Ms) };
}

async function benchTransactions(
  client: StreamkeeperClient,
  form: "producer" | "one call",
  producers: number,
  seconds: number,
): Promise<GroupsFigures["transactions"][number]> {
  const name = `transactions-${form.replace(" ", "-")}-${producers}`;
  await client.send(new CreateTopicCommand({ name, partitions: 2 }));
  const half = (partition: number) =>
    Array.from({ length: transactionRecords / 2 }, (_, index) => ({
      key: `k${index}`,
      value: "v".repeat(100),
      partition,
    }));
  const write = { topic: name, records: [...half(0), ...half(1)] };
  const offsetsOf = (worker: number, offset: number) => ({
    group: `${name}-${worker}`,
    offsets: [{ topic: name, partition: 0, offset }],
  });
  const owned = Array.from({ length: producers }, (_, worker) =>
    client.transactionalProducer({ transactionalId: `${name}-${worker}` }),
  );
  let done = 0;
  const { operations, elapsedMs, p50Ms, p99Ms } = await measure({ seconds, concurrency: producers }, async (worker) => {
    done += 1;
    const offsets = offsetsOf(worker, done);
    if (form === "one call") await client.send(new ExecuteTransactionCommand({ produce: [write], offsets: [offsets] }));
    else {
      await owned[worker]?.run(async (transaction) => {
        await transaction.send(write);
        await transaction.sendOffsets(offsets);
      });
    }
    return { records: transactionRecords, bytes: 0 };
  });
  for (const one of owned) await one.close();
  const transactionsPerSecond = Math.round((operations * 1_000) / elapsedMs);
  return { form, producers, transactionsPerSecond, p50Ms: round(p50Ms), p99Ms: round(p99Ms) };
}

function startGroup(
  client: StreamkeeperClient,
  group: string,
  count: number,
  onRecords: (count: number) => void,
): Consumer[] {
  return Array.from({ length: count }, () => {
    const consumer = client.consumer({ group, topics: [topic], from: "earliest", waitMs: 1_000 });
    const eachBatch = ({ batch }: { readonly batch: { readonly records: readonly unknown[] } }): Promise<void> => {
      onRecords(batch.records.length);
      return Promise.resolve();
    };
    void consumer.run({ eachBatch, partitionsConsumedConcurrently: partitions });
    return consumer;
  });
}

/** Waits until every partition is owned, and by each member its share. */
async function settled(consumers: readonly Consumer[]): Promise<void> {
  const endMs = performance.now() + settleMsMax;
  const share = partitions / consumers.length;
  for (;;) {
    const owned = consumers.map(({ assignment }) => assignment.reduce((sum, one) => sum + one.partitions.length, 0));
    const isWhole = owned.reduce((sum, count) => sum + count, 0) === partitions;
    if (isWhole && owned.every((count) => count >= Math.floor(share) && count <= Math.ceil(share))) return;
    if (performance.now() > endMs) throw new Error(`the group did not settle: ${owned.join(", ")} partitions`);
    await sleep(5);
  }
}

async function closeAll(consumers: readonly Consumer[]): Promise<void> {
  await Promise.all(consumers.map((consumer) => consumer.close()));
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
