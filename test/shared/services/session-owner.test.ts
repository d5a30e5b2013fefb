import { describe, expect, test } from "vitest";
import { ServiceError } from "../../../shared/api/errors.ts";
import { leaseTriesMax } from "../../../shared/limits.ts";
import type { SessionCredentials } from "../../../shared/services/coordination.ts";
import { namespace, type SessionProcess, SessionWorld } from "./session-world.ts";
import { refusal } from "./topic-process.ts";

const timeoutMs = 5_000;
const [first, second] = [11n, -12n];

/** As who serves the session with the client: what the tree answers, "OK" if it was done. */
async function createIn(
  { trees }: SessionProcess,
  session: SessionCredentials,
  owner: bigint,
  path: string,
): Promise<string> {
  const answer = await trees.tree(namespace).write({
    operations: [{ kind: "create", path, data: null, mode: "ephemeral" }],
    session: { ...session, owner },
  });
  if (answer.kind === "refused") return answer.refusal.code;
  return answer.kind === "done" ? "OK" : answer.kind;
}

describe("a session that is taken over", () => {
  test("obeys the new owner only, from the answer on", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const [one, other] = [world.start(), world.start()];
      const session = await one.sessions.create(namespace, { timeoutMs, owner: first });
      expect(await createIn(one, session, first, "/a")).toBe("OK");
      const { zxid, timeoutMs: given } = await other.sessions.takeOver(namespace, session, second);
      expect(given).toBe(timeoutMs);
      expect((await one.trees.tree(namespace).read()).lastZxid).toBe(zxid);
      expect(await createIn(one, session, first, "/late")).toBe("SESSION_MOVED");
      expect(await createIn(other, session, second, "/b")).toBe("OK");
      await refusal(one.sessions.heartbeat(namespace, session, first), "SESSION_MOVED");
      await refusal(one.sessions.close(namespace, session, first), "SESSION_MOVED");
      await other.sessions.heartbeat(namespace, session, second);
      // Who does not say who it is goes on as before.
      await one.sessions.heartbeat(namespace, session);
      expect(await world.open()).toEqual([session.sessionId]);
      expect(await world.exists("/a")).toBe(true);
      await other.sessions.close(namespace, session, second);
      expect(await world.open()).toEqual([]);
      expect(await world.exists("/a")).toBe(false);
    });
  });

  test("may have been opened without an owner", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const process = world.start();
      const session = await process.sessions.create(namespace, { timeoutMs });
      await refusal(process.sessions.heartbeat(namespace, session, first), "SESSION_MOVED");
      await process.sessions.takeOver(namespace, session, first);
      await process.sessions.heartbeat(namespace, session, first);
      expect(await createIn(process, session, second, "/late")).toBe("SESSION_MOVED");
      await process.sessions.close(namespace, session);
      expect(await world.open()).toEqual([]);
    });
  });

  test("lives for a timeout from then, and not at all if it was over, is closed, or the password is another", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const { sessions } = world.start();
      const session = await sessions.create(namespace, { timeoutMs, owner: first });
      await world.sleep(timeoutMs - 500);
      await refusal(
        sessions.takeOver(namespace, { ...session, password: new Uint8Array(16) }, second),
        "SESSION_EXPIRED",
      );
      await sessions.takeOver(namespace, session, second);
      await world.sleep(timeoutMs - 500);
      await sessions.heartbeat(namespace, session, second);
      await world.sleep(timeoutMs + 10);
      await refusal(sessions.takeOver(namespace, session, first), "SESSION_EXPIRED");
      await world.sleep(5_000);
      await refusal(sessions.takeOver(namespace, session, first), "SESSION_EXPIRED");
      expect(await world.open()).toEqual([]);
      const closed = await sessions.create(namespace, { timeoutMs, owner: first });
      await sessions.close(namespace, closed, first);
      await refusal(sessions.takeOver(namespace, closed, second), "SESSION_EXPIRED");
      await refusal(sessions.heartbeat(namespace, closed, first), "SESSION_EXPIRED");
    });
  });

  test("by a clock that is behind is not shortened", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const session = await world.start({ wallSkewMs: 200 }).sessions.create(namespace, { timeoutMs, owner: first });
      const expiresAtMs = world.leases()[0]?.attributes["expiresAtMs"];
      const behind = world.start({ wallSkewMs: -40 });
      await behind.sessions.takeOver(namespace, session, second);
      expect(world.leases()[0]?.attributes).toMatchObject({ expiresAtMs, owner: second.toString() });
      await behind.sessions.heartbeat(namespace, session, second);
      expect(world.leases()[0]?.attributes).toMatchObject({ expiresAtMs });
    });
  });

  test.each(["timeoutBefore", "timeoutAfter"] as const)(
    "is asked for again where an answer is lost: %s",
    async (fault) => {
      const world = new SessionWorld();
      await world.run(async () => {
        const { sessions } = world.start();
        const session = await sessions.create(namespace, { timeoutMs: 20_000, owner: first });
        world.store.failNext("items.update", fault);
        await sessions.takeOver(namespace, session, second);
        world.store.failNext("items.update", fault);
        await sessions.heartbeat(namespace, session, second);
        world.store.failNext("items.update", "timeoutBefore", leaseTriesMax);
        await refusal(sessions.takeOver(namespace, session, first), "REQUEST_TIMED_OUT");
        await sessions.heartbeat(namespace, session, second);
        world.store.failNext("items.update", fault);
        await sessions.close(namespace, session, second);
        expect(await world.open()).toEqual([]);
      });
    },
  );

  test("at the moment in which its owner closes it is either closed or goes on, for whoever comes second", async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const world = new SessionWorld({ seed });
      await world.run(async () => {
        const [one, other] = [world.start(), world.start()];
        const session = await one.sessions.create(namespace, { timeoutMs, owner: first });
        await world.createEphemeral("/e", session);
        const [closed, taken] = await Promise.all([
          one.sessions.close(namespace, session, first).then(() => "closed", codeOf),
          other.sessions.takeOver(namespace, session, second).then(() => "taken", codeOf),
        ]);
        expect(["closed,SESSION_EXPIRED", "SESSION_MOVED,taken"]).toContain([closed, taken].join());
        expect(await world.exists("/e")).toBe(taken === "taken");
        if (taken === "taken") await other.sessions.heartbeat(namespace, session, second);
      });
    }
  });

  test("is left to the one who took it last, or to nobody until it is taken again", async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const world = new SessionWorld({ seed });
      await world.run(async () => {
        const [one, other] = [world.start(), world.start()];
        const session = await one.sessions.create(namespace, { timeoutMs });
        await Promise.all([
          one.sessions.takeOver(namespace, session, first),
          other.sessions.takeOver(namespace, session, second),
        ]);
        const writes = [await createIn(one, session, first, "/a"), await createIn(other, session, second, "/b")];
        expect(writes.toSorted()).toEqual(["OK", "SESSION_MOVED"]);
        await one.sessions.takeOver(namespace, session, first);
        expect(await createIn(one, session, first, "/c")).toBe("OK");
        expect(await createIn(other, session, second, "/d")).toBe("SESSION_MOVED");
        await one.sessions.heartbeat(namespace, session, first);
      });
    }
  });
});

