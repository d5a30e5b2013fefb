/**
 * Decides which of a group of produce requests become the next entry, on a state that is not changed: pure.
 *
 * In the order in which a request is judged: a repeat (by idempotency key or sequence) answers as the first time; then
 * the fence, the sequence, the producer's transaction, the expected offset. Requests that are accepted earlier in the group
 * count for later ones. Markers are judged by the transaction that they end alone.
 *
 * Model: `models/transactions/Transactions.tla`.
 */
import {
  checkpointBytesMax,
  checkpointEntriesMax,
  entryBatchesMax,
  entryMetaBytesMax,
  producerTableInlineBytesMax,
  producerTableMetaBytesMax,
} from "../limits.ts";
import type { Answer } from "../log/log-machine.ts";
import { openTransactionsMax } from "../limits/partition-transactions.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { type Checkpoint, type EntryBatch, type EntryMeta, isMarker, sequencesGoOn } from "./entry-meta.ts";
import { type OpenTransaction, type OpenTransactions, openRowBytesMin } from "./open-transactions.ts";
import type { PartitionState } from "./partition-state.ts";
import {
  afterBatch,
  afterMarker,
  judgeSequence,
  type ProducerState,
  type RememberedRequest,
  tableRowBytesMin,
} from "./producer-table.ts";
import { type Writers, writeWriters } from "./writers-codec.ts";

/** A batch as the producer sent it, checked; `start` counts from the beginning of the request's bytes. */
export interface RequestBatch extends Omit<EntryBatch, "request"> {
  /** The first epoch since which its producer's sequences go on; by default they begin with each epoch. */
  readonly sequencesSince?: number;
}

/** One produce request for one partition: all of its batches or none. */
export interface AppendRequest {
  /** RecordBatches v2, one after the other. Never changed. */
  readonly bytes: Uint8Array;
  /** At least one; exactly one if it names a producer. A marker is the only one of its request. */
  readonly batches: readonly RequestBatch[];
  readonly expectedOffset?: number;
  readonly fencingToken?: number;
  readonly idempotencyKey?: string;
}

export interface Appended {
  /** Of a marker that was there before: the end of the log. */
  readonly baseOffset: number;
  /** Wall clock of the entry; of the first one for a repeat where it is known, else of now. */
  readonly appendedAtMs: number;
  /** True if the records had been appended by an earlier request. */
  readonly duplicate: boolean;
}

export type AppendRefusal =
  | { readonly code: "INVALID_PRODUCER_EPOCH"; readonly currentEpoch: number }
  | { readonly code: "OUT_OF_ORDER_SEQUENCE_NUMBER"; readonly expectedSequence: number }
  /** The producer's transaction is open, and the batch is not of it. */
  | { readonly code: "INVALID_TXN_STATE"; readonly firstOffset: number }
  | { readonly code: "TOO_MANY_TRANSACTIONS" }
  | { readonly code: "BAD_VERSION"; readonly highWatermark: number }
  | { readonly code: "FENCED"; readonly fencingToken: number }
  /** The sealer is far behind (invariant 8). */
  | { readonly code: "UNSEALED_TOO_LONG" }
  | { readonly code: "IDEMPOTENCY_KEY_REUSED"; readonly baseOffset: number; readonly recordCount: number };

export type AppendAnswer = Answer<Appended, AppendRefusal>;

export interface AppendPlan {
  /** Absent when nothing is to be written. */
  readonly entry?: { readonly next: number; readonly meta: EntryMeta };
  readonly answers: readonly AppendAnswer[];
}

/** A meta's bytes beside its batches and the producer table. */
const metaHeadBytesMax = 64;
const batchBytesMax = 48;
/** UTF-8 takes at most 3 bytes for each UTF-16 code unit. */
const keyBytesPerChar = 3;

/**
 * @param starts where each request's bytes begin in the payload of the group
 * @param nowMs wall clock, which becomes the entry's time
 */
