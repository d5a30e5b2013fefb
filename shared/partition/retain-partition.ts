/**
 * Applies a topic's retention to the sealed segments of a partition: raises the start of its log, segment by segment. What
 * lies before it is collected later. Safe to run twice, and at the same time elsewhere, for the start only grows.
 */
import { catchUpBytesMax } from "../limits.ts";
import { segmentsLogId } from "../log/log-id.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { raiseLogStart, readLogStart } from "./log-start.ts";
import { decodeTailState } from "./partition-state.ts";
import { type PartitionName, tailStateOf } from "./recover-partition.ts";
import { Retention, type RetentionSettings } from "./retention.ts";
import { decodeSegmentDescriptor } from "./segment-descriptor.ts";

/** Pages of the segment list that one run reads; the next run goes on behind what this one gave up. */
const pagesPerRunMax = 100;
const segmentsPerPage = 100;

/**
 * The start of the log after it. Up to five requests when nothing is to be given up, however many segments there are.
 *
 * @throws StorageCorruptError if an entry of the segment list does not decode
 */
export async function retainPartition(
  storage: Storage,
  name: PartitionName,
  settings: RetentionSettings,
): Promise<number> {
  const start = await readLogStart(storage, name);
  if (settings.retentionMs === undefined && settings.retentionBytes === undefined) return start;
  const logId = segmentsLogId(name.topicId, name.partition);
  const around = await storage.logs.readAt(logId, start);
  // The segment that holds the start, which a truncation may have put into its middle, or the one that begins there.
  let position = around !== undefined && around.next > start ? around.position : start;
  let retention: Retention | undefined;
  let raised = start;
  for (let page = 0; page < pagesPerRunMax; page += 1) {
    const limits = { entriesMax: page === 0 ? 1 : segmentsPerPage, bytesMax: catchUpBytesMax };
    const range = await storage.logs.readFrom(logId, position, limits);
    for (const entry of range.entries) {
      retention ??= new Retention(settings, storage.clock.wallMs(), await bytesFrom(storage, entry, settings));
      if (!retention.givesUp(decodeSegmentDescriptor(entry))) return await raise(storage, name, start, raised);
      raised = entry.next;
      position = entry.next;
    }
    if (!range.more) break;
  }
  return await raise(storage, name, start, raised);
}

async function raise(storage: Storage, name: PartitionName, start: number, offset: number): Promise<number> {
  return offset > start ? await raiseLogStart(storage, name, offset) : start;
}

/** Bytes of the segments from `first` on: the bytes that the log had in all at the last one's end, less those before. */
async function bytesFrom(storage: Storage, first: LogEntry, { retentionBytes }: RetentionSettings): Promise<number> {
  if (retentionBytes === undefined) return 0;
  const last = (await storage.logs.readLast(first.logId)) ?? first;
  const end = decodeTailState(await tailStateOf(storage, last)).totalBytes;
  if (last.position === first.position) return decodeSegmentDescriptor(first).sizeBytes;
  const firstEnd = decodeTailState(await tailStateOf(storage, first)).totalBytes;
  return end - firstEnd + decodeSegmentDescriptor(first).sizeBytes;
}
