const multiplier = 0x5bd1_e995;
const seed = 0x9747_b28c;

/** The 32-bit MurmurHash2 of `org.apache.kafka.common.utils.Utils.murmur2`, as an i32. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  const tail = length & ~3;
  let hash = seed ^ length;
  for (let index = 0; index < tail; index += 4) {
    let word = Math.imul(littleEndian(bytes, index), multiplier);
    word = Math.imul(word ^ (word >>> 24), multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  if (length > tail) {
    let last = 0;
    for (let index = length - 1; index >= tail; index -= 1) last = (last << 8) | (bytes[index] as number);
    hash = Math.imul(hash ^ last, multiplier);
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}

/**
 * The partition that Kafka's Java client gives a key: `toPositive(murmur2(key)) % partitions`.
 * @throws RangeError if `partitions` is not a whole number above 0
 */
export function partitionForKey(key: Uint8Array, partitions: number): number {
  if (!Number.isSafeInteger(partitions) || partitions < 1) throw new RangeError(`no partition of ${partitions}`);
  return (murmur2(key) & 0x7fff_ffff) % partitions;
}

/** Byte by byte: for keys, which are short, a DataView costs more than it saves. */
function littleEndian(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
