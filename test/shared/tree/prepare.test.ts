import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { requestBytes } from "../../../shared/tree/prepare.ts";
import { Machine } from "./machine.ts";
import { statOf } from "../../../shared/tree/stat.ts";
import { encodeTransactions } from "../../../shared/tree/transaction-codec.ts";
import { multiErrors, type Operation } from "../../../shared/tree/tree-request.ts";
import { anyOperation, check, create, remove, setData } from "./operations.ts";
import { TreeModel } from "./tree-model.ts";

function withNodes(...paths: readonly string[]): Machine {
  const machine = new Machine();
  for (const path of paths) expect(machine.outcome(create(path))).toBe(path);
  return machine;
}

describe("a fresh tree", () => {
  test("is ZooKeeper's: / has cversion -1 and one child, /zookeeper two that were never created", () => {
    const { tree } = new Machine();
    const zero = { czxid: 0, mzxid: 0, pzxid: 0, ctime: 0, mtime: 0, version: 0, dataLength: 0, ephemeralOwner: 0n };
    const stat = (path: string): unknown => {
      const node = tree.node(path);
      return node === undefined ? undefined : statOf(node);
    };
    expect(stat("/")).toEqual({ ...zero, cversion: -1, aversion: 0, numChildren: 1 });
    expect(stat("/zookeeper")).toEqual({ ...zero, cversion: -2, aversion: 0, numChildren: 2 });
    expect(stat("/zookeeper/quota")).toEqual({ ...zero, cversion: 0, aversion: 0, numChildren: 0 });
    expect(stat("/zookeeper/config")).toEqual({ ...zero, cversion: 0, aversion: -1, numChildren: 0 });
  });

  test("has cversion 0 at its root after the first creation", () => {
    const node = withNodes("/a").tree.node("/");
    expect(node === undefined ? undefined : statOf(node)).toMatchObject({ cversion: 0, numChildren: 2, pzxid: 1 });
  });
});

