/**
 * One partition of keyed records that is written, sealed, compacted, collected and read at the same time, in virtual time,
 * with requests that fail. Compactors, collectors and readers may be frozen for hours, or killed, at any moment.
 *
 * A reader that goes through the log once, however long it takes, must find for each key its last value of when it began, or
 * a later one; and never an older value after a newer one.
 */
import { decompress } from "../../shared/compression/compression.ts";
import { segmentsLogId } from "../../shared/log/log-id.ts";
import { collectPartition } from "../../shared/partition/collect-partition.ts";
import { readPartitionStart } from "../../shared/partition/compaction-state.ts";
import { PartitionReader } from "../../shared/partition/partition-reader.ts";
import type { PartitionWriter } from "../../shared/partition/partition-writer.ts";
import { sealPartition } from "../../shared/partition/seal-partition.ts";
import { decodeRecords } from "../../shared/record/decode-records.ts";
import { readBatchHeader, recordsOf } from "../../shared/record/record-batch.ts";
import type { SimulatedProcess } from "../../shared/storage/memory/simulated-process.ts";
import { SimulatedStore, type SimulationOptions } from "../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { compact, compaction, keyedBatch } from "../shared/partition/compaction-fixture.ts";
import { lastOfEach, type ModelRecord, problemsOf } from "../shared/partition/compaction-model.ts";
import { blobsOf, hourMs, minuteMs, name, sealSettings, writerOf } from "../shared/partition/partition-fixture.ts";
import { faultsMost, collectorRequests, swarm } from "./swarm.ts";

/** What befalls the process that does a duty. */
export type Fate = "none" | "frozen" | "killed";

export type Step =
  | { readonly kind: "append"; readonly keys: readonly number[]; readonly bytes: number }
  | { readonly kind: "seal" }
  | { readonly kind: "compact" | "collect"; readonly fate: Fate; readonly afterMs: number }
  | { readonly kind: "scan"; readonly pauseMs: number; readonly freezeAfterMs: number }
  | { readonly kind: "pass"; readonly ms: number };

const { blobFlipped: _, ...faults } = faultsMost;
const frozenMs = 5 * hourMs;
const sealEveryMs = 3 * hourMs;
const readTriesMax = 100;
const tombstoneEvery = 4;

