/** What the callers of the contention bench append to: one partition or one tree, seen by each from a process of its own. */
import { compress } from "../../shared/compression/compression.ts";
import { partitionWriter } from "../../shared/partition/partition-writer.ts";
import { encodeBatch } from "../../shared/record/encode-batch.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { Tree } from "../../shared/tree/tree.ts";

export const contendedLogs = ["partition", "tree"] as const;
export type ContendedLog = (typeof contendedLogs)[number];

/** Appends once and says whether it was acknowledged. */
export type Append = () => Promise<boolean>;

const inlineBytesMax = 16_384;
const dataBytes = 100;

/** One container: what it knows of the log is its own. */
export function openContended(log: ContendedLog, storage: Storage, name: string): Append {
  const data = new Uint8Array(dataBytes);
  if (log === "tree") {
    const tree = new Tree(storage, name);
    const operations = [{ kind: "setData", path: "/", data, version: -1 } as const];
    return async () => (await tree.write({ operations })).kind === "done";
  }
  const writer = partitionWriter(storage, { topicId: name, partition: 0 }, () => inlineBytesMax);
  const bytes = encodeBatch({ records: [{ key: null, value: data, timestamp: 1 }] }, compress);
  const batches = [{ start: 0, length: bytes.length, recordCount: 1, maxTimestamp: 1 }];
  return async () => (await writer.append({ bytes, batches })).kind === "done";
}
