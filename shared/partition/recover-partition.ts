/**
 * Rebuilds a partition's state and proves its tail in O(1) requests, however long the log is (invariants 3 and 9).
 *
 *     last entry ── young ──► its table, or the checkpoint that it names and the entries since
 *         │
 *         └ old, gone, or its checkpoint is gone ──► last segment: state at its end, and the entries since
 */
import { catchUpBytesMax, checkpointEntriesMax } from "../limits.ts";
import { contiguousFrom } from "../log/chain.ts";
import { type Instant, instantOf } from "../log/evidence.ts";
import { partitionLogId, segmentsLogId } from "../log/log-id.ts";
import type { Recovered } from "../log/log-machine.ts";
import { ByteReader } from "../record/byte-reader.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import { hotBlobKey } from "../storage/item-keys.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { decodeEntryMeta, type EntryMeta } from "./entry-meta.ts";
import { applyEntry, decodeTailState, emptyPartitionState, type PartitionState, stateAfterCheckpoint } from "./partition-state.ts";
import { ProducerTable } from "./producer-table.ts";

/** Queries that one replay may take; a checkpoint is due long before. */
const replayPagesMax = 64;
/** Unsealed entries older than this make a cold writer look where the sealed end is by now. */
const unsealedRefreshMs = 1_800_000;

export interface PartitionName {
  readonly topicId: string;
  readonly partition: number;
}

/** @throws StorageCorruptError if the log has a hole: entries are gone that no segment holds */
export async function recoverPartition(storage: Storage, name: PartitionName): Promise<Recovered<PartitionState>> {
  const seen = instantOf(storage.clock);
  const last = await storage.logs.readLast(partitionLogId(name.topicId, name.partition));
  const young = last !== undefined && seen.wallMs - last.appendedAtMs < storage.lifetimes.graceMs / 2;
  if (young) {
    const recovered = await fromLastEntry(storage, name, last, seen);
    if (recovered !== undefined) return await withSealedEnd(storage, name, recovered);
  }
  const recovered = await fromLastSegment(storage, name, seen);
  if (last !== undefined && recovered.position < last.next) {
    throw new StorageCorruptError(`${last.logId} has a hole at ${recovered.position}: its last entry ends at ${last.next}`);
  }
  return recovered;
}

/** Undefined if what the entry points to is gone, which is so only when a segment holds it. */
async function fromLastEntry(
  storage: Storage,
  name: PartitionName,
  last: LogEntry,
  seen: Instant,
): Promise<Recovered<PartitionState> | undefined> {
  const meta = decodeEntryMeta(last);
  const { checkpoint } = meta;
  if (checkpoint.kind === "table") {
    const state = stateAfterCheckpoint(last, meta, checkpoint.table);
    return { state, position: last.next, evidence: seen };
  }
  if (checkpoint.kind === "blob") {
    const bytes = await storage.blobs.get(hotBlobKey(name.topicId, name.partition, checkpoint.id));
    if (bytes === undefined) return undefined;
    const state = emptyPartitionState();
    state.position = checkpoint.position;
    state.table = ProducerTable.read(new ByteReader(bytes));
    state.checkpoint = checkpoint;
    return await replay(storage, name, seen, state, last.next);
  }
  return await replay(storage, name, seen, emptyPartitionState(), last.next, checkpoint.position);
}

async function fromLastSegment(storage: Storage, name: PartitionName, seen: Instant): Promise<Recovered<PartitionState>> {
  const segment = await storage.logs.readLast(segmentsLogId(name.topicId, name.partition));
  const state = segment === undefined ? emptyPartitionState() : decodeTailState(await tailStateOf(storage, segment));
  const recovered = await replay(storage, name, seen, state, 0);
  if (recovered === undefined) throw new StorageCorruptError(`replay of ${name.topicId}:${name.partition} ended early`);
  return recovered;
}

/** @throws StorageCorruptError if the segment's tail state is gone */
export async function tailStateOf(storage: Storage, segment: LogEntry): Promise<Uint8Array> {
  if (segment.payload.kind === "inline") return segment.payload.bytes;
  const bytes = await storage.blobs.get(segment.payload.key);
  if (bytes === undefined) throw new StorageCorruptError(`tail state of ${segment.logId}@${segment.position} is gone`);
  return bytes;
}

/**
 * Applies the entries from where `state` is, or from the checkpoint entry at `checkpointPosition`, to the end of the log.
 * Undefined if the chain is broken off before `untilAtLeast`.
 *
 * @param seen when the recovery began: its reads prove something together only if they are close to each other, so the
 *   proof is as old as the first of them
 */
async function replay(
  storage: Storage,
  name: PartitionName,
  seen: Instant,
  from: PartitionState,
  untilAtLeast: number,
  checkpointPosition?: number,
): Promise<Recovered<PartitionState> | undefined> {
  const logId = partitionLogId(name.topicId, name.partition);
  let state = from;
  let position = checkpointPosition ?? state.position;
  for (let page = 0; page < replayPagesMax; page += 1) {
    const range = await storage.logs.readFrom(logId, position, {
      entriesMax: checkpointEntriesMax * 2,
      bytesMax: catchUpBytesMax,
    });
    const chain = contiguousFrom(range.entries, position);
    for (const entry of chain) {
      const meta = decodeEntryMeta(entry);
      const table = entry.position === checkpointPosition && entry.position > 0 ? tableOf(meta) : undefined;
      if (entry.position === checkpointPosition && entry.position > 0) {
        if (table === undefined) return undefined;
        state = stateAfterCheckpoint(entry, meta, table);
      } else {
        applyEntry(state, entry, meta);
      }
      position = entry.next;
    }
    if (!range.more && chain.length === range.entries.length) {
      if (position < untilAtLeast) return undefined;
      return { state, position, evidence: seen };
    }
    if (chain.length === 0) return undefined;
  }
  throw new StorageCorruptError(`${logId} has no checkpoint in ${replayPagesMax} pages before ${position}`);
}

function tableOf(meta: EntryMeta): ProducerTable | undefined {
  return meta.checkpoint.kind === "table" ? meta.checkpoint.table : undefined;
}

async function withSealedEnd(
  storage: Storage,
  name: PartitionName,
  recovered: Recovered<PartitionState>,
): Promise<Recovered<PartitionState>> {
  const { oldestUnsealedMs } = recovered.state;
  if (oldestUnsealedMs !== undefined && storage.clock.wallMs() - oldestUnsealedMs > unsealedRefreshMs) {
    recovered.state.oldestUnsealedMs = await findOldestUnsealedMs(storage, name);
  }
  return recovered;
}

/** Wall clock of the oldest entry beyond the sealed end; undefined if there is none. Two requests. */
export async function findOldestUnsealedMs(storage: Storage, name: PartitionName): Promise<number | undefined> {
  const segment = await storage.logs.readLast(segmentsLogId(name.topicId, name.partition));
  const range = await storage.logs.readFrom(partitionLogId(name.topicId, name.partition), segment?.next ?? 0, {
    entriesMax: 1,
    bytesMax: 1,
  });
  return range.entries[0]?.appendedAtMs;
}
