/**
 * Joins a partition's hot entries into segments. Outside of the request path; any number of sealers may run at once.
 *
 *     last segment ─► hot entries from its end ─► due? ─► payloads, checked ─► blobs ─► one put in the segment list
 *                                                  └ no: wake up again when they will be
 *
 * Only the put decides (invariant 7): the blobs of a sealer that loses it, or dies before it, are garbage. A sealer that
 * finds less than the log holds stops; it never leaves anything out.
 *
 * Model: `models/sealing/Sealing.tla`.
 */
import { catchUpBytesMax, catchUpEntriesMax, entryPayloadBytesMax, segmentEntriesMax } from "../limits.ts";
import { segmentAbortedMax } from "../limits/partition-transactions.ts";
import { contiguousFrom } from "../log/chain.ts";
import { type Instant, instantOf, isFresh } from "../log/evidence.ts";
import { partitionLogId, segmentsLogId } from "../log/log-id.ts";
import { backoffMs, putEntry } from "../log/put-entry.ts";
import { type BatchHeader, readBatchHeader, rewriteMaxTimestamp } from "../record/record-batch.ts";
import { validateBatch } from "../record/validate-batch.ts";
import { StorageCorruptError, StorageUnavailableError } from "../storage/errors.ts";
import { segmentBlobStem } from "../storage/item-keys.ts";
import type { LogEntry, Payload } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { type AbortedTransaction, abortedIn, encodeTransactionIndex, indexAborted } from "./aborted-transactions.ts";
import { decodeEntryMeta, type EntryMeta } from "./entry-meta.ts";
import {
  applyEntry,
  decodeTailState,
  emptyPartitionState,
  encodeTailState,
  type PartitionState,
} from "./partition-state.ts";
import { readSelection } from "./read-payload.ts";
import { type PartitionName, tailStateOf } from "./recover-partition.ts";
import { type BuiltSegment, SegmentBuilder } from "./segment-builder.ts";
import { findSealDueMs, sealDuty, type SealSettings } from "./seal-due.ts";
import { encodeSegmentDescriptor } from "./segment-descriptor.ts";

export interface SealResult {
  /** Segments that this run added. */
  readonly segments: number;
  /** Offset up to which the log was sealed when it ended. */
  readonly sealedEnd: number;
}

/** Segments that one run adds at most; what is left wakes another. */
const segmentsPerRunMax = 16;
/** Pages of hot entries that make one segment: each has at least one entry, and usually a thousand. */
const pagesMax = segmentEntriesMax;
/** Offsets of one segment: Kafka's indexes hold them as i32, relative to the first. */
const segmentOffsetsMax = 2 ** 31;
/** Payloads that are fetched at the same time. */
const payloadsAtOnce = 4;
/** A state up to this size is in the segment's list entry, a larger one in a blob beside the segment. */
const inlineStateBytesMax = 32_768;
/** Times that a payload is asked for. */
const readAttemptsMax = 6;
/** Times that the proof of the list's end is renewed because the blobs took long. */
const proofsMax = 4;

/**
 * Seals what is due: full segments, and what is older than `segmentMs`; everything if `forced`.
 *
 * @throws StorageCorruptError if entries are missing that no segment holds, or a payload is damaged: nothing is sealed then
 */
export async function sealPartition(
  storage: Storage,
  name: PartitionName,
  settings: SealSettings,
  options: { readonly forced?: boolean } = {},
): Promise<SealResult> {
  let segments = 0;
  for (let run = 0; run < segmentsPerRunMax; run += 1) {
    const list = await readList(storage, name);
    const dueMs = options.forced === true ? 0 : await findSealDueMs(storage, name, settings, list.end);
    if (dueMs !== undefined && dueMs > 0) await wakeAgain(storage, name, settings, dueMs);
    if (dueMs === undefined || dueMs > 0) return { segments, sealedEnd: list.end };
    const entries = await gather(storage, name, list.end, settings);
    if (entries.length === 0) return { segments, sealedEnd: list.end };
    if (!(await seal(storage, name, list, entries))) continue;
    segments += 1;
    storage.metrics?.count("SegmentsSealed", 1, {});
  }
  await wakeAgain(storage, name, settings, 0);
  return { segments, sealedEnd: (await readList(storage, name)).end };
}

