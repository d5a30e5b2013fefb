/**
 * Finds blobs of a partition that nothing refers to: of writers and sealers that lost or died, of collectors that died,
 * and of hot entries that a store dropped by itself. One pass lists all of the partition's blobs, over several runs.
 *
 * Hot payloads are not compared with the entries, which may be millions. A writer refers to a blob within a quarter of the
 * grace period after it was stored, or never; so when the oldest entry that is needed was appended half a grace period
 * after a blob was stored, nothing that is needed refers to the blob.
 *
 * Model: `models/sealing/Sealing.tla`.
 */
import { catchUpBytesMax, catchUpEntriesMax, listLimitMax } from "../limits.ts";
import { partitionLogId, segmentsLogId } from "../log/log-id.ts";
import type { BlobInfo, BlobPage } from "../storage/blob-store.ts";
import { hotBlobKey, hotBlobPrefix, segmentBlobPrefix } from "../storage/item-keys.ts";
import type { Later } from "../storage/later.ts";
import type { Storage } from "../storage/storage.ts";
import type { CollectionState } from "./collection-state.ts";
import { decodeEntryMeta } from "./entry-meta.ts";
import type { PartitionName } from "./recover-partition.ts";
import { hasOtherRuns, moveCompactMark, supersededBlobs } from "./remove-compacted.ts";
import { segmentOfBlob } from "./segment-blobs.ts";
import { decodeSegmentDescriptor } from "./segment-descriptor.ts";

/** What a run of the pass is told, and tells. */
export interface BlobPassOptions {
  readonly pagesMax: number;
  /**
   * Nothing was written to the partition since: a pass that began later and found all in order need not be done again until
   * something is sealed.
   * Undefined if that is not known.
   */
  readonly unchangedSinceMs: number | undefined;
  readonly later: Later;
}

export interface BlobPassResult {
  readonly blobsDeleted: number;
  readonly pass: CollectionState["pass"];
}

/** Rest between two passes: one costs a request for each thousand blobs, and what it finds costs nothing but its room. */
const passEveryMs = 3_600_000;
/** Pages of the segment list that one page of blobs is compared with. */
const listPagesMax = 1_000;

/**
 * Goes on with the pass over the partition's blobs; undefined if the last one ended less than an hour ago, or would find the
 * same.
 *
 * @param sealedEnd as it was read before
 * @throws StorageCorruptError if an entry does not decode; nothing that it may refer to is deleted then
 */
export async function collectBlobs(
  storage: Storage,
  name: PartitionName,
  state: CollectionState,
  sealedEnd: number,
  { pagesMax, unchangedSinceMs, later }: BlobPassOptions,
): Promise<BlobPassResult | undefined> {
  const { pass } = state;
  const nowMs = storage.clock.wallMs();
  if (pass.after === undefined) {
    const dueAtMs = passDueAtMs(pass, sealedEnd, nowMs, unchangedSinceMs);
    if (dueAtMs > nowMs) {
      if (dueAtMs < Infinity) later(dueAtMs);
      return undefined;
    }
  }
  const beganAtMs = pass.after === undefined ? nowMs : pass.beganAtMs;
  let dueAtMs = pass.after === undefined ? Infinity : pass.dueAtMs;
  const passSealedEnd = pass.after === undefined ? sealedEnd : pass.sealedEnd;
  const hear: Later = (atMs) => {
    if (atMs > nowMs) dueAtMs = Math.min(dueAtMs, atMs);
  };
  const hotPrefix = hotBlobPrefix(name.topicId, name.partition);
  const segmentPrefix = segmentBlobPrefix(name.topicId, name.partition);
  let isInSegments = pass.after?.startsWith(segmentPrefix) === true;
  let { after } = pass;
  let blobsDeleted = 0;
  let sawOtherRuns = false;
  for (let page = 0; page < pagesMax; page += 1) {
    const listed = await storage.blobs.list(isInSegments ? segmentPrefix : hotPrefix, {
      limit: listLimitMax,
      // At a prefix itself: from its beginning.
      ...(after === undefined || after === segmentPrefix ? {} : { after }),
    });
    const keys = isInSegments
      ? [
          ...(await unreferencedSegmentBlobs(storage, name, listed)),
          ...supersededBlobs(storage, name, state, listed.blobs),
        ]
      : await unneededHotBlobs(storage, name, listed, sealedEnd);
    if (keys.length > 0) await storage.blobs.delete(keys);
    blobsDeleted += keys.length;
    sawOtherRuns ||= hasOtherRuns(name, state, listed.blobs);
    const keptMs = keptMsOf(storage, isInSegments);
    for (const { modifiedAtMs } of listed.blobs) hear(modifiedAtMs + keptMs + 1);
    after = listed.next ?? (isInSegments ? undefined : segmentPrefix);
    if (after === undefined) {
      // Here, so that each mark is acted on by a whole pass.
      if (sawOtherRuns) await moveCompactMark(storage, name, state);
      // The mark, or the present one in its place, is old enough then to be acted on.
      if (sawOtherRuns) hear(nowMs + storage.lifetimes.graceMs + 1);
      if (dueAtMs < Infinity) later(Math.max(dueAtMs, nowMs + passEveryMs));
      return { blobsDeleted, pass: { beganAtMs, endedAtMs: nowMs, after, dueAtMs, sealedEnd: passSealedEnd } };
    }
    isInSegments = after.startsWith(segmentPrefix);
  }
  return { blobsDeleted, pass: { beganAtMs, endedAtMs: pass.endedAtMs, after, dueAtMs, sealedEnd: passSealedEnd } };
}

