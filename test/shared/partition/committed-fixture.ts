/** Producers of transactions on a partition, and what a consumer makes of committed reads. */
import { expect } from "vitest";
import { compress } from "../../../shared/compression/compression.ts";
import { markerRequest } from "../../../shared/partition/marker-request.ts";
import type { PartitionReader } from "../../../shared/partition/partition-reader.ts";
import type { PartitionWriter } from "../../../shared/partition/partition-writer.ts";
import type { AppendRequest } from "../../../shared/partition/plan-append.ts";
import type { BatchLimits } from "../../../shared/partition/select-batches.ts";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import { readBatchHeader } from "../../../shared/record/record-batch.ts";
import { recordsFrom } from "./partition-fixture.ts";

/** A producer that sends transactions, of which each has an epoch of its own. */
export class Producer {
  readonly #id: bigint;
  readonly #writer: PartitionWriter | (() => PartitionWriter);
  #epoch = 0;
  #sequence = 0;

  /** @param writer or how to get the one that is to be used */
  constructor(id: bigint, writer: PartitionWriter | (() => PartitionWriter)) {
    this.#id = id;
    this.#writer = writer;
  }

  async send(values: readonly string[]): Promise<number> {
    const identity = { producerId: this.#id, producerEpoch: this.#epoch, baseSequence: this.#sequence };
    const records = values.map((value) => ({ key: null, value: new TextEncoder().encode(value), timestamp: 1_000 }));
    const bytes = encodeBatch({ records, isTransactional: true, ...identity }, compress);
    const batch = {
      start: 0,
      length: bytes.length,
      recordCount: values.length,
      maxTimestamp: 1_000,
      producer: identity,
      transaction: { kind: "data" },
    } as const;
    this.#sequence += values.length;
    return await done(this.#writerNow(), { bytes, batches: [batch] });
  }

  #writerNow(): PartitionWriter {
    return typeof this.#writer === "function" ? this.#writer() : this.#writer;
  }

  async end(commit: boolean): Promise<number> {
    this.#epoch += 1;
    this.#sequence = 0;
    return await done(
      this.#writerNow(),
      markerRequest({ producerId: this.#id, producerEpoch: this.#epoch, commit }, 2_000),
    );
  }
}

/** Appends; the base offset. @throws Error unless it was acknowledged */
export async function done(writer: PartitionWriter, request: AppendRequest): Promise<number> {
  const result = await writer.append(request);
  if (result.kind !== "done") throw new Error(`append: ${result.kind}`, { cause: result });
  return result.result.baseOffset;
}

/** Committed records from `offset` on as Kafka's consumer would leave them, read page by page to the last stable offset. */
export async function committedFrom(
  reader: PartitionReader,
  offset: number,
  limits: BatchLimits = { bytesMax: 100_000, recordsMax: 1_000 },
) {
  const records: string[] = [];
  let pages = 0;
  for (let at = offset; ; pages += 1) {
    const read = await reader.read(at, limits, "read_committed");
    if (read.kind !== "batches") throw new Error(read.kind);
    const left = read.batches.filter((batch) => {
      const { producerId, isTransactional, isControl, baseOffset } = readBatchHeader(batch);
      expect(baseOffset).toBeLessThan(read.lastStableOffset);
      const isAborted = read.aborted.some(
        (one) => one.producerId === producerId && one.firstOffset <= baseOffset && baseOffset <= one.lastOffset,
      );
      return !isControl && !(isTransactional && isAborted);
    });
    records.push(...recordsFrom(left, at));
    if (read.nextOffset === at) return { records, end: at, lastStableOffset: read.lastStableOffset, pages };
    at = read.nextOffset;
  }
}
