/**
 * A tree as bytes, in chunks that can be made, checked and read one at a time.
 *
 *     snapshot => magic:"SKTS" version:u8 chunk*
 *     chunk    => length:u32 crc32c:u32 kind:u8 body                 length and checksum are of kind and body
 *     body     => 1 zxid:varlong aclCount:varint (rowCount:varint (permissions:varint scheme:string id:string)*)*
 *               | 2 node*
 *               | 5                                       the tree is closed
 *               | 4 (sessionId:zigzag timeoutMs:varint password:bytes)*
 *               | 6 (sessionId:zigzag owner:zigzag)*      of sessions that have an owner, after all of kind 4
 *               | 3 (key:string zxid:varlong fingerprint:u32 results:bytes)*      oldest first
 *               | 255 nodeCount:varlong keyCount:varlong [sessionCount:varlong]    the end
 *     node     => flags:u8 [parent:varint name:string] data:nullableBytes aclIndex:varint czxid mzxid pzxid ctime
 *                 mtime:varlong version:zigzag aversion:zigzag creations:varlong [ephemeralOwner:zigzag]
 *
 * The head comes first, the end last. The first node is the root, without parent and name; `parent` counts the nodes with
 * children in the order in which they stand here, the root being 0. So a reader looks up no path. How many children a node
 * has follows. Flags of a node: 1, it has an owner; 2, it has children. Chunks of kinds 4, 5 and 6
 * stand there only where there is something to say. What is not known here makes the whole snapshot unreadable.
 */
import { type Zxid, zxid } from "../brand.ts";
import { snapshotChunkBytesTarget } from "../limits.ts";
import { ByteReader } from "../record/byte-reader.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { crc32c } from "../record/crc32c.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import { readAcl, writeAcl } from "./acl-codec.ts";
import type { AclList } from "./acl.ts";
import { findNameProblem, nameOf, parentOf, rootPath } from "./paths.ts";
import type { RememberedRequest } from "./remembered-requests.ts";
import type { Znode } from "./stat.ts";
import type { TreeImage } from "./tree-image.ts";
import type { TreeSession } from "./tree-session.ts";
import { ZnodeTree } from "./znode-tree.ts";

const magic = 0x534b_5453;
const version = 1;
const kinds = { head: 1, nodes: 2, requests: 3, sessions: 4, closed: 5, owners: 6, end: 255 } as const;
const chunkHeadBytes = 8;
/** Room for the row that passes the target, as most are: a chunk that has to grow takes twice its bytes. */
const lastRowBytes = 8 * 1024;
const ownerFlag = 1;
const parentFlag = 2;

/** Chunk by chunk, so that the caller can let others run in between. */
export function* encodeSnapshot(image: TreeImage): Generator<Uint8Array> {
  const head = new ByteWriter(16);
  head.u32(magic);
  head.u8(version);
  yield head.finish();
  yield chunk(kinds.head, (out) => writeHead(out, image));
  const parents = new Map<string, number>();
  yield* chunks(kinds.nodes, image.nodes(), (out, row) => writeNode(out, row, parents));
  const { sessions, requests, closed } = image.extras;
  yield* chunks(kinds.requests, requests, writeRequest);
  if (closed) yield chunk(kinds.closed, () => undefined);
  yield* chunks(kinds.sessions, sessions, writeSession);
  const owned = sessions.flatMap(([id, { owner }]) => (owner === undefined ? [] : [[id, owner] as const]));
  yield* chunks(kinds.owners, owned, writeOwner);
  yield chunk(kinds.end, (out) => {
    out.unsignedVarlongSafe(image.nodeCount);
    out.unsignedVarlongSafe(requests.length);
    out.unsignedVarlongSafe(sessions.length);
  });
}

function chunk(kind: number, write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter(256);
  out.reserve(chunkHeadBytes);
  out.u8(kind);
  write(out);
  return closeChunk(out);
}

function* chunks<Row>(
  kind: number,
  rows: Iterable<Row>,
  write: (out: ByteWriter, row: Row) => void,
): Generator<Uint8Array> {
  let out: ByteWriter | undefined;
  for (const row of rows) {
    if (out === undefined) {
      out = new ByteWriter(snapshotChunkBytesTarget + lastRowBytes);
      out.reserve(chunkHeadBytes);
      out.u8(kind);
    }
    write(out, row);
    if (out.position < snapshotChunkBytesTarget) continue;
    yield closeChunk(out);
    out = undefined;
  }
  if (out !== undefined) yield closeChunk(out);
}

