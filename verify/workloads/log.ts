/** Producers, readers and groups on one topic; in the end everything is read. After Jepsen's Kafka workload. */
import type { LogOperation } from "../history.ts";
import type { LogProducer, TopicPartition } from "../target.ts";
import { readEverything } from "./final-read.ts";
import { readAsMember, readByAssignment } from "./log-readers.ts";
import { partitionName, ValueCounter } from "./log-steps.ts";
import { below, HistoryClock, oneIn, pick, Processes, Worker } from "./worker.ts";
import type { WorkloadContext, WorkloadHistory } from "./workload.ts";

const partitionsOfTopic = 4;
const batchRecordsMax = 100;
/** One batch in so many is large: its payload goes another way than that of small ones. */
const batchesPerLargeBatch = 20;
const largeBatchRecords = 2_000;
const batchesPerCrash = 300;
/** One client in so many sends without numbering its batches. */
const clientsPerPlainProducer = 4;
const members = 2;
/** Small, so that segments are sealed while others write and read. */
const settings = { "segment.bytes": "1048576", "segment.ms": "30000" };

/** @throws TargetError if the topic cannot be created */
export async function logWorkload(context: WorkloadContext): Promise<readonly WorkloadHistory[]> {
  const topic = context.runId;
  const places = Array.from({ length: partitionsOfTopic }, (_, partition) => ({ topic, partition }));
  const clock = new HistoryClock(() => context.clock.monotonicMs());
  const processes = new Processes();
  const values = new ValueCounter();
  const operations: LogOperation[] = [];
  const worker = (): Worker => new Worker(context, clock, processes);
  await worker().patiently(() => context.target.log.createTopic(topic, partitionsOfTopic, settings));
  await Promise.all([
    ...Array.from({ length: context.clients }, (_, client) =>
      produce(worker(), { places, values, operations, idempotent: (client + 1) % clientsPerPlainProducer !== 0 }),
    ),
    readByAssignment(worker(), places, operations),
    ...Array.from({ length: members }, () =>
      readAsMember(worker(), `${context.runId}-readers`, topic, places, operations),
    ),
  ]);
  const last = worker();
  await last.finally(() => readEverything(last, places, "read_uncommitted", operations));
  return [{ kind: "log", history: { operations }, options: { isDense: true } }];
}

interface ProducerOptions {
  readonly places: readonly TopicPartition[];
  readonly values: ValueCounter;
  readonly operations: LogOperation[];
  readonly idempotent: boolean;
}

async function produce(worker: Worker, options: ProducerOptions): Promise<void> {
  const { target, random, timing, tally, budget } = worker.context;
  const topic = options.places[0]?.topic ?? "";
  do {
    const opened = await worker.call(() => target.log.openProducer({ topic, idempotent: options.idempotent }));
    if (opened.outcome !== "ok") {
      await worker.rest();
      continue;
    }
    const producer = opened.value;
    while (budget.left > 0) {
      if (!(await sendBatch(worker, producer, options)) || oneIn(random, batchesPerCrash)) break;
      if (timing.logPauseMs > 0) await worker.pause(timing.logPauseMs);
      if (worker.isOver) break;
    }
    producer.crash();
    tally.crashes += 1;
    worker.renumber();
  } while (!worker.isOver && budget.left > 0);
}

/** False when the producer is of no more use. */
async function sendBatch(worker: Worker, producer: LogProducer, options: ProducerOptions): Promise<boolean> {
  const { random, tally, budget } = worker.context;
  const place = pick(random, options.places);
  const count = oneIn(random, batchesPerLargeBatch) ? largeBatchRecords : 1 + below(random, batchRecordsMax);
  const values = options.values.take(Math.min(count, budget.left));
  budget.left -= values.length;
  const { process } = worker;
  const sent = await worker.call(() => producer.send(place.partition, values));
  const { invokedAt, answeredAt, outcome } = sent;
  const offsets = sent.outcome === "ok" ? { offsets: sent.value } : {};
  options.operations.push({
    kind: "work",
    process,
    invokedAt,
    answeredAt,
    outcome,
    isTransaction: false,
    steps: [{ kind: "send", partition: partitionName(place), values, ...offsets }],
  });
  tally.countRecords(outcome, values.length);
  if (sent.outcome === "ok") return true;
  // What was not written is to be written by others.
  budget.left += values.length;
  await worker.rest();
  if (sent.outcome === "info") worker.renumber();
  return sent.outcome === "fail" && sent.code !== "CLIENT_LOST";
}