export function planAppend(
  state: PartitionState,
  requests: readonly AppendRequest[],
  starts: readonly number[],
  nowMs: number,
): AppendPlan {
  const overlay = new Overlay(state, nowMs);
  const answers = requests.map((request, index) => overlay.judge(request, starts[index] ?? 0));
  if (overlay.batches.length === 0) return { answers };
  const totalBytes = overlay.batches.reduce((sum, batch) => sum + batch.length, state.totalBytes);
  const firstOpenOffset = overlay.firstOpenOffset();
  const meta: EntryMeta = {
    totalBytes,
    totalEntries: state.totalEntries + 1,
    oldestUnsealedMs: Math.min(state.oldestUnsealedMs ?? nowMs, nowMs),
    ...(overlay.fence === undefined ? {} : { fence: overlay.fence }),
    ...(firstOpenOffset === undefined ? {} : { firstOpenOffset }),
    checkpoint: chooseCheckpoint(state, overlay),
    batches: overlay.batches,
  };
  return { entry: { next: overlay.position, meta }, answers };
}

/** The state as it would be after the requests accepted so far. */
class Overlay {
  readonly batches: EntryBatch[] = [];
  readonly producers = new Map<bigint, ProducerState>();
  readonly requests = new Map<string, RememberedRequest>();
  /** Transactions that were begun, or ended (null), by the requests accepted so far. */
  readonly open = new Map<bigint, OpenTransaction | null>();
  readonly state: PartitionState;
  readonly nowMs: number;
  position: number;
  fence: number | undefined;
  #deferring = false;
  #metaBytes = metaHeadBytesMax + producerTableMetaBytesMax;

  constructor(state: PartitionState, nowMs: number) {
    this.state = state;
    this.nowMs = nowMs;
    this.position = state.position;
    this.fence = state.fence;
  }

  /** Of the oldest transaction that stays open. */
  firstOpenOffset(): number | undefined {
    for (const [producerId, { firstOffset }] of this.state.open) if (!this.open.has(producerId)) return firstOffset;
    const begun = [...this.open.values()].flatMap((one) => one?.firstOffset ?? []);
    return begun.length === 0 ? undefined : Math.min(...begun);
  }

  judge(request: AppendRequest, start: number): AppendAnswer {
    const [marker] = request.batches;
    if (marker !== undefined && isMarker(marker)) return this.#judgeMarker(marker) ?? this.#accept(request, start);
    const repeat = this.#judgeRepeat(request);
    if (repeat !== undefined) return repeat;
    const sequence = this.#judgeSequence(request);
    if (sequence?.kind === "written" || sequence?.kind === "settled") return sequence;
    const { fencingToken, expectedOffset } = request;
    if (fencingToken !== undefined && this.fence !== undefined && fencingToken < this.fence) {
      const isDurable = this.state.fence !== undefined && fencingToken < this.state.fence;
      return refuse(isDurable, { code: "FENCED", fencingToken: this.fence });
    }
    const judged = sequence ?? this.#judgeTransaction(request);
    if (judged !== undefined) return judged;
    if (expectedOffset !== undefined && expectedOffset !== this.position) {
      return { kind: "doubtful", refusal: { code: "BAD_VERSION", highWatermark: this.position } };
    }
    return this.#accept(request, start);
  }

