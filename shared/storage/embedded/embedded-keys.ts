/**
 * Keys of the LMDB databases; they sort by their bytes.
 *
 *     entries   log id as UTF-8 | 00 | position, 8 bytes big-endian
 *     items     partition as UTF-8 | 00 | sort key as UTF-8
 *
 * Neither a log id nor a part of an item key holds U+0000, so no id's keys lie among those of another.
 */
import { embeddedKeyBytesMax } from "../../limits.ts";
import type { ItemKey } from "../item-store.ts";
import type { LogId } from "../log-store.ts";

const two32 = 0x1_0000_0000;
const positionBytes = 8;

/** @throws RangeError if the log id is too long for LMDB */
export function entryKey(logId: LogId, position: number): Uint8Array {
  const key = keyOf(logId, positionBytes);
  const at = key.length - positionBytes;
  key.writeUInt32BE(Math.floor(position / two32), at);
  key.writeUInt32BE(position % two32, at + 4);
  return key;
}

/** Sorts before the first entry of the log. */
export function beforeEntries(logId: LogId): Uint8Array {
  return keyOf(logId, 0);
}

/** Sorts after the last entry of the log. */
export function afterEntries(logId: LogId): Uint8Array {
  const key = keyOf(logId, positionBytes);
  return key.fill(0xff, key.length - positionBytes);
}

/** @throws RangeError if the key is too long for LMDB */
export function itemKeyBytes(key: ItemKey): Uint8Array {
  return sortedKey(key.partition, key.sort);
}

/** From here on lie the items of a partition whose sort key starts with `prefix` and comes after `after`. */
export function firstItem(partition: string, prefix: string, after: string | undefined): Uint8Array {
  const atPrefix = sortedKey(partition, prefix);
  if (after === undefined) return atPrefix;
  // No sort key holds U+0000, so nothing lies between a key and the same key with a 00 behind it.
  const behindAfter = Buffer.concat([sortedKey(partition, after), new Uint8Array(1)]);
  return Buffer.compare(behindAfter, atPrefix) > 0 ? behindAfter : atPrefix;
}

/** Sorts after the last item of the partition. */
export function afterItems(partition: string): Uint8Array {
  const key = keyOf(partition, 0);
  return key.fill(0x01, key.length - 1);
}

/** The parts of an item's key. @throws RangeError if there are none */
export function itemKeyOf(bytes: Uint8Array): ItemKey {
  const separator = bytes.indexOf(0);
  if (separator < 0) throw new RangeError("an item's key has no separator");
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { partition: text.toString("utf8", 0, separator), sort: text.toString("utf8", separator + 1) };
}

/** Position of an entry's key. @throws RangeError if there is none */
export function positionOf(key: Uint8Array): number {
  let position = 0;
  for (let index = key.length - positionBytes; index < key.length; index += 1)
    position = position * 256 + (key[index] ?? Number.NaN);
  if (!Number.isSafeInteger(position)) throw new RangeError("an entry's key has no position");
  return position;
}

/** `text` and a 00; the `room` bytes behind are the caller's to fill. */
function keyOf(text: string, room: number): Buffer {
  const length = Buffer.byteLength(text);
  const keyBytes = length + 1 + room;
  if (keyBytes > embeddedKeyBytesMax) throw new RangeError(`a key of ${keyBytes} bytes is more than LMDB takes`);
  const key = Buffer.allocUnsafe(keyBytes);
  key.write(text);
  key[length] = 0;
  return key;
}

function sortedKey(partition: string, sort: string): Buffer {
  const sortBytes = Buffer.byteLength(sort);
  const key = keyOf(partition, sortBytes);
  key.write(sort, key.length - sortBytes);
  return key;
}
