/**
 * Rebuilds a partition's state and proves its tail in O(1) requests, however long the log is (invariants 3 and 9).
 *
 *     last entry ── young ──► its table, or the checkpoint that it names and the entries since
 *         │
 *         └ old, gone, or its checkpoint is gone ──► last segment: state at its end, and the entries since
 *
 * Model: `models/shared-log/SharedLog.tla`.
 */
import { catchUpBytesMax, catchUpEntriesMax } from "../limits.ts";
import { contiguousFrom } from "../log/chain.ts";
import { type Instant, instantOf } from "../log/evidence.ts";
import { partitionLogId, segmentsLogId } from "../log/log-id.ts";
import type { Recovered } from "../log/log-machine.ts";
import { ByteReader } from "../record/byte-reader.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import { hotBlobKey } from "../storage/item-keys.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { decodeEntryMeta } from "./entry-meta.ts";
import {
  applyEntry,
  decodeTailState,
  emptyPartitionState,
  type PartitionState,
  stateAfterCheckpoint,
} from "./partition-state.ts";
import { decodeWriters, readWriters, type Writers } from "./writers-codec.ts";

/** Queries that one replay may take. A checkpoint is due long before, except where blobs cannot be stored for hours. */
const replayPagesMax = 4_096;
/** Times that a range read which missed an entry is done again. */
const readingsMax = 4;
/** Unsealed entries older than this make a cold writer look where the sealed end is by now. */
const unsealedRefreshMs = 1_800_000;

export interface PartitionName {
  readonly topicId: string;
  readonly partition: number;
}

/** @throws StorageCorruptError if the log has a hole: entries are gone that no segment holds */
export async function recoverPartition(storage: Storage, name: PartitionName): Promise<Recovered<PartitionState>> {
  const logId = partitionLogId(name.topicId, name.partition);
  for (let reading = 0; reading < readingsMax; reading += 1) {
    const seen = instantOf(storage.clock);
    const last = await storage.logs.readLast(logId);
    const young = last !== undefined && seen.wallMs - last.appendedAtMs < storage.lifetimes.graceMs / 2;
    const recovered = young ? await fromLastEntry(storage, name, last, seen) : undefined;
    if (recovered !== undefined) return await withSealedEnd(storage, name, recovered);
    const sealed = await fromLastSegment(storage, name, seen);
    // Else a range read missed an entry that was being written, or dropped, while it ran.
    if (sealed !== undefined && sealed.position >= (last?.next ?? 0)) return sealed;
  }
  throw new StorageCorruptError(`${logId} has a hole: entries are missing that no segment holds`);
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
  switch (checkpoint.kind) {
    case "table": {
      const state = stateAfterCheckpoint(last, meta, writersOf(last, checkpoint.bytes));
      return { state, position: last.next, evidence: seen };
    }
    case "blob": {
      const writers = await storedWriters(storage, name, checkpoint.id);
      if (writers === undefined) return undefined;
      const state = { ...emptyPartitionState(), position: checkpoint.position, ...writers, checkpoint };
      return await replay(storage, name, seen, state, last.next);
    }
    case "entry":
      // The beginning of the log stands for "no copy since the last segment": there is less to read from there.
      if (checkpoint.position === 0) return undefined;
      return await replay(storage, name, seen, emptyPartitionState(), last.next, checkpoint.position);
  }
}

/** Undefined if the blob is gone or damaged: the last segment serves as well, it is only further away. */
async function storedWriters(storage: Storage, name: PartitionName, id: string): Promise<Writers | undefined> {
  const bytes = await storage.blobs.get(hotBlobKey(name.topicId, name.partition, id));
  if (bytes === undefined) return undefined;
  try {
    return decodeWriters(bytes);
  } catch (cause) {
    if (cause instanceof MalformedBytesError) return undefined;
    throw cause;
  }
}

/** Undefined if the chain breaks off, which a range read may make it seem. */
async function fromLastSegment(
  storage: Storage,
  name: PartitionName,
  seen: Instant,
): Promise<Recovered<PartitionState> | undefined> {
  const segment = await storage.logs.readLast(segmentsLogId(name.topicId, name.partition));
  const state = segment === undefined ? emptyPartitionState() : decodeTailState(await tailStateOf(storage, segment));
  return await replay(storage, name, seen, state, 0);
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
    const limits = { entriesMax: catchUpEntriesMax, bytesMax: catchUpBytesMax };
    const range = await storage.logs.readFrom(logId, position, limits);
    const chain = contiguousFrom(range.entries, position);
    for (const entry of chain) {
      const meta = decodeEntryMeta(entry);
      if (entry.position === checkpointPosition) {
        if (meta.checkpoint.kind !== "table") return undefined;
        state = stateAfterCheckpoint(entry, meta, writersOf(entry, meta.checkpoint.bytes));
      } else {
        applyEntry(state, entry, meta);
      }
      position = entry.next;
    }
    if (!range.more && chain.length === range.entries.length) {
      return position < untilAtLeast ? undefined : { state, position, evidence: seen };
    }
    if (chain.length === 0) return undefined;
  }
  return undefined;
}

function writersOf(entry: LogEntry, bytes: Uint8Array): Writers {
  try {
    return readWriters(new ByteReader(bytes));
  } catch (cause) {
    if (!(cause instanceof MalformedBytesError)) throw cause;
    throw new StorageCorruptError(`the producer table of ${entry.logId}@${entry.position} does not decode`, { cause });
  }
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
