/** The znode tree: its transactions, snapshots and remembered results, and the texts that its requests bring. */
import { zxid } from "../../../shared/brand.ts";
import { treeLogId } from "../../../shared/log/log-id.ts";
import { crc32c } from "../../../shared/record/crc32c.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import { type Acl, mayAccess, resolveAcl } from "../../../shared/tree/acl.ts";
import { findAddressRangeProblem, isInAddressRange } from "../../../shared/tree/address-range.ts";
import { decodeResults, encodeResults } from "../../../shared/tree/operation-results.ts";
import { containerOwner, ttlOwner } from "../../../shared/tree/owner.ts";
import { findNameProblem, findPathProblem, nameOf, parentOf } from "../../../shared/tree/paths.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../shared/tree/snapshot-codec.ts";
import type { Stat, Znode } from "../../../shared/tree/stat.ts";
import { decodeTransactions, encodeTransactions } from "../../../shared/tree/transaction-codec.ts";
import type { Change, Transaction } from "../../../shared/tree/transaction.ts";
import { decodeTreeEntry, encodeTreeEntryMeta } from "../../../shared/tree/tree-entry.ts";
import type { OperationResult } from "../../../shared/tree/tree-request.ts";
import { ZnodeTree } from "../../../shared/tree/znode-tree.ts";
import type { FuzzRandom } from "../fuzz-random.ts";
import { fieldText } from "../mutate-text.ts";
import { bytesTarget, codecTarget, FuzzFailure, jsonTarget, type Target, textTarget } from "../target.ts";

const paths = ["/a", "/a/b", "/a/b/c", "/brokers/topics/orders", "/locks/x/n-0000000001", "/é", "/日本"] as const;

function anyAcl(random: FuzzRandom): Acl {
  const rows = [
    { scheme: "world", id: "anyone" },
    { scheme: "ip", id: "10.0.0.0/8" },
    { scheme: "digest", id: "ann:x" },
    { scheme: "iam", id: "arn:aws:iam::123456789012:role/r" },
  ] as const;
  return { ...random.pick(rows), permissions: random.below(32) };
}

function anyChange(random: FuzzRandom): Change {
  const path = random.pick(paths);
  const data = random.chance(0.2) ? null : random.bytes(random.below(20));
  const lists = random.chance(0.5)
    ? { aclIndex: 0, parentAclIndex: 0 }
    : { aclIndex: random.below(5), parentAclIndex: 2 };
  const sessionId = BigInt(random.between(1, 1_000_000));
  const version = random.word() | 0;
  const owner = random.pick([0n, sessionId, containerOwner, ttlOwner(5_000)]);
  return random.pick<Change>([
    { kind: "genesis" },
    { kind: "create", path, data, owner, ...lists },
    { kind: "setData", path, data, version, aclIndex: lists.aclIndex },
    { kind: "delete", path, ...lists },
    { kind: "check", path },
    { kind: "addAcl", list: [anyAcl(random)] },
    { kind: "setAcl", path, aclIndex: random.below(9), version },
    { kind: "createSession", sessionId, timeoutMs: random.below(100_000), password: random.bytes(16) },
    { kind: "moveSession", sessionId, owner: BigInt.asIntN(64, sessionId ** 4n) },
    { kind: "closeSession", sessionId, removed: [{ path, ...lists }] },
    { kind: "closeTree" },
    { kind: "openTree" },
  ]);
}

function anyTransaction(random: FuzzRandom): Transaction {
  const changes = Array.from({ length: random.between(1, 4) }, () => anyChange(random));
  return {
    changes,
    ...(random.chance(0.3) ? { idempotency: { key: fieldText(random), fingerprint: random.word() } } : {}),
  };
}

/** Two, always: the codec is told how many there are. */
const transactionsCount = 2;

function anyTransactions(random: FuzzRandom): readonly Transaction[] {
  return Array.from({ length: transactionsCount }, () => anyTransaction(random));
}

