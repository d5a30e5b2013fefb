/**
 * How a producer's epoch is stored: as in a batch, and beyond that where its client keeps an older one and each of its
 * transactions has another all the same.
 *
 *     epoch => i16, not negative | -1:i16 epoch:varint
 */
import type { ByteReader } from "../record/byte-reader.ts";
import type { ByteWriter } from "../record/byte-writer.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";

const shortMax = 32_767;
const wide = -1;

export function writeEpoch(out: ByteWriter, epoch: number): void {
  out.i16(epoch > shortMax ? wide : epoch);
  if (epoch > shortMax) out.unsignedVarint(epoch);
}

/** @throws MalformedBytesError */
export function readEpoch(from: ByteReader): number {
  const short = from.i16();
  if (short !== wide) return short;
  const epoch = from.unsignedVarint();
  if (epoch > shortMax) return epoch;
  throw new MalformedBytesError(`the wide epoch ${epoch}`);
}