function closeChunk(out: ByteWriter): Uint8Array {
  const bytes = out.finish();
  out.setU32(0, bytes.length - chunkHeadBytes);
  out.setU32(4, crc32c(bytes, chunkHeadBytes));
  return bytes;
}

function writeHead(out: ByteWriter, image: TreeImage): void {
  out.unsignedVarlongSafe(image.zxid);
  out.unsignedVarint(image.extras.acls.length);
  for (const list of image.extras.acls) writeAcl(out, list);
}

/** @param parents numbers of the nodes with children that were written before */
function writeNode(
  out: ByteWriter,
  [path, node]: readonly [string, Readonly<Znode>],
  parents: Map<string, number>,
): void {
  out.u8((node.ephemeralOwner === 0n ? 0 : ownerFlag) | (node.numChildren === 0 ? 0 : parentFlag));
  if (path !== rootPath) {
    const parent = parents.get(parentOf(path));
    if (parent === undefined) throw new Error(`${path} stands before its parent`);
    out.unsignedVarint(parent);
    out.prefixedString(nameOf(path));
  }
  if (node.numChildren > 0) parents.set(path, parents.size);
  out.nullablePrefixedBytes(node.data);
  out.unsignedVarint(node.aclIndex);
  out.unsignedVarlongSafe(node.czxid);
  out.unsignedVarlongSafe(node.mzxid);
  out.unsignedVarlongSafe(node.pzxid);
  out.unsignedVarlongSafe(node.ctime);
  out.unsignedVarlongSafe(node.mtime);
  out.varint(node.version);
  out.varint(node.aversion);
  out.unsignedVarlongSafe(node.creations);
  if (node.ephemeralOwner !== 0n) out.varlong(node.ephemeralOwner);
}

function writeRequest(out: ByteWriter, [key, request]: readonly [string, RememberedRequest]): void {
  out.prefixedString(key);
  out.unsignedVarlongSafe(request.zxid);
  out.u32(request.fingerprint);
  out.prefixedBytes(request.results);
}

function writeSession(out: ByteWriter, [sessionId, session]: readonly [bigint, TreeSession]): void {
  out.varlong(sessionId);
  out.unsignedVarint(session.timeoutMs);
  out.prefixedBytes(session.password);
}

function writeOwner(out: ByteWriter, [sessionId, owner]: readonly [bigint, bigint]): void {
  out.varlong(sessionId);
  out.varlong(owner);
}

/** @throws StorageCorruptError if the bytes are no whole snapshot of a version that is known here */
export function decodeSnapshot(bytes: Uint8Array): ZnodeTree {
  try {
    return readSnapshot(new ByteReader(bytes));
  } catch (cause) {
    if (!(cause instanceof MalformedBytesError)) throw cause;
    throw new StorageCorruptError("a snapshot does not decode", { cause });
  }
}

function readSnapshot(from: ByteReader): ZnodeTree {
  if (from.u32() !== magic) throw new MalformedBytesError("no snapshot of a tree");
  const found = from.u8();
  if (found !== version) throw new MalformedBytesError(`snapshot version ${found}`);
  const head = readChunk(from);
  if (head.kind !== kinds.head) throw new MalformedBytesError(`the first chunk is of kind ${head.kind}`);
  const restored = readHead(head.body);
  let keyCount = 0;
  while (from.remaining > 0) {
    const { kind, body } = readChunk(from);
    switch (kind) {
      case kinds.nodes:
        while (body.remaining > 0) readNode(body, restored);
        break;
      case kinds.requests:
        for (; body.remaining > 0; keyCount += 1) readRequest(body, treeOf(restored));
        break;
      case kinds.sessions:
        while (body.remaining > 0) readSession(body, treeOf(restored));
        break;
      case kinds.owners:
        while (body.remaining > 0) readOwner(body, treeOf(restored));
        break;
      case kinds.closed:
        treeOf(restored).closed = true;
        break;
      case kinds.end:
        readEnd(body, treeOf(restored), keyCount);
        from.expectEnd();
        return treeOf(restored);
      default:
        throw new MalformedBytesError(`a chunk of kind ${kind}`);
    }
  }
  throw new MalformedBytesError("the snapshot has no end");
}

/** What has been read so far. */
interface Restored {
  readonly lastZxid: Zxid;
  readonly acls: readonly AclList[];
  /** Once the root has been read. */
  tree: ZnodeTree | undefined;
  readonly parents: { readonly path: string; readonly node: Znode }[];
}

function treeOf({ tree }: Restored): ZnodeTree {
  if (tree === undefined) throw new MalformedBytesError("the root is missing");
  return tree;
}

