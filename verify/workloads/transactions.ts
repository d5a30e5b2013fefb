/** Transactions that write and read several partitions, step by step or in one call, and commit offsets of a group. */
import type { LogOperation, LogStep, RegisterOperation } from "../history.ts";
import type { LogReader, LogTransaction, TopicPartition, TransactionalLogProducer } from "../target.ts";
import { readEverything } from "./final-read.ts";
import { partitionName, pollStep, recordsIn, ValueCounter } from "./log-steps.ts";
import { below, HistoryClock, oneIn, pick, Processes, Worker } from "./worker.ts";
import type { WorkloadContext, WorkloadHistory } from "./workload.ts";

const partitionsOfTopic = 3;
const stepsMax = 4;
const valuesPerSendMax = 3;
const transactionsPerOneCall = 5;
const transactionsPerAbort = 6;
const transactionsPerCrash = 25;
const transactionsPerOffsets = 2;
const transactionsPerLook = 10;

interface Shared {
  readonly topic: string;
  readonly places: readonly TopicPartition[];
  readonly values: ValueCounter;
  readonly operations: LogOperation[];
  readonly offsets: RegisterOperation[];
}

/** One client with its transactional id, its reader and a group of which only it commits offsets. */
interface Client {
  readonly worker: Worker;
  readonly shared: Shared;
  readonly group: string;
  producer: TransactionalLogProducer;
  reader: LogReader;
  /** What it commits next for its group. */
  nextOffset: number;
}

type Ended = "ok" | "fail" | "info";

/** @throws TargetError if the topic cannot be created */
export async function transactionsWorkload(context: WorkloadContext): Promise<readonly WorkloadHistory[]> {
  const topic = context.runId;
  const places = Array.from({ length: partitionsOfTopic }, (_, partition) => ({ topic, partition }));
  const shared: Shared = { topic, places, values: new ValueCounter(), operations: [], offsets: [] };
  const clock = new HistoryClock(() => context.clock.monotonicMs());
  const processes = new Processes();
  const worker = (): Worker => new Worker(context, clock, processes);
  await worker().patiently(() => context.target.log.createTopic(topic, partitionsOfTopic));
  const groups = Array.from({ length: context.clients }, (_, client) => `${topic}-${client}`);
  await Promise.all(groups.map((group) => runClient(worker(), shared, group)));
  const last = worker();
  await last.finally(async () => {
    // Whatever was left open is aborted when its time is over; until then read_committed does not reach the end.
    await readEverything(last, places, "read_committed", shared.operations);
    for (const group of groups) {
      const look = { invokedAt: last.now(), znode: group, process: last.process };
      const offset = await last.patiently(() => context.target.log.committedOffset(group, offsetPlace(shared)));
      const value = offset === undefined ? "" : String(offset);
      shared.offsets.push({ kind: "read", ...look, answeredAt: last.now(), outcome: "ok", value });
    }
  });
  return [
    { kind: "log", history: { operations: shared.operations }, options: { interleaves: true } },
    { kind: "register", history: { operations: shared.offsets } },
  ];
}

function offsetPlace({ topic }: Shared): TopicPartition {
  return { topic, partition: 0 };
}

async function runClient(worker: Worker, shared: Shared, group: string): Promise<void> {
  const { target, random, timing } = worker.context;
  let nextOffset = 1;
  do {
    const opened = await worker.call(() =>
      target.log.openTransactionalProducer({ transactionalId: group, timeoutMs: timing.transactionTimeoutMs }),
    );
    if (opened.outcome !== "ok") {
      await worker.rest();
      continue;
    }
    const reader = await target.log.openReader({ isolation: "read_committed" });
    const client: Client = { worker, shared, group, producer: opened.value, reader, nextOffset };
    startReading(client);
    let isUseful = true;
    do {
      if (target.log.writeAtomically !== undefined && oneIn(random, transactionsPerOneCall)) await writeAtOnce(client);
      else isUseful = await runTransaction(client);
      if (oneIn(random, transactionsPerLook)) await lookAtOffset(client);
      await worker.pause(timing.logPauseMs);
    } while (isUseful && !worker.isOver);
    client.producer.crash();
    reader.crash();
    ({ nextOffset } = client);
    worker.context.tally.crashes += 1;
    shared.operations.push({ kind: "crash", partitions: shared.places.map(partitionName), ...worker.mark() });
    worker.renumber();
  } while (!worker.isOver);
}

function startReading({ worker, shared, reader }: Client): void {
  const partitions = shared.places.map(partitionName);
  reader.assign(shared.places.map((place) => ({ ...place, offset: 0 })));
  shared.operations.push({ kind: "assign", partitions, ...worker.mark() });
  shared.operations.push({ kind: "seek", partitions, offset: 0, ...worker.mark() });
}

