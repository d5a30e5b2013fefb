import fc from "fast-check";
import { expect, test } from "vitest";
import { collectPartition } from "../../../shared/partition/collect-partition.ts";
import { PartitionReader } from "../../../shared/partition/partition-reader.ts";
import type { PartitionWriter } from "../../../shared/partition/partition-writer.ts";
import { sealPartition } from "../../../shared/partition/seal-partition.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { committedFrom, Producer } from "./committed-fixture.ts";
import { append, hourMs, name, sealSettings, writerOf } from "./partition-fixture.ts";

/** A record of the log, and what became of its transaction. */
interface ModelRecord {
  readonly offset: number;
  readonly value: string;
  readonly transaction: { outcome: "open" | "commit" | "abort" } | undefined;
}

/** The log as it is meant: who wrote what, in which transaction. */
class Model {
  readonly #records: ModelRecord[] = [];
  readonly #open = new Map<bigint, { outcome: "open" | "commit" | "abort" }>();
  end = 0;

  wrote(offset: number, values: readonly string[], producerId?: bigint): void {
    const known = producerId === undefined ? undefined : (this.#open.get(producerId) ?? { outcome: "open" });
    if (producerId !== undefined && known !== undefined) this.#open.set(producerId, known);
    values.forEach((value, index) => this.#records.push({ offset: offset + index, value, transaction: known }));
    this.end = Math.max(this.end, offset + values.length);
  }

  ended(offset: number, producerId: bigint, commit: boolean): void {
    const open = this.#open.get(producerId);
    if (open !== undefined) open.outcome = commit ? "commit" : "abort";
    this.#open.delete(producerId);
    this.end = Math.max(this.end, offset + 1);
  }

  get lastStableOffset(): number {
    return Math.min(
      this.end,
      ...this.#records.flatMap(({ transaction, offset }) => (transaction?.outcome === "open" ? [offset] : [])),
    );
  }

  committedFrom(offset: number): string[] {
    const end = this.lastStableOffset;
    return this.#records
      .filter((one) => one.offset >= offset && one.offset < end && (one.transaction?.outcome ?? "commit") === "commit")
      .toSorted((a, b) => a.offset - b.offset)
      .map((one) => `${one.offset}:${one.value}`);
  }
}

const producerId = fc.bigInt({ min: 1n, max: 4n });
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("send" as const), producerId, count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("end" as const), producerId, commit: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("plain" as const), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("together" as const), commit: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("seal" as const) }) },
  // Long enough for hot entries to be dropped or trimmed, for what is not sealed to stay.
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      isCold: fc.boolean(),
      recordsMax: fc.constantFrom(1, 2, 1_000),
    }),
  },
);

test("what a committed reader gets is what was committed below the last stable offset, in order, wherever it stands", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.boolean(),
      fc.boolean(),
      async (steps, drops, byReference) => {
        const { storage, time } = createMemoryStorage({ dropsExpiredEntries: drops });
        const newWriter = (): PartitionWriter => writerOf(storage, byReference ? 0 : undefined);
        let writer = newWriter();
        const model = new Model();
        const producers = new Map([1n, 2n, 3n, 4n].map((id) => [id, new Producer(id, () => writer)]));
        const warm = new PartitionReader(storage, name);
        let written = 0;
        const valuesOf = (count: number): string[] => Array.from({ length: count }, () => `v${(written += 1)}`);
        const send = async (id: bigint, values: string[]): Promise<void> => {
          const offset = await producers.get(id)?.send(values);
          model.wrote(offset ?? -1, values, id);
        };
        const end = async (id: bigint, commit: boolean): Promise<void> => {
          const offset = await producers.get(id)?.end(commit);
          model.ended(offset ?? -1, id, commit);
        };
        const check = async (reader: PartitionReader, from: number, recordsMax: number): Promise<void> => {
          const limits = { bytesMax: recordsMax === 1 ? 1 : 100_000, recordsMax };
          const { records, lastStableOffset } = await committedFrom(reader, from, limits);
          expect(records).toEqual(model.committedFrom(from));
          expect(lastStableOffset).toBe(model.lastStableOffset);
        };
        for (const one of steps) {
          switch (one.kind) {
            case "send":
              await send(one.producerId, valuesOf(one.count));
              break;
            case "end":
              await end(one.producerId, one.commit);
              break;
            case "plain": {
              const values = valuesOf(one.count);
              model.wrote(await append(writer, values), values);
              break;
            }
            case "together":
              // Batches and markers of several producers in one entry.
              await Promise.all([
                send(1n, valuesOf(1)),
                send(2n, valuesOf(2)),
                end(3n, one.commit),
                send(4n, valuesOf(1)),
              ]);
              break;
            case "seal":
              await sealPartition(storage, name, sealSettings, { forced: true });
              break;
            case "wait":
              await sealPartition(storage, name, sealSettings, { forced: true });
              await time.advance(100 * hourMs);
              await collectPartition(storage, name);
              break;
            case "restart":
              writer = newWriter();
              break;
            case "read": {
              const from = Math.floor(one.from * (model.end + 0.999));
              await check(one.isCold ? new PartitionReader(storage, name) : warm, from, one.recordsMax);
            }
          }
        }
        for (const recordsMax of [1, 1_000]) await check(warm, 0, recordsMax);
        await check(new PartitionReader(storage, name), 0, 1);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);
