/**
 * The meta of a partition's entry: what its batches are, and what a cold writer needs to go on from it.
 *
 *     meta       => version:u8 flags:u8 totalBytes:varlong totalEntries:varlong unsealedForMs:varlong [fence:varlong]
 *                   [firstOpenOffset:varlong] checkpoint [batch]
 *     checkpoint => 0 writers:bytes               the producer table after this entry, see `writeWriters`
 *                 | 1 position:varlong            the entry at `position` holds the table
 *                 | 2 position:varlong id:string  a blob holds the table as it was before `position`
 *     batch      => flags:u8 gap:varint length:varint recordCount:varint maxTimestamp:varlong
 *                   [producerId:varlong producerEpoch (baseSequence:varint | [firstOffset:varlong])]
 *                   [key:string recordCount:varint]
 *
 * `maxTimestamp` is relative to the entry's time; `gap` counts payload bytes before the batch that nothing refers to.
 * Version 2 has what belongs to transactions, and only entries that need it have version 2: markers carry no sequence but
 * the first offset of the transaction that they end.
 */
import { entryBatchesMax } from "../limits.ts";
import { ByteReader } from "../record/byte-reader.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import { noSequence } from "../record/transaction-marker.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import { readEpoch, writeEpoch } from "./epoch-codec.ts";
import type { LogEntry } from "../storage/log-store.ts";

const plainVersion = 1;
const transactionalVersion = 2;
const fenceFlag = 1;
const openFlag = 2;
const producerFlag = 1;
const keyFlag = 2;
const timestampFlag = 4;
const transactionalFlag = 8;
const markerFlag = 16;
const commitFlag = 32;
const endsFlag = 64;
const goOnFlag = 128;
const plainBatchFlags = producerFlag | keyFlag | timestampFlag;
const markerFlags = markerFlag | commitFlag | endsFlag | goOnFlag;
const allBatchFlags = plainBatchFlags | transactionalFlag | markerFlags;

/** A RecordBatch v2 inside an entry. */
export interface EntryBatch {
  /** First byte in the entry's payload. */
  readonly start: number;
  readonly length: number;
  /** Offsets that it takes: last offset delta + 1. */
  readonly recordCount: number;
  /** Ms since the epoch; -1 if the batch has none. */
  readonly maxTimestamp: number;
  /** Absent for a producer that is not idempotent. */
  readonly producer?: { readonly producerId: bigint; readonly producerEpoch: number; readonly baseSequence: number };
  /** Absent outside of transactions. */
  readonly transaction?: TransactionPart;
  /** On the first batch of a request that came with an idempotency key: the key, and the records of all its batches. */
  readonly request?: { readonly idempotencyKey: string; readonly recordCount: number };
}

/** What a batch is to the transaction of its producer, which it has. */
export type TransactionPart =
  | { readonly kind: "data" }
  /** The control record that ends it; `firstOffset` is absent if none was open. */
  | {
      readonly kind: "commit" | "abort";
      readonly firstOffset?: number;
      /** The producer's sequences do not begin anew after it. */
      readonly sequencesGoOn?: true;
    };

export function isMarker({ transaction }: Pick<EntryBatch, "transaction">): boolean {
  return transaction !== undefined && transaction.kind !== "data";
}

/** True for a marker after which its producer's sequences do not begin anew. */
export function sequencesGoOn({ transaction }: Pick<EntryBatch, "transaction">): boolean {
  return transaction !== undefined && transaction.kind !== "data" && transaction.sequencesGoOn === true;
}

export type Checkpoint =
  /** Not decoded: only a cold writer needs it. */
  | { readonly kind: "table"; readonly bytes: Uint8Array }
  | { readonly kind: "entry"; readonly position: number }
  | { readonly kind: "blob"; readonly position: number; readonly id: string };

export interface EntryMeta {
  /** Bytes of all batches from the beginning of the log to the end of this entry. */
  readonly totalBytes: number;
  /** Entries from the beginning of the log, this one included. */
  readonly totalEntries: number;
  /** Wall clock of the oldest entry that was not sealed yet, as far as the writer knew. */
  readonly oldestUnsealedMs: number;
  /** The highest fencing token seen. */
  readonly fence?: number;
  /** First offset of the oldest transaction that is open after this entry. */
  readonly firstOpenOffset?: number;
  readonly checkpoint: Checkpoint;
  readonly batches: readonly EntryBatch[];
}

