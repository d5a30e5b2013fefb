import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { CallContext, SessionCredentials } from "../../shared/services/coordination.ts";
import { refusal } from "../shared/services/topic-process.ts";
import { anyone, bytes, create, type Host, newBase, newName, text, under } from "./host.ts";

const open1s = ({ services }: Host): Promise<SessionCredentials> =>
  services.sessions.create("default", { timeoutMs: 1_000 });

/** Sessions and what hangs on them: ephemerals, locks, elections, namespaces. */
export function sessionCases(host: () => Host): void {
  test("ephemerals go when the session is closed, at one zxid", async () => {
    const { znodes, sessions } = host().services;
    const path = await newBase(host());
    const session = await open1s(host());
    await znodes.create(under(session), create(`${path}/a`, "", "ephemeral"));
    await host().other.znodes.create(under(session), create(`${path}/b`, "", "ephemeral"));
    expect((await sessions.describe("default", session)).ephemerals).toEqual([`${path}/a`, `${path}/b`]);
    const { zxid } = await host().other.sessions.close("default", session);
    expect((await znodes.exists(anyone, path)).stat).toMatchObject({ numChildren: 0, pzxid: zxid, cversion: 4 });
    await refusal(sessions.heartbeat("default", session), "SESSION_EXPIRED");
    await refusal(sessions.close("default", session), "SESSION_EXPIRED");
    await refusal(znodes.create(under(session), create(`${path}/c`)), "SESSION_EXPIRED");
    await refusal(znodes.getData(under(session), path), "SESSION_EXPIRED");
  });

  test("a password that is not the session's opens nothing", async () => {
    const session = await open1s(host());
    const thief = { ...session, password: new Uint8Array(16) };
    await refusal(host().services.sessions.heartbeat("default", thief), "SESSION_EXPIRED");
    await refusal(host().services.sessions.close("default", thief), "SESSION_EXPIRED");
    await refusal(host().services.sessions.describe("default", thief), "SESSION_EXPIRED");
    await refusal(host().services.znodes.getData(under(thief), "/"), "SESSION_EXPIRED");
    await host().services.sessions.close("default", session);
  });

  test("read locks go together, and a write lock waits for all of them", async () => {
    const { locks } = host().services;
    const name = newName("lock");
    const session = await host().services.sessions.create("default", { timeoutMs: 20_000 });
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
    await host().services.sessions.close("default", session);
  });

  test("the first candidate leads; resigning passes the lead on, and observers hear of it", async () => {
    const { elections } = host().services;
    const name = newName("election");
    const [one, two] = [await open1s(host()), await open1s(host())];
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
    const proclaimed = host().other.elections.observe(anyone, name, { since: known.since, waitMs: 10_000 });
    await elections.proclaim(under(one), name, { data: bytes("news") });
    const news = await proclaimed;
    expect(text(news.leader?.data ?? null)).toBe("news");
    const followed = host().other.elections.observe(anyone, name, {
      since: String(first.fencingToken),
      waitMs: 10_000,
    });
    const second = host().other.elections.campaign(under(two), name, { waitMs: 10_000 });
    await elections.resign(under(one), name, {});
    expect(await second).toMatchObject({ leader: true });
    expect((await followed).leader).toMatchObject({ sessionId: two.sessionId });
    await refusal(elections.resign(under(one), name, {}), "NO_NODE");
    await refusal(elections.campaign(anyone, name, { waitMs: 0 }), "BAD_ARGUMENTS");
    await refusal(elections.campaign(under(one), "a/b", { waitMs: 0 }), "BAD_ARGUMENTS");
  });

  test("a deposed holder can write nowhere: a multi and a produce with its token are fenced", async () => {
    const { locks, znodes, topics, produce } = host().services;
    const name = newName("lock");
    const path = `${await newBase(host())}/guarded`;
    await znodes.create(anyone, create(path));
    await topics.create("default", { name, partitions: 1 });
    const session = await host().services.sessions.create("default", { timeoutMs: 20_000 });
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
    await host().services.sessions.close("default", session);
  });

  test("a namespace with a session or a znode stays; an empty one goes, refuses writes, and may come again", async () => {
    const { namespaces, znodes, sessions } = host().services;
    await namespaces.create("team");
    const inTeam: CallContext = { ...anyone, namespace: "team" };
    await znodes.create(inTeam, create("/a"));
    await refusal(namespaces.delete("team"), "NOT_EMPTY");
    await znodes.delete(inTeam, { path: "/a", version: -1 });
    const session = await sessions.create("team", {});
    await refusal(namespaces.delete("team"), "NOT_EMPTY");
    await sessions.close("team", session);
    await host().other.znodes.exists(inTeam, "/");
    await namespaces.delete("team");
    // The other process may take it for there for a few seconds: its tree knows better.
    await refusal(host().other.znodes.create(inTeam, create("/b")), "UNKNOWN_NAMESPACE");
    await namespaces.create("team");
    await host().other.znodes.create(inTeam, create("/b"));
    await znodes.delete(inTeam, { path: "/b", version: -1 });
    await namespaces.delete("team");
  });

  // These and the first of the groups wait for time to pass: together.
  test.concurrent("a session lives on heartbeats, also through another process, and ends within 2 s of its timeout", async () => {
    const path = await newBase(host());
    const session = await open1s(host());
    await host().services.znodes.create(under(session), create(`${path}/e`, "", "ephemeral"));
    let lastMs = performance.now();
    for (let beat = 0; beat < 6; beat += 1) {
      await sleep(400);
      lastMs = performance.now();
      await (beat % 2 === 0 ? host().services : host().other).sessions.heartbeat("default", session);
    }
    await host().services.znodes.exists(anyone, `${path}/e`);
    const { zxid: since } = await host().services.changes.changes(anyone, {
      path,
      recursive: true,
      limit: 1,
      waitMs: 0,
    });
    const gone = await host().services.changes.changes(anyone, {
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
    await refusal(host().services.sessions.heartbeat("default", session), "SESSION_EXPIRED");
    await refusal(host().other.znodes.create(under(session), create(`${path}/f`, "", "ephemeral")), "SESSION_EXPIRED");
  });

  test.concurrent("a write lock passes from hand to hand, with tokens that grow", async () => {
    const { locks } = host().services;
    const name = newName("lock");
    const [one, two] = [await open1s(host()), await open1s(host())];
    const first = await locks.acquire(under(one), name, { mode: "write", waitMs: 0 });
    expect(first.acquired).toBe(true);
    expect(await locks.acquire(under(one), name, { mode: "write", waitMs: 0 })).toEqual(first);
    expect(await host().other.locks.acquire(under(two), name, { mode: "write", waitMs: 0 })).toEqual({
      acquired: false,
    });
    expect(await locks.describe(anyone, name)).toMatchObject({ holders: [{ sessionId: one.sessionId }], waiting: 0 });
    const waiting = host().other.locks.acquire(under(two), name, { mode: "write", waitMs: 10_000 });
    await sleep(30);
    await locks.release(under(one), name, {});
    const second = await waiting;
    expect(second.acquired).toBe(true);
    expect(second.fencingToken).toBeGreaterThan(first.fencingToken ?? Infinity);
    await refusal(locks.release(under(one), name, {}), "NO_NODE");
    // The holder's end is the lock's end.
    const third = await locks.acquire(under(await open1s(host())), name, { mode: "write", waitMs: 10_000 });
    expect(third.fencingToken).toBeGreaterThan(second.fencingToken ?? Infinity);
  });
}
