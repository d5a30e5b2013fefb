/** Damage to bytes: what a disk, a network, a bug and an attacker do. */
import type { FuzzRandom } from "./fuzz-random.ts";

const bytesMax = 1 << 17;

/** A copy with one to a few changes. @param others whose parts may be put into it */
export function mutateBytes(random: FuzzRandom, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let mutated: Uint8Array = new Uint8Array(bytes);
  const changes = random.chance(0.6) ? 1 : random.between(2, 6);
  for (let change = 0; change < changes; change += 1) mutated = mutateOnce(random, mutated, others);
  return mutated;
}

function mutateOnce(random: FuzzRandom, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const at = random.below(bytes.length);
  switch (random.below(12)) {
    case 0:
      return changed(bytes, at, (bytes[at] ?? 0) ^ (1 << random.below(8)));
    case 1:
      return changed(bytes, at, random.uint32());
    case 2:
      return changed(bytes, at, random.pick([0, 1, 0x7f, 0x80, 0xfe, 0xff]));
    case 3:
      return changed(bytes, at, (bytes[at] ?? 0) + random.pick([1, -1, 2, -2]));
    case 4:
      return bytes.slice(0, at);
    case 5:
      return joined(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + random.between(1, 8))));
    case 6:
      return joined(bytes.subarray(0, at), random.bytes(random.between(1, 9)), bytes.subarray(at));
    case 7:
      return overwritten(bytes, at, word(random));
    case 8:
      return joined(bytes.subarray(0, at), varint(random), bytes.subarray(Math.min(bytes.length, at + 1)));
    case 9: {
      const end = Math.min(bytes.length, at + random.between(1, 64));
      const times = random.chance(0.9) ? 1 : random.between(2, 40);
      return joined(
        bytes.subarray(0, end),
        ...Array.from({ length: times }, () => bytes.subarray(at, end)),
        bytes.subarray(end),
      );
    }
    case 10: {
      const other = random.pick([bytes, ...others]);
      const from = random.below(other.length);
      return joined(bytes.subarray(0, at), other.subarray(from, from + random.between(1, 64)), bytes.subarray(at));
    }
    default:
      return joined(bytes, random.bytes(random.between(1, 9)));
  }
}

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  if (bytes.length > 0) bytes[at] = value;
  return bytes;
}

function overwritten(bytes: Uint8Array, at: number, part: Uint8Array): Uint8Array {
  bytes.set(part.subarray(0, bytes.length - at), at);
  return bytes;
}

function word(random: FuzzRandom): Uint8Array {
  const view = new DataView(new ArrayBuffer(random.pick([2, 4, 8])));
  for (let at = 0; at < view.byteLength; at += 2) view.setUint16(at, random.chance(0.5) ? 0xffff : random.word());
  if (view.byteLength >= 4 && random.chance(0.5))
    view.setUint32(view.byteLength - 4, random.word(), random.chance(0.3));
  return new Uint8Array(view.buffer);
}

function varint(random: FuzzRandom): Uint8Array {
  const length = random.between(1, 10);
  return Uint8Array.from(
    { length },
    (_, index) => (index < length - 1 ? 0x80 : 0) | random.pick([0, 1, 0x7f, random.below(128)]),
  );
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const bytes = new Uint8Array(Math.min(length, bytesMax));
  let at = 0;
  for (const part of parts) {
    const taken = part.subarray(0, bytes.length - at);
    bytes.set(taken, at);
    at += taken.length;
  }
  return bytes;
}
