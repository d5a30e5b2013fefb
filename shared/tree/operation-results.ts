/**
 * The results of a request that is remembered by its idempotency key, as bytes.
 *
 *     results => count:varint result*
 *     result  => 1 path:string stat    create
 *              | 2 stat                setData
 *              | 3                     delete
 *              | 4                     check
 *              | 5 stat                setAcl
 *              | 6                     createSession
 *              | 7                     closeSession
 *              | 8                     tree
 *              | 9                     moveSession
 *     stat    => czxid mzxid ctime mtime version cversion aversion ephemeralOwner dataLength numChildren pzxid, all varlong
 */
import { zxid } from "../brand.ts";
import { treeOperationsMax } from "../limits.ts";
import { ByteReader } from "../record/byte-reader.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import type { Stat } from "./stat.ts";
import type { OperationResult } from "./tree-request.ts";

const kinds = {
  create: 1,
  setData: 2,
  delete: 3,
  check: 4,
  setAcl: 5,
  createSession: 6,
  closeSession: 7,
  tree: 8,
  moveSession: 9,
} as const;

export function encodeResults(results: readonly OperationResult[]): Uint8Array {
  const out = new ByteWriter(64);
  out.unsignedVarint(results.length);
  for (const result of results) {
    out.u8(kinds[result.kind]);
    if (result.kind === "create") out.prefixedString(result.path);
    if ("stat" in result) writeStat(out, result.stat);
  }
  return out.finish().slice();
}

/** @throws MalformedBytesError */
export function decodeResults(bytes: Uint8Array): readonly OperationResult[] {
  const from = new ByteReader(bytes);
  const count = from.unsignedVarint();
  if (count > treeOperationsMax) throw new MalformedBytesError(`${count} results`);
  const results: OperationResult[] = [];
  for (let index = 0; index < count; index += 1) results.push(readResult(from));
  from.expectEnd();
  return results;
}

function readResult(from: ByteReader): OperationResult {
  const kind = from.u8();
  switch (kind) {
    case kinds.create:
      return { kind: "create", path: from.prefixedString(), stat: readStat(from) };
    case kinds.setData:
      return { kind: "setData", stat: readStat(from) };
    case kinds.setAcl:
      return { kind: "setAcl", stat: readStat(from) };
    case kinds.delete:
      return { kind: "delete" };
    case kinds.check:
      return { kind: "check" };
    case kinds.createSession:
      return { kind: "createSession" };
    case kinds.closeSession:
      return { kind: "closeSession" };
    case kinds.moveSession:
      return { kind: "moveSession" };
    case kinds.tree:
      return { kind: "tree" };
    default:
      throw new MalformedBytesError(`a result of kind ${kind}`);
  }
}

function writeStat(out: ByteWriter, stat: Stat): void {
  out.unsignedVarlongSafe(stat.czxid);
  out.unsignedVarlongSafe(stat.mzxid);
  out.unsignedVarlongSafe(stat.ctime);
  out.unsignedVarlongSafe(stat.mtime);
  out.varint(stat.version);
  out.varlongSafe(stat.cversion);
  out.varint(stat.aversion);
  out.varlong(stat.ephemeralOwner);
  out.unsignedVarint(stat.dataLength);
  out.unsignedVarlongSafe(stat.numChildren);
  out.unsignedVarlongSafe(stat.pzxid);
}

function readStat(from: ByteReader): Stat {
  return {
    czxid: zxid(from.unsignedVarlongSafe()),
    mzxid: zxid(from.unsignedVarlongSafe()),
    ctime: from.unsignedVarlongSafe(),
    mtime: from.unsignedVarlongSafe(),
    version: from.varint(),
    cversion: from.varlongSafe(),
    aversion: from.varint(),
    ephemeralOwner: from.varlong(),
    dataLength: from.unsignedVarint(),
    numChildren: from.unsignedVarlongSafe(),
    pzxid: zxid(from.unsignedVarlongSafe()),
  };
}
