/** What a partition's writer and sealer know at a position of its log: a function of the entries before it. */
import { ByteReader } from "../record/byte-reader.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import type { LogEntry } from "../storage/log-store.ts";
import {
  type Checkpoint,
  decodeEntryMeta,
  type EntryBatch,
  type EntryMeta,
  isMarker,
  sequencesGoOn,
} from "./entry-meta.ts";
import { OpenTransactions } from "./open-transactions.ts";
import { afterBatch, afterMarker, ProducerTable } from "./producer-table.ts";
import { decodeWriters, encodeWriters, type Writers } from "./writers-codec.ts";

export interface PartitionState {
  /** Where the next entry goes: the high watermark as far as it is known. */
  position: number;
  /** The highest fencing token seen. */
  fence: number | undefined;
  table: ProducerTable;
  open: OpenTransactions;
  /** Bytes of all batches since the beginning of the log. */
  totalBytes: number;
  /** Entries since the beginning of the log. */
  totalEntries: number;
  /** Wall clock of the last entry; undefined before the first. */
  lastAppendedMs: number | undefined;
  /** Wall clock of the oldest entry that is not known to be sealed. */
  oldestUnsealedMs: number | undefined;
  /** Where the latest copy of the producer table is; undefined if there is none but the table of the empty log. */
  checkpoint: Exclude<Checkpoint, { kind: "table" }> | undefined;
  /** Entries, and their bytes inside the log store, since that copy. */
  entriesSinceCheckpoint: number;
  bytesSinceCheckpoint: number;
}

export function emptyPartitionState(): PartitionState {
  return {
    position: 0,
    fence: undefined,
    table: new ProducerTable(),
    open: new OpenTransactions(),
    totalBytes: 0,
    totalEntries: 0,
    lastAppendedMs: undefined,
    oldestUnsealedMs: undefined,
    checkpoint: undefined,
    entriesSinceCheckpoint: 0,
    bytesSinceCheckpoint: 0,
  };
}

/** The state right after an entry that holds the whole producer table. */
export function stateAfterCheckpoint(entry: LogEntry, meta: EntryMeta, { table, open }: Writers): PartitionState {
  const state = emptyPartitionState();
  setCounters(state, entry, meta);
  state.table = table;
  state.open = open;
  state.checkpoint = { kind: "entry", position: entry.position };
  return state;
}

/**
 * Moves `state` over the entry that continues it.
 *
 * @throws StorageCorruptError if the entry does not decode or does not continue the state
 */
export function applyEntry(state: PartitionState, entry: LogEntry, meta: EntryMeta = decodeEntryMeta(entry)): void {
  if (entry.position !== state.position) {
    throw new StorageCorruptError(`entry ${entry.logId}@${entry.position} applied at ${state.position}`);
  }
  let baseOffset = entry.position;
  for (const batch of meta.batches) {
    const { recordCount } = batch;
    applyProducer(state, batch, baseOffset, entry.appendedAtMs);
    if (batch.request !== undefined) {
      const { idempotencyKey, recordCount: requestRecords } = batch.request;
      const remembered = { baseOffset, recordCount: requestRecords, appendedAtMs: entry.appendedAtMs };
      state.table.setRequest(idempotencyKey, remembered);
    }
    baseOffset += recordCount;
  }
  const inlineBytes = entry.payload.kind === "inline" ? entry.payload.bytes.length : 0;
  switch (meta.checkpoint.kind) {
    case "table":
      state.checkpoint = { kind: "entry", position: entry.position };
      state.entriesSinceCheckpoint = 0;
      state.bytesSinceCheckpoint = 0;
      break;
    case "entry":
    case "blob":
      // An entry that was planned before a copy was stored names an older one.
      if ((state.checkpoint?.position ?? -1) < meta.checkpoint.position) {
        // Entries between the new copy and here are few; counting them anew from here only moves the next copy.
        state.entriesSinceCheckpoint = 0;
        state.bytesSinceCheckpoint = 0;
        state.checkpoint = meta.checkpoint;
      }
      state.checkpoint ??= meta.checkpoint;
      state.entriesSinceCheckpoint += 1;
      state.bytesSinceCheckpoint += inlineBytes + entry.meta.length;
  }
  setCounters(state, entry, meta);
}