/** What is wrong, in words; nothing if all went well. */
export async function simulateCompaction(
  seed: number,
  steps: readonly Step[],
  options: Partial<SimulationOptions> = {},
): Promise<readonly string[]> {
  const store = new SimulatedStore({ seed, ...options, dropsExpiredEntries: seed % 2 === 0 });
  swarm(store, faults, collectorRequests);
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
  readonly #writer: PartitionWriter;
  readonly #written: ModelRecord[] = [];
  /** What is being written: a scan may see it before its writer knows that it is there. */
  #unsure: readonly ModelRecord[] = [];
  readonly #under: Promise<void>[] = [];
  /** By then all is known that was written, also what a scan saw before its writer was told. */
  readonly #checks: (() => void)[] = [];
  #values = 0;

  constructor(store: SimulatedStore) {
    this.#store = store;
    this.#storage = store.process().storage;
    this.#writer = writerOf(store.process().storage, 200);
  }

  async begin(step: Step): Promise<void> {
    switch (step.kind) {
      case "pass":
        return await this.#pass(step.ms);
      case "append":
        return await this.#append(step.keys, step.bytes);
      case "seal":
        return await this.#seal();
      case "compact":
      case "collect":
        this.#under.push(this.#duty(step));
        return;
      case "scan":
        this.#under.push(this.#scan(step.pauseMs, step.freezeAfterMs));
        return;
    }
  }

  /** In the end one record of each key is left, and no blob that is not needed. */
  async end(): Promise<void> {
    await this.#pass(frozenMs);
    await Promise.all(this.#under);
    for (const check of this.#checks) check();
    // Collectors that fail and die, one after the other: the last ones finish what they left.
    for (let round = 0; round < 12; round += 1) {
      await this.#append([round % 8], 4);
      await this.#pass(3 * hourMs);
      await this.#duty({ kind: "collect", fate: "none", afterMs: 1 });
    }
    this.#store.setFaults({});
    // What was sent late has come by then.
    await this.#pass(hourMs);
    await this.#seal();
    await compact(this.#storage, { segmentBytes: 600 });
    for (let round = 0; round < 12; round += 1) {
      await this.#pass(9 * hourMs);
      await collectPartition(this.#storage, name);
    }
    const { id, cleanedTo } = (await readPartitionStart(this.#storage, name)).compaction;
    const read = await this.#read(this.#store.process(), 0, 0);
    this.problems.push(...problemsOf(read, this.#written, new Map(), { cleanedTo, mayLackTombstones: true }));
    if (cleanedTo !== this.#written.length) this.problems.push(`cleaned to ${cleanedTo} of ${this.#written.length}`);
    const blobs = await blobsOf(this.#storage, "segments/");
    for (const { key } of blobs) if (!key.includes(`compacted.${id}.`)) this.problems.push(`left over: ${key}`);
    const listId = segmentsLogId(name.topicId, name.partition);
    const { entries } = await this.#storage.logs.readFrom(listId, 0, { entriesMax: 1_000, bytesMax: 10_000_000 });
    if (entries.length > 1) this.problems.push(`${entries.length} segments are listed`);
  }

  async #pass(ms: number): Promise<void> {
    // Somebody always seals long before hot entries expire.
    for (let leftMs = ms; leftMs > 0; leftMs -= sealEveryMs) {
      await this.#storage.timers.sleep(Math.min(leftMs, sealEveryMs));
      if (leftMs >= sealEveryMs) await this.#seal();
    }
  }

  async #seal(): Promise<void> {
    await untilDone(this.#storage, () => sealPartition(this.#storage, name, sealSettings, { forced: true }));
  }

  /** As an idempotent client does it: what may have been written already is looked for. */
  async #append(keys: readonly number[], bytes: number): Promise<void> {
    const records = keys.map((key): readonly [string, string | null] => {
      this.#values += 1;
      return [`k${key}`, this.#values % tombstoneEvery === 0 ? null : `${this.#values}`.padEnd(bytes, ".")];
    });
    const batch = keyedBatch(records, { timestamp: this.#storage.clock.wallMs() });
    const position = this.#written.length;
    this.#unsure = records.map(([key, value], index) => ({
      offset: position + index,
      key,
      value,
      transaction: undefined,
    }));
    for (let attempt = 0; attempt < readTriesMax; attempt += 1) {
      const part = { start: 0, length: batch.length, recordCount: records.length, maxTimestamp: 1 };
      const result = await this.#writer.append({ bytes: batch.slice(), batches: [part], expectedOffset: position });
      const isThere = result.kind === "done" || (await this.#writtenTo()) > position;
      if (!isThere) {
        await this.#storage.timers.sleep(1_000);
        continue;
      }
      this.#written.push(...this.#unsure);
      this.#unsure = [];
      return;
    }
    throw new Error("not appended");
  }

  async #writtenTo(): Promise<number> {
    // Until what was sent late has come.
    await this.#storage.timers.sleep(minuteMs);
    return await untilDone(this.#storage, () => new PartitionReader(this.#storage, name).highWatermark());
  }

  async #duty({ kind, fate, afterMs }: Extract<Step, { kind: "compact" | "collect" }>): Promise<void> {
    const { promise: killed, resolve: onKilled } = Promise.withResolvers<void>();
    const process = this.#store.process({ onKilled });
    if (fate === "frozen") this.#store.time.schedule(afterMs, () => process.freeze(frozenMs));
    if (fate === "killed") this.#store.time.schedule(afterMs, () => process.kill());
    const run =
      kind === "compact" ? compact(process.storage, { segmentBytes: 600 }) : collectPartition(process.storage, name);
    // It may fail: what it has done by then is true.
    await Promise.race([run.then(ignore, ignore), killed]);
  }

  async #scan(pauseMs: number, freezeAfterMs: number): Promise<void> {
    const known = [...this.#written];
    const process = this.#store.process();
    if (freezeAfterMs > 0) this.#store.time.schedule(freezeAfterMs, () => process.freeze(frozenMs));
    const begunMs = this.#store.time.nowMs;
    const read = await this.#read(process, pauseMs, known.length);
    const isInTime = this.#store.time.nowMs - begunMs < compaction.deleteRetentionMs;
    this.#checks.push(() => this.#checkScan(read, known, isInTime));
  }

  /** @param isInTime whether it took less than tombstones are kept */
  #checkScan(read: readonly ModelRecord[], known: readonly ModelRecord[], isInTime: boolean): void {
    // It may be compacted or not: what must hold is what holds for both.
    const options = { cleanedTo: Infinity, mayLackTombstones: true };
    const found = problemsOf(read, [...this.#written, ...this.#unsure], new Map(), options).filter(
      (problem) => !problem.includes("left over"),
    );
    const seen = new Map(read.map(({ key, offset }) => [key, offset]));
    for (const { key, offset, value } of lastOfEach(known, new Map()).values()) {
      const seenOffset = seen.get(key);
      if (seenOffset !== undefined && seenOffset >= offset) continue;
      // Whoever sees nothing of a key takes it for deleted; whoever sees an old value must see the tombstone in time.
      const isDeleted = value === null && seenOffset === undefined;
      const mayBeGone =
        !isInTime && this.#written.some((one) => one.key === key && one.value === null && one.offset >= offset);
      if (!isDeleted && !mayBeGone) this.problems.push(`a scan of ${known.length} missed ${key} at ${offset}`);
    }
    this.problems.push(...found.filter((problem) => !problem.startsWith("the last")));
  }

  /** All records to the high watermark, but at least to `end`. */
  async #read(process: SimulatedProcess, pauseMs: number, end: number): Promise<ModelRecord[]> {
    const { storage } = process;
    const reader = new PartitionReader(storage, name);
    const records: ModelRecord[] = [];
    for (let at = 0; ;) {
      const read = await untilDone(storage, () => reader.read(at, { bytesMax: 500, recordsMax: 20 }));
      if (read.kind !== "batches") throw new Error(`out of range at ${at}`);
      records.push(...modelFrom(read.batches, at));
      if (read.nextOffset <= at && at >= end) return records;
      at = read.nextOffset;
      if (pauseMs > 0) await storage.timers.sleep(pauseMs);
    }
  }
}

const ignore = (): void => undefined;

/** Asks again as long as a request fails. */
async function untilDone<Answer>(storage: Storage, work: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (cause) {
      if (attempt === readTriesMax) throw cause;
    }
    await storage.timers.sleep(1_000);
  }
}

function modelFrom(batches: readonly Uint8Array[], from: number): ModelRecord[] {
  const text = new TextDecoder();
  return batches.flatMap((batch) => {
    const header = readBatchHeader(batch);
    const plain = decompress(header.compressionType, recordsOf(batch, 0, header), 1_000_000);
    return [...decodeRecords(header, plain)].flatMap(({ offsetDelta, key, value }) => {
      const offset = header.baseOffset + offsetDelta;
      const shown = value === null ? null : text.decode(value);
      return offset < from
        ? []
        : [{ offset, key: text.decode(key ?? new Uint8Array()), value: shown, transaction: undefined }];
    });
  });
}
