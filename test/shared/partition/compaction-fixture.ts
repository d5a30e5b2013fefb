/** Keyed records, tombstones and transactions in a partition, and what a reader of the committed ones must see of them. */
import { compress, decompress } from "../../../shared/compression/compression.ts";
import {
  type CompactOptions,
  type CompactResult,
  compactPartition,
} from "../../../shared/partition/compact-partition.ts";
import type { CompactionSettings } from "../../../shared/partition/dirty-part.ts";
import { PartitionReader } from "../../../shared/partition/partition-reader.ts";
import type { PartitionWriter } from "../../../shared/partition/partition-writer.ts";
import { sealPartition } from "../../../shared/partition/seal-partition.ts";
import type { CompressionType } from "../../../shared/record/compression-type.ts";
import { decodeRecords } from "../../../shared/record/decode-records.ts";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import { lastOffset, readBatchHeader, recordsOf } from "../../../shared/record/record-batch.ts";
import { encodeMarker } from "../../../shared/record/transaction-marker.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { name, sealSettings } from "./partition-fixture.ts";

const text = new TextEncoder();
const decoder = new TextDecoder();

export const codecs = { compress, decompress };
export const compaction: CompactionSettings = {
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  deleteRetentionMs: 86_400_000,
  minCleanableDirtyRatio: 0.5,
};

/** Key and value; null for a tombstone. */
export type Keyed = readonly [key: string | null, value: string | null];

export interface KeyedOptions {
  readonly timestamp?: number;
  readonly compressionType?: CompressionType;
  /** Of a transaction. */
  readonly producerId?: bigint;
}

/** A batch as a producer sends it. */
export function keyedBatch(records: readonly Keyed[], options: KeyedOptions = {}): Uint8Array {
  const { timestamp = 1_000, compressionType = "none", producerId } = options;
  const identity =
    producerId === undefined ? {} : { producerId, producerEpoch: 0, baseSequence: 0, isTransactional: true };
  const inputs = records.map(([key, value]) => ({
    key: key === null ? null : text.encode(key),
    value: value === null ? null : text.encode(value),
    timestamp,
  }));
  return encodeBatch({ records: inputs, compressionType, ...identity }, compress);
}

/** Base offset. @throws Error unless it was acknowledged */
export async function appendBatch(writer: PartitionWriter, bytes: Uint8Array): Promise<number> {
  const { recordsCount, maxTimestamp } = readBatchHeader(bytes);
  const batch = { start: 0, length: bytes.length, recordCount: recordsCount, maxTimestamp };
  const result = await writer.append({ bytes, batches: [batch] });
  if (result.kind !== "done") throw new Error(`append: ${result.kind}`, { cause: result });
  return result.result.baseOffset;
}

export async function appendKeyed(
  writer: PartitionWriter,
  records: readonly Keyed[],
  options: KeyedOptions = {},
): Promise<number> {
  return await appendBatch(writer, keyedBatch(records, options));
}

export async function appendMarker(writer: PartitionWriter, producerId: bigint, commit: boolean): Promise<number> {
  return await appendBatch(writer, encodeMarker({ producerId, producerEpoch: 0, commit }, 1_000));
}

export async function seal(storage: Storage): Promise<void> {
  await sealPartition(storage, name, sealSettings, { forced: true });
}

export async function compact(
  storage: Storage,
  options: Partial<CompactOptions & CompactionSettings> = {},
): Promise<CompactResult> {
  const { minCompactionLagMs, maxCompactionLagMs, deleteRetentionMs, minCleanableDirtyRatio, ...rest } = {
    ...compaction,
    ...options,
  };
  const settings = { minCompactionLagMs, maxCompactionLagMs, deleteRetentionMs, minCleanableDirtyRatio };
  return await compactPartition(storage, name, settings, { ...codecs, segmentBytes: 100_000, forced: true, ...rest });
}

/** All batches from `offset` to the high watermark. */
export async function readBatches(
  storage: Storage,
  offset = 0,
  reader = new PartitionReader(storage, name),
  bytesMax = 50_000,
): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  const highWatermark = await reader.highWatermark();
  for (let at = offset; at < highWatermark;) {
    const read = await reader.read(at, { bytesMax, recordsMax: 1_000_000 });
    if (read.kind !== "batches" || read.nextOffset <= at) throw new Error(`nothing at ${at} of ${highWatermark}`);
    found.push(...read.batches);
    at = read.nextOffset;
  }
  return found;
}

/** Data records as `offset:key=value`, control records as `offset!`. */
export function keyedFrom(batches: readonly Uint8Array[]): string[] {
  return batches.flatMap((batch) => {
    const header = readBatchHeader(batch);
    if (header.isControl) return [`${lastOffset(header)}!`];
    const plain = decompress(header.compressionType, recordsOf(batch, 0, header), 10_000_000);
    return [...decodeRecords(header, plain)].map(({ offsetDelta, key, value }) => {
      const shown = value === null ? "null" : decoder.decode(value);
      return `${header.baseOffset + offsetDelta}:${key === null ? "null" : decoder.decode(key)}=${shown}`;
    });
  });
}

export async function readKeyed(storage: Storage): Promise<string[]> {
  return keyedFrom(await readBatches(storage));
}
