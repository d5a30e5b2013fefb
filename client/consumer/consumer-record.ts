import type { ReadRecord } from "../reader/decode-batches.ts";

/** A record, and the topic that it stands in. Its bytes may be views of an answer: copy what is kept for long. */
export interface ConsumerRecord extends ReadRecord {
  readonly topic: string;
}

/** What one fetch of a partition brought. */
export interface RecordPage {
  readonly records: readonly ReadRecord[];
  /** Where to go on; behind records that are not handed out (control records) as well. */
  readonly nextOffset: number;
  readonly highWatermark: number;
  /** What it counts as in the buffer. */
  readonly bytes: number;
}

/** Records of one partition that are handed out together. Never empty. */
export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly ReadRecord[];
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly highWatermark: number;
  /** Records that stand behind this batch. */
  readonly offsetLag: number;
}