function applyProducer(state: PartitionState, batch: EntryBatch, baseOffset: number, appendedAtMs: number): void {
  if (batch.producer === undefined) return;
  const { producerId, producerEpoch, baseSequence } = batch.producer;
  applyTransaction(state.open, batch, baseOffset);
  const known = state.table.producer(producerId);
  if (isMarker(batch)) {
    const ended = afterMarker(known, producerEpoch, sequencesGoOn(batch), appendedAtMs);
    state.table.setProducer(producerId, ended, state.open);
    return;
  }
  const remembered = { baseSequence, recordCount: batch.recordCount, baseOffset };
  state.table.setProducer(producerId, afterBatch(known, producerEpoch, remembered, appendedAtMs), state.open);
}

/** Moves the open transactions over a batch. */
export function applyTransaction(open: OpenTransactions, batch: EntryBatch, baseOffset: number): void {
  if (batch.producer === undefined || batch.transaction === undefined) return;
  const { producerId, producerEpoch } = batch.producer;
  if (isMarker(batch)) open.end(producerId);
  else open.begin(producerId, { firstOffset: baseOffset, epoch: producerEpoch });
}

function setCounters(state: PartitionState, entry: LogEntry, meta: EntryMeta): void {
  state.position = entry.next;
  state.fence = meta.fence;
  state.totalBytes = meta.totalBytes;
  state.totalEntries = meta.totalEntries;
  state.lastAppendedMs = entry.appendedAtMs;
  // Each is a lower bound of the truth, as far as its writer knew: the later one is the better one.
  state.oldestUnsealedMs = Math.max(state.oldestUnsealedMs ?? 0, meta.oldestUnsealedMs);
}

const version = 1;
const fenceFlag = 1;

/**
 * The state as a segment carries it for its end (invariant 9), so that nothing depends on an entry that has expired.
 *
 *     state => version:u8 flags:u8 position:varlong totalBytes:varlong totalEntries:varlong lastAppendedMs:varlong
 *              [fence:varlong] writers:bytes     see `encodeWriters`
 */
export function encodeTailState(state: PartitionState): Uint8Array {
  const out = new ByteWriter(256);
  const lastAppendedMs = state.lastAppendedMs ?? 0;
  out.u8(version);
  out.u8(state.fence === undefined ? 0 : fenceFlag);
  out.unsignedVarlongSafe(state.position);
  out.unsignedVarlongSafe(state.totalBytes);
  out.unsignedVarlongSafe(state.totalEntries);
  out.unsignedVarlongSafe(lastAppendedMs);
  if (state.fence !== undefined) out.unsignedVarlongSafe(state.fence);
  out.prefixedBytes(encodeWriters(state, lastAppendedMs));
  return out.finish();
}

/**
 * A state whose entries are all sealed: nothing unsealed, no checkpoint among the entries.
 *
 * @throws StorageCorruptError
 */
export function decodeTailState(bytes: Uint8Array): PartitionState {
  try {
    const from = new ByteReader(bytes);
    const found = from.u8();
    if (found !== version) throw new MalformedBytesError(`state version ${found}`);
    const flags = from.u8();
    const state = emptyPartitionState();
    state.position = from.unsignedVarlongSafe();
    state.totalBytes = from.unsignedVarlongSafe();
    state.totalEntries = from.unsignedVarlongSafe();
    state.lastAppendedMs = from.unsignedVarlongSafe();
    state.fence = (flags & fenceFlag) === 0 ? undefined : from.unsignedVarlongSafe();
    const { table, open } = decodeWriters(from.prefixedBytes());
    state.table = table;
    state.open = open;
    from.expectEnd();
    return state;
  } catch (cause) {
    if (!(cause instanceof MalformedBytesError)) throw cause;
    throw new StorageCorruptError("the tail state of a segment does not decode", { cause });
  }
}
