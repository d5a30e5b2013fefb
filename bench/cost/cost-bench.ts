/** What the services really use of the stores, beside what is predicted: on emulators, whose request units are DynamoDB's. */
import {
  plus,
  usageOfAppends,
  usageOfHeartbeats,
  usageOfSealing,
  usageOfSegmentReads,
  usageOfSessionLooks,
  usageOfSweeps,
  usageOfTailReads,
  usageOfZnodeReads,
  usageOfZnodeWrites,
} from "../../shared/cost/operations.ts";
import { dollarsOf } from "../../shared/cost/predict.ts";
import type { CallContext } from "../../shared/services/coordination.ts";
import type { Usage } from "../../shared/storage/usage.ts";
import { sampleBatch } from "../log/sample-batch.ts";
import { MeteredServices } from "./metered-services.ts";

export interface MeteredCost {
  readonly what: string;
  /** How many of `unit` the dollars are for. */
  readonly unit: string;
  readonly meteredDollars: number;
  readonly predictedDollars: number;
  readonly metered: Usage;
}

/** How much each measurement does. */
export interface CostSizes {
  readonly writtenBytes: number;
  readonly znodeOperations: number;
  readonly heartbeats: number;
}

export const costSizes: CostSizes = { writtenBytes: 64 * 1_048_576, znodeOperations: 2_000, heartbeats: 500 };

const namespace = "default";
const recordBytes = 1_024;
const inlineBytesMax = 16_384;
const fetchBytes = 1_048_576;
const gib = 1_073_741_824;
const million = 1_000_000;
const minuteMs = 60_000;
/** Anybody. */
const context: CallContext = { namespace, identities: [] };
const monthSeconds = 730 * 3_600;
const sessionTimeoutSeconds = 30;

/** @param onStep told what is measured next */
export async function runCostBench(sizes: CostSizes, onStep: (what: string) => void): Promise<readonly MeteredCost[]> {
  await using metered = await MeteredServices.start();
  const costs: MeteredCost[] = [];
  for (const [title, batchBytes, bytes] of [
    ["1 KB", 1_100, sizes.writtenBytes / 64],
    ["64 KB", 65_536, sizes.writtenBytes],
    ["1 MiB", 1_048_576, sizes.writtenBytes],
  ] as const) {
    onStep(`batches of ${title}`);
    costs.push(...(await meterTopic(metered, title, batchBytes, bytes)));
  }
  onStep("znodes");
  costs.push(...(await meterZnodes(metered, sizes.znodeOperations)));
  onStep("sessions");
  costs.push(await meterSession(metered, sizes.heartbeats));
  onStep("sweeps");
  costs.push(await meterSweeps(metered));
  return costs;
}

/** Writes a topic, reads its tail, seals it, and reads its segment. */
async function meterTopic(
  metered: MeteredServices,
  title: string,
  batchBytes: number,
  writtenBytes: number,
): Promise<MeteredCost[]> {
  const { topics, produce, fetch, duties } = metered.services;
  const topic = `of-${batchBytes}`;
  const { topicId } = await topics.create(namespace, { name: topic, partitions: 1 });
  const { bytes, records } = sampleBatch(batchBytes, recordBytes);
  const append = async (): Promise<unknown> => await produce.produceBatches({ namespace, topic, partition: 0, bytes });
  // The first meets a cold process.
  await append();
  const count = Math.max(2, Math.round(writtenBytes / bytes.length));
  const batches = { count, batchBytes: bytes.length, inlineBytesMax };
  const perGib = gib / (count * bytes.length);

  const written = await metered.meter(() => repeat(count, append));
  const fetchAt = async (offset: number): Promise<number> => {
    const bounds = { maxBytes: fetchBytes, maxRecords: million, minBytes: 0, waitMs: 0 } as const;
    const isolation = "read_uncommitted";
    return (await fetch.fetchBatches({ namespace, topic, partition: 0, offset, ...bounds, isolation })).nextOffset;
  };
  // As a consumer that keeps up gets them.
  const tailCount = Math.min(count, 20);
  let tail = plus();
  for (let n = 0; n < tailCount; n += 1) {
    await append();
    tail = plus(tail, await metered.meter(() => fetchAt((count + 1 + n) * records)));
  }
  metered.pass(11 * minuteMs);
  const sealed = await metered.meter(() => duties.seal(topicId, 0));
  const segments = sealed.blobWrites / 3;
  metered.pass(30 * minuteMs);
  await fetchAt(0);
  const late = await metered.meter(() => fetchAt(records));

  const unit = `per GiB at ${title}`;
  const all = { ...batches, count: count + 1 + tailCount };
  return [
    costOf(unit, perGib)("written", written, usageOfAppends(batches)),
    costOf(unit, perGib * (count / all.count))("sealed", sealed, usageOfSealing(all, segments)),
    costOf(unit, gib / (tailCount * bytes.length))(
      "read at the tail, one by one",
      tail,
      usageOfTailReads({ ...batches, count: tailCount }, 1),
    ),
    costOf("per GiB", gib / Math.min(fetchBytes, count * bytes.length))(
      `read from segments of ${title} batches`,
      late,
      usageOfSegmentReads(1, fetchBytes),
    ),
  ];
}

