import { describe, expect, test } from "vitest";
import type { AclList, Identity } from "../../../shared/tree/acl.ts";
import { statOf } from "../../../shared/tree/stat.ts";
import type { CreateMode, Operation, TreeRequest } from "../../../shared/tree/tree-request.ts";
import { Machine } from "./machine.ts";
import { check, create, remove, setData } from "./operations.ts";

const password = new Uint8Array(16).fill(3);
const session = { sessionId: 5n, password };
const openSession: Operation = { kind: "createSession", sessionId: 5n, timeoutMs: 10_000, password };
const ofMode = (path: string, mode: CreateMode, ttlMs?: number): Operation => ({
  kind: "create",
  path,
  data: null,
  mode,
  ...(ttlMs === undefined ? {} : { ttlMs }),
});

function codeOf(machine: Machine, operation: Operation, who: object = {}): string {
  const prepared = machine.request({ operations: [operation], ...who });
  return prepared.kind === "prepared" ? "OK" : prepared.refusal.code;
}

describe("sessions and ephemerals", () => {
  test("an ephemeral names its session and goes with it, all at one zxid", () => {
    const machine = new Machine();
    machine.run(openSession, create("/p"));
    expect(codeOf(machine, ofMode("/p/a", "ephemeral"), { session })).toBe("OK");
    expect(codeOf(machine, ofMode("/p/s-", "ephemeral_sequential"), { session })).toBe("OK");
    expect(machine.tree.node("/p/s-0000000001")?.ephemeralOwner).toBe(5n);
    expect([...machine.tree.ephemerals(5n)].toSorted()).toEqual(["/p/a", "/p/s-0000000001"]);
    const before = machine.tree.lastZxid;
    expect(codeOf(machine, { kind: "closeSession", sessionId: 5n })).toBe("OK");
    expect(machine.tree.lastZxid).toBe(before + 1);
    const node = machine.tree.node("/p");
    expect(node === undefined ? undefined : statOf(node)).toMatchObject({
      numChildren: 0,
      cversion: 4,
      pzxid: before + 1,
    });
    expect(machine.tree.sessionCount).toBe(0);
  });

  test("a closed, an unknown and a mistaken session get SESSION_EXPIRED for anything", () => {
    const machine = new Machine();
    machine.run(openSession);
    const wrong = { session: { sessionId: 5n, password: new Uint8Array(16) } };
    const unknown = { session: { sessionId: 6n, password } };
    for (const who of [wrong, unknown]) {
      expect(codeOf(machine, create("/a"), who)).toBe("SESSION_EXPIRED");
      expect(codeOf(machine, ofMode("/a", "ephemeral"), who)).toBe("SESSION_EXPIRED");
    }
    machine.run({ kind: "closeSession", sessionId: 5n });
    expect(codeOf(machine, ofMode("/a", "ephemeral"), { session })).toBe("SESSION_EXPIRED");
    expect(codeOf(machine, { kind: "closeSession", sessionId: 5n })).toBe("SESSION_EXPIRED");
    expect(machine.tree.node("/a")).toBeUndefined();
  });

  test("a session that has moved takes nothing more from its owner before, and all from who names none", () => {
    const machine = new Machine();
    const by = (owner: bigint): Partial<TreeRequest> => ({ session: { ...session, owner } });
    const moveTo = (owner: bigint): Operation => ({ kind: "moveSession", sessionId: 5n, owner });
    machine.run(openSession);
    expect(codeOf(machine, create("/a"), by(1n))).toBe("OK");
    machine.run(moveTo(1n));
    expect(codeOf(machine, create("/b"), by(1n))).toBe("OK");
    expect(machine.request({ operations: [moveTo(2n), create("/c")], ...by(1n) }).kind).toBe("prepared");
    expect(codeOf(machine, create("/d"), by(1n))).toBe("SESSION_MOVED");
    expect(codeOf(machine, { kind: "closeSession", sessionId: 5n }, by(1n))).toBe("SESSION_MOVED");
    expect(codeOf(machine, create("/d"), { session })).toBe("OK");
    expect(codeOf(machine, create("/e"), by(2n))).toBe("OK");
    expect(machine.tree.session(5n)).toEqual({ timeoutMs: 10_000, password, owner: 2n });
    expect(codeOf(machine, moveTo(2n ** 63n))).toBe("BAD_ARGUMENTS");
    machine.run({ kind: "closeSession", sessionId: 5n });
    expect(codeOf(machine, moveTo(1n))).toBe("SESSION_EXPIRED");
    expect(codeOf(machine, create("/f"), by(2n))).toBe("SESSION_EXPIRED");
  });

  test("an ephemeral created and a session closed in one group do not outlive each other", () => {
    const machine = new Machine();
    machine.run(openSession);
    const prepared = machine.request({
      operations: [ofMode("/a", "ephemeral"), { kind: "closeSession", sessionId: 5n }],
      session,
    });
    expect(prepared.kind).toBe("prepared");
    expect(machine.tree.node("/a")).toBeUndefined();
  });

  test("ephemerals have no children and need a session", () => {
    const machine = new Machine();
    machine.run(openSession);
    machine.request({ operations: [ofMode("/e", "ephemeral")], session });
    expect(codeOf(machine, create("/e/child"))).toBe("NO_CHILDREN_FOR_EPHEMERALS");
    expect(codeOf(machine, ofMode("/f", "ephemeral"))).toBe("BAD_ARGUMENTS");
    expect(codeOf(machine, openSession)).toBe("NODE_EXISTS");
  });
});

