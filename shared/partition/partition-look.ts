/**
 * What a sweep has found in a partition, kept in its item, so that the next one can tell with two requests that nothing was
 * written since and nothing is due. Sealing and compaction need not be seen: a look that finds something to seal comes again.
 */
import { partitionLogId } from "../log/log-id.ts";
import { partitionKey } from "../storage/item-keys.ts";
import type { Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { compactionStateOf } from "./compaction-state.ts";
import { logStartOf } from "./log-start.ts";
import type { PartitionName } from "./recover-partition.ts";

export interface PartitionLook {
  /** Beyond the last entry, which a store may have dropped since. */
  readonly tail: number;
  readonly logStartOffset: number;
  readonly compactionRuns: number;
  /** The topic's settings: others mean other deadlines. */
  readonly settings: string;
  /** Wall clock of the first look that found this. */
  readonly sinceMs: number;
  /** From when on there may be something to do; Infinity if there is nothing. */
  readonly dueAtMs: number;
  /** When a sweep is to come for it: later, where it has a wake-up of its own. */
  readonly sweepAtMs: number;
}

/** What was found, without what follows from it. */
export type PartitionSight = Omit<PartitionLook, "dueAtMs" | "sweepAtMs">;

const attribute = "look";

/** What is to be seen now, and what was the last time, if it is the same. Two requests. */
export async function lookAtPartition(
  storage: Storage,
  name: PartitionName,
  settings: string,
): Promise<{ readonly now: PartitionSight; readonly before: PartitionLook | undefined }> {
  const sinceMs = storage.clock.wallMs();
  const [item, last] = await Promise.all([
    storage.items.get(partitionKey(name.topicId, name.partition)),
    storage.logs.readLast(partitionLogId(name.topicId, name.partition)),
  ]);
  const before = lookOf(item);
  const now = {
    // What was last may be gone by now, and the one before it not.
    tail: Math.max(last?.next ?? 0, before?.tail ?? 0),
    logStartOffset: logStartOf(item).offset,
    compactionRuns: compactionStateOf(item).runs,
    settings,
    sinceMs,
  };
  return before !== undefined && isSame(now, before)
    ? { now: { ...now, sinceMs: before.sinceMs }, before }
    : { now, before: undefined };
}

/** One request. */
export async function keepLook(storage: Storage, name: PartitionName, look: PartitionLook): Promise<void> {
  const { tail, logStartOffset, compactionRuns, settings, sinceMs } = look;
  const [dueAtMs, sweepAtMs] = [look.dueAtMs, look.sweepAtMs].map((ms) => (ms === Infinity ? 0 : ms));
  const fields = [tail, logStartOffset, compactionRuns, settings, sinceMs, dueAtMs, sweepAtMs];
  const set = { [attribute]: JSON.stringify(fields) };
  await storage.items.update(partitionKey(name.topicId, name.partition), { set });
}

function isSame(one: PartitionSight, other: PartitionSight): boolean {
  const keys = ["tail", "logStartOffset", "compactionRuns", "settings"] as const;
  return keys.every((key) => one[key] === other[key]);
}

/** Undefined if there is none, or not one of ours: then all is looked at. */
function lookOf(item: Item | undefined): PartitionLook | undefined {
  const text = item?.attributes[attribute];
  if (typeof text !== "string") return undefined;
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields)) return undefined;
  const [tail, logStartOffset, compactionRuns, settings, sinceMs, dueAtMs, sweepAtMs] = fields as readonly unknown[];
  if (typeof settings !== "string" || !isCount(tail) || !isCount(logStartOffset)) return undefined;
  if (!isCount(compactionRuns) || !isCount(sinceMs) || !isCount(dueAtMs) || !isCount(sweepAtMs)) return undefined;
  return {
    tail,
    logStartOffset,
    compactionRuns,
    settings,
    sinceMs,
    dueAtMs: dueAtMs || Infinity,
    sweepAtMs: sweepAtMs || Infinity,
  };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
