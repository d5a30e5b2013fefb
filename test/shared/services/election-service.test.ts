import { describe, expect, test } from "vitest";
import type { CallContext } from "../../../shared/services/coordination.ts";
import { anyone, bytes, isSettled, type LineProcess, LineWorld, namespace } from "./line-world.ts";
import { refusal } from "./topic-process.ts";

type Campaign = Parameters<LineProcess["elections"]["campaign"]>[2];

const longMs = 20_000;

function campaign(
  { elections }: LineProcess,
  context: CallContext,
  request: Partial<Campaign> = {},
): ReturnType<LineProcess["elections"]["campaign"]> {
  return elections.campaign(context, "head", { waitMs: 0, ...request });
}

describe("an election", () => {
  test("without rivals is one query and one put; to proclaim and to resign are one put each", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const server = world.start();
      const context = await world.session();
      await server.znodes.exists(anyone, "/");
      for (const sequence of ["0000000000", "0000000001"]) {
        server.reset();
        const term = await campaign(server, context, { data: bytes("host:1") });
        expect(server.counts()).toEqual({ "logs.readFrom": 1, "logs.putIfAbsent": 1 });
        const candidate = `/elections/head/candidate-${context.session?.sessionId.toString(36)}-${sequence}`;
        const { data, stat } = await world.observer.znodes.getData(anyone, candidate);
        expect(data).toEqual(bytes("host:1"));
        expect(term).toEqual({ leader: true, candidate, fencingToken: stat.czxid });
        server.reset();
        expect(await server.elections.proclaim(context, "head", { data: bytes("host:2") })).toEqual({
          fencingToken: stat.czxid,
        });
        await server.elections.resign(context, "head", {});
        expect(server.counts()).toEqual({ "logs.putIfAbsent": 2 });
      }
    });
  });

  test("is won in the order of the candidacies, with tokens that grow; who does not win in time stays a candidate", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const servers = [world.start(), world.start()] as const;
      const contexts: CallContext[] = [];
      const tokens: number[] = [];
      for (let index = 0; index < 6; index += 1) {
        const context = await world.session();
        contexts.push(context);
        const { leader, candidate } = await campaign(servers[index % 2] ?? servers[0], context, { waitMs: 200 });
        expect(leader).toBe(index === 0);
        expect(candidate).toMatch(new RegExp(`-00000000${String(index).padStart(2, "0")}$`));
      }
      for (const [index, context] of contexts.entries()) {
        const { leader, candidates } = await servers[0].elections.leader(anyone, "head");
        expect(leader?.sessionId).toBe(context.session?.sessionId);
        expect(candidates).toBe(6 - index);
        // Through whichever process: the place is the contender's.
        const term = await campaign(servers[(index + 1) % 2] ?? servers[0], context, { waitMs: longMs });
        expect(term).toEqual({ leader: true, candidate: leader?.path, fencingToken: leader?.fencingToken });
        tokens.push(term.fencingToken ?? 0);
        await (index % 2 === 0 ? world.close(context) : servers[0].elections.resign(context, "head", {}));
      }
      expect(tokens).toEqual([...new Set(tokens)].toSorted((one, other) => one - other));
      expect(await servers[1].elections.leader(anyone, "head")).toEqual({
        leader: undefined,
        candidates: 0,
        since: "0",
      });
    });
  });

  test("passes to the next when the leader's session expires, within 2 s of its timeout", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const server = world.start();
      await campaign(server, await world.session(3_000));
      const fromMs = world.nowMs;
      const next = await campaign(world.start(), await world.session(), { waitMs: longMs });
      expect(next.leader).toBe(true);
      expect(world.nowMs - fromMs).toBeLessThan(5_000);
    });
  });

  test("tells the candidates of one session apart, keeps what the first call said, and takes no two places", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const [server, other] = [world.start(), world.start()];
      const context = await world.session();
      const a = await campaign(server, context, { contenderId: "a", data: bytes("one") });
      const b = campaign(other, context, { contenderId: "b", waitMs: longMs });
      await world.sleep(100);
      expect(await campaign(other, context, { contenderId: "a", data: bytes("two") })).toEqual(a);
      const { leader, candidates } = await other.elections.leader(anyone, "head");
      expect(leader?.data).toEqual(bytes("one"));
      expect(candidates).toBe(2);
      for (const { elections } of [server, other]) {
        await refusal(elections.proclaim(context, "head", { contenderId: "b", data: null }), "FENCED");
      }
      await server.elections.resign(context, "head", { contenderId: "a" });
      expect(await b).toMatchObject({ leader: true });
      await refusal(server.elections.resign(context, "head", { contenderId: "a" }), "NO_NODE");
      await refusal(server.elections.resign(context, "head", {}), "NO_NODE");
    });
  });

  test("takes a session, its password, a name and a contender's id that are valid", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const server = world.start();
      const { elections } = server;
      const context = await world.session();
      if (context.session === undefined) throw new Error("there is no session");
      const thief = { ...context, session: { ...context.session, password: new Uint8Array(16) } };
      await refusal(campaign(server, anyone), "BAD_ARGUMENTS");
      await refusal(campaign(server, thief), "SESSION_EXPIRED");
      await campaign(server, context);
      await refusal(elections.proclaim(thief, "head", { data: null }), "SESSION_EXPIRED");
      await refusal(elections.resign(thief, "head", {}), "SESSION_EXPIRED");
      await refusal(elections.leader(thief, "head"), "SESSION_EXPIRED");
      await refusal(elections.observe(thief, "head", { waitMs: 0 }), "SESSION_EXPIRED");
      await refusal(campaign(server, context, { contenderId: "a.b" }), "BAD_ARGUMENTS");
      for (const name of ["", "..", "a/b", "x".repeat(129)]) {
        await refusal(elections.campaign(context, name, { waitMs: 0 }), "BAD_ARGUMENTS");
        await refusal(elections.leader(anyone, name), "BAD_ARGUMENTS");
        await refusal(elections.observe(anyone, name, { waitMs: 0 }), "BAD_ARGUMENTS");
      }
      await world.close(context);
      await refusal(campaign(server, context), "SESSION_EXPIRED");
    });
  });
});

