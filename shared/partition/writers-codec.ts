/**
 * What a checkpoint holds of a partition's writers: the producer table and the open transactions.
 *
 *     writers => table [open]      `open` only if there are any, as in what was written before there were transactions
 */
import { ByteReader } from "../record/byte-reader.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { crc32c } from "../record/crc32c.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import { OpenTransactions } from "./open-transactions.ts";
import { ProducerTable } from "./producer-table.ts";

export interface Writers {
  readonly table: ProducerTable;
  readonly open: OpenTransactions;
}

const crcBytes = 4;

/** @param nowMs producers silent for longer than their expiry before it are left out */
export function writeWriters(out: ByteWriter, { table, open }: Writers, nowMs: number): void {
  table.write(out, nowMs);
  if (open.size > 0) open.write(out);
}

/** Reads to the end of `from`. @throws MalformedBytesError */
export function readWriters(from: ByteReader): Writers {
  const table = ProducerTable.read(from);
  const open = from.remaining === 0 ? new OpenTransactions() : OpenTransactions.read(from);
  from.expectEnd();
  return { table, open };
}

/** As they are stored by themselves: with a checksum, because a wrong sequence would be believed. */
export function encodeWriters(writers: Writers, nowMs: number): Uint8Array {
  const out = new ByteWriter(1_024);
  writeWriters(out, writers, nowMs);
  out.u32(crc32c(out.finish()));
  return out.finish();
}

/** @throws MalformedBytesError if the checksum is wrong, or what it covers does not decode */
export function decodeWriters(bytes: Uint8Array): Writers {
  const from = new ByteReader(bytes, 0, Math.max(0, bytes.length - crcBytes));
  const crc = new ByteReader(bytes, from.end).u32();
  if (crc !== crc32c(bytes, 0, from.end)) throw new MalformedBytesError("the checksum of a producer table is wrong");
  return readWriters(from);
}