function anyStat(random: FuzzRandom): Stat {
  return {
    czxid: zxid(random.whole()),
    mzxid: zxid(random.whole()),
    ctime: random.whole(),
    mtime: random.whole(),
    version: random.word() | 0,
    cversion: random.whole(),
    aversion: random.word() | 0,
    ephemeralOwner: BigInt(random.whole()),
    dataLength: random.word(),
    numChildren: random.whole(),
    pzxid: zxid(random.whole()),
  };
}

function anyResults(random: FuzzRandom): readonly OperationResult[] {
  return Array.from({ length: random.below(4) }, () =>
    random.pick<OperationResult>([
      { kind: "create", path: random.pick(paths), stat: anyStat(random) },
      { kind: "setData", stat: anyStat(random) },
      { kind: "setAcl", stat: anyStat(random) },
      { kind: "delete" },
      { kind: "check" },
      { kind: "createSession" },
      { kind: "moveSession" },
      { kind: "closeSession" },
      { kind: "tree" },
    ]),
  );
}

function anyNode(random: FuzzRandom): Znode {
  return {
    data: random.chance(0.2) ? null : random.bytes(random.below(20)),
    aclIndex: random.below(2),
    czxid: zxid(random.whole()),
    mzxid: zxid(random.whole()),
    pzxid: zxid(random.whole()),
    ctime: random.whole(),
    mtime: random.whole(),
    version: random.word() | 0,
    aversion: random.word() | 0,
    creations: random.whole(),
    numChildren: 0,
    ephemeralOwner: random.pick([0n, 0n, 5n, containerOwner, ttlOwner(1_000)]),
    children: undefined,
  };
}

function anyTree(random: FuzzRandom): ZnodeTree {
  const tree = ZnodeTree.initial();
  tree.lastZxid = zxid(random.whole());
  const parents: (readonly [string, Znode])[] = [["/zookeeper", tree.node("/zookeeper") as Znode]];
  for (let count = random.below(8); count > 0; count -= 1) {
    const [path, parent] = random.pick(parents);
    const node = anyNode(random);
    const child = tree.restore(path, parent, random.pick(["a", "b", "c", "日本"]), node);
    if (child !== undefined) parents.push([child, node]);
  }
  for (let session = random.below(3); session > 0; session -= 1) {
    const owner = random.chance(0.5) ? {} : { owner: BigInt(random.word()) };
    tree.putSession(BigInt(session), { timeoutMs: random.below(40_000), password: random.bytes(16), ...owner });
  }
  for (let count = random.below(3); count > 0; count -= 1) {
    tree.requests.add(fieldText(random), {
      zxid: zxid(random.whole()),
      fingerprint: random.word(),
      results: random.bytes(5),
    });
  }
  tree.closed = random.chance(0.1);
  return tree;
}

function snapshotBytes(tree: ZnodeTree): Uint8Array {
  const image = tree.beginImage();
  const bytes = Buffer.concat([...encodeSnapshot(image)]);
  image.close();
  return new Uint8Array(bytes);
}

/** Gives each chunk the checksum of its bytes; the lengths stay as they are. */
function sealSnapshot(bytes: Uint8Array): Uint8Array {
  const sealed = bytes.slice();
  const view = new DataView(sealed.buffer);
  for (let at = 5; at + 8 < sealed.length;) {
    const end = at + 8 + view.getUint32(at);
    if (end > sealed.length) break;
    view.setUint32(at + 4, crc32c(sealed, at + 8, end));
    at = end;
  }
  return sealed;
}

function readPath(path: string): void {
  if (findPathProblem(path) !== undefined) throw new MalformedBytesError("declined");
  const parent = parentOf(path);
  if (findPathProblem(parent) !== undefined) throw new FuzzFailure(`the parent of ${path} is ${parent}`);
  if (path !== "/" && findNameProblem(nameOf(path)) !== undefined)
    throw new FuzzFailure(`a good path with a bad name: ${path}`);
}

