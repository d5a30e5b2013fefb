import fc from "fast-check";
import { expect, test } from "vitest";
import { decompress } from "../../../shared/compression/compression.ts";
import { readPartitionStart } from "../../../shared/partition/compaction-state.ts";
import { decodeRecords } from "../../../shared/record/decode-records.ts";
import { readBatchHeader, recordsOf } from "../../../shared/record/record-batch.ts";
import { validateBatch } from "../../../shared/record/validate-batch.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { appendKeyed, appendMarker, compact, readBatches, seal } from "./compaction-fixture.ts";
import { type ModelRecord, problemsOf } from "./compaction-model.ts";
import { name, writerOf } from "./partition-fixture.ts";

const record = fc.record({
  key: fc.integer({ min: 0, max: 9 }).map((key) => `k${key}`),
  /** Bytes of the value; null for a tombstone. */
  size: fc.option(fc.integer({ min: 0, max: 3_000 }), { freq: 5 }),
});

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      records: fc.array(record, { minLength: 1, maxLength: 6 }),
      compressionType: fc.constantFrom("none", "gzip", "snappy", "lz4", "zstd"),
      producer: fc.option(fc.integer({ min: 1, max: 3 }), { freq: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("end" as const),
      producer: fc.integer({ min: 1, max: 3 }),
      commit: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "seal" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("compact" as const),
      keysMax: fc.constantFrom(7, 100),
      segmentBytes: fc.constantFrom(1, 2_000, 100_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1_000, 4_000_000) }) },
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

class World {
  readonly memory = createMemoryStorage();
  readonly writer = writerOf(this.memory.storage, 300);
  readonly written: ModelRecord[] = [];
  /** How transactions ended, by their number. */
  readonly ends = new Map<number, boolean>();
  /** Number of the transaction that a producer has open. */
  readonly open = new Map<number, number>();
  transactions = 0;

  async apply(step: Step): Promise<void> {
    switch (step.kind) {
      case "append":
        return await this.#append(step);
      case "end": {
        const transaction = this.open.get(step.producer);
        if (transaction === undefined) return;
        await appendMarker(this.writer, BigInt(step.producer), step.commit);
        this.open.delete(step.producer);
        this.ends.set(transaction, step.commit);
        return;
      }
      case "seal":
        return await seal(this.memory.storage);
      case "compact": {
        const { keysMax, segmentBytes } = step;
        await compact(this.memory.storage, { bounds: { keysMax }, segmentBytes, deleteRetentionMs: 3_600_000 });
        return;
      }
      case "pass":
        return await this.memory.time.advance(step.ms);
    }
  }

  async #append({ records, compressionType, producer }: Extract<Step, { kind: "append" }>): Promise<void> {
    let transaction: number | undefined;
    if (producer !== null) {
      transaction = this.open.get(producer) ?? (this.transactions += 1);
      this.open.set(producer, transaction);
    }
    const keyed = records.map(({ key, size }, index) => {
      const value = size === null ? null : `${this.written.length + index}`.padEnd(size, "v");
      return [key, value] as const;
    });
    const base = await appendKeyed(this.writer, keyed, {
      compressionType: compressionType as "none",
      ...(producer === null ? {} : { producerId: BigInt(producer) }),
    });
    for (const [index, [key, value]] of keyed.entries()) {
      this.written.push({ offset: base + index, key, value, transaction });
    }
  }

  /** What a reader gets, every batch checked. */
  async read(from: number): Promise<ModelRecord[]> {
    const records: ModelRecord[] = [];
    for (const batch of await readBatches(this.memory.storage, from, undefined, 4_000)) {
      expect(validateBatch(batch, 0, batch.length, { batchBytesMax: 1e7, recordsMax: 1e6, origin: "log" }).ok).toBe(
        true,
      );
      const header = readBatchHeader(batch);
      if (header.isControl) continue;
      const plain = decompress(header.compressionType, recordsOf(batch, 0, header), 1e7);
      for (const { offsetDelta, key, value } of decodeRecords(header, plain)) {
        const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
        const offset = header.baseOffset + offsetDelta;
        const shown = value === null ? null : text(value);
        if (offset >= from)
          records.push({ offset, key: text(key ?? new Uint8Array()), value: shown, transaction: undefined });
      }
    }
    return records;
  }
}

test("after any history a reader gets the last committed record of each key, at its offset, and nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const world = new World();
      for (const one of steps) await world.apply(one);
      const { cleanedTo } = (await readPartitionStart(world.memory.storage, name)).compaction;
      const read = await world.read(0);
      const options = { cleanedTo, mayLackTombstones: true };
      expect(problemsOf(read, world.written, world.ends, options)).toEqual([]);
      // From the middle it is the same.
      const from = Math.floor(world.written.length / 2);
      expect(await world.read(from)).toEqual(read.filter(({ offset }) => offset >= from));
    }),
    { numRuns: 120 },
  );
}, 120_000);
