/** A month's bill for a load: what its operations use, at list prices. */
import type { Usage } from "../storage/usage.ts";
import type { Load } from "./load.ts";
import {
  plus,
  queueRequestsPerMessage,
  usageOfAppends,
  usageOfConnections,
  usageOfHeartbeats,
  usageOfSealing,
  usageOfSegmentReads,
  usageOfSessionLooks,
  usageOfSubscriberReads,
  usageOfSubscriptions,
  usageOfSweeps,
  usageOfTailReads,
  usageOfZnodeReads,
  usageOfZnodeWrites,
} from "./operations.ts";
import { type PriceName, prices } from "./price-list.ts";

export const monthHours = 730;
const monthSeconds = monthHours * 3_600;
const monthMinutes = monthHours * 60;
const mib = 1_048_576;
const gb = 1_000_000_000;

/**
 * What no emulator can tell: how long functions run, and what AWS itself does. Not measured on AWS; stated so that a reader can
 * put in what a deployment shows.
 */
export const assumptions = {
  /** Ms and memory of a call, by what it waits for: DynamoDB 5 to 8 ms, S3 30 to 60 ms. Memory as in `infra/capabilities.ts`. */
  produceInline: { ms: 12, memoryMb: 1_024 },
  produceByReference: { ms: 60, memoryMb: 1_024 },
  fetchInline: { ms: 12, memoryMb: 512 },
  fetchFromBlobs: { ms: 50, memoryMb: 512 },
  znode: { ms: 10, memoryMb: 1_024 },
  heartbeat: { ms: 8, memoryMb: 1_024 },
  /** For each MiB that is sealed. */
  sealMib: { ms: 60, memoryMb: 1_769 },
  sealStart: { ms: 200, memoryMb: 1_769 },
  sweep: { ms: 1_000, memoryMb: 512 },
  /** A consumer that polls has a request in a function at all times, for each partition that it reads. */
  pollWaitMs: 5_000,
  /** What one fetch brings at most. */
  fetchBytesMax: mib,
  /** A partition's fetches come at most this often: what is appended in between comes with the next. */
  fetchesPerSecondMax: 5,
  segmentBytes: 64 * mib,
  segmentSeconds: 600,
  /** Hot entries live for a day and are deleted a day or so later, blobs with them. */
  hotDays: 2,
  /** Lambda asks each queue for messages, idle or not: five pollers, 20 s each. */
  queues: 2,
  idlePollsPerMinute: 15,
  sweepsPerHour: 1,
  /** Tells subscribers of a batch of the log table's stream, or finds that there are none. */
  notify: { ms: 5, memoryMb: 512 },
  /** Lambda looks at each shard of a stream this often; what has come since is a batch. */
  streamPollsPerSecond: 4,
  /** Of one shard, each of its own logs: `batchesAtOnce` in `infra/constructs/hint-delivery.ts`. */
  streamBatchesAtOnce: 4,
  /** A table on demand begins with four partitions of 1,000 write units a second, and its stream has a shard for each. */
  streamShardsMin: 4,
  shardWriteUnitsPerSecond: 1_000,
  /** How long a container of `notify` remembers who has subscribed to a log. */
  subscribersCacheSeconds: 2,
  pushCall: { ms: 10, memoryMb: 256 },
  subscribeCall: { ms: 20, memoryMb: 512 },
  /** API Gateway closes a connection then. */
  connectionMinutes: 120,
  /** A ping and its answer. */
  pingMinutes: 4,
  /** Lines that a call writes to the log: CloudWatch's START and END are off. */
  logBytesPerCall: 0,
} as const;

export interface BillLine {
  readonly service: "DynamoDB" | "S3" | "Lambda" | "API Gateway" | "SQS" | "CloudWatch";
  readonly price: PriceName;
  readonly quantity: number;
  readonly dollars: number;
  /** Costs the same if nobody calls. */
  readonly idle: boolean;
}

export interface Bill {
  readonly lines: readonly BillLine[];
  readonly dollars: number;
  /** What storing costs, of it. */
  readonly storageDollars: number;
  /** What remains without any request. */
  readonly idleDollars: number;
  /** For each GiB written to topics, without storage and reading: absent if none is written. */
  readonly dollarsPerGibWritten?: number;
}