async function wakeAgain(
  storage: Storage,
  name: PartitionName,
  { segmentBytes }: SealSettings,
  delayMs: number,
): Promise<void> {
  await storage.wakeUps.wake(sealDuty(name, segmentBytes), delayMs);
}

/** The end of the segment list. */
interface List {
  readonly last: LogEntry | undefined;
  /** Offset up to which the log is sealed. */
  readonly end: number;
  /** When that was seen: the list's last entry is never trimmed, so it is proof by itself. */
  readonly seen: Instant;
}

async function readList(storage: Storage, name: PartitionName): Promise<List> {
  const seen = instantOf(storage.clock);
  const last = await storage.logs.readLast(segmentsLogId(name.topicId, name.partition));
  return { last, end: last?.next ?? 0, seen };
}

interface HotEntry {
  readonly entry: LogEntry;
  readonly meta: EntryMeta;
}

/** The entries of the next segment: as many as it holds, or as there are. */
async function gather(
  storage: Storage,
  name: PartitionName,
  start: number,
  settings: SealSettings,
): Promise<readonly HotEntry[]> {
  const entries: HotEntry[] = [];
  let bytes = 0;
  let aborted = 0;
  let position = start;
  for (let page = 0; page < pagesMax; page += 1) {
    const limits = { entriesMax: catchUpEntriesMax, bytesMax: catchUpBytesMax };
    const range = await storage.logs.readFrom(partitionLogId(name.topicId, name.partition), position, limits);
    const chain = contiguousFrom(range.entries, position);
    for (const entry of chain) {
      if (entry.next - start > segmentOffsetsMax && entries.length > 0) return entries;
      const meta = decodeEntryMeta(entry);
      entries.push({ entry, meta });
      bytes += meta.batches.reduce((sum, batch) => sum + batch.length, 0);
      aborted += abortedIn(entry.position, meta).length;
      position = entry.next;
      if (aborted >= segmentAbortedMax) return entries;
      if (bytes >= settings.segmentBytes || entries.length >= segmentEntriesMax) return entries;
    }
    if (chain.length === 0 && range.entries.length > 0) await expectNoHole(storage, name, start, position);
    if (chain.length === 0 || (!range.more && chain.length === range.entries.length)) break;
  }
  return entries;
}

/** Entries follow, but not the one that comes next: a range read may miss it, another sealer may have sealed it. */
async function expectNoHole(storage: Storage, name: PartitionName, start: number, position: number): Promise<void> {
  const logId = partitionLogId(name.topicId, name.partition);
  const next = await storage.logs.readAt(logId, position);
  if (next?.position === position) return;
  const { end } = await readList(storage, name);
  if (end === start) throw new StorageCorruptError(`${logId} has a hole at ${position}, which no segment holds`);
}

/** True if this sealer added the segment. */
async function seal(storage: Storage, name: PartitionName, list: List, entries: readonly HotEntry[]): Promise<boolean> {
  const state =
    list.last === undefined ? emptyPartitionState() : decodeTailState(await tailStateOf(storage, list.last));
  const built = await build(storage, list.end, entries);
  const open = state.open.copy();
  const aborted = entries.flatMap(({ entry, meta }) => indexAborted(open, entry.position, meta));
  for (const { entry, meta } of entries) applyEntry(state, entry, meta);
  const id = storage.random.id();
  const stem = segmentBlobStem(name.topicId, name.partition, list.end, id);
  const storedAt = instantOf(storage.clock);
  const [payload] = await Promise.all([
    storeState(storage, stem, state),
    storage.blobs.put(`${stem}.log`, built.log),
    storage.blobs.put(`${stem}.index`, [built.offsetIndex]),
    storage.blobs.put(`${stem}.timeindex`, [built.timeIndex]),
    ...(aborted.length === 0 ? [] : [storage.blobs.put(`${stem}.txnindex`, [encodeTransactionIndex(aborted)])]),
  ]);
  const entry = listEntry(storage, name, list.end, state, entries, { ...built, aborted }, id, payload);
  return addToList(storage, name, list, entry, storedAt);
}

/** The segment of the entries' batches, each of them checked: what is sealed is all that stays. */
async function build(storage: Storage, baseOffset: number, entries: readonly HotEntry[]): Promise<BuiltSegment> {
  const builder = new SegmentBuilder(baseOffset);
  for (let start = 0; start < entries.length; start += payloadsAtOnce) {
    const group = entries.slice(start, start + payloadsAtOnce);
    const parts = await Promise.all(group.map((one) => readPatiently(storage, one)));
    for (const [index, batches] of parts.entries()) {
      for (const [at, batch] of batches.entries()) {
        builder.add(batch, checkedHeader(batch, group[index]?.meta.batches[at]?.maxTimestamp));
      }
    }
  }
  return builder.finish();
}