describe("one operation", () => {
  const table: readonly [string, Operation, string][] = [
    ["creates below an existing znode", create("/a/c"), "/a/c"],
    ["creates no child of a missing znode", create("/x/y"), "NO_NODE"],
    ["creates nothing that exists", create("/a"), "NODE_EXISTS"],
    ["does not create the root", create("/"), "NODE_EXISTS"],
    ["creates a sequential znode in the root", create("/", "", "persistent_sequential"), "/0000000001"],
    [
      "numbers a sequential znode by the creations before",
      create("/a/n-", "", "persistent_sequential"),
      "/a/n-0000000001",
    ],
    ["looks for the parent before it looks at the name", create("/x//y"), "NO_NODE"],
    ["takes no path without a slash", create("a"), "BAD_ARGUMENTS"],
    ["takes no empty path", create(""), "BAD_ARGUMENTS"],
    ["takes no slash at the end", create("/a/"), "BAD_ARGUMENTS"],
    ["takes a slash at the end of a sequential path", create("/a/", "", "persistent_sequential"), "/a/0000000001"],
    ["takes no relative path", create("/a/.."), "BAD_ARGUMENTS"],
    ["takes names that only begin with dots", create("/a/..x"), "/a/..x"],
    ["takes no control characters", create("/a/\u0001"), "BAD_ARGUMENTS"],
    ["takes no characters beyond the basic plane", create("/a/\u{1f600}"), "BAD_ARGUMENTS"],
    ["takes other characters", create("/a/é中"), "/a/é中"],
    ["deletes", remove("/a/b"), "done"],
    ["deletes at the right version", remove("/a/b", 0), "done"],
    ["does not delete at another version", remove("/a/b", 1), "BAD_VERSION"],
    ["looks at the version before it looks at the children", remove("/a", 7), "BAD_VERSION"],
    ["does not delete what has children", remove("/a"), "NOT_EMPTY"],
    ["does not delete what is not there", remove("/a/x"), "NO_NODE"],
    ["does not delete the root", remove("/"), "BAD_ARGUMENTS"],
    ["does not delete /zookeeper", remove("/zookeeper"), "BAD_ARGUMENTS"],
    ["does not delete /zookeeper/config", remove("/zookeeper/config"), "BAD_ARGUMENTS"],
    ["sets data", setData("/a", "x"), "done"],
    ["sets data of the root", setData("/", "x"), "done"],
    ["does not set data at another version", setData("/a", "x", 3), "BAD_VERSION"],
    ["takes no negative version but -1", setData("/a", "x", -2), "BAD_VERSION"],
    ["does not set data of what is not there", setData("/x"), "NO_NODE"],
    ["looks at the path before it looks for the znode", setData("/x/"), "BAD_ARGUMENTS"],
    ["checks", check("/a", 0), "done"],
    ["checks a version", check("/a", 1), "BAD_VERSION"],
    ["checks that a znode is there", check("/x"), "NO_NODE"],
  ];
  test.each(table)("%s", (_, operation, outcome) => {
    expect(withNodes("/a", "/a/b").outcome(operation)).toBe(outcome);
  });

  test("numbers by creations, not by the visible cversion: two creations and a deletion make 2", () => {
    const machine = withNodes("/q", "/q/1", "/q/2");
    machine.run(remove("/q/1"));
    const node = machine.tree.node("/q");
    expect(node === undefined ? undefined : statOf(node).cversion).toBe(3);
    expect(machine.outcome(create("/q/n", "", "persistent_sequential"))).toBe("/q/n0000000002");
  });

  test("keeps the difference between no data and empty data", () => {
    const machine = new Machine();
    machine.run({ kind: "create", path: "/none", data: null, mode: "persistent" });
    machine.run(create("/empty"));
    expect(machine.tree.node("/none")?.data).toBeNull();
    expect(machine.tree.node("/empty")?.data).toEqual(new Uint8Array(0));
  });

  test("does not keep the caller's bytes", () => {
    const machine = new Machine();
    const data = Uint8Array.of(1, 2, 3);
    machine.run({ kind: "create", path: "/a", data, mode: "persistent" });
    data.fill(9);
    expect(machine.tree.node("/a")?.data).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe("bounds", () => {
  test("take data of 1,048,575 bytes and refuse one more", () => {
    const data = (length: number): Operation => ({
      kind: "create",
      path: "/a",
      data: new Uint8Array(length),
      mode: "persistent",
    });
    expect(new Machine().outcome(data(1_048_576))).toBe("BAD_ARGUMENTS");
    expect(new Machine().outcome(data(1_048_575))).toBe("/a");
  });

  test("refuse paths, multis, requests and keys that are too long", () => {
    const machine = new Machine();
    expect(machine.outcome(create(`/${"x".repeat(4_096)}`))).toBe("BAD_ARGUMENTS");
    expect(machine.outcome(...Array.from({ length: 58_254 }, () => check("/")))).toBe("BAD_ARGUMENTS");
    const large = { kind: "setData", path: "/", data: new Uint8Array(1_000_000), version: -1 } as const;
    expect(machine.outcome(large, large, large, large, large)).toBe("BAD_ARGUMENTS");
    for (const key of ["k".repeat(129), "\ud800"]) {
      expect(machine.request({ operations: [check("/")], idempotency: { key, fingerprint: 1 } }).kind).toBe("invalid");
    }
    expect(machine.tree.lastZxid).toBe(0);
  });
});

describe("multi", () => {
  test(
    "takes as many operations as ZooKeeper's largest frame holds, and none costs more for those before it",
    { timeout: 10_000 },
    () => {
      const machine = new Machine();
      expect(machine.outcome(...Array.from({ length: 58_253 }, () => check("/")))).toBe("done");
      const session = { sessionId: 5n, password: new Uint8Array(16) };
      machine.run({ kind: "createSession", timeoutMs: 10_000, ...session });
      const operations = Array.from({ length: 18_000 }, (_, index): Operation => {
        const acl = [{ permissions: 31, scheme: "ip", id: `10.0.${index >> 8}.${index & 255}` }];
        return {
          kind: "create",
          path: `/${index}`,
          data: null,
          mode: index % 2 === 0 ? "ephemeral" : "persistent",
          acl,
        };
      });
      expect(machine.request({ operations, session }).kind).toBe("prepared");
      expect([machine.tree.ephemeralTotal, machine.tree.aclCount]).toEqual([9_000, 18_002]);
    },
  );

  const table: readonly [string, readonly Operation[], readonly string[] | "done"][] = [
    ["does all", [create("/m"), create("/m/a"), setData("/a"), check("/a")], "done"],
    ["may touch a znode twice", [create("/m"), remove("/m"), create("/m")], "done"],
    ["sees what it did", [create("/m"), setData("/m", "x", 0), check("/m", 1), remove("/m", 1)], "done"],
    [
      "does nothing after a failure",
      [create("/m"), create("/a"), check("/a")],
      ["OK", "NODE_EXISTS", "RUNTIME_INCONSISTENCY"],
    ],
    ["fails on a check", [check("/a", 4), create("/m")], ["BAD_VERSION", "RUNTIME_INCONSISTENCY"]],
    ["fails at its end", [create("/m"), setData("/m"), remove("/x")], ["OK", "OK", "NO_NODE"]],
    ["fails on what it removed", [remove("/a"), setData("/a")], ["OK", "NO_NODE"]],
    ["fails on children that it made", [create("/a/b"), remove("/a")], ["OK", "NOT_EMPTY"]],
  ];
  test.each(table)("%s", (_, operations, expected) => {
    const machine = withNodes("/a");
    const before = machine.tree.lastZxid;
    const prepared = machine.run(...operations);
    if (expected === "done") {
      expect(prepared.kind).toBe("prepared");
      expect(machine.tree.lastZxid).toBe(before + 1);
      return;
    }
    expect(prepared.kind === "prepared" ? [] : multiErrors(prepared.refusal, operations.length)).toEqual(expected);
    expect(machine.tree.lastZxid).toBe(before);
    expect(machine.tree.nodeCount).toBe(5);
  });

  test("gives all its znodes one zxid, and sequential ones different numbers", () => {
    const machine = withNodes("/q");
    const prepared = machine.run(
      create("/q/n", "", "persistent_sequential"),
      create("/q/n", "", "persistent_sequential"),
    );
    expect(prepared.kind === "prepared" ? prepared.results : []).toMatchObject([
      { path: "/q/n0000000000", stat: { czxid: 2 } },
      { path: "/q/n0000000001", stat: { czxid: 2 } },
    ]);
  });

  test("answers with each znode's Stat right after its operation", () => {
    const machine = new Machine();
    const prepared = machine.run(create("/m", "one"), create("/m/a"), setData("/m", "three", 0));
    expect(prepared.kind === "prepared" ? prepared.results : []).toMatchObject([
      { kind: "create", stat: { numChildren: 0, cversion: 0, version: 0, dataLength: 3 } },
      { kind: "create" },
      { kind: "setData", stat: { numChildren: 1, cversion: 1, version: 1, dataLength: 5, mtime: 1_000 } },
    ]);
  });
});

test("any sequence of requests leaves what a simple model of ZooKeeper leaves", () => {
  const anyRequest = fc.array(anyOperation, { minLength: 1, maxLength: 4 });
  const property = fc.property(fc.array(anyRequest, { maxLength: 60 }), (requests) => {
    const machine = new Machine();
    const model = new TreeModel();
    for (const operations of requests) {
      machine.time += 7;
      const at = machine.tree.lastZxid + 1;
      const expected = model.run(operations, at, machine.time);
      const prepared = machine.run(...operations);
      if (prepared.kind === "prepared") {
        const paths = prepared.results.map((result) => (result.kind === "create" ? result.path : undefined));
        expect(expected).toEqual({ paths });
        expect(encodeTransactions([prepared.transaction]).length).toBeLessThanOrEqual(requestBytes({ operations }));
      } else {
        expect(expected).toEqual({ error: prepared.refusal.code, at: prepared.refusal.operationIndex });
      }
    }
    const nodes = [...model.paths()];
    expect(machine.tree.nodeCount).toBe(nodes.length);
    expect(machine.tree.dataSize).toBe(
      nodes.reduce((sum, [path, { data }]) => sum + path.length + (data?.length ?? 0), 0),
    );
    for (const [path, expected] of nodes) {
      const node = machine.tree.node(path);
      if (node === undefined) throw new Error(`${path} is missing`);
      const { data, created: _, children, ...counters } = expected;
      const aversion = path === "/zookeeper/config" ? -1 : 0;
      const fixed = { aversion, ephemeralOwner: 0n, dataLength: data?.length ?? 0, numChildren: children.size };
      expect(statOf(node), path).toEqual({ ...counters, ...fixed });
      expect(node.data).toEqual(data);
      expect([...machine.tree.childNames(path)].toSorted()).toEqual([...children.keys()].toSorted());
    }
  });
  fc.assert(property, { numRuns: 300 });
});
