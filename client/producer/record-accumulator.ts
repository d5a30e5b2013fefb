import type { EncodedRecord } from "./encode-record.ts";
import { PendingBatch } from "./pending-batch.ts";
import type { Delivery } from "./pending-batch.ts";

/** The batches of one partition, first to be sent first. */
interface Lane {
  readonly batches: PendingBatch[];
  inFlight: boolean;
}

/**
 * Collects records in batches by partition, and hands out the batches that are due: of each partition one at a time, in
 * order, so that a retry overtakes nothing.
 */
export class RecordAccumulator {
  readonly #lanes = new Map<number, Lane>();
  /** Lanes whose first batch may be sent now, longest ready first. */
  readonly #ready = new Set<Lane>();
  /** Oldest first; a batch leaves when it is settled. */
  readonly #unsettled = new Map<PendingBatch, { readonly firstTicket: number }>();
  #bufferedBytes = 0;

  /** Bytes of the records that are not settled. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Whether any record up to that ticket is not settled. Tickets ascend in the order of `append`. */
  hasUnsettled(ticket: number): boolean {
    for (const { firstTicket } of this.#unsettled.values()) return firstTicket <= ticket;
    return false;
  }

  /** Whether a record of that size would complete the partition's batch and begin another. */
  wouldComplete(partition: number, sizeBytes: number, batchBytes: number): boolean {
    const open = this.#lanes.get(partition)?.batches.at(-1);
    return open !== undefined && !open.hasRoomFor(sizeBytes, batchBytes);
  }

  /** Adds a record to its partition's batch; answers the batch if this is its first record. */
  append(
    encoded: EncodedRecord,
    delivery: Delivery,
    place: { readonly partition: number; readonly batchBytes: number; readonly ticket: number; readonly nowMs: number },
  ): PendingBatch | undefined {
    const { partition, batchBytes, ticket, nowMs } = place;
    const lane = this.#laneOf(partition);
    const open = lane.batches.at(-1);
    this.#bufferedBytes += encoded.sizeBytes;
    if (open?.hasRoomFor(encoded.sizeBytes, batchBytes) === true) {
      open.append(encoded, delivery);
      return undefined;
    }
    if (open !== undefined) this.#makeDue(open, lane);
    const batch = new PendingBatch(partition, nowMs);
    batch.append(encoded, delivery);
    lane.batches.push(batch);
    this.#unsettled.set(batch, { firstTicket: ticket });
    return batch;
  }

  /** The batch is sent as soon as its partition is free. */
  makeDue(batch: PendingBatch): void {
    this.#makeDue(batch, this.#laneOf(batch.partition));
  }

  /** As `makeDue`, for every batch. */
  makeAllDue(): void {
    for (const batch of this.#unsettled.keys()) this.makeDue(batch);
  }

  /** Takes the batch that has been ready for longest; its partition is busy until `settle`. */
  take(): PendingBatch | undefined {
    for (const lane of this.#ready) {
      this.#ready.delete(lane);
      const batch = lane.batches.shift();
      if (batch === undefined) continue;
      lane.inFlight = true;
      return batch;
    }
    return undefined;
  }

  /** The batch was acknowledged or failed; its partition is free. */
  settle(batch: PendingBatch): void {
    const lane = this.#laneOf(batch.partition);
    lane.inFlight = false;
    this.#forget(batch);
    if (lane.batches[0]?.due === true) this.#ready.add(lane);
    if (lane.batches.length === 0) this.#lanes.delete(batch.partition);
  }

  /** Removes all batches that were not taken. */
  clear(): readonly PendingBatch[] {
    const removed = [...this.#lanes.values()].flatMap((lane) => lane.batches.splice(0));
    for (const batch of removed) this.#forget(batch);
    this.#ready.clear();
    return removed;
  }

  #makeDue(batch: PendingBatch, lane: Lane): void {
    batch.due = true;
    if (!lane.inFlight && lane.batches[0] === batch) this.#ready.add(lane);
  }

  #forget(batch: PendingBatch): void {
    this.#unsettled.delete(batch);
    this.#bufferedBytes -= batch.recordBytes;
  }

  #laneOf(partition: number): Lane {
    const known = this.#lanes.get(partition);
    if (known !== undefined) return known;
    const lane = { batches: [], inFlight: false };
    this.#lanes.set(partition, lane);
    return lane;
  }
}