  #judgeRepeat({ idempotencyKey, batches }: AppendRequest): AppendAnswer | undefined {
    if (idempotencyKey === undefined) return undefined;
    const pending = this.requests.get(idempotencyKey);
    const first = pending ?? this.state.table.request(idempotencyKey);
    if (first === undefined) return undefined;
    if (first.recordCount !== recordsOf(batches)) {
      const { baseOffset, recordCount } = first;
      return refuse(pending === undefined, { code: "IDEMPOTENCY_KEY_REUSED", baseOffset, recordCount });
    }
    const result = { baseOffset: first.baseOffset, appendedAtMs: first.appendedAtMs, duplicate: true };
    return { kind: pending === undefined ? "settled" : "written", result };
  }

  #judgeSequence({ batches }: AppendRequest): AppendAnswer | undefined {
    const [batch] = batches;
    if (batch?.producer === undefined) return undefined;
    const pending = this.producers.get(batch.producer.producerId);
    const known = pending ?? this.state.table.producer(batch.producer.producerId);
    const { producer, recordCount, sequencesSince = producer.producerEpoch } = batch;
    const verdict = judgeSequence(known, { ...producer, recordCount, sequencesSince }, this.nowMs);
    switch (verdict.kind) {
      case "next":
        return undefined;
      case "duplicate": {
        const durable = verdict.baseOffset < this.state.position;
        const result = { baseOffset: verdict.baseOffset, appendedAtMs: this.nowMs, duplicate: true };
        return { kind: durable ? "settled" : "written", result };
      }
      case "old epoch":
        return refuse(pending === undefined, { code: "INVALID_PRODUCER_EPOCH", currentEpoch: verdict.epoch });
      case "out of order": {
        const { expectedSequence } = verdict;
        return { kind: "doubtful", refusal: { code: "OUT_OF_ORDER_SEQUENCE_NUMBER", expectedSequence } };
      }
    }
  }

  /**
   * KIP-890: a marker's epoch is above that of the transaction it ends. So one that is not is late: its own transaction
   * was ended by the first of its kind, and the open one, if there is one, is a later one.
   */
  #judgeMarker({ producer }: RequestBatch): AppendAnswer | undefined {
    if (producer === undefined) throw new Error("a marker names no producer");
    const { producerId, producerEpoch } = producer;
    const isPending = this.producers.has(producerId);
    const open = this.#open(producerId);
    const known = this.producers.get(producerId) ?? this.state.table.producer(producerId);
    if (open !== undefined && open.epoch < producerEpoch) return undefined;
    if (open !== undefined && open.epoch > producerEpoch) {
      return refuse(!isPending, { code: "INVALID_PRODUCER_EPOCH", currentEpoch: open.epoch });
    }
    if (open === undefined && (known === undefined || known.epoch < producerEpoch)) return undefined;
    const result = { baseOffset: this.position, appendedAtMs: this.nowMs, duplicate: true };
    return { kind: isPending ? "written" : "settled", result };
  }

  /** A producer whose transaction is open writes in it, under its epoch, until the marker. */
  #judgeTransaction({ batches }: AppendRequest): AppendAnswer | undefined {
    const [batch] = batches;
    if (batch?.producer === undefined) return undefined;
    const { producerId, producerEpoch } = batch.producer;
    const open = this.#open(producerId);
    if (open === undefined) {
      const isTooMany = batch.transaction !== undefined && this.state.open.size + this.open.size >= openTransactionsMax;
      return isTooMany ? { kind: "doubtful", refusal: { code: "TOO_MANY_TRANSACTIONS" } } : undefined;
    }
    if (producerEpoch < open.epoch) {
      return refuse(!this.open.has(producerId), { code: "INVALID_PRODUCER_EPOCH", currentEpoch: open.epoch });
    }
    if (batch.transaction !== undefined && producerEpoch === open.epoch) return undefined;
    return { kind: "doubtful", refusal: { code: "INVALID_TXN_STATE", firstOffset: open.firstOffset } };
  }

  #open(producerId: bigint): OpenTransaction | undefined {
    const pending = this.open.get(producerId);
    return pending === undefined ? this.state.open.of(producerId) : (pending ?? undefined);
  }

  #accept(request: AppendRequest, start: number): AppendAnswer {
    const { batches, idempotencyKey } = request;
    const keyBytes = idempotencyKey === undefined ? 0 : idempotencyKey.length * keyBytesPerChar + 2;
    const metaBytes = this.#metaBytes + batches.length * batchBytesMax + keyBytes;
    const fits = metaBytes <= entryMetaBytesMax && this.batches.length + batches.length <= entryBatchesMax;
    // What comes after one that waits waits as well, or it would overtake it.
    if (this.#deferring || (!fits && this.batches.length > 0)) {
      this.#deferring = true;
      return { kind: "deferred" };
    }
    this.#metaBytes = metaBytes;
    const result = { baseOffset: this.position, appendedAtMs: this.nowMs, duplicate: false };
    batches.forEach((batch, index) => {
      const remembered =
        index === 0 && idempotencyKey !== undefined ? { idempotencyKey, recordCount: recordsOf(batches) } : undefined;
      const ended = this.#remember(batch, remembered);
      const { sequencesSince: _, ...kept } = batch;
      this.batches.push({ ...kept, ...ended, start: start + batch.start, ...(remembered && { request: remembered }) });
      this.position += batch.recordCount;
    });
    if (request.fencingToken !== undefined) this.fence = Math.max(this.fence ?? 0, request.fencingToken);
    return { kind: "written", result };
  }

  /** For a marker: which transaction it ends. */
  #remember(batch: RequestBatch, request: EntryBatch["request"]): Pick<EntryBatch, "transaction"> | undefined {
    const baseOffset = this.position;
    if (request !== undefined) {
      const remembered = { baseOffset, recordCount: request.recordCount, appendedAtMs: this.nowMs };
      this.requests.set(request.idempotencyKey, remembered);
    }
    if (batch.producer === undefined) return undefined;
    const { producerId, producerEpoch, baseSequence } = batch.producer;
    const open = this.#open(producerId);
    const known = this.producers.get(producerId) ?? this.state.table.producer(producerId);
    if (batch.transaction !== undefined && batch.transaction.kind !== "data") {
      this.producers.set(producerId, afterMarker(known, producerEpoch, sequencesGoOn(batch), this.nowMs));
      if (open === undefined) return undefined;
      this.open.set(producerId, null);
      return { transaction: { ...batch.transaction, firstOffset: open.firstOffset } };
    }
    const remembered = { baseSequence, recordCount: batch.recordCount, baseOffset };
    this.producers.set(producerId, afterBatch(known, producerEpoch, remembered, this.nowMs));
    if (batch.transaction !== undefined && open === undefined) {
      this.open.set(producerId, { firstOffset: baseOffset, epoch: producerEpoch });
    }
    return undefined;
  }
}