/** What functions do in a month. */
interface Calls {
  readonly requests: number;
  readonly gbSeconds: number;
}

interface Part {
  readonly used: Usage;
  readonly calls: Calls;
  /** Of the calls, those that come from outside. */
  readonly fromOutside: boolean;
}

/** A month of 730 hours, without contention, with functions that are warm. */
export function predictBill(load: Load): Bill {
  const connections = connecting(load);
  const parts = [...writing(load), ...reading(load), ...coordinating(load), ...connections.parts];
  // Asked for by what writes: where nobody calls, nothing sweeps.
  const sweeps = parts.some(({ calls }) => calls.requests > 0) ? assumptions.sweepsPerHour * monthHours : 0;
  const used = plus(...parts.map((part) => part.used), usageOfSweeps(sweeps, load.partitions, isWriting(load) ? 2 : 0));
  const swept = callsOf(sweeps, assumptions.sweep);
  const requests = sum(parts, ({ calls }) => calls.requests) + swept.requests;
  const gbSeconds = sum(parts, ({ calls }) => calls.gbSeconds) + swept.gbSeconds;
  const outside = sum(parts, ({ calls, fromOutside }) => (fromOutside ? calls.requests : 0));
  const { tableGb, blobGb } = stored(load);
  const idlePolls = assumptions.queues * assumptions.idlePollsPerMinute * monthMinutes;
  const line = lineOf(false);
  const always = lineOf(true);
  const lines = [
    line("DynamoDB", "writeUnit", used.writeUnits),
    line("DynamoDB", "readUnit", used.readUnits),
    always("DynamoDB", "tableStorage", tableGb),
    always("DynamoDB", "tableBackup", tableGb),
    line("S3", "blobWrite", used.blobWrites),
    line("S3", "blobRead", used.blobReads),
    always("S3", "blobStorage", blobGb),
    line("Lambda", "functionRequest", requests),
    line("Lambda", "functionGbSecond", gbSeconds),
    line("API Gateway", "apiRequest", load.functionUrls ? 0 : outside),
    line("API Gateway", "pushMessage", connections.messages),
    line("API Gateway", "pushMinute", connections.minutes),
    line("SQS", "queueRequest", used.queueRequests * queueRequestsPerMessage),
    always("SQS", "queueRequest", idlePolls),
    line("CloudWatch", "logIngestion", (requests * assumptions.logBytesPerCall) / gb),
    always("CloudWatch", "metric", load.metrics),
    always("CloudWatch", "alarm", load.alarms),
  ].filter(({ quantity }) => quantity > 0);
  return { lines, ...totals(lines), ...perGib(load) };
}

function totals(lines: readonly BillLine[]): Pick<Bill, "dollars" | "storageDollars" | "idleDollars"> {
  const storage: readonly PriceName[] = ["tableStorage", "tableBackup", "blobStorage"];
  return {
    dollars: sum(lines, ({ dollars }) => dollars),
    storageDollars: sum(lines, ({ price, dollars }) => (storage.includes(price) ? dollars : 0)),
    idleDollars: sum(lines, ({ idle, dollars }) => (idle ? dollars : 0)),
  };
}

/** What one GiB costs that is written, told of and sealed: stores, functions and, if they are not called by URL, the API. */
function perGib(load: Load): Pick<Bill, "dollarsPerGibWritten"> {
  if (!isWriting(load)) return {};
  const gibs = (load.writeMibPerSecond * monthSeconds) / 1_024;
  const dollars = sum(writing(load), ({ used, calls, fromOutside }) => {
    const api = fromOutside && !load.functionUrls ? calls.requests * prices.apiRequest.dollars : 0;
    return dollarsOf(used) + dollarsOfCalls(calls) + api;
  });
  return { dollarsPerGibWritten: dollars / gibs };
}

/** US dollars for what the stores have used; transfer within a region is free. */
export function dollarsOf(used: Usage): number {
  return (
    used.writeUnits * prices.writeUnit.dollars +
    used.readUnits * prices.readUnit.dollars +
    used.blobWrites * prices.blobWrite.dollars +
    used.blobReads * prices.blobRead.dollars +
    used.queueRequests * prices.queueRequest.dollars
  );
}

