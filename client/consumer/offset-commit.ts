import type { TopicPartition } from "./topic-partition.ts";

/** An offset as an application commits it: the next record to read. */
export interface OffsetCommit extends TopicPartition {
  readonly offset: number;
  /** At most 4,096 characters. */
  readonly metadata?: string;
}