/**
 * A small table goes into every entry; a middling one into an entry now and then, to which the others point. One that is
 * too large for that is stored beside the log by the writer, which sets `state.checkpoint` when it has done so.
 */
function chooseCheckpoint(state: PartitionState, overlay: Overlay): Checkpoint {
  const rowsMax = state.table.rows + overlay.producers.size + overlay.requests.size;
  const openRowsMin = state.open.size - overlay.open.size;
  const due =
    state.checkpoint === undefined ||
    state.entriesSinceCheckpoint + 1 >= checkpointEntriesMax ||
    state.bytesSinceCheckpoint >= checkpointBytesMax;
  const bytesMax = due ? producerTableMetaBytesMax : producerTableInlineBytesMax;
  if (rowsMax * tableRowBytesMin + openRowsMin * openRowBytesMin <= bytesMax) {
    const out = new ByteWriter(bytesMax);
    writeWriters(out, writersAfter(state, overlay), overlay.nowMs);
    if (out.position <= bytesMax) return { kind: "table", bytes: out.finish() };
  }
  return state.checkpoint ?? { kind: "entry", position: 0 };
}

function recordsOf(batches: readonly RequestBatch[]): number {
  return batches.reduce((sum, batch) => sum + batch.recordCount, 0);
}

/** A refusal for good, or one that rests on a request of the same group, whose entry may yet fail to be written. */
function refuse(isDurable: boolean, refusal: AppendRefusal): AppendAnswer {
  return { kind: isDurable ? "refused" : "doubtful", refusal };
}

function writersAfter(state: PartitionState, overlay: Overlay): Writers {
  const open = openAfter(state, overlay);
  const table = state.table.copy();
  for (const [producerId, producer] of overlay.producers) table.setProducer(producerId, producer, open);
  for (const [key, request] of overlay.requests) table.setRequest(key, request);
  return { table, open };
}

function openAfter(state: PartitionState, overlay: Overlay): OpenTransactions {
  if (overlay.open.size === 0) return state.open;
  const open = state.open.copy();
  for (const producerId of overlay.open.keys()) open.end(producerId);
  const begun = [...overlay.open].flatMap(([producerId, one]) => (one === null ? [] : [{ producerId, one }]));
  // In the order of their offsets, which one that was ended and begun again may have left.
  begun.sort((a, b) => a.one.firstOffset - b.one.firstOffset);
  for (const { producerId, one } of begun) open.begin(producerId, one);
  return open;
}
