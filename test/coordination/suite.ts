/** What coordination promises, on any store, in real time: run on each adapter. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CallContext, SessionCredentials } from "../../shared/services/coordination.ts";
import type { Services } from "../../shared/services/services.ts";
import type { AclList, Identity } from "../../shared/tree/acl.ts";
import { refusal } from "../shared/services/topic-process.ts";

export interface Host {
  readonly services: Services;
  /** The services of another process on the same store; the same where a store has one process only. */
  readonly other: Services;
  close(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array | null): string | null => (data === null ? null : new TextDecoder().decode(data));

export function describeCoordination(name: string, open: () => Promise<Host>): void {
  describe(`coordination on ${name}`, () => {
    let host: Host;
    beforeAll(async () => {
      host = await open();
    }, 60_000);
    afterAll(async () => host?.close());

    let names = 0;
    const base = async (): Promise<string> => {
      const path = `/case-${(names += 1)}`;
      await host.services.znodes.create(anyone, { path, data: null, mode: "persistent" });
      return path;
    };
    const anyone: CallContext = { namespace: "default", identities: [{ scheme: "ip", id: "10.0.0.1" }] };
    const as = (...identities: readonly Identity[]): CallContext => ({ ...anyone, identities });
    const under = (session: SessionCredentials): CallContext => ({ ...anyone, session });
    const open1s = (): Promise<SessionCredentials> => host.services.sessions.create("default", { timeoutMs: 1_000 });
    const create = (path: string, data = "", mode: "persistent" | "ephemeral" | "container" = "persistent") => ({
      path,
      data: bytes(data),
      mode,
    });

    test("a znode is created, read, changed and deleted, by one process and another", async () => {
      const { znodes } = host.services;
      const path = `${await base()}/a`;
      const { stat, zxid } = await znodes.create(anyone, create(path, "one"));
      expect(stat).toMatchObject({ czxid: zxid, mzxid: zxid, version: 0, dataLength: 3, ephemeralOwner: 0n });
      const read = await host.other.znodes.getData(anyone, path);
      expect(text(read.data)).toBe("one");
      expect(read.stat).toEqual(stat);
      const changed = await host.other.znodes.setData(anyone, { path, data: bytes("two"), version: 0 });
      expect(changed.stat).toMatchObject({ version: 1, mzxid: changed.zxid });
      expect((await znodes.getData(anyone, path)).stat).toEqual(changed.stat);
      await refusal(znodes.setData(anyone, { path, data: null, version: 0 }), "BAD_VERSION");
      await refusal(znodes.create(anyone, create(path)), "NODE_EXISTS");
      await refusal(znodes.delete(anyone, { path, version: 0 }), "BAD_VERSION");
      await znodes.delete(anyone, { path, version: 1 });
      await refusal(host.other.znodes.exists(anyone, path), "NO_NODE");
    });

    test("data of almost a MiB comes back as it was", async () => {
      const path = `${await base()}/large`;
      const data = new Uint8Array(1_048_575).map((_, index) => index % 251);
      await host.services.znodes.create(anyone, { path, data, mode: "persistent" });
      expect((await host.other.znodes.getData(anyone, path)).data).toEqual(data);
      const larger = { path, data: new Uint8Array(1_048_576), version: -1 };
      await refusal(host.services.znodes.setData(anyone, larger), "BAD_ARGUMENTS");
    });

    test("a write that is sent again under its key is done once", async () => {
      const { znodes } = host.services;
      const path = await base();
      const request = { path: `${path}/s-`, data: null, mode: "persistent_sequential", idempotencyKey: path } as const;
      const first = await znodes.create(anyone, request);
      expect(await host.other.znodes.create(anyone, request)).toEqual(first);
      expect((await znodes.getChildren(anyone, path, { limit: 10 })).children).toEqual(["s-0000000000"]);
      await refusal(znodes.create(anyone, { ...request, data: bytes("other") }), "BAD_ARGUMENTS");
    });

    test("a multi is done whole or not at all, with ZooKeeper's answer to each operation", async () => {
      const { znodes } = host.services;
      const path = await base();
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
      const { znodes } = host.services;
      const path = await base();
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
      const { znodes } = host.services;
      const path = await base();
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
      const { znodes } = host.services;
      const ann = as({ scheme: "digest", id: "ann:secret" });
      const path = `${await base()}/anns`;
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
      const { znodes, changes } = host.services;
      const path = await base();
      const { zxid: since } = await host.other.changes.changes(anyone, {
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
        const { events } = await host.other.changes.changes(context, {
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
      expect(await hear(anyone, `${path}/a`, false)).toEqual([
        "NodeCreated /a",
        "NodeDataChanged /a",
        "NodeDeleted /a",
      ]);
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
      const path = await base();
      const request = { path, recursive: true, limit: 10 };
      const { zxid: since } = await host.services.changes.changes(anyone, { ...request, waitMs: 0 });
      const waiting = host.services.changes.changes(anyone, { ...request, since, waitMs: 10_000 });
      await sleep(30);
      await host.other.znodes.create(anyone, create(`${path}/late`));
      const { events } = await waiting;
      expect(events).toMatchObject([{ type: "NodeCreated", path: `${path}/late` }]);
    });

    test("ephemerals go when the session is closed, at one zxid", async () => {
      const { znodes, sessions } = host.services;
      const path = await base();
      const session = await open1s();
      await znodes.create(under(session), create(`${path}/a`, "", "ephemeral"));
      await host.other.znodes.create(under(session), create(`${path}/b`, "", "ephemeral"));
      expect((await sessions.describe("default", session)).ephemerals).toEqual([`${path}/a`, `${path}/b`]);
      const { zxid } = await host.other.sessions.close("default", session);
      expect((await znodes.exists(anyone, path)).stat).toMatchObject({ numChildren: 0, pzxid: zxid, cversion: 4 });
      await refusal(sessions.heartbeat("default", session), "SESSION_EXPIRED");
      await refusal(sessions.close("default", session), "SESSION_EXPIRED");
      await refusal(znodes.create(under(session), create(`${path}/c`)), "SESSION_EXPIRED");
      await refusal(znodes.getData(under(session), path), "SESSION_EXPIRED");
    });

    test("a session lives on heartbeats, also through another process, and ends within 2 s of its timeout", async () => {
      const path = await base();
      const session = await open1s();
      await host.services.znodes.create(under(session), create(`${path}/e`, "", "ephemeral"));
      let lastMs = performance.now();
      for (let beat = 0; beat < 6; beat += 1) {
        await sleep(400);
        lastMs = performance.now();
        await (beat % 2 === 0 ? host.services : host.other).sessions.heartbeat("default", session);
      }
      await host.services.znodes.exists(anyone, `${path}/e`);
      const { zxid: since } = await host.services.changes.changes(anyone, {
        path,
        recursive: true,
        limit: 1,
        waitMs: 0,
      });
      const gone = await host.services.changes.changes(anyone, {
        since,
        path,
        recursive: true,
        limit: 1,
        waitMs: 8_000,
      });
      expect(gone.events).toMatchObject([{ type: "NodeDeleted", path: `${path}/e` }]);
      const tookMs = performance.now() - lastMs;
      expect(tookMs).toBeGreaterThan(999);
      expect(tookMs).toBeLessThan(3_000);
      await refusal(host.services.sessions.heartbeat("default", session), "SESSION_EXPIRED");
      await refusal(host.other.znodes.create(under(session), create(`${path}/f`, "", "ephemeral")), "SESSION_EXPIRED");
    });

    test("a password that is not the session's opens nothing", async () => {
      const session = await open1s();
      const thief = { ...session, password: new Uint8Array(16) };
      await refusal(host.services.sessions.heartbeat("default", thief), "SESSION_EXPIRED");
      await refusal(host.services.sessions.close("default", thief), "SESSION_EXPIRED");
      await refusal(host.services.sessions.describe("default", thief), "SESSION_EXPIRED");
      await refusal(host.services.znodes.getData(under(thief), "/"), "SESSION_EXPIRED");
      await host.services.sessions.close("default", session);
    });

    test("a write lock passes from hand to hand, with tokens that grow", async () => {
      const { locks } = host.services;
      const name = `lock-${(names += 1)}`;
      const [one, two] = [await open1s(), await open1s()];
      const first = await locks.acquire(under(one), name, { mode: "write", waitMs: 0 });
      expect(first.acquired).toBe(true);
      expect(await locks.acquire(under(one), name, { mode: "write", waitMs: 0 })).toEqual(first);
      expect(await host.other.locks.acquire(under(two), name, { mode: "write", waitMs: 0 })).toEqual({
        acquired: false,
      });
      expect(await locks.describe(anyone, name)).toMatchObject({ holders: [{ sessionId: one.sessionId }], waiting: 0 });
      const waiting = host.other.locks.acquire(under(two), name, { mode: "write", waitMs: 10_000 });
      await sleep(30);
      await locks.release(under(one), name, {});
      const second = await waiting;
      expect(second.acquired).toBe(true);
      expect(second.fencingToken).toBeGreaterThan(first.fencingToken ?? Infinity);
      await refusal(locks.release(under(one), name, {}), "NO_NODE");
      // The holder's end is the lock's end.
      const third = await locks.acquire(under(await open1s()), name, { mode: "write", waitMs: 10_000 });
      expect(third.fencingToken).toBeGreaterThan(second.fencingToken ?? Infinity);
    });

    test("read locks go together, and a write lock waits for all of them", async () => {
      const { locks } = host.services;
      const name = `lock-${(names += 1)}`;
      const session = await host.services.sessions.create("default", { timeoutMs: 20_000 });
      const acquire = (contenderId: string, mode: "read" | "write", waitMs: number, keepPlace = false) =>
        locks.acquire(under(session), name, { contenderId, mode, waitMs, keepPlace });
      expect((await acquire("r1", "read", 0)).acquired).toBe(true);
      expect((await acquire("r2", "read", 0)).acquired).toBe(true);
      expect((await acquire("w", "write", 0, true)).acquired).toBe(false);
      // Who comes after a writer that waits does not starve it.
      expect((await acquire("r3", "read", 0)).acquired).toBe(false);
      const writing = acquire("w", "write", 10_000, true);
      await locks.release(under(session), name, { contenderId: "r2" });
      await locks.release(under(session), name, { contenderId: "r1" });
      expect((await writing).acquired).toBe(true);
      await refusal(acquire("w", "read", 0), "BAD_ARGUMENTS");
      await host.services.sessions.close("default", session);
    });

    test("the first candidate leads; resigning passes the lead on, and observers hear of it", async () => {
      const { elections } = host.services;
      const name = `election-${(names += 1)}`;
      const [one, two] = [await open1s(), await open1s()];
      const empty = await elections.leader(anyone, name);
      expect(empty).toEqual({ leader: undefined, candidates: 0, since: "0" });
      const first = await elections.campaign(under(one), name, { data: bytes("one"), waitMs: 0 });
      expect(first.leader).toBe(true);
      expect(await elections.campaign(under(two), name, { data: bytes("two"), waitMs: 0 })).toMatchObject({
        leader: false,
      });
      await refusal(elections.proclaim(under(two), name, { data: null }), "FENCED");
      const known = await elections.observe(anyone, name, { since: "0", waitMs: 5_000 });
      expect(known.leader).toMatchObject({ fencingToken: first.fencingToken, sessionId: one.sessionId });
      const proclaimed = host.other.elections.observe(anyone, name, { since: known.since, waitMs: 10_000 });
      await elections.proclaim(under(one), name, { data: bytes("news") });
      const news = await proclaimed;
      expect(text(news.leader?.data ?? null)).toBe("news");
      const followed = host.other.elections.observe(anyone, name, {
        since: String(first.fencingToken),
        waitMs: 10_000,
      });
      const second = host.other.elections.campaign(under(two), name, { waitMs: 10_000 });
      await elections.resign(under(one), name, {});
      expect(await second).toMatchObject({ leader: true });
      expect((await followed).leader).toMatchObject({ sessionId: two.sessionId });
      await refusal(elections.resign(under(one), name, {}), "NO_NODE");
      await refusal(elections.campaign(anyone, name, { waitMs: 0 }), "BAD_ARGUMENTS");
      await refusal(elections.campaign(under(one), "a/b", { waitMs: 0 }), "BAD_ARGUMENTS");
    });

    test("a deposed holder can write nowhere: a multi and a produce with its token are fenced", async () => {
      const { locks, znodes, topics, produce } = host.services;
      const name = `lock-${(names += 1)}`;
      const path = `${await base()}/guarded`;
      await znodes.create(anyone, create(path));
      await topics.create("default", { name, partitions: 1 });
      const session = await host.services.sessions.create("default", { timeoutMs: 20_000 });
      const old = await locks.acquire(under(session), name, { contenderId: "a", mode: "write", waitMs: 0 });
      await locks.release(under(session), name, { contenderId: "a" });
      const now = await locks.acquire(under(session), name, { contenderId: "b", mode: "write", waitMs: 0 });
      const write = (grant: typeof old) =>
        znodes.multi(anyone, {
          operations: [
            { kind: "fence", path: grant.path ?? "", czxid: grant.fencingToken ?? 0 },
            { kind: "setData", path, data: bytes("x"), version: -1 },
          ],
        });
      await write(now);
      await refusal(write(old), "FENCED");
      const record = { key: null, value: bytes("x"), headers: [] };
      const append = (grant: typeof old) =>
        produce.produceRecords({
          namespace: "default",
          topic: name,
          partition: 0,
          records: [record],
          conditions: { fencingToken: grant.fencingToken ?? 0 },
        });
      await append(old);
      await append(now);
      await refusal(append(old), "FENCED");
      await host.services.sessions.close("default", session);
    });

    test("a namespace with a session or a znode stays; an empty one goes, refuses writes, and may come again", async () => {
      const { namespaces, znodes, sessions } = host.services;
      await namespaces.create("team");
      const inTeam: CallContext = { ...anyone, namespace: "team" };
      await znodes.create(inTeam, create("/a"));
      await refusal(namespaces.delete("team"), "NOT_EMPTY");
      await znodes.delete(inTeam, { path: "/a", version: -1 });
      const session = await sessions.create("team", {});
      await refusal(namespaces.delete("team"), "NOT_EMPTY");
      await sessions.close("team", session);
      await host.other.znodes.exists(inTeam, "/");
      await namespaces.delete("team");
      // The other process may take it for there for a few seconds: its tree knows better.
      await refusal(host.other.znodes.create(inTeam, create("/b")), "UNKNOWN_NAMESPACE");
      await namespaces.create("team");
      await host.other.znodes.create(inTeam, create("/b"));
      await znodes.delete(inTeam, { path: "/b", version: -1 });
      await namespaces.delete("team");
    });
  });
}
