/**
 * Deletes the records before an offset (Kafka's DeleteRecords, KIP-107): the log starts later from then on.
 *
 * Model: `models/sealing/Sealing.tla`.
 */
import type { Storage } from "../storage/storage.ts";
import { raiseLogStart, readLogStart } from "./log-start.ts";
import type { PartitionReader } from "./partition-reader.ts";
import type { PartitionName } from "./recover-partition.ts";

/** Kafka's DeleteRecordsRequest.HIGH_WATERMARK. */
const upToHighWatermark = -1;

export type TruncateResult =
  | { readonly kind: "truncated"; readonly logStartOffset: number }
  /** Nothing was changed. */
  | { readonly kind: "out of range"; readonly highWatermark: number; readonly logStartOffset: number };

/**
 * Raises the start of the log to `beforeOffset`, or to the high watermark for -1; an offset that is not beyond the start
 * changes nothing. What is deleted is collected later. Two or three requests.
 *
 * @param reader of the same partition: proves the high watermark, and knows the new start at once
 */
export async function truncatePartition(
  storage: Storage,
  name: PartitionName,
  reader: PartitionReader,
  beforeOffset: number,
): Promise<TruncateResult> {
  const highWatermark = await reader.highWatermark();
  const offset = beforeOffset === upToHighWatermark ? highWatermark : beforeOffset;
  if (!Number.isSafeInteger(offset) || offset < 0 || offset > highWatermark) {
    return { kind: "out of range", highWatermark, logStartOffset: await readLogStart(storage, name) };
  }
  const logStartOffset = offset === 0 ? await readLogStart(storage, name) : await raiseLogStart(storage, name, offset);
  reader.startsAt(logStartOffset);
  return { kind: "truncated", logStartOffset };
}
