/** Tells from two entries, however many are unsealed, whether a partition has something to seal. */
import { segmentBytesTarget, segmentEntriesMax } from "../limits.ts";
import { partitionLogId, segmentsLogId } from "../log/log-id.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { PartitionDuty } from "../storage/environment.ts";
import type { Storage } from "../storage/storage.ts";
import { decodeEntryMeta } from "./entry-meta.ts";
import type { PartitionName } from "./recover-partition.ts";

/** When hot entries are due; see `TopicSettings`. */
export interface SealSettings {
  readonly segmentBytes: number;
  readonly segmentMs: number;
}

/** What to ask for when a partition is to be sealed. */
export function sealDuty({ topicId, partition }: PartitionName, segmentBytes: number): PartitionDuty {
  const duty = { kind: "seal", topicId, partition } as const;
  return segmentBytes < segmentBytesTarget ? { ...duty, segmentBytes } : duty;
}

/**
 * In how many ms there will be something to seal, 0 or less for now; undefined if nothing is unsealed. Three small
 * requests, or two if `sealedEnd` is given.
 *
 * @throws StorageCorruptError if an entry does not decode
 */
export async function findSealDueMs(
  storage: Storage,
  name: PartitionName,
  settings: SealSettings,
  sealedEnd?: number,
): Promise<number | undefined> {
  const logId = partitionLogId(name.topicId, name.partition);
  const start = sealedEnd ?? (await storage.logs.readLast(segmentsLogId(name.topicId, name.partition)))?.next ?? 0;
  const [first] = (await storage.logs.readFrom(logId, start, { entriesMax: 1, bytesMax: 1 })).entries;
  tellAge(storage, name, settings, first);
  if (first === undefined) return undefined;
  const ageDueMs = first.appendedAtMs + settings.segmentMs - storage.clock.wallMs();
  if (ageDueMs <= 0) return ageDueMs;
  const last = (await storage.logs.readLast(logId)) ?? first;
  // Each entry counts all bytes and entries from the beginning of the log to its end.
  const [from, to] = [decodeEntryMeta(first), decodeEntryMeta(last)];
  const bytes = from.batches.reduce((sum, batch) => sum + batch.length, to.totalBytes - from.totalBytes);
  const entries = to.totalEntries - from.totalEntries + 1;
  return bytes >= settings.segmentBytes || entries >= segmentEntriesMax ? 0 : ageDueMs;
}

/** @param oldest of what no segment holds */
function tellAge(
  { clock, metrics }: Storage,
  { topicId, partition }: PartitionName,
  { segmentMs }: SealSettings,
  oldest: LogEntry | undefined,
): void {
  const ageMs = oldest === undefined ? 0 : Math.max(0, clock.wallMs() - oldest.appendedAtMs);
  metrics?.gauge("OldestUnsealedAge", ageMs / 1_000, { topicId, partition });
  metrics?.gauge("SealingLag", Math.max(0, ageMs - segmentMs) / 1_000, { topicId, partition });
}
