import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import { ByteReader } from "../../../shared/record/byte-reader.ts";
import { messageItemsMax } from "../../../shared/limits/kafka-gateway.ts";

const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const safeMax = BigInt(Number.MAX_SAFE_INTEGER);

/** Reads a message, and no more items of arrays than a message may have: each costs more memory than bytes on the wire. */
export class MessageReader extends ByteReader {
  #itemsLeft = messageItemsMax;

  /** Takes an array's items from what the message may have. @throws MalformedBytesError where they are too many */
  takeItems(count: number): void {
    // Each takes at least a byte, whatever it is.
    if (count < 0 || count > this.remaining) {
      throw new MalformedBytesError(`array of ${count} items where ${this.remaining} bytes are left`);
    }
    this.#itemsLeft -= count;
    if (this.#itemsLeft < 0) throw new MalformedBytesError(`more than ${messageItemsMax} items in a message`);
  }

  /** As Kafka reads one: what is not UTF-8 becomes U+FFFD, since clients name themselves and what they keep as they like. */
  override text(length: number): string {
    const start = this.position;
    try {
      return super.text(length);
    } catch (error) {
      if (this.position === start) throw error;
      return lenient.decode(this.bytes.subarray(start, start + length));
    }
  }

  /** An i64 as a number; what is beyond 2^53-1 becomes the nearest that is not. */
  clampedI64(): number {
    const value = this.i64();
    if (value > safeMax) return Number.MAX_SAFE_INTEGER;
    return value < -safeMax ? Number.MIN_SAFE_INTEGER : Number(value);
  }
}