export function encodeEntryMeta(meta: EntryMeta, appendedAtMs: number): Uint8Array {
  const out = new ByteWriter(64 + meta.batches.length * 32);
  const isTransactional =
    meta.firstOpenOffset !== undefined || meta.batches.some((one) => one.transaction !== undefined);
  out.u8(isTransactional ? transactionalVersion : plainVersion);
  out.u8((meta.fence === undefined ? 0 : fenceFlag) | (meta.firstOpenOffset === undefined ? 0 : openFlag));
  out.unsignedVarlongSafe(meta.totalBytes);
  out.unsignedVarlongSafe(meta.totalEntries);
  out.unsignedVarlongSafe(Math.max(0, appendedAtMs - meta.oldestUnsealedMs));
  if (meta.fence !== undefined) out.unsignedVarlongSafe(meta.fence);
  if (meta.firstOpenOffset !== undefined) out.unsignedVarlongSafe(meta.firstOpenOffset);
  writeCheckpoint(out, meta.checkpoint);
  out.unsignedVarint(meta.batches.length);
  let end = 0;
  for (const batch of meta.batches) {
    writeBatch(out, batch, end, appendedAtMs);
    end = batch.start + batch.length;
  }
  return out.finish();
}

function writeCheckpoint(out: ByteWriter, checkpoint: Checkpoint): void {
  switch (checkpoint.kind) {
    case "table":
      out.u8(0);
      out.prefixedBytes(checkpoint.bytes);
      break;
    case "entry":
      out.u8(1);
      out.unsignedVarlongSafe(checkpoint.position);
      break;
    case "blob":
      out.u8(2);
      out.unsignedVarlongSafe(checkpoint.position);
      out.prefixedString(checkpoint.id);
  }
}

function writeBatch(out: ByteWriter, batch: EntryBatch, previousEnd: number, appendedAtMs: number): void {
  const { producer, request } = batch;
  const ended = batch.transaction?.kind === "data" ? undefined : batch.transaction?.firstOffset;
  const hasTimestamp = batch.maxTimestamp >= 0;
  out.u8(
    (producer === undefined ? 0 : producerFlag) |
      (request === undefined ? 0 : keyFlag) |
      (hasTimestamp ? timestampFlag : 0) |
      transactionFlags(batch.transaction),
  );
  out.unsignedVarint(batch.start - previousEnd);
  out.unsignedVarint(batch.length);
  out.unsignedVarint(batch.recordCount);
  if (hasTimestamp) out.varlongSafe(batch.maxTimestamp - appendedAtMs);
  if (producer !== undefined) {
    out.varlong(producer.producerId);
    writeEpoch(out, producer.producerEpoch);
    if (!isMarker(batch)) out.unsignedVarint(producer.baseSequence);
    else if (ended !== undefined) out.unsignedVarlongSafe(ended);
  }
  if (request !== undefined) {
    out.prefixedString(request.idempotencyKey);
    out.unsignedVarint(request.recordCount);
  }
}

function transactionFlags(transaction: TransactionPart | undefined): number {
  if (transaction === undefined) return 0;
  if (transaction.kind === "data") return transactionalFlag;
  const kindFlags = transactionalFlag | markerFlag | (transaction.kind === "commit" ? commitFlag : 0);
  const goOnFlags = transaction.sequencesGoOn === true ? goOnFlag : 0;
  return kindFlags | goOnFlags | (transaction.firstOffset === undefined ? 0 : endsFlag);
}

/** False if nothing of the entry belongs to a transaction, and none is open after it; its meta need not be decoded then. */
export function hasTransactions(entry: LogEntry): boolean {
  return entry.meta[0] !== plainVersion;
}

/**
 * The last stable offset right after an entry: the first offset of the oldest transaction that is open then, else its end.
 *
 * @throws StorageCorruptError as `decodeEntryMeta`
 */
export function stableOffsetAfter(entry: LogEntry): number {
  return hasTransactions(entry) ? (decodeEntryMeta(entry).firstOpenOffset ?? entry.next) : entry.next;
}

/** @throws StorageCorruptError if the meta does not decode, or does not agree with the entry that it belongs to */
export function decodeEntryMeta(entry: LogEntry): EntryMeta {
  try {
    return readMeta(new ByteReader(entry.meta), entry);
  } catch (cause) {
    if (!(cause instanceof MalformedBytesError)) throw cause;
    throw new StorageCorruptError(`meta of ${entry.logId}@${entry.position} does not decode`, { cause });
  }
}

