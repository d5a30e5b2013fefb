/** A partition on storage in memory, and its records as text. */
import { compress, decompress } from "../../../shared/compression/compression.ts";
import { PartitionReader } from "../../../shared/partition/partition-reader.ts";
import { type PartitionWriter, partitionWriter } from "../../../shared/partition/partition-writer.ts";
import type { AppendRequest } from "../../../shared/partition/plan-append.ts";
import type { CompressionType } from "../../../shared/record/compression-type.ts";
import { decodeRecords } from "../../../shared/record/decode-records.ts";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import { readBatchHeader, recordsOf } from "../../../shared/record/record-batch.ts";
import type { BlobInfo } from "../../../shared/storage/blob-store.ts";
import type { Storage } from "../../../shared/storage/storage.ts";

export const name = { topicId: "topic", partition: 0 };
export const minuteMs = 60_000;
export const hourMs = 3_600_000;
/** What is full at 100 KB, and old after 10 minutes. */
export const sealSettings = { segmentBytes: 100_000, segmentMs: 10 * minuteMs };

export interface AppendOptions {
  /** Of all records, ms. */
  readonly timestamp?: number;
  readonly compressionType?: CompressionType;
  /** What the batch's header says, if it is not that of its records. */
  readonly claimedMaxTimestamp?: number;
  readonly producer?: { readonly producerId: bigint; readonly producerEpoch: number; readonly baseSequence: number };
}

/** A request of one batch with a record for each value. */
export function requestOf(values: readonly string[], options: AppendOptions = {}): AppendRequest {
  const { timestamp = 1_000, compressionType = "none", producer, claimedMaxTimestamp } = options;
  const records = values.map((value) => ({ key: null, value: new TextEncoder().encode(value), timestamp }));
  const claim = claimedMaxTimestamp === undefined ? {} : { maxTimestamp: claimedMaxTimestamp };
  const bytes = encodeBatch({ records, compressionType, ...producer, ...claim }, compress);
  const identity = producer === undefined ? {} : { producer };
  const batch = { start: 0, length: bytes.length, recordCount: values.length, maxTimestamp: timestamp, ...identity };
  return { bytes, batches: [batch] };
}

/** A writer of the partition that knows nothing yet. */
export function writerOf(storage: Storage, inlineBytesMax = 16_384): PartitionWriter {
  return partitionWriter(storage, name, () => inlineBytesMax);
}

/** Appends one batch; its base offset. @throws Error unless it was acknowledged */
export async function append(
  writer: PartitionWriter,
  values: readonly string[],
  options: AppendOptions = {},
): Promise<number> {
  const result = await writer.append(requestOf(values, options));
  if (result.kind !== "done") throw new Error(`append: ${result.kind}`, { cause: result });
  return result.result.baseOffset;
}

/** Records of batches from `offset` on, as `offset:value`. */
export function recordsFrom(batches: readonly Uint8Array[], offset = 0): string[] {
  return batches.flatMap((batch) => {
    const header = readBatchHeader(batch);
    const plain = decompress(header.compressionType, recordsOf(batch, 0, header), 10_000_000);
    return [...decodeRecords(header, plain)].flatMap((record) => {
      const at = header.baseOffset + record.offsetDelta;
      return at < offset ? [] : [`${at}:${new TextDecoder().decode(record.value ?? new Uint8Array())}`];
    });
  });
}

/** All records from `offset` to the high watermark, read page by page. */
export async function readAll(
  storage: Storage,
  offset = 0,
  limits = { bytesMax: 50_000, recordsMax: 1_000 },
  reader = new PartitionReader(storage, name),
): Promise<string[]> {
  const found: string[] = [];
  const highWatermark = await reader.highWatermark();
  for (let at = offset; at < highWatermark;) {
    const read = await reader.read(at, limits);
    if (read.kind !== "batches" || read.nextOffset <= at) throw new Error(`nothing at ${at} of ${highWatermark}`);
    found.push(...recordsFrom(read.batches, at));
    at = read.nextOffset;
  }
  return found;
}

/** `offset:value` of the values from the offset on. */
export function numbered(values: readonly string[], offset = 0): string[] {
  return values.map((value, index) => `${offset + index}:${value}`);
}

/** All blobs of the storage whose key starts with `prefix`. */
export async function blobsOf(storage: Storage, prefix = ""): Promise<readonly BlobInfo[]> {
  return (await storage.blobs.list(prefix, { limit: 1_000 })).blobs;
}
