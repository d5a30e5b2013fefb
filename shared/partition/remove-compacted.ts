/** Removes blobs of compaction: what the start of the log has left behind, and whole runs that another took the place of. */
import { deleteKeysMax } from "../limits.ts";
import type { BlobInfo } from "../storage/blob-store.ts";
import { partitionKey } from "../storage/item-keys.ts";
import type { Storage } from "../storage/storage.ts";
import type { CollectionState } from "./collection-state.ts";
import { loadManifest } from "./compacted-manifest.ts";
import { compactMark, type CompactionState } from "./compaction-state.ts";
import type { PartitionName } from "./recover-partition.ts";
import { runOfBlob, segmentFileKeys } from "./segment-blobs.ts";

/**
 * Deletes the blobs of the present run's segments that end at or before `start`. Its manifest goes on to name them, but
 * nobody reads there. One request for the manifest, and one for a thousand blobs.
 *
 * @param start offset below which nobody reads any more
 * @returns how many; undefined if the manifest is gone, because another run has taken its place
 */
export async function removeCompactedSegments(
  storage: Storage,
  name: PartitionName,
  state: CompactionState,
  start: number,
): Promise<number | undefined> {
  const manifest = await loadManifest(storage, name, state);
  if (manifest === undefined) return undefined;
  const keys = manifest.segments
    .filter(({ endOffset }) => endOffset <= start)
    .flatMap(({ descriptor }) => segmentFileKeys(name, descriptor()));
  for (let at = 0; at < keys.length; at += deleteKeysMax) {
    await storage.blobs.delete(keys.slice(at, at + deleteKeysMax));
  }
  return keys.length;
}

/**
 * The blobs of runs that nobody reads any more, or that were never published.
 *
 * The marked run was the last one when it was marked, a grace period ago or more. So what was stored half a grace period
 * before that, by a run which is neither that one nor the present one, belongs to a run that others took the place of before
 * the mark, or to one that was not published by then; and that will not be any more, see `publishCompaction`.
 */
export function supersededBlobs(
  storage: Storage,
  name: PartitionName,
  { compaction, compactMark: mark }: Pick<CollectionState, "compaction" | "compactMark">,
  blobs: readonly BlobInfo[],
): string[] {
  const { graceMs } = storage.lifetimes;
  if (!isMarkSettled(storage, { compactMark: mark })) return [];
  return blobs.flatMap(({ key, modifiedAtMs }) => {
    const run = runOfBlob(name, key);
    const isNeeded = run === undefined || run === compaction.id || run === mark.id;
    return isNeeded || modifiedAtMs >= mark.seenAtMs - graceMs / 2 ? [] : [key];
  });
}

/** Whether there are blobs of runs that are not the present one. */
export function hasOtherRuns(
  name: PartitionName,
  { compaction }: Pick<CollectionState, "compaction">,
  blobs: readonly BlobInfo[],
): boolean {
  return blobs.some(({ key }) => {
    const run = runOfBlob(name, key);
    return run !== undefined && run !== compaction.id;
  });
}

/** Marks the present run, if the mark that is there is old enough to have been acted on. It only goes on. One request. */
export async function moveCompactMark(storage: Storage, name: PartitionName, state: CollectionState): Promise<void> {
  if (!isMarkSettled(storage, state)) return;
  const { readAtMs: seenAtMs } = state;
  await storage.items.update(
    partitionKey(name.topicId, name.partition),
    { set: { [compactMark.id]: state.compaction.id ?? "", [compactMark.seenAtMs]: seenAtMs } },
    [{ kind: "attribute", name: compactMark.seenAtMs, op: "<", value: seenAtMs, orAbsent: true }],
  );
}

function isMarkSettled(storage: Storage, { compactMark: mark }: Pick<CollectionState, "compactMark">): boolean {
  return storage.clock.wallMs() - mark.seenAtMs > storage.lifetimes.graceMs;
}
