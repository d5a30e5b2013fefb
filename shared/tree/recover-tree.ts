/**
 * Rebuilds a tree and proves the tail of its log.
 *
 *     last snapshot ── whole ──► the tree at its zxid ── entries since ──► the tree now
 *         └─ missing or damaged ──► the snapshot before it, ... ──► the beginning of the log
 */
import {
  catchUpBytesMax,
  catchUpEntriesMax,
  snapshotCandidatesMax,
  treeGapReadsMax,
  treeReplayPagesMax,
} from "../limits.ts";
import { contiguousFrom } from "../log/chain.ts";
import { instantOf } from "../log/evidence.ts";
import { snapshotsLogId, treeLogId } from "../log/log-id.ts";
import type { Recovered } from "../log/log-machine.ts";
import { backoffMs } from "../log/put-entry.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { applyTreeEntry, loadTreeEntry } from "./replay.ts";
import { decodeSnapshot } from "./snapshot-codec.ts";
import type { SnapshotEnd } from "./write-snapshot.ts";
import { ZnodeTree } from "./znode-tree.ts";

export interface RecoveredTree extends Recovered<ZnodeTree> {
  /** Where the entries begin that were replayed. */
  readonly snapshot: SnapshotEnd;
  /** Bytes of the entries that were replayed. */
  readonly replayedBytes: number;
}

/** @throws StorageCorruptError if no snapshot and the entries behind it make a tree */
export async function recoverTree(storage: Storage, namespace: string): Promise<RecoveredTree> {
  // As old as the first request: a process that stood still between two of them has put together what never was.
  const evidence = instantOf(storage.clock);
  const snapshot = await loadLastSnapshot(storage, namespace);
  return { ...(await replay(storage, namespace, snapshot)), evidence, snapshot: snapshot.end };
}

interface LoadedSnapshot {
  readonly tree: ZnodeTree;
  readonly end: SnapshotEnd;
}

async function loadLastSnapshot(storage: Storage, namespace: string): Promise<LoadedSnapshot> {
  const logId = snapshotsLogId(namespace);
  let descriptor = await storage.logs.readLast(logId);
  let problem: StorageCorruptError | undefined;
  for (let candidate = 0; candidate < snapshotCandidatesMax; candidate += 1) {
    if (descriptor === undefined) return { tree: ZnodeTree.initial(), end: { position: 0, lengthBytes: 0 } };
    const loaded = await loadSnapshot(storage, descriptor);
    if (!(loaded instanceof StorageCorruptError)) return loaded;
    problem = loaded;
    descriptor = descriptor.position === 0 ? undefined : await storage.logs.readAt(logId, descriptor.position - 1);
  }
  throw problem ?? new StorageCorruptError(`${logId} has no snapshot that can be read`);
}

/** The tree, or why it cannot be had from here. */
async function loadSnapshot(storage: Storage, descriptor: LogEntry): Promise<LoadedSnapshot | StorageCorruptError> {
  const { logId, position, next, payload } = descriptor;
  const bytes = payload.kind === "inline" ? payload.bytes : await storage.blobs.get(payload.key);
  if (bytes === undefined) return new StorageCorruptError(`the snapshot of ${logId}@${position} is gone`);
  try {
    const tree = decodeSnapshot(bytes);
    if (tree.lastZxid === next - 1) return { tree, end: { position: next, lengthBytes: bytes.length } };
    return new StorageCorruptError(`the snapshot of ${logId}@${position} is at ${tree.lastZxid}, not at ${next - 1}`);
  } catch (cause) {
    if (cause instanceof StorageCorruptError) return cause;
    throw cause;
  }
}

async function replay(
  storage: Storage,
  namespace: string,
  { tree, end }: LoadedSnapshot,
): Promise<Pick<RecoveredTree, "state" | "position" | "replayedBytes">> {
  const logId = treeLogId(namespace);
  let { position } = end;
  let replayedBytes = 0;
  let gapReads = 0;
  for (let page = 0; page < treeReplayPagesMax; page += 1) {
    const range = await storage.logs.readFrom(logId, position, {
      entriesMax: catchUpEntriesMax,
      bytesMax: catchUpBytesMax,
    });
    const chain = contiguousFrom(range.entries, position);
    for (const entry of chain) {
      applyTreeEntry(tree, entry, await loadTreeEntry(storage, entry));
      replayedBytes += entryBytes(entry);
      position = entry.next;
    }
    const whole = chain.length === range.entries.length;
    if (whole && !range.more) return { state: tree, position, replayedBytes };
    gapReads = chain.length > 0 ? 0 : gapReads + 1;
    if (gapReads >= treeGapReadsMax) break;
    if (!whole) await storage.timers.sleep(backoffMs(storage, gapReads));
  }
  throw new StorageCorruptError(`${logId} cannot be followed from ${position}: entries are missing`);
}

/** What an entry costs to read. */
export function entryBytes({ meta, payload }: LogEntry): number {
  return meta.length + (payload.kind === "inline" ? payload.bytes.length : payload.lengthBytes);
}
