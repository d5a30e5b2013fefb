/**
 * What a partition remembers of its writers: idempotent producers by id (KIP-98: the last five batches of each) and
 * requests by idempotency key. Rebuilt from a checkpoint and the entries after it.
 */
import {
  partitionKeyExpiryMs,
  partitionKeysKept,
  producerBatchesKept,
  producerExpiryMs,
  producersPerPartitionMax,
} from "../limits.ts";
import { fenceKeptMs, fencesPerPartitionMax } from "../limits/partition-transactions.ts";
import type { ByteReader } from "../record/byte-reader.ts";
import type { ByteWriter } from "../record/byte-writer.ts";
import { readEpoch, writeEpoch } from "./epoch-codec.ts";
import type { OpenTransactions } from "./open-transactions.ts";

/** A batch that was appended, as far as a repeat of it can be recognised. */
export interface RememberedBatch {
  readonly baseSequence: number;
  readonly recordCount: number;
  readonly baseOffset: number;
}

export interface ProducerState {
  readonly epoch: number;
  readonly lastAppendedMs: number;
  /**
   * Oldest first, at most five; none after a transaction's end, or one of no records where the sequence stands from which on
   * the producer goes on.
   */
  readonly batches: readonly RememberedBatch[];
}

/** A request that was appended under an idempotency key. */
export interface RememberedRequest {
  readonly baseOffset: number;
  readonly recordCount: number;
  readonly appendedAtMs: number;
}

/** Part of the producers that is forgotten when there are too many. */
const forgottenPart = 0.01;
const sequenceMax = 0x7fff_ffff;

/** The sequence `count` after `sequence`; 2147483647 is followed by 0. */
function sequenceAfter(sequence: number, count: number): number {
  const next = sequence + count;
  return next > sequenceMax ? next - sequenceMax - 1 : next;
}

export type SequenceVerdict =
  | { readonly kind: "next" }
  | { readonly kind: "duplicate"; readonly baseOffset: number }
  | { readonly kind: "old epoch"; readonly epoch: number }
  | { readonly kind: "out of order"; readonly expectedSequence: number };

export interface JudgedBatch {
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
  /** The first epoch since which the sequences go on; by default the batch's own: they begin with each epoch. */
  readonly sequencesSince?: number;
}

/** Judges a batch by what is known of its producer; `undefined` or expired knowledge accepts any first sequence. */
export function judgeSequence(known: ProducerState | undefined, batch: JudgedBatch, nowMs: number): SequenceVerdict {
  if (known === undefined || nowMs - known.lastAppendedMs > producerExpiryMs) return { kind: "next" };
  if (batch.producerEpoch < known.epoch) return { kind: "old epoch", epoch: known.epoch };
  if (batch.producerEpoch > known.epoch && (batch.sequencesSince ?? batch.producerEpoch) > known.epoch) {
    return batch.baseSequence === 0 ? { kind: "next" } : { kind: "out of order", expectedSequence: 0 };
  }
  for (const one of known.batches) {
    if (one.baseSequence === batch.baseSequence && one.recordCount === batch.recordCount) {
      return { kind: "duplicate", baseOffset: one.baseOffset };
    }
  }
  const last = known.batches.at(-1);
  const expectedSequence = last === undefined ? 0 : sequenceAfter(last.baseSequence, last.recordCount);
  return batch.baseSequence === expectedSequence ? { kind: "next" } : { kind: "out of order", expectedSequence };
}

/** A producer's state after one more batch. */
export function afterBatch(
  known: ProducerState | undefined,
  epoch: number,
  batch: RememberedBatch,
  appendedAtMs: number,
): ProducerState {
  const earlier = known !== undefined && continues(known, epoch, batch, appendedAtMs) ? known.batches : [];
  return { epoch, lastAppendedMs: appendedAtMs, batches: [...earlier, batch].slice(-producerBatchesKept) };
}

/**
 * A producer's state after the marker that ended its transaction: what it sends next is of the marker's epoch, from 0 on, or
 * from where it is. What it sent before is no repeat then, but out of order.
 */
export function afterMarker(
  known: ProducerState | undefined,
  epoch: number,
  sequencesGoOn: boolean,
  appendedAtMs: number,
): ProducerState {
  const last = sequencesGoOn ? known?.batches.at(-1) : undefined;
  if (last === undefined) return { epoch, lastAppendedMs: appendedAtMs, batches: [] };
  const baseSequence = sequenceAfter(last.baseSequence, last.recordCount);
  return { epoch, lastAppendedMs: appendedAtMs, batches: [{ baseSequence, recordCount: 0, baseOffset: 0 }] };
}

/** False for a producer that began anew, or was forgotten: what it sent before is no longer a repeat. */
function continues(known: ProducerState, epoch: number, batch: RememberedBatch, appendedAtMs: number): boolean {
  const last = known.batches.at(-1);
  if (last === undefined || known.epoch !== epoch || appendedAtMs - known.lastAppendedMs > producerExpiryMs)
    return false;
  return batch.baseSequence === sequenceAfter(last.baseSequence, last.recordCount);
}

/** No row of an encoded table is smaller, so that a table which cannot fit is not even encoded. */
export const tableRowBytesMin = 10;

