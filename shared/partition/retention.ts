/** Which of a partition's segments retention gives up: pure (Kafka, `UnifiedLog.deleteOldSegments`). */
import type { SegmentDescriptor } from "./segment-descriptor.ts";

/** See `TopicSettings`. */
export interface RetentionSettings {
  /** Undefined: for ever. */
  readonly retentionMs: number | undefined;
  /** Undefined: without bound. */
  readonly retentionBytes: number | undefined;
}

/**
 * How far after its append a record may be dated: beyond it Kafka refuses the record (`message.timestamp.after.max.ms`),
 * while here it counts as dated so, or one wrong clock would keep a partition for ever.
 */
const futureMsMax = 3_600_000;

/** What a segment's age counts from, ms since the epoch: its latest record, or its last append where records have no time. */
export function datedMs({
  maxTimestamp,
  lastAppendedMs,
}: Pick<SegmentDescriptor, "maxTimestamp" | "lastAppendedMs">): number {
  return maxTimestamp < 0 ? lastAppendedMs : Math.min(maxTimestamp, lastAppendedMs + futureMsMax);
}

/** Decides segment by segment, from the oldest on, until one is to be kept. */
export class Retention {
  readonly #retentionMs: number;
  readonly #nowMs: number;
  #excessBytes: number;

  /** @param sizeBytes of all segments that will be asked about, and those after them */
  constructor(settings: RetentionSettings, nowMs: number, sizeBytes: number) {
    this.#retentionMs = settings.retentionMs ?? Infinity;
    this.#nowMs = nowMs;
    this.#excessBytes = sizeBytes - (settings.retentionBytes ?? Infinity);
  }

  /** True if the next segment is to be given up: it is too old, or without it there are still `retentionBytes`. */
  givesUp(segment: Pick<SegmentDescriptor, "maxTimestamp" | "lastAppendedMs" | "sizeBytes">): boolean {
    const isOld = this.#nowMs - datedMs(segment) > this.#retentionMs;
    if (!isOld && this.#excessBytes < segment.sizeBytes) return false;
    this.#excessBytes -= segment.sizeBytes;
    return true;
  }
}