describe("containers and TTL", () => {
  test("have ZooKeeper's ephemeralOwner", () => {
    const machine = new Machine();
    machine.run(ofMode("/c", "container"), ofMode("/t", "persistent_with_ttl", 1_234));
    expect(machine.tree.node("/c")?.ephemeralOwner).toBe(-(2n ** 63n));
    expect(BigInt.asUintN(64, machine.tree.node("/t")?.ephemeralOwner ?? 0n)).toBe(0xff00_0000_0000_0000n + 1_234n);
  });

  test.each([
    ["persistent_with_ttl", undefined],
    ["persistent_with_ttl", 0],
    ["persistent_with_ttl", 2 ** 40],
    ["persistent_sequential_with_ttl", 1.5],
    ["persistent", 5],
    ["container", 5],
  ] as const)("a znode of mode %s with a TTL of %s is refused", (mode, ttlMs) => {
    expect(codeOf(new Machine(), ofMode("/t", mode, ttlMs))).toBe("BAD_ARGUMENTS");
  });

  test("a container goes once it had a child and has none", () => {
    const machine = new Machine();
    const expire: Operation = { kind: "deleteContainer", path: "/c" };
    machine.run(ofMode("/c", "container"));
    expect(codeOf(machine, expire)).toBe("BAD_ARGUMENTS");
    machine.run(create("/c/a"));
    expect(codeOf(machine, expire)).toBe("NOT_EMPTY");
    machine.run(remove("/c/a"));
    expect(codeOf(machine, expire)).toBe("OK");
    expect(codeOf(machine, expire)).toBe("NO_NODE");
    machine.run(create("/p"), create("/p/a"), remove("/p/a"));
    expect(codeOf(machine, { kind: "deleteContainer", path: "/p" })).toBe("BAD_ARGUMENTS");
  });

  test("a TTL counts from the last write, and only while there is no child", () => {
    const machine = new Machine();
    const expire: Operation = { kind: "deleteContainer", path: "/t" };
    machine.run(ofMode("/t", "persistent_with_ttl", 100));
    machine.time += 100;
    expect(codeOf(machine, expire)).toBe("BAD_ARGUMENTS");
    machine.run(setData("/t", "again"));
    machine.time += 1;
    expect(codeOf(machine, expire)).toBe("BAD_ARGUMENTS");
    machine.run(create("/t/a"));
    machine.time += 1_000;
    expect(codeOf(machine, expire)).toBe("NOT_EMPTY");
    machine.run(remove("/t/a"));
    expect(codeOf(machine, expire)).toBe("OK");
  });
});