function readMeta(from: ByteReader, entry: LogEntry): EntryMeta {
  const version = from.u8();
  if (version !== plainVersion && version !== transactionalVersion) {
    throw new MalformedBytesError(`meta version ${version}`);
  }
  const flags = from.u8();
  const totalBytes = from.unsignedVarlongSafe();
  const totalEntries = from.unsignedVarlongSafe();
  const oldestUnsealedMs = entry.appendedAtMs - from.unsignedVarlongSafe();
  const fence = (flags & fenceFlag) === 0 ? undefined : from.unsignedVarlongSafe();
  const hasOpen = version === transactionalVersion && (flags & openFlag) !== 0;
  const firstOpenOffset = hasOpen ? from.unsignedVarlongSafe() : undefined;
  if (firstOpenOffset !== undefined && firstOpenOffset >= entry.next) {
    throw new MalformedBytesError(`a transaction is open from ${firstOpenOffset}, the entry ends at ${entry.next}`);
  }
  const checkpoint = readCheckpoint(from);
  const batches: EntryBatch[] = [];
  const count = from.unsignedVarint();
  if (count === 0 || count > entryBatchesMax) throw new MalformedBytesError(`${count} batches`);
  let end = 0;
  let offsets = 0;
  for (let index = 0; index < count; index += 1) {
    const batch = readBatch(from, version, end, entry.appendedAtMs);
    checkTransaction(batch, entry.position + offsets);
    batches.push(batch);
    end = batch.start + batch.length;
    offsets += batch.recordCount;
  }
  from.expectEnd();
  const payloadBytes = entry.payload.kind === "inline" ? entry.payload.bytes.length : entry.payload.lengthBytes;
  if (end > payloadBytes) throw new MalformedBytesError(`batches end at ${end} of ${payloadBytes} bytes`);
  if (offsets !== entry.next - entry.position) throw new MalformedBytesError(`${offsets} offsets in the batches`);
  return {
    totalBytes,
    totalEntries,
    oldestUnsealedMs,
    ...(fence === undefined ? {} : { fence }),
    ...(firstOpenOffset === undefined ? {} : { firstOpenOffset }),
    checkpoint,
    batches,
  };
}

function readCheckpoint(from: ByteReader): Checkpoint {
  const kind = from.u8();
  switch (kind) {
    case 0:
      return { kind: "table", bytes: from.prefixedBytes() };
    case 1:
      return { kind: "entry", position: from.unsignedVarlongSafe() };
    case 2:
      return { kind: "blob", position: from.unsignedVarlongSafe(), id: from.prefixedString() };
    default:
      throw new MalformedBytesError(`checkpoint kind ${kind}`);
  }
}

function readBatch(from: ByteReader, version: number, previousEnd: number, appendedAtMs: number): EntryBatch {
  const flags = from.u8();
  const known = version === plainVersion ? plainBatchFlags : allBatchFlags;
  if ((flags & ~known) !== 0 || !areTogether(flags)) throw new MalformedBytesError(`flags ${flags} of a batch`);
  const start = previousEnd + from.unsignedVarint();
  const length = from.unsignedVarint();
  const recordCount = from.unsignedVarint();
  const maxTimestamp = (flags & timestampFlag) === 0 ? -1 : timestampOf(appendedAtMs + from.varlongSafe());
  const batch = { start, length, recordCount, maxTimestamp };
  const producer =
    (flags & producerFlag) === 0
      ? undefined
      : { producerId: from.varlong(), producerEpoch: readEpoch(from), baseSequence: readSequence(from, flags) };
  const transaction = readTransaction(from, flags);
  const request =
    (flags & keyFlag) === 0 ? undefined : { idempotencyKey: from.prefixedString(), recordCount: from.unsignedVarint() };
  return {
    ...batch,
    ...(producer === undefined ? {} : { producer }),
    ...(transaction === undefined ? {} : { transaction }),
    ...(request === undefined ? {} : { request }),
  };
}

/** Only a marker commits or ends something, and only a transaction has one. */
function areTogether(flags: number): boolean {
  if ((flags & markerFlags) === 0) return true;
  return (flags & markerFlag) !== 0 && (flags & transactionalFlag) !== 0;
}

function timestampOf(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new MalformedBytesError(`the timestamp ${value}`);
  return value;
}

function readSequence(from: ByteReader, flags: number): number {
  return (flags & markerFlag) === 0 ? from.unsignedVarint() : noSequence;
}

function readTransaction(from: ByteReader, flags: number): TransactionPart | undefined {
  if ((flags & transactionalFlag) === 0) return undefined;
  if ((flags & markerFlag) === 0) return { kind: "data" };
  const kind = (flags & commitFlag) === 0 ? "abort" : "commit";
  return {
    kind,
    ...((flags & endsFlag) === 0 ? {} : { firstOffset: from.unsignedVarlongSafe() }),
    ...((flags & goOnFlag) === 0 ? {} : { sequencesGoOn: true }),
  };
}

function checkTransaction({ transaction, producer, recordCount }: EntryBatch, baseOffset: number): void {
  if (transaction === undefined) return;
  if (producer === undefined) throw new MalformedBytesError("a transactional batch has no producer");
  if (transaction.kind === "data") return;
  if (recordCount !== 1) throw new MalformedBytesError(`a marker of ${recordCount} records`);
  if ((transaction.firstOffset ?? -1) >= baseOffset) {
    throw new MalformedBytesError(`the marker at ${baseOffset} ends a transaction from ${transaction.firstOffset}`);
  }
}