describe("the requests of a session with an owner", () => {
  test("are as few as without to open, extend and close it; to take it over an update, an append and at most a look", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const [one, other] = [world.start(), world.start()];
      await one.sessions.create(namespace, { timeoutMs });
      await other.trees.tree(namespace).read();
      one.reset();
      const session = await one.sessions.create(namespace, { timeoutMs, owner: first });
      expect(one.counts()).toEqual({ "items.update": 1, "logs.putIfAbsent": 1 });
      await other.trees.tree(namespace).read();
      other.reset();
      await other.sessions.takeOver(namespace, session, second);
      // Whoever has seen others write looks once before it writes: see `Turns`.
      expect(other.counts()).toEqual({ "items.update": 1, "logs.readFrom": 1, "logs.putIfAbsent": 1 });
      const alone = world.start();
      const opened = await alone.sessions.create(namespace, { timeoutMs });
      alone.reset();
      await alone.sessions.takeOver(namespace, opened, first);
      expect(alone.counts()).toEqual({ "items.update": 1, "logs.putIfAbsent": 1 });
      alone.reset();
      await alone.sessions.close(namespace, opened, first);
      expect(alone.counts()).toEqual({ "items.update": 1, "logs.putIfAbsent": 1, "items.delete": 1 });
      other.reset();
      const { zxid } = await other.sessions.takeOver(namespace, session, second);
      expect(zxid).toBe((await other.trees.tree(namespace).read()).lastZxid);
      expect(other.counts()).toEqual({ "items.update": 1, "logs.readFrom": 2 });
      await one.sessions.takeOver(namespace, session, first);
      other.reset();
      await other.sessions.takeOver(namespace, session, second);
      expect(other.counts()).toEqual({ "items.update": 1, "logs.readFrom": 1, "logs.putIfAbsent": 1 });
      other.reset();
      await other.sessions.heartbeat(namespace, session, second);
      expect(other.counts()).toEqual({ "items.update": 1 });
    });
  });
});

function codeOf(cause: unknown): string {
  return cause instanceof ServiceError ? cause.code : String(cause);
}
