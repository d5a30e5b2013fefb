/**
 * How far a partition's collector has come: attributes of the item that also holds the start of the log.
 *
 *     logStartOffset ── seen by a collector ──► mark ── a grace period later ──► collected
 *
 * The start may rise every few seconds, so that its last rise never gets old: the mark is a start that was seen once and
 * is left to get old. Every value is true by itself, whichever collector wrote it last.
 */
import { partitionKey } from "../storage/item-keys.ts";
import type { Attributes, Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { type LogStart, logStartOf } from "./log-start.ts";
import type { PartitionName } from "./recover-partition.ts";

export interface CollectionState {
  readonly logStart: LogStart;
  /** A start of the log, and when it was already that far. */
  readonly mark: { readonly offset: number; readonly seenAtMs: number };
  /** Nothing is left of the segments that end at or before this. */
  readonly collectedOffset: number;
  /** The pass over the partition's blobs. */
  readonly pass: {
    /** When the last one ended; 0 if none did. */
    readonly endedAtMs: number;
    /** Key to go on after; undefined at the beginning. */
    readonly after: string | undefined;
  };
}

/** One request. */
export async function readCollectionState(storage: Storage, name: PartitionName): Promise<CollectionState> {
  const item = await storage.items.get(partitionKey(name.topicId, name.partition));
  const after = item?.attributes["blobPassAfter"];
  return {
    logStart: logStartOf(item),
    mark: { offset: numberOf(item, "collectMarkOffset"), seenAtMs: numberOf(item, "collectMarkSeenAtMs") },
    collectedOffset: numberOf(item, "collectedOffset"),
    pass: { endedAtMs: numberOf(item, "blobPassEndedAtMs"), after: typeof after === "string" ? after : undefined },
  };
}

/** The start of the log as it was more than a grace period ago: no reader may still be on its way to what is before it. */
export function settledStart({ logStart, mark }: CollectionState, nowMs: number, graceMs: number): number {
  if (nowMs - logStart.raisedAtMs > graceMs) return logStart.offset;
  return nowMs - mark.seenAtMs > graceMs ? mark.offset : 0;
}

/** One request. */
export async function writeCollectionState(
  storage: Storage,
  name: PartitionName,
  change: Partial<Omit<CollectionState, "logStart">>,
): Promise<void> {
  const { mark, collectedOffset, pass } = change;
  const set: Attributes = {
    ...(mark === undefined ? {} : { collectMarkOffset: mark.offset, collectMarkSeenAtMs: mark.seenAtMs }),
    ...(collectedOffset === undefined ? {} : { collectedOffset }),
    ...(pass === undefined ? {} : { blobPassEndedAtMs: pass.endedAtMs }),
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