function readRange(text: string): void {
  if (findAddressRangeProblem(text) !== undefined) throw new MalformedBytesError("declined");
  const [address = ""] = text.split("/");
  if (!isInAddressRange(address, text)) throw new FuzzFailure(`${address} is not in ${text}`);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function readAclList(value: unknown): void {
  const rows = (Array.isArray(value) ? value : []) as readonly Readonly<Record<string, unknown>>[];
  const list = rows.map((row) => ({
    permissions: typeof row?.["permissions"] === "number" ? row["permissions"] : 1,
    scheme: textOf(row?.["scheme"]),
    id: textOf(row?.["id"]),
  }));
  const identities = [
    { scheme: "ip", id: "10.1.2.3" },
    { scheme: "digest", id: "ann:x" },
  ];
  const resolved = resolveAcl(list, identities);
  mayAccess(list, 31, identities);
  if (resolved === undefined) throw new MalformedBytesError("declined");
  if (resolveAcl(resolved, identities) === undefined) throw new FuzzFailure("what was resolved does not resolve");
}

export const treeTargets: readonly Target[] = [
  codecTarget<readonly Transaction[]>({
    name: "tree.transactions",
    covers: ["shared/tree/transaction-codec.ts#decodeTransactions", "shared/tree/acl-codec.ts#readAcl"],
    declared: [MalformedBytesError],
    value: anyTransactions,
    encode: encodeTransactions,
    decode: (bytes) => decodeTransactions(bytes, transactionsCount),
  }),
  bytesTarget({
    name: "tree.entry",
    covers: ["shared/tree/tree-entry.ts#decodeTreeEntry"],
    declared: [StorageCorruptError],
    sample: (random) => encodeTransactions(anyTransactions(random)),
    read: (payload, random) => {
      const meta = encodeTreeEntryMeta(transactionsCount, random.chance(0.95) ? payload : new Uint8Array());
      const next = random.chance(0.95) ? transactionsCount : random.between(1, 9);
      const inline = { kind: "inline", bytes: payload } as const;
      const damaged = random.chance(0.1) ? random.bytes(random.below(9)) : meta;
      const entry = {
        logId: treeLogId("default"),
        position: 0,
        next,
        attempt: "a",
        appendedAtMs: 1,
        meta: damaged,
        payload: inline,
      };
      if (decodeTreeEntry(entry, payload).length !== next) throw new FuzzFailure("not one for each position");
    },
  }),
  codecTarget<ZnodeTree>({
    name: "tree.snapshot",
    cost: 20,
    covers: ["shared/tree/snapshot-codec.ts#decodeSnapshot"],
    declared: [StorageCorruptError],
    value: anyTree,
    encode: snapshotBytes,
    decode: decodeSnapshot,
    seal: sealSnapshot,
    shown: snapshotBytes,
  }),
  codecTarget<readonly OperationResult[]>({
    name: "tree.results",
    covers: ["shared/tree/operation-results.ts#decodeResults"],
    declared: [MalformedBytesError],
    value: anyResults,
    encode: encodeResults,
    decode: decodeResults,
  }),
  textTarget({
    name: "tree.path",
    covers: ["shared/tree/paths.ts#findPathProblem", "shared/tree/paths.ts#findNameProblem"],
    declared: [MalformedBytesError],
    samples: [...paths, "/", "//", "/.", "/a/..", "/a/./b", "/a/", "/\u{1f600}"],
    read: readPath,
  }),
  textTarget({
    name: "tree.address-range",
    covers: ["shared/tree/address-range.ts#findAddressRangeProblem", "shared/tree/address-range.ts#isInAddressRange"],
    declared: [MalformedBytesError],
    samples: ["10.0.0.0/8", "127.0.0.1", "::1", "::ffff:10.0.0.1/120", "2001:db8::/32", "1:2:3:4:5:6:7:8/128", "::/0"],
    read: readRange,
  }),
  jsonTarget({
    name: "tree.acl",
    covers: ["shared/tree/acl.ts#resolveAcl"],
    declared: [MalformedBytesError],
    sample: (random) => Array.from({ length: random.between(1, 3) }, () => anyAcl(random)),
    read: readAclList,
  }),
];
