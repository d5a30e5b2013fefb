/** Where a partition's log begins for readers: one item, which only grows (Kafka's logStartOffset). */
import { partitionKey } from "../storage/item-keys.ts";
import type { Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { PartitionName } from "./recover-partition.ts";

export interface LogStart {
  readonly offset: number;
  /** Wall clock at which it was raised to this; 0 if it never was. */
  readonly raisedAtMs: number;
}

/** One request. */
export async function readLogStart(storage: Storage, name: PartitionName): Promise<number> {
  return (await readLogStartState(storage, name)).offset;
}

/** One request. */
export async function readLogStartState(storage: Storage, name: PartitionName): Promise<LogStart> {
  return logStartOf(await storage.items.get(partitionKey(name.topicId, name.partition)));
}

/** Raises the start to `offset`, unless it is there or beyond; the start after that. One request. */
export async function raiseLogStart(storage: Storage, name: PartitionName, offset: number): Promise<number> {
  const result = await storage.items.update(
    partitionKey(name.topicId, name.partition),
    { set: { logStartOffset: offset, logStartRaisedAtMs: storage.clock.wallMs() } },
    [{ kind: "attribute", name: "logStartOffset", op: "<", value: offset, orAbsent: true }],
  );
  if (result.applied) return offset;
  // A store that cannot show what stands there is asked for it.
  return result.existing === undefined ? readLogStart(storage, name) : logStartOf(result.existing).offset;
}

/** The start of the log as a partition's item holds it. */
export function logStartOf(item: Item | undefined): LogStart {
  const offset = item?.attributes["logStartOffset"];
  const raisedAtMs = item?.attributes["logStartRaisedAtMs"];
  return {
    offset: typeof offset === "number" ? offset : 0,
    raisedAtMs: typeof raisedAtMs === "number" ? raisedAtMs : 0,
  };
}
