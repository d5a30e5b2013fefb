import { describe, expect, test } from "vitest";
import type { AclEntry, ResourcePattern } from "../../../../gateway/kafka/security/acl.ts";
import { AclStore } from "../../../../gateway/kafka/security/acl-store.ts";
import { aclPath, decodeAcls, isResourceName, parseAclPath } from "../../../../gateway/kafka/security/acl-znodes.ts";
import { GatewaySecurity } from "../../../../gateway/kafka/security/gateway-security.ts";
import { kafkaAclsPerResourceMax } from "../../../../shared/limits/kafka-security.ts";
import { namespace, SecurityWorld } from "./security-world.ts";

const orders: ResourcePattern = { resourceType: "Topic", patternType: "literal", name: "orders" };
const logs: ResourcePattern = { resourceType: "Group", patternType: "prefixed", name: "logs-" };
const read: AclEntry = { principal: "User:alice", host: "*", operation: "Read", permissionType: "Allow" };
const write: AclEntry = { ...read, operation: "Write" };
const rules = { superUsers: new Set<string>(), allowsWithoutAcl: false };
const alice = { principal: "User:alice", host: "::1" };
const gateway = { namespace, identities: [{ scheme: "super", id: "" }] };

describe("the store of access control lists", () => {
  test("keeps lists where Kafka does, adds each row once, and removes the znode with the last", async () => {
    const world = new SecurityWorld();
    await world.run(async () => {
      const process = world.start();
      const store = new AclStore(process.access);
      await store.start(process.signal);
      expect(await store.add(orders, [read, read])).toBe(true);
      expect(await store.add(orders, [read, write])).toBe(true);
      await store.add(logs, [read]);
      const { znodes } = process.services;
      const { data } = await znodes.getData(gateway, "/kafka-acl/Topic/orders");
      expect(JSON.parse(Buffer.from(data ?? []).toString())).toEqual({
        version: 1,
        acls: [
          { principal: "User:alice", permissionType: "Allow", operation: "Read", host: "*" },
          { principal: "User:alice", permissionType: "Allow", operation: "Write", host: "*" },
        ],
      });
      await znodes.exists(gateway, "/kafka-acl-extended/prefixed/Group/logs-");
      expect([...store.bindings()]).toHaveLength(3);
      expect(await store.remove(orders, [read, { ...read, host: "1.2.3.4" }])).toEqual([read]);
      expect(await store.remove(orders, [write])).toEqual([write]);
      expect([...store.bindings()]).toEqual([{ ...logs, ...read }]);
      await expect(znodes.exists(gateway, "/kafka-acl/Topic/orders")).rejects.toMatchObject({ code: "NO_NODE" });
    });
  });

  test("is in force in every gateway, without requests while nothing changes", async () => {
    const world = new SecurityWorld();
    await world.run(async () => {
      const [first, second] = [world.start(), world.start()];
      const [writer, reader] = [new AclStore(first.access), new AclStore(second.access)];
      await Promise.all([writer.start(first.signal), reader.start(second.signal)]);
      const may = (): boolean => reader.index.authorize(rules, alice, "Read", "Topic", "orders");
      expect(may()).toBe(false);
      await writer.add(orders, [read]);
      await world.until(second, may);
      const before = second.total();
      expect(may()).toBe(true);
      expect(second.total()).toBe(before);
      await writer.remove(orders, [read]);
      await world.until(second, () => !may());
      expect(may()).toBe(false);
    });
  });

  test("loses no row where two gateways change a list at once", async () => {
    const world = new SecurityWorld();
    await world.run(async () => {
      const processes = [world.start(), world.start()];
      const stores = processes.map(({ access }) => new AclStore(access));
      await Promise.all(stores.map((store, index) => store.add(orders, [{ ...read, host: `10.0.0.${index}` }])));
      const [first] = processes;
      const fresh = new AclStore(first?.access ?? { ...world.start().access });
      await fresh.start(AbortSignal.abort());
      expect([...fresh.bindings()].map(({ host }) => host).toSorted()).toEqual(["10.0.0.0", "10.0.0.1"]);
    });
  });

  test("leaves a list as it is that would become too long", async () => {
    const world = new SecurityWorld();
    await world.run(async () => {
      const process = world.start();
      const store = new AclStore(process.access);
      const many = Array.from({ length: kafkaAclsPerResourceMax }, (_, index) => ({ ...read, host: `h${index}` }));
      expect(await store.add(orders, many)).toBe(true);
      expect(await store.add(orders, [read])).toBe(false);
    });
  });
});

describe("a list's znode", () => {
  test.each([orders, logs, { ...orders, name: "*" }])("stands at a path that says what it is of: %o", (pattern) => {
    expect(parseAclPath(aclPath(pattern))).toEqual(pattern);
  });

  test.each(["/kafka-acl", "/kafka-acl/Topic", "/kafka-acl/Planet/x", "/kafka-acl/Topic/a/b", "/kafka-acl-changes/x"])(
    "does not stand at %s",
    (path) => {
      expect(parseAclPath(path)).toBeUndefined();
    },
  );

  test("cannot be of a resource whose name no znode can have", () => {
    expect(["orders", "*", "a b"].map(isResourceName)).toEqual([true, true, true]);
    expect(["", ".", "..", "a/b", "a\u0000b", "x".repeat(1_001)].some(isResourceName)).toBe(false);
  });

  test("holds no row that is not understood, and denies everything by a denial that is not", () => {
    const rows = [
      { principal: "User:a", permissionType: "Allow", operation: "Fly", host: "*" },
      { principal: "User:a", permissionType: "Deny", operation: "Fly", host: "*" },
      { principal: 1, permissionType: "Allow", operation: "Read", host: "*" },
      null,
    ];
    const data = Buffer.from(JSON.stringify({ version: 1, acls: rows }));
    expect(decodeAcls(data)).toEqual([{ principal: "User:a", permissionType: "Deny", operation: "All", host: "*" }]);
    expect(decodeAcls(Buffer.from("{"))).toEqual([]);
    expect(decodeAcls(null)).toEqual([]);
  });
});

test("with more lists than can be followed only super users may do anything", async () => {
  const world = new SecurityWorld();
  await world.run(async () => {
    const { access, storage, signal } = world.start();
    const options = { sasl: true, acl: "allow", superUsers: ["root"] } as const;
    const security = new GatewaySecurity(access, storage.clock, options);
    await security.start(signal);
    const may = (name: string) => {
      return security.accessOf({ principal: `User:${name}`, host: "::1" }).may("Read", "Topic", "orders");
    };
    expect(may("alice")).toBe(true);
    Object.defineProperty(security.acls, "isCut", { value: true });
    expect([may("alice"), may("root")]).toEqual([false, true]);
  });
});
