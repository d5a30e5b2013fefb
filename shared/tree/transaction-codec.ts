/**
 * The payload of a tree's entry.
 *
 *     payload     => version:u8 transaction*                        as many as the meta says
 *     transaction => flags:u8 [key:string fingerprint:u32] changeCount:varint change*
 *     change      => 0                                              genesis
 *                  | 1 flags:u8 path:string data:nullableBytes [owner:zigzag] [lists]        create
 *                  | 2 path:string data:nullableBytes version:zigzag  setData of a znode with list 0
 *                  | 3 path:string                                  delete of a znode with list 0 below one with list 0
 *                  | 4 path:string                                  check
 *                  | 5 rowCount:varint (permissions:varint scheme:string id:string)*         addAcl
 *                  | 6 path:string data:nullableBytes version:zigzag aclIndex:varint         setData
 *                  | 7 path:string lists                            delete
 *                  | 8 path:string aclIndex:varint version:zigzag   setAcl
 *                  | 9 sessionId:zigzag timeoutMs:varint password:bytes                      createSession
 *                  | 10 sessionId:zigzag count:varint (path:string lists)*                   closeSession
 *                  | 11                                             closeTree
 *                  | 12                                             openTree
 *                  | 13 sessionId:zigzag owner:zigzag               moveSession
 *     lists       => aclIndex:varint parentAclIndex:varint
 *
 * Flags: 1 of a transaction, it has an idempotency key; of a create, 1 an owner and 2 lists. A process that meets what it
 * does not know stops following, rather than part from the others.
 */
import { ephemeralsPerSessionMax, treeOperationsMax, znodeDataBytesMax, znodePathCharsMax } from "../limits.ts";
import { ByteReader } from "../record/byte-reader.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import { readAcl, writeAcl } from "./acl-codec.ts";
import { persistentOwner } from "./owner.ts";
import { findPathProblem } from "./paths.ts";
import type { Change, MemberChange, Transaction } from "./transaction.ts";

const version = 1;
const keyFlag = 1;
const ownerFlag = 1;
const listsFlag = 2;
const kinds = {
  genesis: 0,
  create: 1,
  setOpenData: 2,
  deleteOpen: 3,
  check: 4,
  addAcl: 5,
  setData: 6,
  delete: 7,
  setAcl: 8,
  createSession: 9,
  closeSession: 10,
  closeTree: 11,
  openTree: 12,
  moveSession: 13,
} as const;

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
  switch (change.kind) {
    case "genesis":
    case "closeTree":
    case "openTree":
      return out.u8(kinds[change.kind]);
    case "create":
      return writeCreate(out, change);
    case "setData":
      out.u8(change.aclIndex === 0 ? kinds.setOpenData : kinds.setData);
      out.prefixedString(change.path);
      out.nullablePrefixedBytes(change.data);
      out.varint(change.version);
      if (change.aclIndex !== 0) out.unsignedVarint(change.aclIndex);
      return;
    case "delete":
      out.u8(hasLists(change) ? kinds.delete : kinds.deleteOpen);
      out.prefixedString(change.path);
      if (hasLists(change)) writeLists(out, change);
      return;
    case "check":
      out.u8(kinds.check);
      return out.prefixedString(change.path);
    case "addAcl":
      out.u8(kinds.addAcl);
      return writeAcl(out, change.list);
    case "setAcl":
      out.u8(kinds.setAcl);
      out.prefixedString(change.path);
      out.unsignedVarint(change.aclIndex);
      return out.varint(change.version);
    case "createSession":
      out.u8(kinds.createSession);
      out.varlong(change.sessionId);
      out.unsignedVarint(change.timeoutMs);
      return out.prefixedBytes(change.password);
    case "moveSession":
      out.u8(kinds.moveSession);
      out.varlong(change.sessionId);
      return out.varlong(change.owner);
    case "closeSession":
      return writeClosing(out, change);
  }
}