/** False when the producer is of no more use. */
async function runTransaction(client: Client): Promise<boolean> {
  const { worker, shared } = client;
  const { random, tally } = worker.context;
  const begun = await worker.call(() => client.producer.begin());
  if (begun.outcome !== "ok") {
    await worker.rest();
    return begun.code !== "CLIENT_LOST";
  }
  const steps: LogStep[] = [];
  const { process } = worker;
  const invokedAt = worker.now();
  const offset = oneIn(random, transactionsPerOffsets) ? client.nextOffset : undefined;
  if (offset !== undefined) client.nextOffset += 1;
  const isComplete = await takeSteps(client, begun.value, steps, offset);
  const mayCrash = oneIn(random, transactionsPerCrash);
  // A commit that nobody asked for never happens.
  let outcome: Ended = "fail";
  let isUseful = !mayCrash;
  if (isComplete && !mayCrash && !oneIn(random, transactionsPerAbort)) {
    const committed = await worker.call(() => begun.value.commit());
    outcome = committed.outcome;
    if (committed.outcome === "info") isUseful = false;
    if (committed.outcome === "fail") await worker.call(() => begun.value.abort());
  } else if (!mayCrash) {
    isUseful = (await worker.call(() => begun.value.abort())).outcome === "ok";
  }
  const answeredAt = outcome === "info" ? Infinity : worker.now();
  const times = { process, invokedAt, answeredAt, outcome };
  if (steps.length > 0) shared.operations.push({ kind: "work", isTransaction: true, steps, ...times });
  if (offset !== undefined) {
    shared.offsets.push({ kind: "write", znode: client.group, value: String(offset), ...times });
  }
  tally.countRecords(outcome, sentIn(steps));
  return isUseful;
}

/** False if a step failed, so that only aborting is left. */
async function takeSteps(
  client: Client,
  transaction: LogTransaction,
  steps: LogStep[],
  offset: number | undefined,
): Promise<boolean> {
  const { worker, shared, reader } = client;
  const { random, tally } = worker.context;
  for (let left = 1 + below(random, stepsMax); left > 0; left -= 1) {
    if (oneIn(random, 3)) {
      const polled = await worker.call(() => reader.poll(0));
      if (polled.outcome !== "ok") return false;
      if (polled.value.length > 0) steps.push(pollStep(polled.value, {}));
      tally.polled += recordsIn(polled.value);
      continue;
    }
    const place = pick(random, shared.places);
    const values = shared.values.take(1 + below(random, valuesPerSendMax));
    const sent = await worker.call(() => transaction.send(place, values));
    const offsets = sent.outcome === "ok" ? { offsets: sent.value } : {};
    steps.push({ kind: "send", partition: partitionName(place), values, ...offsets });
    if (sent.outcome !== "ok") return false;
  }
  if (offset === undefined) return true;
  const offsets = [{ ...offsetPlace(shared), offset }];
  return (await worker.call(() => transaction.sendOffsets(client.group, offsets))).outcome === "ok";
}

async function writeAtOnce(client: Client): Promise<void> {
  const { worker, shared } = client;
  const { random, target, tally } = worker.context;
  const places = shared.places.filter(() => oneIn(random, 2));
  const produce = (places.length === 0 ? shared.places : places).map((place) => ({
    ...place,
    values: shared.values.take(1 + below(random, valuesPerSendMax)),
  }));
  const offset = oneIn(random, transactionsPerOffsets) ? client.nextOffset : undefined;
  if (offset !== undefined) client.nextOffset += 1;
  const { process } = worker;
  const offsets = { group: client.group, offsets: [{ ...offsetPlace(shared), offset: offset ?? 0 }] };
  const write = { produce, ...(offset === undefined ? {} : { offsets }) };
  const written = await worker.call(async () => (await target.log.writeAtomically?.(write)) ?? []);
  const { invokedAt, answeredAt, outcome } = written;
  const times = { process, invokedAt, answeredAt, outcome };
  const steps = produce.map(({ values, ...place }, index): LogStep => {
    const known = written.outcome === "ok" ? written.value[index] : undefined;
    const step = { kind: "send" as const, partition: partitionName(place), values };
    return known === undefined ? step : { ...step, offsets: known };
  });
  shared.operations.push({ kind: "work", isTransaction: true, steps, ...times });
  if (offset !== undefined) {
    shared.offsets.push({ kind: "write", znode: client.group, value: String(offset), ...times });
  }
  tally.countRecords(outcome, sentIn(steps));
  if (outcome === "info") worker.renumber();
  if (outcome !== "ok") await worker.rest();
}

async function lookAtOffset({ worker, shared, group }: Client): Promise<void> {
  const { process } = worker;
  const { target } = worker.context;
  const read = await worker.call(() => target.log.committedOffset(group, offsetPlace(shared)));
  const { invokedAt, answeredAt } = read;
  if (read.outcome !== "ok") return;
  const value = read.value === undefined ? "" : String(read.value);
  shared.offsets.push({ kind: "read", znode: group, process, invokedAt, answeredAt, outcome: "ok", value });
}

function sentIn(steps: readonly LogStep[]): number {
  return steps.reduce((sum, step) => sum + (step.kind === "send" ? step.values.length : 0), 0);
}
