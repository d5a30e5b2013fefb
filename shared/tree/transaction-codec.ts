/**
 * The payload of a tree's entry.
 *
 *     payload     => version:u8 transaction*                        as many as the meta says
 *     transaction => flags:u8 [key:string fingerprint:u32] changeCount:varint change*
 *     change      => 0                                              genesis
 *                  | 1 flags:u8 path:string data:nullableBytes      create
 *                  | 2 path:string data:nullableBytes version:zigzag  setData
 *                  | 3 path:string                                  delete
 *                  | 4 path:string                                  check
 *
 * Flags: 1 of a transaction, it has an idempotency key. All other flags and the kinds from 5 on (sessions, access control
 * lists, ephemeral, container and TTL znodes) are for later versions. A process that meets what it does not know stops
 * following, rather than part from the others.
 */
import { multiOperationsMax, znodeDataBytesMax, znodePathCharsMax } from "../limits.ts";
import { ByteReader } from "../record/byte-reader.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import { findPathProblem } from "./paths.ts";
import type { Change, Transaction } from "./transaction.ts";

const version = 1;
const keyFlag = 1;
const kinds = { genesis: 0, create: 1, setData: 2, delete: 3, check: 4 } as const;

export function encodeTransactions(transactions: readonly Transaction[]): Uint8Array {
  const out = new ByteWriter(256);
  out.u8(version);
  for (const transaction of transactions) writeTransaction(out, transaction);
  return out.finish();
}

function writeTransaction(out: ByteWriter, { changes, idempotency }: Transaction): void {
  out.u8(idempotency === undefined ? 0 : keyFlag);
  if (idempotency !== undefined) {
    out.prefixedString(idempotency.key);
    out.u32(idempotency.fingerprint);
  }
  out.unsignedVarint(changes.length);
  for (const change of changes) writeChange(out, change);
}

function writeChange(out: ByteWriter, change: Change): void {
  out.u8(kinds[change.kind]);
  if (change.kind === "genesis") return;
  if (change.kind === "create") out.u8(0);
  out.prefixedString(change.path);
  if ("data" in change) out.nullablePrefixedBytes(change.data);
  if (change.kind === "setData") out.varint(change.version);
}

/**
 * @param count transactions that the payload holds
 * @throws MalformedBytesError if the bytes are not `count` transactions of a version that is known here
 */
export function decodeTransactions(payload: Uint8Array, count: number): readonly Transaction[] {
  const from = new ByteReader(payload);
  const found = from.u8();
  if (found !== version) throw new MalformedBytesError(`transactions of version ${found}`);
  const transactions: Transaction[] = [];
  for (let index = 0; index < count; index += 1) transactions.push(readTransaction(from));
  from.expectEnd();
  return transactions;
}

function readTransaction(from: ByteReader): Transaction {
  const flags = from.u8();
  if ((flags & ~keyFlag) !== 0) throw new MalformedBytesError(`a transaction with flags ${flags}`);
  const idempotency = flags === 0 ? undefined : { key: from.prefixedString(), fingerprint: from.u32() };
  const count = from.unsignedVarint();
  if (count > multiOperationsMax) throw new MalformedBytesError(`a transaction of ${count} changes`);
  const changes: Change[] = [];
  for (let index = 0; index < count; index += 1) changes.push(readChange(from));
  return { changes, ...(idempotency === undefined ? {} : { idempotency }) };
}

function readChange(from: ByteReader): Change {
  const kind = from.u8();
  switch (kind) {
    case kinds.genesis:
      return { kind: "genesis" };
    case kinds.create: {
      const flags = from.u8();
      if (flags !== 0) throw new MalformedBytesError(`a creation with flags ${flags}`);
      return { kind: "create", path: readPath(from), data: readData(from) };
    }
    case kinds.setData:
      return { kind: "setData", path: readPath(from), data: readData(from), version: from.varint() };
    case kinds.delete:
      return { kind: "delete", path: readPath(from) };
    case kinds.check:
      return { kind: "check", path: readPath(from) };
    default:
      throw new MalformedBytesError(`a change of kind ${kind}`);
  }
}

function readPath(from: ByteReader): string {
  const path = from.prefixedString();
  const problem = path.length > znodePathCharsMax + suffixCharsMax ? "it is too long" : findPathProblem(path);
  if (problem !== undefined) throw new MalformedBytesError(`a path is malformed: ${problem}`);
  return path;
}

/** What a sequential znode's name may add to the path that was asked for. */
const suffixCharsMax = 16;

/** A copy: the bytes that it is read from are larger and are not kept. */
function readData(from: ByteReader): Uint8Array | null {
  const data = from.nullablePrefixedBytes();
  if (data === null) return null;
  if (data.length > znodeDataBytesMax) throw new MalformedBytesError(`${data.length} bytes of data`);
  return new Uint8Array(data);
}
