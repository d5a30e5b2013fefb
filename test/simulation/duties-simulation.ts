/**
 * One partition whose records are appended, sealed, retained, truncated, collected and read at the same time, in virtual
 * time. Each reader may be frozen for a minute in the middle of a read, and still gets what was there, or is told
 * truthfully that it is not there any more.
 */
import { partitionLogId, segmentsLogId } from "../../shared/log/log-id.ts";
import { collectPartition } from "../../shared/partition/collect-partition.ts";
import { readLogStart } from "../../shared/partition/log-start.ts";
import { PartitionReader } from "../../shared/partition/partition-reader.ts";
import type { PartitionWriter } from "../../shared/partition/partition-writer.ts";
import type { RetentionSettings } from "../../shared/partition/retention.ts";
import { retainPartition } from "../../shared/partition/retain-partition.ts";
import { sealPartition } from "../../shared/partition/seal-partition.ts";
import { segmentFileKeys } from "../../shared/partition/segment-blobs.ts";
import { decodeSegmentDescriptor, type SegmentDescriptor } from "../../shared/partition/segment-descriptor.ts";
import { truncatePartition } from "../../shared/partition/truncate-partition.ts";
import { SimulatedStore, type SimulationOptions } from "../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import {
  blobsOf,
  hourMs,
  name,
  readAll,
  recordsFrom,
  requestOf,
  sealSettings,
  writerOf,
} from "../shared/partition/partition-fixture.ts";

import { collectorRequests, swarm } from "./swarm.ts";

export type Step =
  | { readonly kind: "append"; readonly records: number; readonly isLarge: boolean }
  | { readonly kind: "seal" | "collect" }
  | { readonly kind: "retain"; readonly retentionMs: number; readonly retentionBytes: number }
  | { readonly kind: "truncate"; readonly where: number }
  | { readonly kind: "read"; readonly where: number; readonly reader: number; readonly freezeAfterMs: number }
  | { readonly kind: "pass"; readonly ms: number };

export interface History {
  readonly seed: number;
  readonly dropsExpiredEntries: boolean;
  /** Each begins right after the one before it began, unless time passes between them. */
  readonly steps: readonly Step[];
}

const frozenMs = 60_000;
const readersCount = 3;
const sealEveryMs = 3 * hourMs;

/** What is wrong, in words; nothing if all went well. */
export async function simulateDuties(
  { seed, dropsExpiredEntries, steps }: History,
  options: Partial<SimulationOptions> = {},
): Promise<readonly string[]> {
  // No time-outs: who was frozen gets its answer when it goes on, and acts on it.
  const store = new SimulatedStore({ seed, ...options, dropsExpiredEntries, delays: { timeoutMs: hourMs } });
  const stops = { killBefore: 0.02, killAfter: 0.02, freezeBefore: 0.02, freezeAfter: 0.02 };
  swarm(
    store,
    { expiryNever: 0.4, tornRange: 0.4, shortRange: 0.3, slow: 0.1, hintLost: 0.2, ...stops },
    collectorRequests,
  );
  const world = new World(store);
  await store.time.run(async () => {
    for (const step of steps) await world.begin(step);
    await world.end();
  });
  return world.problems;
}

class World {
  readonly problems: string[] = [];
  readonly #store: SimulatedStore;
  readonly #storage: Storage;
  readonly #writers: readonly PartitionWriter[];
  readonly #readers: readonly { readonly freeze: () => void; readonly reader: PartitionReader }[];
  /** Values by offset, as they were acknowledged. */
  readonly #acknowledged = new Map<number, string>();
  readonly #under: Promise<void>[] = [];
  #values = 0;
  /** Steps that may raise the start of the log, and those of them that have ended. */
  #starts = 0;
  #startsEnded = 0;

