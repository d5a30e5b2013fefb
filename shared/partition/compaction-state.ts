/**
 * How far a partition is compacted, and where what is left of that part stands: attributes of the item that also holds the
 * start of the log. One conditional update replaces a whole compacted part by another.
 *
 *     [log start ........ cleanedTo)   segments of the manifest `compactedId`
 *     [cleanedTo ........ sealed end)  segments of the list, as they were sealed
 *
 * The blobs of a run are collected when neither the present run nor the marked one has them (see `remove-compacted.ts`).
 * A run that was frozen before its update must not bring them back: the update is refused once a mark is so young that the
 * run's blobs may be gone.
 */
import { partitionKey } from "../storage/item-keys.ts";
import type { Condition, Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { type LogStart, logStartOf } from "./log-start.ts";
import type { PartitionName } from "./recover-partition.ts";

export interface CompactionState {
  /** The random part of the names of the run's blobs; undefined if the partition was never compacted. */
  readonly id: string | undefined;
  /** How many runs there were: of two states the one with more is the later. */
  readonly runs: number;
  /** Below it the manifest stands for the segment list. */
  readonly cleanedTo: number;
  /** Wall clock of the run that was last. */
  readonly compactedAtMs: number;
  /** Bytes of the manifest's segments. */
  readonly sizeBytes: number;
  /** When the first of its tombstones and markers may go; undefined if it has none. */
  readonly horizonMs: number | undefined;
}

export interface PartitionStart {
  readonly logStart: LogStart;
  readonly compaction: CompactionState;
}

/** Attributes of the collector's mark, on which the update of a run depends. */
export const compactMark = { id: "compactMarkId", seenAtMs: "compactMarkSeenAtMs" } as const;
/** Stands for the id of the run before the first. */
const never = "";

/** One request. */
export async function readPartitionStart(storage: Storage, name: PartitionName): Promise<PartitionStart> {
  const item = await storage.items.get(partitionKey(name.topicId, name.partition));
  return { logStart: logStartOf(item), compaction: compactionStateOf(item) };
}

export function compactionStateOf(item: Item | undefined): CompactionState {
  const id = item?.attributes["compactedId"];
  const horizonMs = numberOf(item, "compactedHorizonMs");
  return {
    id: typeof id === "string" && id !== never ? id : undefined,
    runs: numberOf(item, "compactedRuns"),
    cleanedTo: numberOf(item, "cleanedTo"),
    compactedAtMs: numberOf(item, "compactedAtMs"),
    sizeBytes: numberOf(item, "compactedBytes"),
    horizonMs: horizonMs === 0 ? undefined : horizonMs,
  };
}

/**
 * Puts `next` in the place of `before`, if that still stands and the blobs of `next` are certainly there. One request.
 *
 * @param storedAtMs wall clock before the first blob was stored
 * @returns false if another run was first, or this one was too slow
 */
export async function publishCompaction(
  storage: Storage,
  name: PartitionName,
  before: CompactionState,
  next: CompactionState & { readonly id: string },
  storedAtMs: number,
): Promise<boolean> {
  const conditions: readonly Condition[] = [
    { kind: "attribute", name: "compactedId", op: "=", value: before.id ?? never, orAbsent: before.id === undefined },
    {
      kind: "attribute",
      name: compactMark.seenAtMs,
      op: "<",
      value: storedAtMs + storage.lifetimes.graceMs / 4,
      orAbsent: true,
    },
  ];
  const set = {
    compactedId: next.id,
    compactedRuns: next.runs,
    cleanedTo: next.cleanedTo,
    compactedAtMs: next.compactedAtMs,
    compactedBytes: next.sizeBytes,
    compactedHorizonMs: next.horizonMs ?? 0,
  };
  const result = await storage.items.update(partitionKey(name.topicId, name.partition), { set }, conditions);
  if (result.applied) return true;
  // A client that repeats a request by itself may be told that it lost to itself.
  const { compaction } = await readPartitionStart(storage, name);
  return compaction.id === next.id;
}

function numberOf(item: Item | undefined, attribute: string): number {
  const value = item?.attributes[attribute];
  return typeof value === "number" ? value : 0;
}
