/**
 * The transactions that are open in a partition (KIP-98). Apart from the producer table, whose expiry and bound must not
 * forget one: its marker is still to come, and readers wait for it.
 */
import type { ByteReader } from "../record/byte-reader.ts";
import type { ByteWriter } from "../record/byte-writer.ts";
import { readEpoch, writeEpoch } from "./epoch-codec.ts";

export interface OpenTransaction {
  /** Base offset of its first batch. */
  readonly firstOffset: number;
  /** The producer's in it. A marker of no higher one belongs to an earlier transaction. */
  readonly epoch: number;
}

/** No row of an encoded list is smaller. */
export const openRowBytesMin = 4;

export class OpenTransactions {
  /** In the order of their first offsets, because they are added as they begin. */
  readonly #open = new Map<bigint, OpenTransaction>();

  get size(): number {
    return this.#open.size;
  }

  /** By producer, the oldest first. */
  [Symbol.iterator](): MapIterator<[bigint, OpenTransaction]> {
    return this.#open[Symbol.iterator]();
  }

  of(producerId: bigint): OpenTransaction | undefined {
    return this.#open.get(producerId);
  }

  /** The first offset of the oldest one. */
  get firstOffset(): number | undefined {
    for (const { firstOffset } of this.#open.values()) return firstOffset;
    return undefined;
  }

  /** Changes nothing if the producer's transaction is open already. */
  begin(producerId: bigint, transaction: OpenTransaction): void {
    if (!this.#open.has(producerId)) this.#open.set(producerId, transaction);
  }

  end(producerId: bigint): void {
    this.#open.delete(producerId);
  }

  copy(): OpenTransactions {
    const copy = new OpenTransactions();
    for (const [producerId, transaction] of this.#open) copy.#open.set(producerId, transaction);
    return copy;
  }

  /**
   *     open => [producerId:varlong epoch firstOffset:varlong]
   */
  write(out: ByteWriter): void {
    out.unsignedVarint(this.#open.size);
    for (const [producerId, { epoch, firstOffset }] of this.#open) {
      out.varlong(producerId);
      writeEpoch(out, epoch);
      out.unsignedVarlongSafe(firstOffset);
    }
  }

  /** @throws MalformedBytesError */
  static read(from: ByteReader): OpenTransactions {
    const open = new OpenTransactions();
    const count = from.unsignedVarint();
    for (let index = 0; index < count; index += 1) {
      const producerId = from.varlong();
      const epoch = readEpoch(from);
      open.#open.set(producerId, { epoch, firstOffset: from.unsignedVarlongSafe() });
    }
    return open;
  }
}