  constructor(store: SimulatedStore) {
    this.#store = store;
    this.#storage = store.process().storage;
    this.#writers = [writerOf(store.process().storage, 100), writerOf(store.process().storage, 100)];
    this.#readers = Array.from({ length: readersCount }, () => {
      const process = store.process();
      return { freeze: () => process.freeze(frozenMs), reader: new PartitionReader(process.storage, name) };
    });
  }

  async begin(step: Step): Promise<void> {
    if (step.kind === "pass") return this.#pass(step.ms);
    const run = this.#do(step).catch((cause: unknown) => {
      this.problems.push(`${step.kind} failed: ${String(cause)}`);
    });
    this.#under.push(run);
  }

  /** All is sealed, and collected as often as it takes: then what is there is what must be, and nothing else. */
  async end(): Promise<void> {
    await Promise.all(this.#under);
    await sealPartition(this.#storage, name, sealSettings, { forced: true });
    for (let round = 0; round < 6; round += 1) {
      await this.#pass(40 * hourMs);
      await collectPartition(this.#storage, name);
    }
    this.#store.setFaults({});
    await this.#expectAll();
    await this.#expectNoGarbage();
  }

  async #pass(ms: number): Promise<void> {
    // Somebody always seals long before hot entries expire.
    for (let leftMs = ms; leftMs > 0; leftMs -= sealEveryMs) {
      await this.#storage.timers.sleep(Math.min(leftMs, sealEveryMs));
      if (leftMs >= sealEveryMs) await sealPartition(this.#storage, name, sealSettings, { forced: true });
    }
  }

  async #do(step: Exclude<Step, { kind: "pass" }>): Promise<void> {
    const { promise: killed, resolve: onKilled } = Promise.withResolvers<void>();
    // Who seals or collects may die of it; of the others it is to be known what they have done.
    const mayDie = step.kind === "seal" || step.kind === "collect";
    const { storage } = this.#store.process(mayDie ? { onKilled } : {});
    switch (step.kind) {
      case "append":
        return this.#append(step.records, step.isLarge);
      case "seal":
        await Promise.race([sealPartition(storage, name, sealSettings, { forced: true }), killed]);
        return;
      case "collect":
        await Promise.race([collectPartition(storage, name), killed]);
        return;
      case "retain":
        return await this.#retain(storage, step);
      case "truncate": {
        this.#starts += 1;
        const reader = new PartitionReader(storage, name);
        await truncatePartition(storage, name, reader, Math.floor(step.where * (await reader.highWatermark())));
        this.#startsEnded += 1;
        return;
      }
      case "read":
        return this.#read(step.where, step.reader, step.freezeAfterMs);
    }
  }

  /** Gives up what is too old, or what is too much without it, and no more. */
  async #retain(storage: Storage, settings: RetentionSettings): Promise<void> {
    const isAlone = this.#starts === this.#startsEnded;
    this.#starts += 1;
    const others = this.#starts;
    const before = this.#segments();
    const from = await readLogStart(this.#storage, name);
    const start = await retainPartition(storage, name, settings);
    this.#startsEnded += 1;
    if (!isAlone || others !== this.#starts || start <= from) return;
    const after = this.#segments();
    // Also one that was sealed meanwhile; what was given up may be trimmed by now.
    const last = [...before, ...after].filter(({ endOffset }) => endOffset <= start).at(-1);
    const keptBytes = after.reduce((sum, one) => (one.baseOffset >= start ? sum + one.sizeBytes : sum), 0);
    const { retentionMs = Infinity, retentionBytes = Infinity } = settings;
    const isOld = last !== undefined && this.#storage.clock.wallMs() - last.lastAppendedMs > retentionMs;
    if (isOld || keptBytes >= retentionBytes) return;
    this.problems.push(
      `retention of ${retentionMs} ms and ${retentionBytes} bytes raised the start to ${start}, and left ${keptBytes} bytes`,
    );
  }

  #segments(): readonly SegmentDescriptor[] {
    const entries = this.#store.logs.from(segmentsLogId(name.topicId, name.partition), 0, 10_000);
    return entries.map((entry) => decodeSegmentDescriptor(entry));
  }

  async #append(records: number, isLarge: boolean): Promise<void> {
    const values = Array.from({ length: records }, () => `${(this.#values += 1)}`.padEnd(isLarge ? 80 : 4, "."));
    const [first, second] = this.#writers;
    const writer = this.#values % 2 === 0 ? first : second;
    if (writer === undefined) return;
    const offset = await this.#acknowledgedBy(writer, values);
    for (const [index, value] of values.entries()) this.#acknowledged.set(offset + index, value);
  }

  /** As a client does it: what was certainly not written is sent again. */
  async #acknowledgedBy(writer: PartitionWriter, values: readonly string[]): Promise<number> {
    let answer: unknown;
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const result = await writer.append(requestOf(values, { timestamp: this.#storage.clock.wallMs() }));
      if (result.kind === "done") return result.result.baseOffset;
      if (result.kind === "unknown") break;
      answer = result;
      await this.#storage.timers.sleep(1_000);
    }
    throw new Error(`not acknowledged: ${JSON.stringify(answer)}`);
  }

  async #read(where: number, which: number, freezeAfterMs: number): Promise<void> {
    const { freeze, reader } = this.#readers[which % readersCount] ?? {};
    if (freeze === undefined || reader === undefined) return;
    const offset = Math.floor(where * this.#acknowledged.size);
    const known = [...this.#acknowledged.keys()].length;
    if (freezeAfterMs > 0) this.#store.time.schedule(freezeAfterMs, freeze);
    const read = await reader.read(offset, { bytesMax: 300, recordsMax: 10 });
    if (read.kind === "out of range") {
      const start = await readLogStart(this.#storage, name);
      const isBefore = offset < read.logStartOffset && read.logStartOffset <= start;
      if (!isBefore)
        this.problems.push(`${offset} out of range ${read.logStartOffset} to ${read.highWatermark} of ${known}`);
      return;
    }
    this.#compare(recordsFrom(read.batches, offset), offset);
  }

  /** What is read is what was acknowledged, or will be: it never changes. */
  #compare(found: readonly string[], from: number): void {
    for (const [index, record] of found.entries()) {
      const offset = from + index;
      const value = this.#acknowledged.get(offset);
      const read = record.slice(record.indexOf(":") + 1);
      if (value === undefined) this.#acknowledged.set(offset, read);
      if (!record.startsWith(`${offset}:`) || (value !== undefined && value !== read)) {
        this.problems.push(`read ${record} at ${offset}, where ${value} is`);
      }
    }
  }

  async #expectAll(): Promise<void> {
    const start = await readLogStart(this.#storage, name);
    const found = await readAll(this.#storage, start, { bytesMax: 1_000, recordsMax: 20 });
    this.#compare(found, start);
    const expected = [...this.#acknowledged.keys()].filter((offset) => offset >= start).length;
    if (found.length !== expected) this.problems.push(`${found.length} of ${expected} records from ${start} on`);
  }

  async #expectNoGarbage(): Promise<void> {
    const start = await readLogStart(this.#storage, name);
    const limits = { entriesMax: 10_000, bytesMax: 100_000_000 };
    const listId = segmentsLogId(name.topicId, name.partition);
    const { entries } = await this.#storage.logs.readFrom(listId, 0, limits);
    const needed = entries.filter(({ next }) => next > start).map((entry) => decodeSegmentDescriptor(entry));
    if (entries.length > needed.length + 1)
      this.problems.push(`${entries.length} segments are listed from ${start} on`);
    const expected = new Set(needed.flatMap((segment) => segmentFileKeys(name, segment)));
    const keys = new Set((await blobsOf(this.#storage)).map(({ key }) => key));
    for (const key of expected) if (!keys.has(key)) this.problems.push(`missing: ${key}`);
    for (const key of keys) if (!expected.has(key)) this.problems.push(`left over: ${key}`);
    const hot = await this.#storage.logs.readLast(partitionLogId(name.topicId, name.partition));
    if (hot !== undefined && !this.#storage.dropsExpiredEntries)
      this.problems.push(`hot entry left at ${hot.position}`);
  }
}
