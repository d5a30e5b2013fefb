/**
 * What may still be read for an answer: a request may name any number of partitions, of which each may have as many bytes as the
 * whole, and any number of clients may send one at the same time.
 */
import { gatewayFetchBytesMax, kafkaFetchBytesMax } from "../../shared/limits/kafka-gateway.ts";

/** Bytes that all fetches of a gateway have read, or are about to, and have not answered. */
export class FetchBytes {
  readonly #bytesMax: number;
  #taken = 0;

  constructor(bytesMax: number = gatewayFetchBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** At most this many more; where it is 0 a fetch still reads a batch at a time, so that all go on. */
  get left(): number {
    return Math.max(0, this.#bytesMax - this.#taken);
  }

  take(bytes: number): void {
    this.#taken += bytes;
  }

  give(bytes: number): void {
    this.#taken -= bytes;
  }
}

/** Of one answer. */
export class AnswerRoom {
  readonly #shareBytes: number;
  readonly #ofAll: FetchBytes | undefined;
  #leftBytes: number;
  #keptBytes = 0;
  #isEmpty = true;

  /**
   * @param parts partitions that are read at the same time: none takes the room of the others before it is known what they have
   * @param ofAll shared with other fetches; not by those that wait, of which each would take what it may never need
   */
  constructor(maxBytes: number, parts: number, ofAll?: FetchBytes) {
    this.#ofAll = ofAll;
    this.#leftBytes = Math.min(Math.max(maxBytes, 1), kafkaFetchBytesMax);
    this.#shareBytes = Math.ceil(this.#leftBytes / Math.max(parts, 1));
  }

  /**
   * Reads no more than there is room for, but a first batch even if it is larger.
   *
   * @param read is given how many bytes there may be, at least 1; never throws
   * @param without what is answered in place of what finds no room
   */
  async fill<Found extends { readonly bytes: number }>(
    bytesMax: number,
    read: (bytesMax: number) => Promise<Found>,
    without: (found: Found) => Found,
  ): Promise<Found> {
    const leftOfAll = this.#ofAll?.left ?? Infinity;
    const reserved = Math.max(0, Math.min(bytesMax, this.#shareBytes, this.#leftBytes, leftOfAll));
    this.#leftBytes -= reserved;
    this.#ofAll?.take(reserved);
    const found = await read(Math.max(reserved, 1));
    this.#leftBytes += reserved;
    this.#ofAll?.give(reserved);
    if (found.bytes === 0) return found;
    if (found.bytes > this.#leftBytes && !this.#isEmpty) return without(found);
    this.#isEmpty = false;
    this.#leftBytes -= found.bytes;
    this.#keptBytes += found.bytes;
    this.#ofAll?.take(found.bytes);
    return found;
  }

  /** What it has read is counted no more: as an answer it is counted elsewhere. */
  leave(): void {
    this.#ofAll?.give(this.#keptBytes);
    this.#keptBytes = 0;
  }
}
