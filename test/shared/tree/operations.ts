/** Operations for tests: short ones by hand, and random ones that meet each other. */
import fc from "fast-check";
import type { Stat } from "../../../shared/tree/stat.ts";
import type { Operation } from "../../../shared/tree/tree-request.ts";
import type { ZnodeTree } from "../../../shared/tree/znode-tree.ts";
import { statOf } from "../../../shared/tree/stat.ts";

const utf8 = new TextEncoder();

export const create = (
  path: string,
  data = "",
  mode: "persistent" | "persistent_sequential" = "persistent",
): Operation => ({
  kind: "create",
  path,
  data: utf8.encode(data),
  mode,
});
export const remove = (path: string, version = -1): Operation => ({ kind: "delete", path, version });
export const setData = (path: string, data = "", version = -1): Operation => ({
  kind: "setData",
  path,
  data: utf8.encode(data),
  version,
});
export const check = (path: string, version = -1): Operation => ({ kind: "check", path, version });

/** Few names, so that operations meet; now and then a path that is not one. */
export const anyPath: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc
      .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 })
      .map((names) => `/${names.join("/")}`),
  },
  { weight: 1, arbitrary: fc.constantFrom("/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config") },
  { weight: 1, arbitrary: fc.constantFrom("", "a", "/a/", "//", "/a//b", "/.", "/a/..", "/a/./b") },
);

const anyData = fc.option(
  fc.uint8Array({ maxLength: 6 }).map((bytes) => new Uint8Array(bytes)),
  { freq: 8 },
);
const anyVersionOf = fc.oneof(
  { weight: 4, arbitrary: fc.constant(-1) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 2 }) },
);

export const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("create" as const),
      path: anyPath,
      data: anyData,
      mode: fc.constantFrom("persistent" as const, "persistent" as const, "persistent_sequential" as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), path: anyPath, version: anyVersionOf }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("setData" as const),
      path: anyPath,
      data: anyData,
      version: anyVersionOf,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("check" as const), path: anyPath, version: anyVersionOf }) },
);

/** Lists that differ, one of them invalid. */
const anyAcl = fc.constantFrom(
  [{ permissions: 31, scheme: "world", id: "anyone" }],
  [{ permissions: 1, scheme: "world", id: "anyone" }],
  [{ permissions: 31, scheme: "digest", id: "ann:x" }],
  [
    { permissions: 31, scheme: "auth", id: "" },
    { permissions: 1, scheme: "ip", id: "10.0.0.0/8" },
  ],
  [{ permissions: 31, scheme: "digest", id: "nobody" }],
);

const anySession = fc.constantFrom(7n, 8n);

/** All that a tree knows, with few sessions, lists and names, so that operations meet. */
export const anyTreeOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: anyOperation },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("create" as const),
      path: anyPath,
      data: anyData,
      mode: fc.constantFrom("ephemeral" as const, "ephemeral_sequential" as const, "container" as const),
      acl: anyAcl,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("create" as const),
      path: anyPath,
      data: anyData,
      mode: fc.constantFrom("persistent_with_ttl" as const, "persistent_sequential_with_ttl" as const),
      ttlMs: fc.constantFrom(1, 2 ** 40 - 1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("setAcl" as const), path: anyPath, acl: anyAcl, version: anyVersionOf }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("createSession" as const),
      sessionId: anySession,
      timeoutMs: fc.nat(),
      password: fc.constant(new Uint8Array(16).fill(9)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("closeSession" as const), sessionId: anySession }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("moveSession" as const),
      sessionId: anySession,
      owner: fc.constantFrom(1n, -(2n ** 63n), 2n ** 63n - 1n),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("deleteContainer" as const), path: anyPath }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("closeTree" as const, "openTree" as const) }) },
);

export interface DumpedNode {
  readonly stat: Stat;
  readonly data: string | null;
  readonly aclIndex: number;
  readonly children: readonly string[];
}

/** All that a tree holds, to be compared. */
export function dump(tree: ZnodeTree): {
  readonly zxid: number;
  readonly nodes: Record<string, DumpedNode>;
  readonly requests: readonly unknown[];
  readonly sessions: readonly unknown[];
  readonly acls: readonly unknown[];
  readonly owned: readonly (readonly string[])[];
  readonly closed: boolean;
} {
  const nodes: Record<string, DumpedNode> = {};
  const visit = (path: string): void => {
    const node = tree.node(path);
    if (node === undefined) throw new Error(`${path} is a child and no znode`);
    const children = [...tree.childNames(path)].toSorted();
    const data = node.data === null ? null : Buffer.from(node.data).toString("latin1");
    nodes[path] = { stat: statOf(node), data, aclIndex: node.aclIndex, children };
    for (const name of children) visit(path === "/" ? `/${name}` : `${path}/${name}`);
  };
  visit("/");
  if (Object.keys(nodes).length !== tree.nodeCount) throw new Error("there are znodes that nobody is the parent of");
  const size = Object.entries(nodes).reduce((sum, [path, { data }]) => sum + path.length + (data?.length ?? 0), 0);
  if (size !== tree.dataSize) throw new Error(`paths and data are ${size}, not ${tree.dataSize}`);
  const requests = [...tree.requests.entries()].map(([key, { zxid, fingerprint, results }]) => [
    key,
    zxid,
    fingerprint,
    Buffer.from(results).toString("hex"),
  ]);
  const sessions = [...tree.sessions].map(([sessionId, { timeoutMs, password, owner }]) => [
    sessionId,
    timeoutMs,
    owner,
    Buffer.from(password).toString("hex"),
    [...tree.ephemerals(sessionId)].toSorted(),
  ]);
  const acls = Array.from({ length: tree.aclCount }, (_, index) => tree.acl(index));
  const owned = [[...tree.containers].toSorted(), [...tree.ttlNodes].toSorted()];
  return { zxid: tree.lastZxid, nodes, requests, sessions, acls, owned, closed: tree.closed };
}
