/** A tree as one process follows it, with its requests counted. */
import { type CountedStorage, countRequests } from "../../../shared/storage/count-requests.ts";
import type { LogEntry, LogId } from "../../../shared/storage/log-store.ts";
import type { MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { Tree, type TreeWriteResult } from "../../../shared/tree/tree.ts";
import type { Operation, TreeResult } from "../../../shared/tree/tree-request.ts";
import { create } from "./operations.ts";

export const namespace = "default";

/** A process with its own tree, whose requests are counted. */
export interface Follower extends CountedStorage {
  readonly tree: Tree;
}

export function follower(memory: MemoryStorage): Follower {
  const counted = countRequests(memory.store.process().storage);
  return { ...counted, tree: new Tree(counted.storage, namespace) };
}

export function done(result: TreeWriteResult): TreeResult {
  if (result.kind !== "done") throw new Error(`not done: ${JSON.stringify(result)}`);
  return result.result;
}

export async function run(tree: Tree, ...operations: readonly Operation[]): Promise<TreeResult> {
  return done(await tree.write({ operations }));
}

export async function refusal(tree: Tree, ...operations: readonly Operation[]): Promise<string> {
  const result = await tree.write({ operations });
  return result.kind === "refused" ? result.refusal.code : result.kind;
}

/** One after the other in groups of at most 100. */
export async function runMany(tree: Tree, operations: readonly Operation[]): Promise<void> {
  for (let start = 0; start < operations.length; start += 100) {
    const group = operations.slice(start, start + 100).map((operation) => run(tree, operation));
    await Promise.all(group);
  }
}

export const entriesOf = (memory: MemoryStorage, logId: LogId): readonly LogEntry[] =>
  memory.store.logs.from(logId, 0, 100_000);

export const numbered = (count: number, prefix = "/n"): Operation[] =>
  Array.from({ length: count }, (_, index) => create(`${prefix}${index}`, `data ${index}`));
