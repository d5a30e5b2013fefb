/** Kafka's bounds on the timestamps of what is produced (KIP-937). */
import { ServiceError } from "../api/errors.ts";
import type { TopicSettings } from "../topics/topic-config.ts";

/**
 * @param minTimestamp of the records, in ms; -1 for none
 * @param maxTimestamp of the records, in ms; -1 for none
 * @throws ServiceError INVALID_TIMESTAMP
 */
export function checkTimestamps(
  minTimestamp: number,
  maxTimestamp: number,
  { timestampBeforeMaxMs, timestampAfterMaxMs }: Pick<TopicSettings, "timestampBeforeMaxMs" | "timestampAfterMaxMs">,
  nowMs: number,
): void {
  if (maxTimestamp > nowMs && maxTimestamp - nowMs > timestampAfterMaxMs) {
    throw new ServiceError("INVALID_TIMESTAMP", `Timestamp ${maxTimestamp} is too far ahead of the time`, {
      details: { timestamp: maxTimestamp, nowMs, "message.timestamp.after.max.ms": timestampAfterMaxMs },
    });
  }
  if (minTimestamp >= 0 && nowMs - minTimestamp > timestampBeforeMaxMs) {
    throw new ServiceError("INVALID_TIMESTAMP", `Timestamp ${minTimestamp} is too far behind the time`, {
      details: { timestamp: minTimestamp, nowMs, "message.timestamp.before.max.ms": timestampBeforeMaxMs },
    });
  }
}