/** As Kafka does it, a batch ends up with the largest timestamp of its records, whatever its producer wrote there. */
function checkedHeader(batch: Uint8Array, maxTimestamp: number | undefined): BatchHeader {
  const limits = { batchBytesMax: entryPayloadBytesMax, recordsMax: Infinity, origin: "log" } as const;
  const valid = validateBatch(batch, 0, batch.length, limits);
  if (!valid.ok) throw new StorageCorruptError(`a batch to be sealed is damaged: ${valid.message}`);
  if (maxTimestamp === undefined || valid.header.maxTimestamp === maxTimestamp) return valid.header;
  rewriteMaxTimestamp(batch, 0, valid.header.timestampType, maxTimestamp);
  return readBatchHeader(batch);
}

/** A segment needs all of its payloads: one bad answer among hundreds must not let the work start again. */
async function readPatiently(storage: Storage, entry: HotEntry): Promise<readonly Uint8Array[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readBatches(storage, entry);
    } catch (cause) {
      if (attempt === readAttemptsMax) throw cause;
    }
    await storage.timers.sleep(backoffMs(storage, attempt));
  }
}

async function readBatches(storage: Storage, { entry, meta }: HotEntry): Promise<readonly Uint8Array[]> {
  let baseOffset = entry.position;
  const batches = meta.batches.map((batch) => {
    const selected = { ...batch, baseOffset };
    baseOffset += batch.recordCount;
    return selected;
  });
  const read = await readSelection(storage, { entry, batches });
  // Another sealer may have done it and a collector removed the payload; if not, the next run finds it missing again.
  if (read === undefined)
    throw new StorageUnavailableError(`the payload of ${entry.logId}@${entry.position} is not there`);
  return read;
}

async function storeState(storage: Storage, stem: string, state: PartitionState): Promise<Payload> {
  const bytes = encodeTailState(state);
  if (bytes.length <= inlineStateBytesMax) return { kind: "inline", bytes };
  const key = `${stem}.state`;
  await storage.blobs.put(key, [bytes]);
  return { kind: "blob", key, lengthBytes: bytes.length };
}

function listEntry(
  storage: Storage,
  name: PartitionName,
  baseOffset: number,
  { position: endOffset, open }: PartitionState,
  entries: readonly HotEntry[],
  built: BuiltSegment & { readonly aborted: readonly AbortedTransaction[] },
  id: string,
  payload: Payload,
): LogEntry {
  const meta = encodeSegmentDescriptor({
    baseOffset,
    endOffset,
    id,
    sizeBytes: built.sizeBytes,
    entries: entries.length,
    firstAppendedMs: entries[0]?.entry.appendedAtMs ?? 0,
    lastAppendedMs: entries.at(-1)?.entry.appendedAtMs ?? 0,
    maxTimestamp: built.maxTimestamp,
    index: built.rows,
    ...(open.firstOffset === undefined ? {} : { firstOpenOffset: open.firstOffset }),
    ...(built.aborted.length === 0 ? {} : { aborted: built.aborted }),
  });
  return {
    logId: segmentsLogId(name.topicId, name.partition),
    position: baseOffset,
    next: endOffset,
    attempt: storage.random.id(),
    appendedAtMs: storage.clock.wallMs(),
    meta,
    payload,
  };
}

async function addToList(
  storage: Storage,
  name: PartitionName,
  list: List,
  entry: LogEntry,
  storedAt: Instant,
): Promise<boolean> {
  let proof = list;
  for (let proofs = 0; proofs < proofsMax; proofs += 1) {
    // Blobs that nothing refers to for long are collected: do not begin to refer to them then.
    if (!isFresh(storedAt, instantOf(storage.clock), storage.lifetimes.graceMs / 4)) return false;
    const outcome = await putEntry(storage, entry, proof.seen);
    switch (outcome.kind) {
      case "appended":
        return true;
      case "stale":
        proof = await readList(storage, name);
        if (proof.end !== list.end) return false;
        break;
      case "lost":
        return false;
      case "unknown":
      case "refused":
        throw outcome.cause;
    }
  }
  return false;
}