function dollarsOfCalls({ requests, gbSeconds }: Calls): number {
  return requests * prices.functionRequest.dollars + gbSeconds * prices.functionGbSecond.dollars;
}

function writing(load: Load): Part[] {
  if (!isWriting(load)) return [];
  const batches = batchesOf(load);
  const inline = load.batchBytes <= load.inlineBytesMax;
  const segments = segmentsOf(load);
  const sealedMib = load.writeMibPerSecond * monthSeconds;
  const seal = callsOf(segments, assumptions.sealStart);
  const join = callsOf(sealedMib, assumptions.sealMib);
  return [
    {
      used: usageOfAppends(batches),
      calls: callsOf(batches.count, inline ? assumptions.produceInline : assumptions.produceByReference),
      fromOutside: true,
    },
    {
      used: plus(usageOfSealing(batches, segments), { ...usageOfSessionLooks(0), queueRequests: segments }),
      calls: { requests: segments, gbSeconds: seal.gbSeconds + join.gbSeconds },
      fromOutside: false,
    },
    ...telling(load, appendsPerSecond(load), load.partitions),
  ];
}

function reading(load: Load): Part[] {
  if (!isWriting(load)) return [];
  const batches = batchesOf(load);
  const inline = load.batchBytes <= load.inlineBytesMax;
  const perFetch = batchesPerFetch(load);
  const fetches = (load.consumers * batches.count) / perFetch;
  const tail = { ...batches, count: load.consumers * batches.count };
  const waits = load.push ? { requests: 0, gbSeconds: 0 } : waiting(load);
  const answered = callsOf(fetches, inline ? assumptions.fetchInline : assumptions.fetchFromBlobs);
  const replayed = (load.replays * batches.count * load.batchBytes) / assumptions.fetchBytesMax;
  return [
    {
      used: usageOfTailReads(tail, perFetch),
      calls: { requests: answered.requests + waits.requests, gbSeconds: answered.gbSeconds + waits.gbSeconds },
      fromOutside: true,
    },
    {
      used: usageOfSegmentReads(replayed, assumptions.fetchBytesMax),
      calls: callsOf(replayed, assumptions.fetchFromBlobs),
      fromOutside: true,
    },
  ];
}

function coordinating(load: Load): Part[] {
  const second = (rate: number): number => rate * monthSeconds;
  const beats = load.sessions * (monthSeconds / (load.sessionTimeoutSeconds / 3));
  const looks = load.sessions * (monthSeconds / load.sessionTimeoutSeconds);
  const part = (used: Usage, count: number, work: Work, fromOutside = true): Part => ({
    used,
    calls: callsOf(count, work),
    fromOutside,
  });
  const { znode, heartbeat } = assumptions;
  const [writes, reads] = [second(load.znodeWritesPerSecond), second(load.znodeReadsPerSecond)];
  return [
    part(usageOfZnodeWrites(writes, load.znodeBytes), writes, znode),
    ...telling(load, load.znodeWritesPerSecond, 1),
    part(usageOfZnodeReads(reads), reads, znode),
    part(usageOfZnodeReads(0), second(load.cachedReadsPerSecond), { ...znode, ms: 2 }),
    part(usageOfHeartbeats(beats), beats, heartbeat),
    part(usageOfSessionLooks(looks), looks, heartbeat, false),
  ];
}

/** A partition's consumer that has all there is has a fetch waiting. */
function waiting(load: Load): Calls {
  const busy = Math.min(1, (appendsPerSecond(load) / batchesPerFetch(load) / load.partitions) * 0.05);
  const waits = (load.consumers * load.partitions * monthSeconds * (1 - busy) * 1_000) / assumptions.pollWaitMs;
  return callsOf(waits, { ms: assumptions.pollWaitMs, memoryMb: assumptions.fetchInline.memoryMb });
}

/** Calls of `notify`, whether anybody has subscribed or not: for each write, but no more than the stream's batches come to. */
function telling(load: Load, writesPerSecond: number, logs: number): Part[] {
  if (!load.push || writesPerSecond <= 0) return [];
  const { streamPollsPerSecond, streamBatchesAtOnce, subscribersCacheSeconds } = assumptions;
  const atOnce = Math.min(logs, streamShards(load) * streamBatchesAtOnce);
  const calls = Math.min(writesPerSecond, atOnce * streamPollsPerSecond);
  // In the worst case a log's batches go to each of the containers in turn.
  const looks = Math.min(writesPerSecond, logs * Math.min(streamPollsPerSecond, atOnce / subscribersCacheSeconds));
  const used = usageOfSubscriberReads(looks * monthSeconds);
  return [{ used, calls: callsOf(calls * monthSeconds, assumptions.notify), fromOutside: false }];
}

