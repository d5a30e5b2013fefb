import { ByteReader } from "./byte-reader.ts";
import { MalformedBytesError } from "./malformed-bytes-error.ts";

/** A header of a record. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

const noHeaders: readonly RecordHeader[] = [];
/** Kafka's clients write any UTF-8; what is not UTF-8 reads as U+FFFD, as in Java. */
const lenientUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Moves over the records of a batch, uncompressed, and allocates nothing for them. The layout of a record is
 *
 *     length varint, attributes i8, timestampDelta varlong, offsetDelta varint, key, value, headersCount varint, headers
 *
 * where key, value and a header's value are behind a varint length, -1 for null.
 */
export class RecordCursor {
  offsetDelta = 0;
  /** ms after the batch's `baseTimestamp` */
  timestampDelta = 0;
  headersCount = 0;
  /** -1 for a null key */
  keyLength = 0;
  /** -1 for a null value */
  valueLength = 0;
  /** First byte of the record, of its key with the key's length, and one past its last byte. */
  start = 0;
  tailStart = 0;
  end = 0;
  #keyStart = 0;
  #valueStart = 0;
  #headersStart = 0;
  readonly #reader: ByteReader;
  readonly #headersMax: number;

  constructor(records: Uint8Array, headersMax: number) {
    this.#reader = new ByteReader(records);
    this.#headersMax = headersMax;
  }

  /** Bytes behind the record that the cursor is on. */
  get remaining(): number {
    return this.#reader.remaining;
  }

  /**
   * Moves to the next record.
   * @throws MalformedBytesError if there is none, its lengths do not fit, or it has too many headers
   */
  next(): void {
    const reader = this.#reader;
    this.start = reader.position;
    const length = reader.varint();
    const end = reader.position + length;
    if (length < 0 || end > reader.end) throw new MalformedBytesError(`record of ${length} bytes`);
    reader.skip(1);
    this.timestampDelta = reader.varlongSafe();
    this.offsetDelta = reader.varint();
    this.tailStart = reader.position;
    this.keyLength = nullableLength(reader);
    this.#keyStart = reader.position;
    if (this.keyLength > 0) reader.skip(this.keyLength);
    this.valueLength = nullableLength(reader);
    this.#valueStart = reader.position;
    if (this.valueLength > 0) reader.skip(this.valueLength);
    this.headersCount = reader.varint();
    this.#headersStart = reader.position;
    if (this.headersCount !== 0) this.#skipHeaders();
    // Positions only grow, so a part that ran over the record's end (but not the batch's) shows here.
    if (reader.position !== end) throw new MalformedBytesError(`record of ${length} bytes is not filled by its parts`);
    this.end = end;
  }

  /** A view of the key. */
  key(): Uint8Array | null {
    return this.#view(this.#keyStart, this.keyLength);
  }

  /** A view of the value. */
  value(): Uint8Array | null {
    return this.#view(this.#valueStart, this.valueLength);
  }

  /** The headers, in order, with views of their values. */
  headers(): readonly RecordHeader[] {
    if (this.headersCount === 0) return noHeaders;
    const reader = new ByteReader(this.#reader.bytes, this.#headersStart, this.#reader.position);
    const headers: RecordHeader[] = [];
    for (let index = 0; index < this.headersCount; index += 1) {
      const key = lenientUtf8.decode(reader.view(reader.varint()));
      const length = nullableLength(reader);
      headers.push({ key, value: length < 0 ? null : reader.view(length) });
    }
    return headers;
  }

  #skipHeaders(): void {
    const reader = this.#reader;
    if (this.headersCount < 0 || this.headersCount > this.#headersMax) {
      throw new MalformedBytesError(`record of ${this.headersCount} headers, ${this.#headersMax} allowed`);
    }
    for (let index = 0; index < this.headersCount; index += 1) {
      reader.skip(reader.varint());
      const length = nullableLength(reader);
      if (length > 0) reader.skip(length);
    }
  }

  #view(start: number, length: number): Uint8Array | null {
    return length < 0 ? null : this.#reader.bytes.subarray(start, start + length);
  }
}

function nullableLength(reader: ByteReader): number {
  const length = reader.varint();
  if (length < -1) throw new MalformedBytesError(`length ${length} at ${reader.position}`);
  return length;
}