describe("a leader that was deposed", () => {
  test("can proclaim nothing, even where its process has not heard of it", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const [server, other] = [world.start(), world.start()];
      const [one, two] = [await world.session(), await world.session()];
      const { candidate } = await campaign(server, one);
      await campaign(other, two);
      await other.znodes.delete(anyone, { path: candidate, version: -1 });
      await refusal(server.elections.proclaim(one, "head", { data: bytes("late") }), "FENCED");
      await refusal(server.elections.proclaim(one, "head", { data: bytes("late") }), "NO_NODE");
      await other.elections.proclaim(two, "head", { data: bytes("mine") });
      expect((await server.elections.leader(anyone, "head")).leader?.data).toEqual(bytes("mine"));
      await world.close(two);
      await refusal(other.elections.proclaim(two, "head", { data: bytes("later") }), "SESSION_EXPIRED");
    });
  });

  test("can produce nothing once the next one has", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const [server, other] = [world.start(), world.start()];
      await server.topics.create(namespace, { name: "orders", partitions: 1 });
      const append = ({ produce }: LineProcess, fencingToken = 0) =>
        produce.produceRecords({
          namespace,
          topic: "orders",
          partition: 0,
          records: [{ key: null, value: bytes("x"), headers: [] }],
          conditions: { fencingToken },
        });
      const old = await campaign(server, await world.session(2_000));
      expect((await append(server, old.fencingToken)).baseOffset).toBe(0);
      server.process.freeze(5_000);
      const now = await campaign(other, await world.session(), { waitMs: longMs });
      expect((await append(other, now.fencingToken)).baseOffset).toBe(1);
      const { details } = await refusal(append(server, old.fencingToken), "FENCED");
      expect(details).toEqual({ fencingToken: now.fencingToken });
      expect((await append(server, now.fencingToken)).baseOffset).toBe(2);
    });
  });
});

