/**
 * The first record at or after a timestamp (Kafka's ListOffsets): the first sealed segment whose largest timestamp reaches
 * it, else the hot entries after the sealed end.
 */
import { catchUpBytesMax, decompressedBatchBytesMax, segmentIndexIntervalBytes } from "../limits.ts";
import { contiguousFrom } from "../log/chain.ts";
import { partitionLogId, segmentsLogId } from "../log/log-id.ts";
import type { Decompress } from "../record/compression-type.ts";
import { decodeRecords, recordTimestamp } from "../record/decode-records.ts";
import { noTimestamp, readBatchHeader, recordsOf } from "../record/record-batch.ts";
import { StorageUnavailableError } from "../storage/errors.ts";
import type { LogEntry, LogId } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { CompactedManifest } from "./compacted-manifest.ts";
import { decodeEntryMeta } from "./entry-meta.ts";
import { readSelection } from "./read-payload.ts";
import { readSegment } from "./read-segment.ts";
import type { PartitionName } from "./recover-partition.ts";
import { decodeSegmentDescriptor, type SegmentDescriptor } from "./segment-descriptor.ts";
import type { BatchLimits } from "./select-batches.ts";

export interface TimestampedOffset {
  readonly offset: number;
  readonly timestamp: number;
}

/** Pages of the segment list or of the hot entries that one look-up may read. */
const pagesMax = 1_000;
const pageEntriesMax = 500;
/** One read gives the batches between two rows of the segment's index. */
const searchLimits: BatchLimits = { bytesMax: segmentIndexIntervalBytes, recordsMax: Infinity };

/**
 * Undefined if no record from `logStartOffset` on is that late.
 *
 * @param compacted what stands for the segment list below its `cleanedTo`
 * @throws StorageCorruptError
 * @throws StorageUnavailableError if the log moved on under the search: ask again
 */
export async function findTimestamp(
  storage: Storage,
  name: PartitionName,
  timestampMs: number,
  logStartOffset: number,
  decompress: Decompress,
  compacted: CompactedManifest = { cleanedTo: 0, segments: [] },
): Promise<TimestampedOffset | undefined> {
  const from = { storage, name, timestampMs, decompress, takesMarkers: false };
  return search({ ...from, logStartOffset }, compacted);
}

/**
 * The first record with the largest timestamp in the log, as Kafka's MAX_TIMESTAMP (KIP-734): as there, it may be a
 * transaction's marker. Undefined for a log without one, or where it was deleted from the start of a segment.
 *
 * @throws as `findTimestamp`
 */
export async function findLargestTimestamp(
  storage: Storage,
  name: PartitionName,
  logStartOffset: number,
  decompress: Decompress,
  compacted: CompactedManifest = { cleanedTo: 0, segments: [] },
): Promise<TimestampedOffset | undefined> {
  const { topicId, partition } = name;
  let timestampMs = noTimestamp;
  const see = (end: number, maxTimestamp: number): void => {
    if (end > logStartOffset) timestampMs = Math.max(timestampMs, maxTimestamp);
  };
  for (const { endOffset, descriptor } of compacted.segments) see(endOffset, descriptor().maxTimestamp);
  let sealedEnd = 0;
  for await (const entry of entriesOf(storage, segmentsLogId(topicId, partition), undefined)) {
    sealedEnd = entry.next;
    if (entry.next > compacted.cleanedTo) see(entry.next, decodeSegmentDescriptor(entry).maxTimestamp);
  }
  for await (const entry of entriesOf(storage, partitionLogId(topicId, partition), sealedEnd)) {
    let end = entry.position;
    for (const { recordCount, maxTimestamp } of decodeEntryMeta(entry).batches) {
      end += recordCount;
      see(end, maxTimestamp);
    }
  }
  if (timestampMs === noTimestamp) return undefined;
  return search({ storage, name, timestampMs, decompress, takesMarkers: true, logStartOffset }, compacted);
}

