/**
 * How far a partition's collector has come: attributes of the item that also holds the start of the log.
 *
 *     logStartOffset, cleanedTo ── seen by a collector ──► mark ── a grace period later ──► collected
 *     compactedId               ── seen by a collector ──► compaction mark ── a grace period later ──► all older runs go
 *
 * The start may rise every few seconds, so that its last rise never gets old: the mark is a start that was seen once and
 * is left to get old. Below `cleanedTo` the segment list is not read any more, as below the start. Every value is true by
 * itself, whichever collector wrote it last.
 */
import { partitionKey } from "../storage/item-keys.ts";
import type { Attributes, Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { type CompactionState, compactionStateOf, compactMark } from "./compaction-state.ts";
import { type LogStart, logStartOf } from "./log-start.ts";
import type { PartitionName } from "./recover-partition.ts";

export interface CollectionState {
  /** Wall clock before it was read. */
  readonly readAtMs: number;
  readonly logStart: LogStart;
  readonly compaction: CompactionState;
  /** Where the segment list began to be needed, and when it was already that far. */
  readonly mark: { readonly offset: number; readonly seenAtMs: number };
  /** Nothing is left of the listed segments that end at or before this. */
  readonly collectedOffset: number;
  /** Nothing is left of the compacted segments that end at or before this start of the log. */
  readonly compactedStart: number;
  /** A run of compaction that was the last one once, and when; no id before the first. */
  readonly compactMark: { readonly id: string | undefined; readonly seenAtMs: number };
  /** The pass over the partition's blobs. */
  readonly pass: {
    /** When the present one began, or the last one that ended. */
    readonly beganAtMs: number;
    /** When the last one ended; 0 if none did. */
    readonly endedAtMs: number;
    /** When something that it saw may be old enough to go; Infinity if nothing will be. */
    readonly dueAtMs: number;
    /** Where the list of segments ended before that: a sealer that died has left its blob when another one did its work. */
    readonly sealedEnd: number;
    /** Key to go on after; undefined at the beginning. */
    readonly after: string | undefined;
  };
}

/** One request. */
export async function readCollectionState(storage: Storage, name: PartitionName): Promise<CollectionState> {
  const readAtMs = storage.clock.wallMs();
  const item = await storage.items.get(partitionKey(name.topicId, name.partition));
  const after = item?.attributes["blobPassAfter"];
  const markId = item?.attributes[compactMark.id];
  return {
    readAtMs,
    logStart: logStartOf(item),
    compaction: compactionStateOf(item),
    mark: { offset: numberOf(item, "collectMarkOffset"), seenAtMs: numberOf(item, "collectMarkSeenAtMs") },
    collectedOffset: numberOf(item, "collectedOffset"),
    compactedStart: numberOf(item, "collectedCompactedStart"),
    compactMark: {
      id: typeof markId === "string" && markId !== "" ? markId : undefined,
      seenAtMs: numberOf(item, compactMark.seenAtMs),
    },
    pass: {
      beganAtMs: numberOf(item, "blobPassBeganAtMs"),
      endedAtMs: numberOf(item, "blobPassEndedAtMs"),
      dueAtMs: numberOf(item, "blobPassDueAtMs") || Infinity,
      sealedEnd: numberOf(item, "blobPassSealedEnd"),
      after: typeof after === "string" ? after : undefined,
    },
  };
}

/** Where the segment list is needed from on, now. */
export function listStart({ logStart, compaction }: CollectionState): number {
  return Math.max(logStart.offset, compaction.cleanedTo);
}

/** The same, as it was more than a grace period ago: no reader may still be on its way to what is before it in the list. */
export function settledListStart(state: CollectionState, nowMs: number, graceMs: number): number {
  const { compaction, mark } = state;
  const cleanedTo = nowMs - compaction.compactedAtMs > graceMs ? compaction.cleanedTo : 0;
  const marked = nowMs - mark.seenAtMs > graceMs ? mark.offset : 0;
  return Math.max(settledLogStart(state, nowMs, graceMs), cleanedTo, marked);
}

/** The start of the log as it was more than a grace period ago; 0 if that is not known. */
export function settledLogStart({ logStart }: CollectionState, nowMs: number, graceMs: number): number {
  return nowMs - logStart.raisedAtMs > graceMs ? logStart.offset : 0;
}

/** One request. */
export async function writeCollectionState(
  storage: Storage,
  name: PartitionName,
  change: Partial<Omit<CollectionState, "readAtMs" | "logStart" | "compaction" | "compactMark">>,
): Promise<void> {
  const { mark, collectedOffset, compactedStart, pass } = change;
  const set: Attributes = {
    ...(mark === undefined ? {} : { collectMarkOffset: mark.offset, collectMarkSeenAtMs: mark.seenAtMs }),
    ...(collectedOffset === undefined ? {} : { collectedOffset }),
    ...(compactedStart === undefined ? {} : { collectedCompactedStart: compactedStart }),
    ...(pass === undefined ? {} : { blobPassBeganAtMs: pass.beganAtMs, blobPassEndedAtMs: pass.endedAtMs }),
    ...(pass === undefined ? {} : { blobPassDueAtMs: pass.dueAtMs === Infinity ? 0 : pass.dueAtMs }),
    ...(pass === undefined ? {} : { blobPassSealedEnd: pass.sealedEnd }),
    ...(pass?.after === undefined ? {} : { blobPassAfter: pass.after }),
  };
  const remove = pass !== undefined && pass.after === undefined ? ["blobPassAfter"] : [];
  if (Object.keys(set).length > 0)
    await storage.items.update(partitionKey(name.topicId, name.partition), { set, remove });
}

function numberOf(item: Item | undefined, attribute: string): number {
  const value = item?.attributes[attribute];
  return typeof value === "number" ? value : 0;
}