export class ProducerTable {
  /** Least recently used first. */
  readonly #producers = new Map<bigint, ProducerState>();
  /** Producers that were passed over when the longest silent ones were forgotten. */
  #spared = 0;
  /** Oldest first. */
  readonly #requests = new Map<string, RememberedRequest>();

  get rows(): number {
    return this.#producers.size + this.#requests.size;
  }

  copy(): ProducerTable {
    const table = new ProducerTable();
    table.#spared = this.#spared;
    for (const [producerId, state] of this.#producers) table.#producers.set(producerId, state);
    for (const [key, request] of this.#requests) table.#requests.set(key, request);
    return table;
  }

  producer(producerId: bigint): ProducerState | undefined {
    return this.#producers.get(producerId);
  }

  /** By id, least recently used first. */
  producers(): MapIterator<[bigint, ProducerState]> {
    return this.#producers.entries();
  }

  request(key: string): RememberedRequest | undefined {
    return this.#requests.get(key);
  }

  /** @param open whose transactions are open: what they send again must be known for a repeat */
  setProducer(producerId: bigint, state: ProducerState, open: Pick<OpenTransactions, "of">): void {
    this.#producers.delete(producerId);
    this.#producers.set(producerId, state);
    if (this.#producers.size - this.#spared < producersPerPartitionMax + 1) return;
    this.#forgetSilent(state.lastAppendedMs, open);
  }

  /**
   * Many at once: finding the oldest of a map costs as much as all that were removed before it. Who has ended a transaction
   * is spared for a while: what comes late from it would begin another, which nobody would end.
   */
  #forgetSilent(nowMs: number, open: Pick<OpenTransactions, "of">): void {
    let left = Math.ceil(producersPerPartitionMax * forgottenPart);
    const isCrowded = this.#producers.size > producersPerPartitionMax + fencesPerPartitionMax;
    this.#spared = 0;
    for (const [longestSilent, { batches, lastAppendedMs }] of this.#producers) {
      if (left === 0) return;
      const isEnded = batches.every(({ recordCount }) => recordCount === 0);
      const isFence = isEnded && nowMs - lastAppendedMs <= fenceKeptMs && !isCrowded;
      if (isFence || open.of(longestSilent) !== undefined) {
        this.#spared += 1;
        continue;
      }
      this.#producers.delete(longestSilent);
      left -= 1;
    }
  }

  setRequest(key: string, request: RememberedRequest): void {
    this.#requests.delete(key);
    this.#requests.set(key, request);
    for (const [oldest, { appendedAtMs }] of this.#requests) {
      const expired = request.appendedAtMs - appendedAtMs > partitionKeyExpiryMs;
      if (!expired && this.#requests.size <= partitionKeysKept) break;
      this.#requests.delete(oldest);
    }
  }

  /**
   *     table    => [producer] [request]
   *     producer => id:varlong epoch lastAppendedMs:varlong [baseSequence:varint recordCount:varint baseOffset:varlong]
   *     request  => key:string baseOffset:varlong recordCount:varint appendedAtMs:varlong
   *
   * Producers silent for longer than their expiry before `nowMs` are left out.
   */
  write(out: ByteWriter, nowMs: number): void {
    const live = [...this.#producers].filter(([, { lastAppendedMs }]) => nowMs - lastAppendedMs <= producerExpiryMs);
    out.unsignedVarint(live.length);
    for (const [producerId, state] of live) {
      out.varlong(producerId);
      writeEpoch(out, state.epoch);
      out.unsignedVarlongSafe(state.lastAppendedMs);
      out.unsignedVarint(state.batches.length);
      for (const batch of state.batches) {
        out.unsignedVarint(batch.baseSequence);
        out.unsignedVarint(batch.recordCount);
        out.unsignedVarlongSafe(batch.baseOffset);
      }
    }
    out.unsignedVarint(this.#requests.size);
    for (const [key, request] of this.#requests) {
      out.prefixedString(key);
      out.unsignedVarlongSafe(request.baseOffset);
      out.unsignedVarint(request.recordCount);
      out.unsignedVarlongSafe(request.appendedAtMs);
    }
  }

  /** @throws MalformedBytesError */
  static read(from: ByteReader): ProducerTable {
    const table = new ProducerTable();
    const producers = from.unsignedVarint();
    for (let index = 0; index < producers; index += 1) {
      const producerId = from.varlong();
      const epoch = readEpoch(from);
      const lastAppendedMs = from.unsignedVarlongSafe();
      const batches: RememberedBatch[] = [];
      const count = from.unsignedVarint();
      for (let batch = 0; batch < count; batch += 1) {
        const baseSequence = from.unsignedVarint();
        const recordCount = from.unsignedVarint();
        batches.push({ baseSequence, recordCount, baseOffset: from.unsignedVarlongSafe() });
      }
      table.#producers.set(producerId, { epoch, lastAppendedMs, batches });
    }
    const requests = from.unsignedVarint();
    for (let index = 0; index < requests; index += 1) {
      const key = from.prefixedString();
      const baseOffset = from.unsignedVarlongSafe();
      const recordCount = from.unsignedVarint();
      table.#requests.set(key, { baseOffset, recordCount, appendedAtMs: from.unsignedVarlongSafe() });
    }
    return table;
  }
}
