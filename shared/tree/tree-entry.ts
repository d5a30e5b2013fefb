/**
 * The meta of a tree's entry, and how it proves the payload.
 *
 *     meta => version:u8 count:varint crc32c:u32      of the payload
 */
import { treeEntryTransactionsMax } from "../limits.ts";
import { ByteReader } from "../record/byte-reader.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { crc32c } from "../record/crc32c.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import type { LogEntry } from "../storage/log-store.ts";
import { decodeTransactions } from "./transaction-codec.ts";
import type { Transaction } from "./transaction.ts";

const version = 1;

export function encodeTreeEntryMeta(count: number, payload: Uint8Array): Uint8Array {
  const out = new ByteWriter(16);
  out.u8(version);
  out.unsignedVarint(count);
  out.u32(crc32c(payload));
  return out.finish();
}

/**
 * The transactions of an entry, one for each of its positions.
 *
 * @param payload inline, or what the blob holds
 * @throws StorageCorruptError if meta, payload and positions do not agree
 */
export function decodeTreeEntry(entry: LogEntry, payload: Uint8Array): readonly Transaction[] {
  try {
    const meta = new ByteReader(entry.meta);
    const found = meta.u8();
    if (found !== version) throw new MalformedBytesError(`meta version ${found}`);
    const count = meta.unsignedVarint();
    const crc = meta.u32();
    meta.expectEnd();
    // The genesis comes on top of a full group.
    if (count > treeEntryTransactionsMax + 1 || count !== entry.next - entry.position) {
      throw new MalformedBytesError(`${count} transactions in ${entry.next - entry.position} positions`);
    }
    if (crc32c(payload) !== crc) throw new MalformedBytesError("the payload's checksum is wrong");
    return decodeTransactions(payload, count);
  } catch (cause) {
    if (!(cause instanceof MalformedBytesError)) throw cause;
    throw new StorageCorruptError(`${entry.logId}@${entry.position} does not decode`, { cause });
  }
}