function writeCreate(out: ByteWriter, change: Extract<Change, { kind: "create" }>): void {
  const hasOwner = change.owner !== persistentOwner;
  out.u8(kinds.create);
  out.u8((hasOwner ? ownerFlag : 0) | (hasLists(change) ? listsFlag : 0));
  out.prefixedString(change.path);
  out.nullablePrefixedBytes(change.data);
  if (hasOwner) out.varlong(change.owner);
  if (hasLists(change)) writeLists(out, change);
}

function writeClosing(out: ByteWriter, { sessionId, removed }: Extract<Change, { kind: "closeSession" }>): void {
  out.u8(kinds.closeSession);
  out.varlong(sessionId);
  out.unsignedVarint(removed.length);
  for (const member of removed) {
    out.prefixedString(member.path);
    writeLists(out, member);
  }
}

function hasLists({ aclIndex, parentAclIndex }: MemberChange): boolean {
  return aclIndex !== 0 || parentAclIndex !== 0;
}

function writeLists(out: ByteWriter, { aclIndex, parentAclIndex }: MemberChange): void {
  out.unsignedVarint(aclIndex);
  out.unsignedVarint(parentAclIndex);
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
  // Each operation may bring a list of its own.
  if (count > 2 * treeOperationsMax) throw new MalformedBytesError(`a transaction of ${count} changes`);
  const changes: Change[] = [];
  for (let index = 0; index < count; index += 1) changes.push(readChange(from));
  return { changes, ...(idempotency === undefined ? {} : { idempotency }) };
}

function readChange(from: ByteReader): Change {
  const kind = from.u8();
  switch (kind) {
    case kinds.genesis:
      return { kind: "genesis" };
    case kinds.create:
      return readCreate(from);
    case kinds.setOpenData:
    case kinds.setData: {
      const change = { kind: "setData", path: readPath(from), data: readData(from), version: from.varint() } as const;
      return { ...change, aclIndex: kind === kinds.setData ? from.unsignedVarint() : 0 };
    }
    case kinds.deleteOpen:
      return { kind: "delete", path: readPath(from), ...noLists };
    case kinds.delete:
      return { kind: "delete", path: readPath(from), ...readLists(from) };
    case kinds.check:
      return { kind: "check", path: readPath(from) };
    case kinds.addAcl:
      return { kind: "addAcl", list: readAcl(from) };
    case kinds.setAcl:
      return { kind: "setAcl", path: readPath(from), aclIndex: from.unsignedVarint(), version: from.varint() };
    case kinds.createSession: {
      const change = { kind: "createSession", sessionId: from.varlong(), timeoutMs: from.unsignedVarint() } as const;
      return { ...change, password: new Uint8Array(from.prefixedBytes()) };
    }
    case kinds.moveSession:
      return { kind: "moveSession", sessionId: from.varlong(), owner: from.varlong() };
    case kinds.closeSession:
      return readClosing(from);
    case kinds.closeTree:
      return { kind: "closeTree" };
    case kinds.openTree:
      return { kind: "openTree" };
    default:
      throw new MalformedBytesError(`a change of kind ${kind}`);
  }
}

const noLists = { aclIndex: 0, parentAclIndex: 0 } as const;

function readCreate(from: ByteReader): Change {
  const flags = from.u8();
  if ((flags & ~(ownerFlag | listsFlag)) !== 0) throw new MalformedBytesError(`a creation with flags ${flags}`);
  const change = { kind: "create", path: readPath(from), data: readData(from) } as const;
  const owner = (flags & ownerFlag) === 0 ? persistentOwner : from.varlong();
  return { ...change, owner, ...((flags & listsFlag) === 0 ? noLists : readLists(from)) };
}

function readClosing(from: ByteReader): Change {
  const sessionId = from.varlong();
  const count = from.unsignedVarint();
  if (count > ephemeralsPerSessionMax) throw new MalformedBytesError(`the end of a session with ${count} ephemerals`);
  const removed: MemberChange[] = [];
  for (let index = 0; index < count; index += 1) removed.push({ path: readPath(from), ...readLists(from) });
  return { kind: "closeSession", sessionId, removed };
}

function readLists(from: ByteReader): Pick<MemberChange, "aclIndex" | "parentAclIndex"> {
  return { aclIndex: from.unsignedVarint(), parentAclIndex: from.unsignedVarint() };
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
