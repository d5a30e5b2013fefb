/**
 * Joins batches into a segment that is exactly a Kafka `.log` file, with Kafka's offset and time indexes (Kafka,
 * `LogSegment.append`): pure.
 *
 *     .index      [relativeOffset:i32 position:i32]     last offset of a batch, and where the batch starts
 *     .timeindex  [timestamp:i64 relativeOffset:i32]    largest timestamp so far, and the last offset of its batch
 *
 * Both get a row before the first batch that follows more than 4,096 bytes without one (`index.interval.bytes`).
 */
import { segmentIndexIntervalBytes } from "../limits.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { type BatchHeader, lastOffset, noTimestamp } from "../record/record-batch.ts";
import type { SegmentIndexRow } from "./segment-descriptor.ts";

/** Kafka's `index.interval.bytes`. */
const kafkaIndexIntervalBytes = 4_096;

export interface BuiltSegment {
  /** The `.log` file, in pieces. */
  readonly log: readonly Uint8Array[];
  readonly offsetIndex: Uint8Array;
  readonly timeIndex: Uint8Array;
  readonly sizeBytes: number;
  /** -1 for none. */
  readonly maxTimestamp: number;
  /** Rows of the descriptor's own, coarser index. */
  readonly rows: readonly SegmentIndexRow[];
}

export class SegmentBuilder {
  readonly #baseOffset: number;
  readonly #log: Uint8Array[] = [];
  readonly #offsetIndex = new ByteWriter();
  readonly #timeIndex = new ByteWriter();
  readonly #rows: SegmentIndexRow[] = [];
  #sizeBytes = 0;
  #bytesSinceIndexed = 0;
  #bytesSinceRow = Infinity;
  #maxTimestamp: number = noTimestamp;
  #offsetOfMaxTimestamp = -1;
  #lastIndexedTimestamp: number = noTimestamp;

  constructor(baseOffset: number) {
    this.#baseOffset = baseOffset;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Adds the next batch, which is kept, not copied: `bytes` with its true base offset, `header` as it reads.
   *
   * @throws RangeError if an offset or a position does not fit the indexes' 31 bits
   */
  add(bytes: Uint8Array, header: BatchHeader): void {
    const position = this.#sizeBytes;
    const last = lastOffset(header);
    if (this.#bytesSinceRow >= segmentIndexIntervalBytes) {
      this.#rows.push({ offset: header.baseOffset, position, maxTimestamp: this.#maxTimestamp });
      this.#bytesSinceRow = 0;
    }
    if (header.maxTimestamp > this.#maxTimestamp) {
      this.#maxTimestamp = header.maxTimestamp;
      this.#offsetOfMaxTimestamp = last;
    }
    if (this.#bytesSinceIndexed > kafkaIndexIntervalBytes) {
      this.#offsetIndex.i32(last - this.#baseOffset);
      this.#offsetIndex.i32(position);
      this.#indexTime();
      this.#bytesSinceIndexed = 0;
    }
    this.#append(bytes);
    this.#sizeBytes += bytes.length;
    this.#bytesSinceIndexed += bytes.length;
    this.#bytesSinceRow += bytes.length;
  }

  finish(): BuiltSegment {
    this.#indexTime();
    return {
      log: this.#log,
      offsetIndex: this.#offsetIndex.finish(),
      timeIndex: this.#timeIndex.finish(),
      sizeBytes: this.#sizeBytes,
      maxTimestamp: this.#maxTimestamp,
      rows: this.#rows,
    };
  }

  /** Neighbours in one buffer are one piece: a segment may have a million batches. */
  #append(bytes: Uint8Array): void {
    const before = this.#log.at(-1);
    if (before?.buffer === bytes.buffer && before.byteOffset + before.length === bytes.byteOffset) {
      this.#log.pop();
      this.#log.push(new Uint8Array(bytes.buffer, before.byteOffset, before.length + bytes.length));
    } else {
      this.#log.push(bytes);
    }
  }

  #indexTime(): void {
    if (this.#maxTimestamp <= this.#lastIndexedTimestamp) return;
    this.#timeIndex.i64Safe(this.#maxTimestamp);
    this.#timeIndex.i32(this.#offsetOfMaxTimestamp - this.#baseOffset);
    this.#lastIndexedTimestamp = this.#maxTimestamp;
  }
}