/** When a new pass is due; Infinity while nothing is written or sealed. */
function passDueAtMs(
  { beganAtMs, endedAtMs, dueAtMs, ...pass }: CollectionState["pass"],
  sealedEnd: number,
  nowMs: number,
  unchangedSinceMs: number | undefined,
): number {
  // A clock that was put back must not keep it from being done.
  if (endedAtMs > nowMs) return nowMs;
  const restsUntilMs = endedAtMs + passEveryMs;
  // Sealing is due long after the last write where segments are closed late.
  if (pass.sealedEnd !== sealedEnd) return restsUntilMs;
  if (unchangedSinceMs === undefined || beganAtMs < unchangedSinceMs) return restsUntilMs;
  return Math.max(dueAtMs, restsUntilMs);
}

/** Age below which a blob is left alone. */
function keptMsOf({ dropsExpiredEntries, lifetimes }: Storage, isInSegments: boolean): number {
  const { graceMs, hotEntryMs } = lifetimes;
  return dropsExpiredEntries && !isInSegments ? hotEntryMs + graceMs : graceMs;
}

function olderThan(blobs: readonly BlobInfo[], storedBeforeMs: number): readonly BlobInfo[] {
  return blobs.filter(({ modifiedAtMs }) => modifiedAtMs < storedBeforeMs);
}

async function unneededHotBlobs(
  storage: Storage,
  name: PartitionName,
  { blobs }: BlobPage,
  sealedEnd: number,
): Promise<string[]> {
  const { graceMs } = storage.lifetimes;
  const old = olderThan(blobs, storage.clock.wallMs() - keptMsOf(storage, false));
  if (old.length === 0) return [];
  const logId = partitionLogId(name.topicId, name.partition);
  // What a store drops by itself may stay for ever: there, what is sealed is not needed.
  const from = storage.dropsExpiredEntries ? sealedEnd : 0;
  const { entries } = await storage.logs.readFrom(logId, from, { entriesMax: 1, bytesMax: 1 });
  const neededSinceMs = entries[0]?.appendedAtMs ?? storage.clock.wallMs();
  const unneeded = olderThan(old, neededSinceMs - graceMs / 2);
  const checkpoint = unneeded.length === 0 ? undefined : await lastCheckpointKey(storage, name);
  return unneeded.map(({ key }) => key).filter((key) => key !== checkpoint);
}

/** The copy of the producer table from which a cold writer starts; entries refer to it long after it was stored. */
async function lastCheckpointKey(storage: Storage, name: PartitionName): Promise<string | undefined> {
  const last = await storage.logs.readLast(partitionLogId(name.topicId, name.partition));
  if (last === undefined) return undefined;
  const { checkpoint } = decodeEntryMeta(last);
  return checkpoint.kind === "blob" ? hotBlobKey(name.topicId, name.partition, checkpoint.id) : undefined;
}

/** A sealer refers to its blobs within a quarter of the grace period, or never. */
async function unreferencedSegmentBlobs(storage: Storage, name: PartitionName, { blobs }: BlobPage): Promise<string[]> {
  const old = olderThan(blobs, storage.clock.wallMs() - storage.lifetimes.graceMs).flatMap(({ key }) => {
    const segment = segmentOfBlob(name, key);
    return segment === undefined ? [] : [{ key, segment }];
  });
  const first = old[0]?.segment.baseOffset;
  const last = old.at(-1)?.segment.baseOffset;
  if (first === undefined || last === undefined) return [];
  const listed = await listedSegments(storage, name, first, last);
  if (listed === undefined) return [];
  return old.filter(({ segment }) => listed.get(segment.baseOffset) !== segment.id).map(({ key }) => key);
}

/** The segments of the list that begin from `first` to `last`, by base offset; undefined if they are too many. */
async function listedSegments(
  storage: Storage,
  name: PartitionName,
  first: number,
  last: number,
): Promise<ReadonlyMap<number, string> | undefined> {
  const ids = new Map<number, string>();
  let position = first;
  for (let page = 0; page < listPagesMax; page += 1) {
    const limits = { entriesMax: catchUpEntriesMax, bytesMax: catchUpBytesMax };
    const range = await storage.logs.readFrom(segmentsLogId(name.topicId, name.partition), position, limits);
    for (const entry of range.entries) {
      if (entry.position > last) return ids;
      ids.set(entry.position, decodeSegmentDescriptor(entry).id);
      position = entry.next;
    }
    if (!range.more) return ids;
  }
  return undefined;
}
