/**
 * Applies a topic's retention to the sealed segments of a partition: raises the start of its log, segment by segment. What
 * lies before it is collected later. Safe to run twice, and at the same time elsewhere, for the start only grows.
 */
import { catchUpBytesMax } from "../limits.ts";
import { segmentsLogId } from "../log/log-id.ts";
import { type Later, unheard } from "../storage/later.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { loadManifest } from "./compacted-manifest.ts";
import { type PartitionStart, readPartitionStart } from "./compaction-state.ts";
import { raiseLogStart } from "./log-start.ts";
import { decodeTailState } from "./partition-state.ts";
import { type PartitionName, tailStateOf } from "./recover-partition.ts";
import { datedMs, Retention, type RetentionSettings } from "./retention.ts";
import { decodeSegmentDescriptor, type SegmentDescriptor } from "./segment-descriptor.ts";

/** Pages of the segment list that one run reads; the next run goes on behind what this one gave up. */
const pagesPerRunMax = 100;
const segmentsPerPage = 100;

/** A segment, and the start of the log without it. */
interface Candidate {
  readonly segment: SegmentDescriptor;
  readonly next: number;
  /** Of the segment list; absent for a compacted one. */
  readonly entry?: LogEntry;
}

/**
 * The start of the log after it. Up to five requests when nothing is to be given up, however many segments there are, and
 * one more where the log is compacted.
 *
 * @throws StorageCorruptError if an entry of the segment list does not decode
 */
export async function retainPartition(
  storage: Storage,
  name: PartitionName,
  settings: RetentionSettings,
  later: Later = unheard,
): Promise<number> {
  const from = await readPartitionStart(storage, name);
  const start = from.logStart.offset;
  if (settings.retentionMs === undefined && settings.retentionBytes === undefined) return start;
  const compacted = await compactedCandidates(storage, name, from);
  // A run of compaction was published meanwhile: the next look finds it.
  if (compacted === undefined) {
    later(storage.clock.wallMs());
    return start;
  }
  const listStart = Math.max(start, from.compaction.cleanedTo);
  let retention: Retention | undefined;
  let raised = start;
  for await (const { segment, next, entry } of candidates(compacted, listedCandidates(storage, name, listStart))) {
    const bytes = async (): Promise<number> =>
      entry === undefined
        ? sizeOf(compacted) + (await listedBytes(storage, name, listStart))
        : await bytesFrom(storage, entry);
    retention ??= new Retention(
      settings,
      storage.clock.wallMs(),
      settings.retentionBytes === undefined ? 0 : await bytes(),
    );
    if (!retention.givesUp(segment)) {
      if (settings.retentionMs !== undefined) later(datedMs(segment) + settings.retentionMs + 1);
      break;
    }
    raised = next;
  }
  return raised > start ? await raiseLogStart(storage, name, raised) : start;
}

/** Undefined if the manifest is gone. One request, none for a log that was never compacted. */
async function compactedCandidates(
  storage: Storage,
  name: PartitionName,
  { compaction, logStart }: PartitionStart,
): Promise<readonly Candidate[] | undefined> {
  if (compaction.cleanedTo <= logStart.offset) return [];
  const manifest = await loadManifest(storage, name, compaction);
  return manifest?.segments.flatMap(({ endOffset, descriptor }, index) => {
    const next = manifest.segments[index + 1]?.baseOffset ?? manifest.cleanedTo;
    return endOffset <= logStart.offset ? [] : [{ segment: descriptor(), next }];
  });
}

async function* candidates(
  compacted: readonly Candidate[],
  listed: AsyncIterable<Candidate>,
): AsyncGenerator<Candidate, void> {
  yield* compacted;
  yield* listed;
}

/** The segment of the list that holds the offset, which may be in its middle, or the one that begins there; and the next ones. */
async function* listedCandidates(
  storage: Storage,
  name: PartitionName,
  offset: number,
): AsyncGenerator<Candidate, void> {
  let position = await positionAround(storage, name, offset);
  for (let page = 0; page < pagesPerRunMax; page += 1) {
    const limits = { entriesMax: page === 0 ? 1 : segmentsPerPage, bytesMax: catchUpBytesMax };
    const range = await storage.logs.readFrom(segmentsLogId(name.topicId, name.partition), position, limits);
    for (const entry of range.entries) {
      yield { segment: decodeSegmentDescriptor(entry), next: entry.next, entry };
      position = entry.next;
    }
    if (!range.more) return;
  }
}

async function positionAround(storage: Storage, name: PartitionName, offset: number): Promise<number> {
  const around = await storage.logs.readAt(segmentsLogId(name.topicId, name.partition), offset);
  return around !== undefined && around.next > offset ? around.position : offset;
}

/** Bytes of the listed segments from the offset on: those that the log had in all at the last one's end, less those before. */
async function listedBytes(storage: Storage, name: PartitionName, offset: number): Promise<number> {
  const logId = segmentsLogId(name.topicId, name.partition);
  const position = await positionAround(storage, name, offset);
  const [first] = (await storage.logs.readFrom(logId, position, { entriesMax: 1, bytesMax: 1 })).entries;
  if (first === undefined) return 0;
  return await bytesFrom(storage, first);
}

function sizeOf(candidates: readonly Candidate[]): number {
  return candidates.reduce((sum, { segment }) => sum + segment.sizeBytes, 0);
}

async function bytesFrom(storage: Storage, first: LogEntry): Promise<number> {
  const last = (await storage.logs.readLast(first.logId)) ?? first;
  const end = decodeTailState(await tailStateOf(storage, last)).totalBytes;
  if (last.position === first.position) return decodeSegmentDescriptor(first).sizeBytes;
  const firstEnd = decodeTailState(await tailStateOf(storage, first)).totalBytes;
  return end - firstEnd + decodeSegmentDescriptor(first).sizeBytes;
}