function streamShards(load: Load): number {
  const { writeUnits } = usageOfAppends({ ...batchesOf(load), count: appendsPerSecond(load) });
  return Math.max(assumptions.streamShardsMin, Math.ceil(writeUnits / assumptions.shardWriteUnitsPerSecond));
}

/** One connection for a consumer with a subscription to each partition, both made anew when it ends; a hint for each of its fetches. */
function connecting(load: Load): { readonly parts: Part[]; readonly messages: number; readonly minutes: number } {
  if (!load.push || !isWriting(load)) return { parts: [], messages: 0, minutes: 0 };
  const { connectionMinutes, pingMinutes, pushCall, subscribeCall } = assumptions;
  const minutes = load.consumers * monthMinutes;
  const connects = minutes / connectionMinutes;
  const subscriptions = connects * load.partitions;
  const hints = (load.consumers * batchesOf(load).count) / batchesPerFetch(load);
  return {
    // To connect, to ask for the id, to leave.
    parts: [
      { used: usageOfConnections(connects), calls: callsOf(connects * 3, pushCall), fromOutside: false },
      {
        used: usageOfSubscriptions(subscriptions),
        calls: callsOf(subscriptions, subscribeCall),
        fromOutside: true,
      },
    ],
    messages: hints + 2 * connects + 2 * (minutes / pingMinutes),
    minutes,
  };
}

function stored(load: Load): { readonly tableGb: number; readonly blobGb: number } {
  const bytesPerDay = load.writeMibPerSecond * mib * 86_400;
  const inline = load.batchBytes <= load.inlineBytesMax;
  const hot = bytesPerDay * Math.min(assumptions.hotDays, load.retentionDays + 1);
  const references = ((appendsPerSecond(load) * 86_400 * 260) / gb) * assumptions.hotDays;
  return {
    tableGb: inline ? hot / gb : references,
    blobGb: (bytesPerDay * load.retentionDays + (inline ? 0 : hot)) / gb,
  };
}

interface Work {
  readonly ms: number;
  readonly memoryMb: number;
}

function callsOf(count: number, { ms, memoryMb }: Work): Calls {
  return { requests: count, gbSeconds: count * (ms / 1_000) * (memoryMb / 1_024) };
}

function batchesOf(load: Load): {
  readonly count: number;
  readonly batchBytes: number;
  readonly inlineBytesMax: number;
} {
  const { batchBytes, inlineBytesMax } = load;
  return { count: appendsPerSecond(load) * monthSeconds, batchBytes, inlineBytesMax };
}

function appendsPerSecond(load: Load): number {
  return (load.writeMibPerSecond * mib) / load.batchBytes;
}

/** A partition's appends since the last fetch, as many as one fetch brings. */
function batchesPerFetch(load: Load): number {
  const appended = appendsPerSecond(load) / load.partitions / assumptions.fetchesPerSecondMax;
  return Math.max(1, Math.min(appended, Math.floor(assumptions.fetchBytesMax / load.batchBytes)));
}

function segmentsOf(load: Load): number {
  const bySize = (load.writeMibPerSecond * mib * monthSeconds) / assumptions.segmentBytes;
  const byAge = load.partitions * (monthSeconds / assumptions.segmentSeconds);
  // A partition with a batch now and then has at most a segment for each.
  return Math.max(bySize, Math.min(byAge, batchesOf(load).count));
}

function isWriting({ writeMibPerSecond }: Load): boolean {
  return writeMibPerSecond > 0;
}

function lineOf(idle: boolean) {
  return (service: BillLine["service"], price: PriceName, quantity: number): BillLine => ({
    service,
    price,
    quantity,
    dollars: quantity * prices[price].dollars,
    idle,
  });
}

function sum<Each>(all: readonly Each[], valueOf: (each: Each) => number): number {
  return all.reduce((total, each) => total + valueOf(each), 0);
}