describe("whoever observes an election", () => {
  test("hears of the first leader, of what it proclaims, of the next one, and of there being none", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const [server, other] = [world.start(), world.start()];
      const [one, two] = [await world.session(), await world.session()];
      const observe = (since?: string) =>
        other.elections.observe(anyone, "head", { waitMs: longMs, ...(since === undefined ? {} : { since }) });
      const nobody = await observe();
      expect(nobody).toEqual({ leader: undefined, since: "0" });
      const first = observe(nobody.since);
      await world.sleep(500);
      expect(await isSettled(world, first)).toBe(false);
      const term = await campaign(server, one, { data: bytes("a") });
      const elected = await first;
      expect(elected).toEqual({
        leader: {
          path: term.candidate,
          fencingToken: term.fencingToken,
          data: bytes("a"),
          sessionId: one.session?.sessionId,
        },
        since: `${term.fencingToken}-0`,
      });
      const news = observe(elected.since);
      // Whoever only asks for another leader is not told.
      const another = observe(String(term.fencingToken));
      await campaign(server, two);
      await world.sleep(500);
      expect(await isSettled(world, news)).toBe(false);
      await server.elections.proclaim(one, "head", { data: bytes("b") });
      expect(await news).toMatchObject({ leader: { data: bytes("b") }, since: `${term.fencingToken}-1` });
      await world.sleep(500);
      expect(await isSettled(world, another)).toBe(false);
      await server.elections.resign(one, "head", {});
      const next = await another;
      expect(next.leader).toMatchObject({ sessionId: two.session?.sessionId });
      const gone = observe(next.since);
      await world.close(two);
      expect(await gone).toEqual({ leader: undefined, since: "0" });
    });
  });

  test("is told at once where it is behind, and what it knows when the time is over or it hangs up", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const server = world.start();
      const { elections } = server;
      const { fencingToken } = await campaign(server, await world.session());
      const known = `${fencingToken}-0`;
      for (const since of ["0", "1", "1-7", `${fencingToken}-1`]) {
        const startMs = world.nowMs;
        expect((await elections.observe(anyone, "head", { since, waitMs: longMs })).since).toBe(known);
        expect(world.nowMs - startMs).toBeLessThan(100);
      }
      const startMs = world.nowMs;
      expect((await elections.observe(anyone, "head", { since: known, waitMs: 2_000 })).since).toBe(known);
      expect(world.nowMs - startMs).toBeGreaterThanOrEqual(2_000);
      const hungUp = new AbortController();
      const { signal } = hungUp;
      const waiting = elections.observe(anyone, "head", { since: known, waitMs: longMs, signal });
      await world.sleep(100);
      hungUp.abort();
      expect((await waiting).since).toBe(known);
      expect(world.nowMs - startMs).toBeLessThan(3_000);
      for (const since of ["", "-1", "x", "1-", "1-2-3", "9".repeat(17)]) {
        await refusal(elections.observe(anyone, "head", { since, waitMs: 0 }), "BAD_ARGUMENTS");
      }
    });
  });

  test("needs READ where the election is", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const { elections, znodes } = world.start();
      const owner = { scheme: "digest", id: "owner:x" };
      const own = { ...(await world.session()), identities: [owner] };
      await elections.campaign(own, "head", { waitMs: 0 });
      const acl = [{ permissions: 31, ...owner }];
      await znodes.setAcl(own, { path: "/elections/head", acl, version: -1 });
      await refusal(elections.leader(anyone, "head"), "NO_AUTH");
      await refusal(elections.observe(anyone, "head", { waitMs: 0 }), "NO_AUTH");
      expect((await elections.leader(own, "head")).candidates).toBe(1);
    });
  });
});
