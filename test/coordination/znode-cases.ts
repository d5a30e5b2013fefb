import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { CallContext } from "../../shared/services/coordination.ts";
import type { AclList } from "../../shared/tree/acl.ts";
import { refusal } from "../shared/services/topic-process.ts";
import { anyone, as, bytes, create, type Host, newBase, text } from "./host.ts";

/** Znodes, multi, access control and changes. */
export function znodeCases(host: () => Host): void {
  test("a znode is created, read, changed and deleted, by one process and another", async () => {
    const { znodes } = host().services;
    const path = `${await newBase(host())}/a`;
    const { stat, zxid } = await znodes.create(anyone, create(path, "one"));
    expect(stat).toMatchObject({ czxid: zxid, mzxid: zxid, version: 0, dataLength: 3, ephemeralOwner: 0n });
    const read = await host().other.znodes.getData(anyone, path);
    expect(text(read.data)).toBe("one");
    expect(read.stat).toEqual(stat);
    const changed = await host().other.znodes.setData(anyone, { path, data: bytes("two"), version: 0 });
    expect(changed.stat).toMatchObject({ version: 1, mzxid: changed.zxid });
    expect((await znodes.getData(anyone, path)).stat).toEqual(changed.stat);
    await refusal(znodes.setData(anyone, { path, data: null, version: 0 }), "BAD_VERSION");
    await refusal(znodes.create(anyone, create(path)), "NODE_EXISTS");
    await refusal(znodes.delete(anyone, { path, version: 0 }), "BAD_VERSION");
    await znodes.delete(anyone, { path, version: 1 });
    await refusal(host().other.znodes.exists(anyone, path), "NO_NODE");
  });

  test("data of almost a MiB comes back as it was", async () => {
    const path = `${await newBase(host())}/large`;
    const data = new Uint8Array(1_048_575).map((_, index) => index % 251);
    await host().services.znodes.create(anyone, { path, data, mode: "persistent" });
    const found = (await host().other.znodes.getData(anyone, path)).data;
    // As bytes: compared number by number it takes seconds.
    expect(Buffer.compare(found ?? new Uint8Array(), data)).toBe(0);
    const larger = { path, data: new Uint8Array(1_048_576), version: -1 };
    await refusal(host().services.znodes.setData(anyone, larger), "BAD_ARGUMENTS");
  });

  test("a write that is sent again under its key is done once", async () => {
    const { znodes } = host().services;
    const path = await newBase(host());
    const request = { path: `${path}/s-`, data: null, mode: "persistent_sequential", idempotencyKey: path } as const;
    const first = await znodes.create(anyone, request);
    expect(await host().other.znodes.create(anyone, request)).toEqual(first);
    expect((await znodes.getChildren(anyone, path, { limit: 10 })).children).toEqual(["s-0000000000"]);
    await refusal(znodes.create(anyone, { ...request, data: bytes("other") }), "BAD_ARGUMENTS");
  });

  test("a multi is done whole or not at all, with ZooKeeper's answer to each operation", async () => {
    const { znodes } = host().services;
    const path = await newBase(host());
    const done = await znodes.multi(anyone, {
      operations: [
        { kind: "create", ...create(`${path}/a`) },
        { kind: "create", ...create(`${path}/a/b`) },
        { kind: "delete", path: `${path}/a/b`, version: -1 },
        { kind: "setData", path: `${path}/a`, data: bytes("x"), version: 0 },
        { kind: "check", path: `${path}/a`, version: 1 },
      ],
    });
    expect(done.results.map(({ kind }) => kind)).toEqual(["create", "create", "delete", "setData", "check"]);
    const { stat } = await znodes.exists(anyone, `${path}/a`);
    expect(stat).toMatchObject({ czxid: done.zxid, mzxid: done.zxid, pzxid: done.zxid, cversion: 2, version: 1 });
    const error = await refusal(
      znodes.multi(anyone, {
        operations: [
          { kind: "create", ...create(`${path}/c`) },
          { kind: "check", path: `${path}/a`, version: 9 },
          { kind: "delete", path: `${path}/a`, version: -1 },
        ],
      }),
      "BAD_VERSION",
    );
    expect(error.details).toEqual({ operationIndex: 1, results: ["OK", "BAD_VERSION", "RUNTIME_INCONSISTENCY"] });
    await refusal(znodes.exists(anyone, `${path}/c`), "NO_NODE");
  });

  test("a multiRead answers each operation by itself", async () => {
    const { znodes } = host().services;
    const path = await newBase(host());
    await znodes.create(anyone, create(`${path}/a`, "1"));
    const { results } = await znodes.multiRead(anyone, [
      { kind: "getData", path: `${path}/a` },
      { kind: "getData", path: `${path}/gone` },
      { kind: "getChildren", path },
    ]);
    expect(results).toMatchObject([
      { kind: "getData", data: bytes("1") },
      { kind: "error", error: "NO_NODE" },
      { kind: "getChildren", children: ["a"] },
    ]);
  });

  test("children come in pages, and their number at any depth is known", async () => {
    const { znodes } = host().services;
    const path = await newBase(host());
    const operations = Array.from({ length: 25 }, (_, index) => ({
      kind: "create" as const,
      ...create(`${path}/n${String(index).padStart(2, "0")}`),
    }));
    await znodes.multi(anyone, { operations });
    await znodes.create(anyone, create(`${path}/n00/deep`));
    const found: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await znodes.getChildren(anyone, path, {
        limit: 10,
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      found.push(...page.children);
      ({ nextToken } = page);
    } while (nextToken !== undefined);
    expect(found).toEqual(operations.map((operation) => operation.path.slice(path.length + 1)));
    expect((await znodes.countDescendants(anyone, path)).count).toBe(26);
  });

  test("access control lists bind reads and writes, mask digests, and let the superuser through", async () => {
    const { znodes } = host().services;
    const ann = as({ scheme: "digest", id: "ann:secret" });
    const path = `${await newBase(host())}/anns`;
    const acl: AclList = [
      { permissions: 31, scheme: "auth", id: "" },
      { permissions: 1, scheme: "ip", id: "10.0.0.0/8" },
    ];
    await znodes.create(ann, { ...create(path, "x"), acl });
    const bob = as({ scheme: "digest", id: "bob:secret" }, { scheme: "ip", id: "11.0.0.1" });
    for (const read of [
      znodes.getData(bob, path),
      znodes.exists(bob, path),
      znodes.getAcl(bob, path),
      znodes.getChildren(bob, path, { limit: 1 }),
      znodes.countDescendants(bob, path),
    ]) {
      await refusal(read, "NO_AUTH");
    }
    expect((await znodes.multiRead(bob, [{ kind: "getData", path }])).results).toMatchObject([{ error: "NO_AUTH" }]);
    expect((await znodes.getAcl(anyone, path)).acl[0]).toEqual({ permissions: 31, scheme: "digest", id: "ann:x" });
    expect((await znodes.getAcl(ann, path)).acl[0]).toEqual({ permissions: 31, scheme: "digest", id: "ann:secret" });
    await refusal(znodes.setData(anyone, { path, data: null, version: -1 }), "NO_AUTH");
    await refusal(znodes.setAcl(anyone, { path, acl: acl.slice(1), version: -1 }), "NO_AUTH");
    await refusal(znodes.setAcl(anyone, { path, acl, version: -1 }), "INVALID_ACL");
    await refusal(znodes.setAcl(ann, { path, acl: [], version: -1 }), "INVALID_ACL");
    const superuser = as({ scheme: "super", id: "" });
    const { stat } = await znodes.setAcl(superuser, {
      path,
      acl: [{ permissions: 31, scheme: "world", id: "anyone" }],
      version: 0,
    });
    expect(stat.aversion).toBe(1);
    await znodes.setData(bob, { path, data: null, version: -1 });
  });

  test("changes are told once each, in order, by path or for all below it, and only to who may read", async () => {
    const { znodes, changes } = host().services;
    const path = await newBase(host());
    const { zxid: since } = await host().other.changes.changes(anyone, {
      path: "/",
      recursive: true,
      limit: 10,
      waitMs: 0,
    });
    await znodes.create(anyone, create(`${path}/a`));
    await znodes.setData(anyone, { path: `${path}/a`, data: bytes("1"), version: -1 });
    const secret: AclList = [{ permissions: 31, scheme: "digest", id: "ann:1" }];
    await znodes.create(anyone, { ...create(`${path}/secret`), acl: secret });
    await znodes.delete(anyone, { path: `${path}/a`, version: -1 });
    const hear = async (context: CallContext, watched: string, recursive: boolean): Promise<readonly string[]> => {
      const { events } = await host().other.changes.changes(context, {
        since,
        path: watched,
        recursive,
        limit: 100,
        waitMs: 0,
      });
      return events.map(({ type, path: changed }) => `${type} ${changed.slice(path.length)}`);
    };
    expect(await hear(anyone, path, true)).toEqual(["NodeCreated /a", "NodeDataChanged /a", "NodeDeleted /a"]);
    expect(await hear(anyone, path, false)).toEqual(Array.from({ length: 3 }, () => "NodeChildrenChanged "));
    expect(await hear(as({ scheme: "digest", id: "ann:1" }), path, true)).toContain("NodeCreated /secret");
    expect(await hear(anyone, `${path}/a`, false)).toEqual(["NodeCreated /a", "NodeDataChanged /a", "NodeDeleted /a"]);
    // A cursor may stop anywhere; what follows it is the rest.
    const one = await changes.changes(anyone, { since, path, recursive: true, limit: 1, waitMs: 0 });
    expect(one.events).toHaveLength(1);
    const rest = await changes.changes(anyone, { since: one.zxid, path, recursive: true, limit: 100, waitMs: 0 });
    expect(rest.events.map(({ type }) => type)).toEqual(["NodeDataChanged", "NodeDeleted"]);
    const ahead = { since: rest.zxid + 1_000, path, recursive: true, limit: 1, waitMs: 0 };
    expect((await refusal(changes.changes(anyone, ahead), "OFFSET_OUT_OF_RANGE")).details).toMatchObject({
      since: ahead.since,
    });
  });

  test("a long poll ends with the change that it waits for, made by another process", async () => {
    const path = await newBase(host());
    const request = { path, recursive: true, limit: 10 };
    const { zxid: since } = await host().services.changes.changes(anyone, { ...request, waitMs: 0 });
    const waiting = host().services.changes.changes(anyone, { ...request, since, waitMs: 10_000 });
    await sleep(30);
    await host().other.znodes.create(anyone, create(`${path}/late`));
    const { events } = await waiting;
    expect(events).toMatchObject([{ type: "NodeCreated", path: `${path}/late` }]);
  });
}