describe("access control", () => {
  const ann: Identity = { scheme: "digest", id: "ann:1" };
  const bob: Identity = { scheme: "digest", id: "bob:2" };
  const createWith = (path: string, acl: AclList): Operation => ({
    kind: "create",
    path,
    data: null,
    mode: "persistent",
    acl,
  });
  const annsOwn: AclList = [{ permissions: 31, ...ann }];

  test("CREATE and DELETE are asked of the parent, all else of the znode", () => {
    const machine = new Machine();
    machine.run(createWith("/a", annsOwn), create("/a/open"), createWith("/b", annsOwn));
    const as = (...identities: readonly Identity[]): object => ({ identities });
    for (const who of [as(bob), as(), as({ scheme: "ip", id: "10.0.0.1" })]) {
      expect(codeOf(machine, create("/a/x"), who)).toBe("NO_AUTH");
      expect(codeOf(machine, remove("/a/open"), who)).toBe("NO_AUTH");
      expect(codeOf(machine, setData("/a"), who)).toBe("NO_AUTH");
      expect(codeOf(machine, check("/a"), who)).toBe("NO_AUTH");
      expect(codeOf(machine, { kind: "setAcl", path: "/a", acl: annsOwn, version: -1 }, who)).toBe("NO_AUTH");
      expect(codeOf(machine, { kind: "fence", path: "/a", czxid: machine.tree.node("/a")?.czxid ?? 0 }, who)).toBe(
        "NO_AUTH",
      );
    }
    expect(codeOf(machine, setData("/a/open"), as(bob))).toBe("OK");
    expect(codeOf(machine, remove("/b"), as(bob))).toBe("OK");
    for (const who of [as(ann), as({ scheme: "super", id: "" })]) {
      expect(codeOf(machine, create("/a/x"), who)).toBe("OK");
      expect(codeOf(machine, remove("/a/x"), who)).toBe("OK");
      expect(codeOf(machine, setData("/a"), who)).toBe("OK");
    }
  });

  test("auth stands for who asks, and is invalid for who has proven nothing", () => {
    const machine = new Machine();
    const acl: AclList = [{ permissions: 3, scheme: "auth", id: "ignored" }];
    const operation = createWith("/a", acl);
    expect(codeOf(machine, operation, { identities: [{ scheme: "ip", id: "10.0.0.1" }] })).toBe("INVALID_ACL");
    expect(codeOf(machine, operation, { identities: [ann, bob] })).toBe("OK");
    expect(machine.tree.acl(machine.tree.node("/a")?.aclIndex ?? 0)).toEqual([
      { permissions: 3, ...ann },
      { permissions: 3, ...bob },
    ]);
  });

  test.each([
    [[]],
    [[{ permissions: 31, scheme: "world", id: "someone" }]],
    [[{ permissions: 31, scheme: "digest", id: "ann" }]],
    [[{ permissions: 31, scheme: "ip", id: "10.0.0.256" }]],
    [[{ permissions: 31, scheme: "iam", id: "ann" }]],
    [[{ permissions: 31, scheme: "kerberos", id: "ann" }]],
    [[{ permissions: -1, scheme: "world", id: "anyone" }]],
  ] as const)("INVALID_ACL for %j", (acl) => {
    expect(codeOf(new Machine(), createWith("/a", acl))).toBe("INVALID_ACL");
  });

  test("setACL goes by the aversion, and leaves all other versions", () => {
    const machine = new Machine();
    machine.run(create("/a"));
    const setAcl = (version: number): Operation => ({ kind: "setAcl", path: "/a", acl: annsOwn, version });
    expect(codeOf(machine, setAcl(1))).toBe("BAD_VERSION");
    expect(codeOf(machine, setAcl(0))).toBe("OK");
    expect(codeOf(machine, setAcl(1))).toBe("OK");
    expect(machine.tree.node("/a")).toMatchObject({ aversion: 2, version: 0, mzxid: 1 });
    expect(codeOf(machine, { kind: "setAcl", path: "/a", acl: [], version: -1 })).toBe("INVALID_ACL");
    expect(codeOf(machine, { kind: "setAcl", path: "/gone", acl: annsOwn, version: -1 })).toBe("NO_NODE");
  });

  test("a list is kept once, whoever uses it", () => {
    const machine = new Machine();
    machine.run(createWith("/a", annsOwn), createWith("/b", [...annsOwn, ...annsOwn]));
    machine.run(createWith("/c", annsOwn));
    expect(machine.tree.aclCount).toBe(3);
  });
});

describe("a fence", () => {
  test("holds only while the very znode of the grant is there", () => {
    const machine = new Machine();
    machine.run(create("/lock"));
    const czxid = machine.tree.node("/lock")?.czxid ?? 0;
    const fence: Operation = { kind: "fence", path: "/lock", czxid };
    machine.run(create("/data"));
    expect(machine.outcome(fence, setData("/data", "1"))).toBe("done");
    machine.run(remove("/lock"));
    expect(machine.outcome(fence, setData("/data", "2"))).toBe("FENCED");
    machine.run(create("/lock"));
    expect(machine.outcome(setData("/data", "2"), fence)).toBe("FENCED");
    expect(machine.tree.node("/data")?.version).toBe(1);
  });
});

describe("a namespace's tree", () => {
  test("is closed only when bare, and refuses every write until it is opened", () => {
    const machine = new Machine();
    machine.run(create("/a"));
    expect(codeOf(machine, { kind: "closeTree" })).toBe("NOT_EMPTY");
    machine.run(remove("/a"), openSession);
    expect(codeOf(machine, { kind: "closeTree" })).toBe("NOT_EMPTY");
    machine.run({ kind: "closeSession", sessionId: 5n });
    expect(codeOf(machine, { kind: "closeTree" })).toBe("OK");
    for (const operation of [create("/a"), openSession, check("/")]) {
      expect(codeOf(machine, operation)).toBe("UNKNOWN_NAMESPACE");
    }
    expect(codeOf(machine, { kind: "openTree" })).toBe("OK");
    expect(codeOf(machine, create("/a"))).toBe("OK");
  });
});