function readChunk(from: ByteReader): { readonly kind: number; readonly body: ByteReader } {
  const length = from.u32();
  const crc = from.u32();
  const bytes = from.view(length);
  if (crc32c(bytes) !== crc)
    throw new MalformedBytesError(`the checksum of the chunk before ${from.position} is wrong`);
  const body = new ByteReader(bytes);
  return { kind: body.u8(), body };
}

function readHead(from: ByteReader): Restored {
  const lastZxid = zxid(from.unsignedVarlongSafe());
  const acls: AclList[] = [];
  const aclCount = from.unsignedVarint();
  for (let index = 0; index < aclCount; index += 1) acls.push(readAcl(from));
  from.expectEnd();
  return { lastZxid, acls, tree: undefined, parents: [] };
}

function readNode(from: ByteReader, restored: Restored): void {
  const flags = from.u8();
  if ((flags & ~(ownerFlag | parentFlag)) !== 0) throw new MalformedBytesError(`a znode with flags ${flags}`);
  const { tree, parents, acls } = restored;
  const parent = tree === undefined ? undefined : parents[from.unsignedVarint()];
  const name = tree === undefined ? "" : from.prefixedString();
  const node: Znode = {
    // A view: the snapshot is little more than its data, and is not copied znode by znode.
    data: from.nullablePrefixedBytes(),
    aclIndex: from.unsignedVarint(),
    czxid: zxid(from.unsignedVarlongSafe()),
    mzxid: zxid(from.unsignedVarlongSafe()),
    pzxid: zxid(from.unsignedVarlongSafe()),
    ctime: from.unsignedVarlongSafe(),
    mtime: from.unsignedVarlongSafe(),
    version: from.varint(),
    aversion: from.varint(),
    creations: from.unsignedVarlongSafe(),
    numChildren: 0,
    ephemeralOwner: (flags & ownerFlag) === 0 ? 0n : from.varlong(),
    children: undefined,
  };
  if (node.aclIndex >= acls.length) throw new MalformedBytesError(`a znode names list ${node.aclIndex}`);
  const path = tree === undefined ? restoreRoot(restored, node) : restoreChild(tree, parent, name, node);
  if ((flags & parentFlag) !== 0) parents.push({ path, node });
}

function restoreRoot(restored: Restored, node: Znode): string {
  restored.tree = ZnodeTree.bare(restored.acls, node);
  restored.tree.lastZxid = restored.lastZxid;
  return rootPath;
}

function restoreChild(
  tree: ZnodeTree,
  parent: Restored["parents"][number] | undefined,
  name: string,
  node: Znode,
): string {
  const problem = findNameProblem(name);
  if (problem !== undefined) throw new MalformedBytesError(`a name is malformed: ${problem}`);
  const path = parent === undefined ? undefined : tree.restore(parent.path, parent.node, name, node);
  if (path === undefined) throw new MalformedBytesError(`${name} stands there twice, or before its parent`);
  return path;
}

function readRequest(from: ByteReader, tree: ZnodeTree): void {
  const key = from.prefixedString();
  const request = {
    zxid: zxid(from.unsignedVarlongSafe()),
    fingerprint: from.u32(),
    results: new Uint8Array(from.prefixedBytes()),
  };
  tree.requests.add(key, request);
}

function readSession(from: ByteReader, tree: ZnodeTree): void {
  const sessionId = from.varlong();
  const timeoutMs = from.unsignedVarint();
  const password = new Uint8Array(from.prefixedBytes());
  if (tree.session(sessionId) !== undefined) throw new MalformedBytesError(`session ${sessionId} stands there twice`);
  tree.putSession(sessionId, { timeoutMs, password });
}

function readOwner(from: ByteReader, tree: ZnodeTree): void {
  const sessionId = from.varlong();
  const session = tree.session(sessionId);
  if (session === undefined || session.owner !== undefined) {
    throw new MalformedBytesError(`an owner of session ${sessionId}, which has one or is not there`);
  }
  tree.putSession(sessionId, { ...session, owner: from.varlong() });
}

function readEnd(from: ByteReader, tree: ZnodeTree, keyCount: number): void {
  const nodeCount = from.unsignedVarlongSafe();
  const keys = from.unsignedVarlongSafe();
  const sessions = from.remaining > 0 ? from.unsignedVarlongSafe() : 0;
  from.expectEnd();
  if (nodeCount !== tree.nodeCount || keys !== keyCount || sessions !== tree.sessionCount) {
    const found = `${tree.nodeCount} znodes, ${keyCount} keys, ${tree.sessionCount} sessions`;
    throw new MalformedBytesError(`${found} of ${nodeCount}, ${keys}, ${sessions}`);
  }
}
