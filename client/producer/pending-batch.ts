import { batchRecordsMax } from "../../shared/limits.ts";
import { batchHeaderBytes } from "../../shared/record/record-batch.ts";
import type { EncodedRecord } from "./encode-record.ts";

/** Where a record was written. */
export interface RecordMetadata {
  readonly partition: number;
  readonly offset: number;
  /** Ms since the epoch: the record's own, or the log's where the topic has LogAppendTime. */
  readonly timestamp: number;
}

/** Hears of one record's end. */
export interface Delivery {
  resolve(metadata: RecordMetadata): void;
  reject(error: Error): void;
}

/** Records of one partition that will be sent together. */
export class PendingBatch {
  readonly partition: number;
  /** By the clock that never steps back. */
  readonly createdAtMs: number;
  readonly records: EncodedRecord["record"][] = [];
  readonly deliveries: Delivery[] = [];
  /** Largest size that the records take without compression. */
  recordBytes = 0;
  /** It waits no longer for more records. */
  due = false;

  constructor(partition: number, createdAtMs: number) {
    this.partition = partition;
    this.createdAtMs = createdAtMs;
  }

  /** Whether one more record of that size would fit; an empty batch takes any. */
  hasRoomFor(sizeBytes: number, batchBytes: number): boolean {
    if (this.records.length === 0) return true;
    return batchHeaderBytes + this.recordBytes + sizeBytes <= batchBytes && this.records.length < batchRecordsMax;
  }

  append(encoded: EncodedRecord, delivery: Delivery): void {
    this.records.push(encoded.record);
    this.deliveries.push(delivery);
    this.recordBytes += encoded.sizeBytes;
  }
}
