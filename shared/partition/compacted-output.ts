/** Writes what a compaction leaves into new segments, one at a time: Kafka's three files for each, and at last the manifest. */
import { segmentBytesTarget } from "../limits.ts";
import { backoffMs } from "../log/put-entry.ts";
import { type BatchHeader, lastOffset, readBatchHeader } from "../record/record-batch.ts";
import { compactedManifestKey, compactedSegmentId, segmentBlobStem } from "../storage/item-keys.ts";
import type { Storage } from "../storage/storage.ts";
import { encodeManifest } from "./compacted-manifest.ts";
import type { PartitionName } from "./recover-partition.ts";
import { SegmentBuilder } from "./segment-builder.ts";
import type { SegmentDescriptor } from "./segment-descriptor.ts";

/** Batches are gathered in pages of it: as views of what was read they would keep all of that in memory. */
const pageBytes = 1_048_576;
/** Offsets of one segment: Kafka's indexes hold them as i32, relative to the first. */
const segmentOffsetsMax = 2 ** 31 - 1;
/** Times that a blob is sent. */
const putAttemptsMax = 6;

interface OpenSegment {
  readonly baseOffset: number;
  readonly builder: SegmentBuilder;
  endOffset: number;
  firstAppendedMs: number;
  lastAppendedMs: number;
}

/** When the records of a source were appended. */
export type AppendTimes = Pick<SegmentDescriptor, "firstAppendedMs" | "lastAppendedMs">;

export class CompactedOutput {
  readonly #storage: Storage;
  readonly #name: PartitionName;
  readonly #id: string;
  readonly #segmentBytes: number;
  readonly #written: SegmentDescriptor[] = [];
  #open: OpenSegment | undefined;
  #page = new Uint8Array(0);
  #pageUsed = 0;
  #storedAtMs: number | undefined;

  /** @param id of the run, random */
  constructor(storage: Storage, name: PartitionName, id: string, segmentBytes: number) {
    this.#storage = storage;
    this.#name = name;
    this.#id = id;
    this.#segmentBytes = Math.min(segmentBytes, segmentBytesTarget);
  }

  /** Bytes of all segments that are written. */
  get sizeBytes(): number {
    return this.#written.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  /** Wall clock before the first blob was sent. */
  get storedAtMs(): number {
    return this.#storedAtMs ?? this.#storage.clock.wallMs();
  }

  /** Adds the next batch, which is copied. */
  async add(batch: Uint8Array, times: AppendTimes): Promise<void> {
    const bytes = this.#kept(batch);
    const header = readBatchHeader(bytes);
    const open = await this.#segmentFor(header);
    open.builder.add(bytes, header);
    open.endOffset = lastOffset(header) + 1;
    open.firstAppendedMs = Math.min(open.firstAppendedMs, times.firstAppendedMs);
    open.lastAppendedMs = Math.max(open.lastAppendedMs, times.lastAppendedMs);
  }

  /** Ends the last segment, and writes the manifest. */
  async finish(cleanedTo: number): Promise<void> {
    await this.#flush();
    const key = compactedManifestKey(this.#name.topicId, this.#name.partition, cleanedTo, this.#id);
    await this.#put(key, [encodeManifest(cleanedTo, this.#written)]);
  }

  async #segmentFor(header: BatchHeader): Promise<OpenSegment> {
    const open = this.#open;
    const isFull =
      open !== undefined &&
      (open.builder.sizeBytes >= this.#segmentBytes || lastOffset(header) - open.baseOffset >= segmentOffsetsMax);
    if (open !== undefined && !isFull) return open;
    if (isFull) await this.#flush();
    const { baseOffset } = header;
    this.#open = {
      baseOffset,
      builder: new SegmentBuilder(baseOffset),
      endOffset: baseOffset,
      firstAppendedMs: Infinity,
      lastAppendedMs: 0,
    };
    return this.#open;
  }

  async #flush(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const { baseOffset, endOffset, firstAppendedMs, lastAppendedMs } = open;
    const built = open.builder.finish();
    const id = compactedSegmentId(this.#id);
    const stem = segmentBlobStem(this.#name.topicId, this.#name.partition, baseOffset, id);
    await Promise.all([
      this.#put(`${stem}.log`, built.log),
      this.#put(`${stem}.index`, [built.offsetIndex]),
      this.#put(`${stem}.timeindex`, [built.timeIndex]),
    ]);
    const { sizeBytes, maxTimestamp, rows: index } = built;
    const times = { firstAppendedMs, lastAppendedMs };
    this.#written.push({ baseOffset, endOffset, id, sizeBytes, entries: 0, ...times, maxTimestamp, index });
  }

  #kept(batch: Uint8Array): Uint8Array {
    if (batch.length > pageBytes) return batch.slice();
    if (this.#pageUsed + batch.length > this.#page.length) {
      this.#page = new Uint8Array(pageBytes);
      this.#pageUsed = 0;
    }
    const copy = this.#page.subarray(this.#pageUsed, this.#pageUsed + batch.length);
    copy.set(batch);
    this.#pageUsed += batch.length;
    return copy;
  }

  /** A run needs all of its blobs: one bad answer must not let it start again. */
  async #put(key: string, chunks: readonly Uint8Array[]): Promise<void> {
    this.#storedAtMs ??= this.#storage.clock.wallMs();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#storage.blobs.put(key, chunks);
      } catch (cause) {
        if (attempt === putAttemptsMax) throw cause;
      }
      await this.#storage.timers.sleep(backoffMs(this.#storage, attempt));
    }
  }
}