async function search(from: Search, compacted: CompactedManifest): Promise<TimestampedOffset | undefined> {
  const { storage, name, timestampMs, logStartOffset } = from;
  for (const { endOffset, descriptor } of compacted.segments) {
    const segment = endOffset <= logStartOffset ? undefined : descriptor();
    if (segment === undefined || segment.maxTimestamp < timestampMs) continue;
    const found = await inSegment(from, segment);
    if (found !== undefined) return found;
  }
  // Below it the list's segments are what was there before, or gone.
  const inList = { ...from, logStartOffset: Math.max(logStartOffset, compacted.cleanedTo) };
  let sealedEnd = 0;
  for await (const entry of entriesOf(storage, segmentsLogId(name.topicId, name.partition), undefined)) {
    sealedEnd = entry.next;
    const segment = decodeSegmentDescriptor(entry);
    if (segment.endOffset <= inList.logStartOffset || segment.maxTimestamp < timestampMs) continue;
    const found = await inSegment(inList, segment);
    if (found !== undefined) return found;
  }
  for await (const entry of entriesOf(storage, partitionLogId(name.topicId, name.partition), sealedEnd)) {
    const found = await inEntry(inList, entry);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Search {
  readonly storage: Storage;
  readonly name: PartitionName;
  readonly timestampMs: number;
  readonly logStartOffset: number;
  readonly decompress: Decompress;
  readonly takesMarkers: boolean;
}

/** The chain of a log, from `start` or from its first entry that is left. */
async function* entriesOf(storage: Storage, logId: LogId, start: number | undefined): AsyncGenerator<LogEntry, void> {
  let position = start;
  for (let page = 0; page < pagesMax; page += 1) {
    const limits = { entriesMax: pageEntriesMax, bytesMax: catchUpBytesMax };
    const range = await storage.logs.readFrom(logId, position ?? 0, limits);
    const from = position ?? range.entries[0]?.position ?? 0;
    const chain = contiguousFrom(range.entries, from);
    yield* chain;
    position = chain.at(-1)?.next ?? from;
    // What is missing before what is there was appended, or sealed and dropped, while this went on: look again.
    if (!range.more && (chain.length > 0 || range.entries.length === 0)) return;
  }
  throw new StorageUnavailableError(`${logId} has too many entries to be searched, or moves on faster than the search`);
}

async function inSegment(search: Search, segment: SegmentDescriptor): Promise<TimestampedOffset | undefined> {
  const { storage, name, timestampMs, logStartOffset } = search;
  const { index } = segment;
  // The last row before which everything is earlier: what is looked for stands between it and the next row.
  let row = 0;
  while (row + 1 < index.length && (index[row + 1]?.maxTimestamp ?? Infinity) < timestampMs) row += 1;
  let offset = Math.max(index[row]?.offset ?? segment.baseOffset, logStartOffset);
  while (offset < segment.endOffset) {
    const read = await readSegment(storage, name, segment, offset, searchLimits);
    // Retention has taken it, or a compaction has put another in its place.
    if (read === undefined) throw new StorageUnavailableError(`a segment at ${offset} was removed meanwhile`);
    if (read.batches.length === 0) return undefined;
    for (const batch of read.batches) {
      const found = inBatch(search, batch);
      if (found !== undefined) return found;
    }
    offset = read.nextOffset;
  }
  return undefined;
}

async function inEntry(search: Search, entry: LogEntry): Promise<TimestampedOffset | undefined> {
  let baseOffset = entry.position;
  for (const batch of decodeEntryMeta(entry).batches) {
    if (batch.maxTimestamp >= search.timestampMs && baseOffset + batch.recordCount > search.logStartOffset) {
      const parts = await readSelection(search.storage, { entry, batches: [{ ...batch, baseOffset }] });
      if (parts === undefined)
        throw new StorageUnavailableError(`${entry.logId}@${entry.position} was sealed meanwhile`);
      for (const part of parts) {
        const found = inBatch(search, part);
        if (found !== undefined) return found;
      }
    }
    baseOffset += batch.recordCount;
  }
  return undefined;
}

function inBatch(
  { timestampMs, logStartOffset, decompress, takesMarkers }: Search,
  batch: Uint8Array,
): TimestampedOffset | undefined {
  const header = readBatchHeader(batch);
  // The header's largest timestamp is what a producer says; the entry's meta and the index know that of the records.
  if (header.isControl && !takesMarkers) return undefined;
  const stored = recordsOf(batch, 0, header);
  const { compressionType } = header;
  const records = compressionType === "none" ? stored : decompress(compressionType, stored, decompressedBatchBytesMax);
  for (const record of decodeRecords(header, records)) {
    const offset = header.baseOffset + record.offsetDelta;
    const timestamp = recordTimestamp(header, record);
    if (offset >= logStartOffset && timestamp >= timestampMs) return { offset, timestamp };
  }
  return undefined;
}