async function meterZnodes(metered: MeteredServices, count: number): Promise<MeteredCost[]> {
  const { znodes } = metered.services;
  const path = "/metered";
  await znodes.create(context, { path, data: new Uint8Array(256), mode: "persistent" });
  const write = (bytes: number) => (): Promise<unknown> =>
    znodes.setData(context, { path, data: new Uint8Array(bytes), version: -1 });
  const costs: MeteredCost[] = [];
  for (const bytes of [256, 4_096]) {
    const used = await metered.meter(() => repeat(count, write(bytes)));
    costs.push(
      costOf("per million", million / count)(`znode writes of ${bytes} B`, used, usageOfZnodeWrites(count, bytes)),
    );
  }
  const reads = await metered.meter(() => repeat(count, () => znodes.getData(context, path)));
  const { zxid: minZxid } = await znodes.getData(context, path);
  const cached = await metered.meter(() => repeat(count, () => znodes.getData(context, path, { minZxid })));
  const cost = costOf("per million", million / count);
  return [
    ...costs,
    cost("linearizable reads", reads, usageOfZnodeReads(count)),
    cost("session-consistent reads", cached, usageOfZnodeReads(0)),
  ];
}

async function meterSession(metered: MeteredServices, heartbeats: number): Promise<MeteredCost> {
  const { sessions } = metered.services;
  const opened = await sessions.create(namespace, { timeoutMs: sessionTimeoutSeconds * 1_000 });
  // Three heartbeats in a timeout, and one look at the lease.
  const timeouts = Math.round(heartbeats / 3);
  const used = await metered.meter(() =>
    repeat(timeouts, async () => {
      await repeat(3, async () => {
        metered.pass((sessionTimeoutSeconds * 1_000) / 3);
        await sessions.heartbeat(namespace, opened);
      });
      await sessions.reap(namespace, opened.sessionId);
    }),
  );
  const beatsOfMonth = monthSeconds / (sessionTimeoutSeconds / 3);
  const predicted = plus(usageOfHeartbeats(3 * timeouts), usageOfSessionLooks(timeouts));
  return costOf("per month", beatsOfMonth / (3 * timeouts))("a session of 30 s", used, predicted);
}

/** A look at topics in which nothing happened for days: a sweep each hour in which something is written elsewhere. */
async function meterSweeps(metered: MeteredServices): Promise<MeteredCost> {
  const { duties } = metered.services;
  for (let halfDay = 0; halfDay < 12; halfDay += 1) {
    metered.pass(720 * minuteMs);
    await duties.sweep();
  }
  const used = await metered.meter(() => duties.sweep());
  return costOf("per month", 730)("sweeps of 3 topics at rest", used, usageOfSweeps(1, 3, 0));
}

function costOf(unit: string, times: number) {
  return (what: string, metered: Usage, predicted: Usage): MeteredCost => ({
    what,
    unit,
    meteredDollars: dollarsOf(metered) * times,
    predictedDollars: dollarsOf(predicted) * times,
    metered,
  });
}

async function repeat(count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n += 1) await work(n);
}
