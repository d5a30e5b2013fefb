import { describe, expect, test } from "vitest";
import type { SessionCredentials } from "../../../shared/services/coordination.ts";
import { sessionTimeoutMsDefault, sessionTimeoutMsMax, sessionTimeoutMsMin } from "../../../shared/limits.ts";
import { namespaceKey, sessionKey } from "../../../shared/storage/item-keys.ts";
import { namespace, SessionWorld } from "./session-world.ts";
import { refusal } from "./topic-process.ts";

const timeoutMs = 5_000;
const hourMs = 3_600_000;

describe("a session", () => {
  test.each([
    [undefined, sessionTimeoutMsDefault],
    [1, sessionTimeoutMsMin],
    [1_234.9, 1_234],
    [9_999_999, sessionTimeoutMsMax],
  ])("that asks for a timeout of %s ms gets %i", async (asked, given) => {
    const world = new SessionWorld();
    await world.run(async () => {
      const { sessions } = world.start();
      const session = await sessions.create(namespace, asked === undefined ? {} : { timeoutMs: asked });
      expect(session).toMatchObject({ timeoutMs: given, password: { length: 16 } });
      expect(session.sessionId).toBeGreaterThan(0n);
      expect(session.sessionId).toBeLessThan(2n ** 62n);
      expect(await sessions.heartbeat(namespace, session)).toEqual({ timeoutMs: given });
      expect(await sessions.describe(namespace, session)).toMatchObject({ timeoutMs: given, ephemerals: [] });
    });
  });

  test.each([1_000, 1_999, timeoutMs, 10_001])(
    "with a timeout of %i ms ends within 2 s of it, and not before",
    async (timeout) => {
      const world = new SessionWorld();
      await world.run(async () => {
        const session = await world.start().sessions.create(namespace, { timeoutMs: timeout });
        await world.createEphemeral("/e", session);
        const beatenAtMs = world.nowMs;
        await world.observer.sessions.heartbeat(namespace, session);
        const lateMs = (await world.goneAtMs("/e", 60_000)) - beatenAtMs - timeout;
        expect(lateMs).toBeGreaterThan(0);
        expect(lateMs).toBeLessThan(2_000);
        await refusal(world.observer.sessions.heartbeat(namespace, session), "SESSION_EXPIRED");
        await refusal(world.observer.sessions.close(namespace, session), "SESSION_EXPIRED");
        await refusal(world.observer.sessions.describe(namespace, session), "SESSION_EXPIRED");
        expect(world.leases()).toEqual([]);
      });
    },
  );

  test("lives as long as it is heard of, through any process, and is over soon after that", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const [one, other] = [world.start({ wallSkewMs: 120 }), world.start({ wallSkewMs: -120 })];
      const session = await one.sessions.create(namespace, { timeoutMs });
      await world.createEphemeral("/e", session);
      for (let beat = 0; beat < 40; beat += 1) {
        await world.sleep(timeoutMs - 500);
        await (beat % 2 === 0 ? one : other).sessions.heartbeat(namespace, session);
      }
      expect(await world.exists("/e")).toBe(true);
      const beatenAtMs = world.nowMs;
      expect((await world.goneAtMs("/e", 60_000)) - beatenAtMs).toBeLessThan(timeoutMs + 2_000);
    });
  });

  test("is taken up by a process that has never heard of it", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const first = world.start();
      const session = await first.sessions.create(namespace, { timeoutMs });
      first.process.kill();
      const second = world.start();
      expect(await second.sessions.heartbeat(namespace, session)).toEqual({ timeoutMs });
      await world.createEphemeral("/e", session);
      expect(await second.sessions.describe(namespace, session)).toMatchObject({ ephemerals: ["/e"] });
    });
  });

  test("is not extended once its time is over, even before it is ended", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      world.store.onWake(() => {});
      const session = await world.observer.sessions.create(namespace, { timeoutMs });
      await world.sleep(timeoutMs);
      await refusal(world.observer.sessions.heartbeat(namespace, session), "SESSION_EXPIRED");
      await refusal(world.observer.sessions.close(namespace, session), "SESSION_EXPIRED");
      expect(await world.open()).toEqual([session.sessionId]);
    });
  });

  test("opens to nothing but its own password", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const { sessions } = world.observer;
      const session = await sessions.create(namespace, { timeoutMs });
      const password = session.password.with(15, (session.password[15] ?? 0) ^ 1);
      const strangers: readonly SessionCredentials[] = [
        { ...session, password },
        { ...session, password: new Uint8Array(0) },
        { ...session, sessionId: session.sessionId + 1n },
      ];
      for (const stranger of strangers) {
        await refusal(sessions.heartbeat(namespace, stranger), "SESSION_EXPIRED");
        await refusal(sessions.close(namespace, stranger), "SESSION_EXPIRED");
        await refusal(sessions.describe(namespace, stranger), "SESSION_EXPIRED");
      }
      await sessions.heartbeat(namespace, session);
    });
  });

  test("takes all its ephemerals with it at one zxid when it is closed, and is closed once", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const { sessions } = world.observer;
      const session = await sessions.create(namespace, { timeoutMs });
      for (const path of ["/a", "/b", "/c"]) await world.createEphemeral(path, session);
      const { zxid } = await world.start().sessions.close(namespace, session);
      const tree = await world.observer.trees.tree(namespace).read();
      expect(tree.lastZxid).toBe(zxid);
      expect(["/a", "/b", "/c"].filter((path) => tree.node(path) !== undefined)).toEqual([]);
      expect(world.leases()).toEqual([]);
      await refusal(sessions.close(namespace, session), "SESSION_EXPIRED");
      await refusal(sessions.heartbeat(namespace, session), "SESSION_EXPIRED");
    });
  });

  // Found by simulation (world, seeds 12 and 811): it was told that its close had no effect.
  test("is not said to have been over before, where a reaper has finished its close", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const { sessions } = world.start();
      const session = await sessions.create(namespace, { timeoutMs });
      world.store.failNext("items.update", "timeoutAfter");
      const closing = sessions.close(namespace, session).catch((cause: unknown) => cause);
      await world.sleep(500);
      await world.observer.sessions.reap(namespace, session.sessionId);
      expect(await closing).toMatchObject({ code: "SESSION_EXPIRED", effect: "unknown" });
      expect(await world.open()).toEqual([]);
    });
  });

  test("is closed although its lease cannot be deleted then: its wake-up does that", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const session = await world.observer.sessions.create(namespace, { timeoutMs });
      world.store.failNext("items.delete", "unavailable");
      expect((await world.observer.sessions.close(namespace, session)).zxid).toBeGreaterThan(0);
      expect(world.leases()).toHaveLength(1);
      await world.sleep(timeoutMs + 2_000);
      expect(world.leases().map(({ attributes }) => attributes["state"])).not.toContain("live");
    });
  });

  test.each(["create", "heartbeat", "close", "describe"] as const)(
    "%s needs a namespace that is there",
    async (call) => {
      const world = new SessionWorld();
      await world.run(async () => {
        const { sessions } = world.observer;
        const session = await sessions.create(namespace, { timeoutMs });
        for (const none of ["none", "No Name", ""]) {
          await refusal(
            call === "create" ? sessions.create(none, {}) : sessions[call](none, session),
            "UNKNOWN_NAMESPACE",
          );
        }
      });
    },
  );

  test("is given another id where one is taken", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const process = world.start();
      const { sessionId } = await process.sessions.create(namespace, { timeoutMs });
      // The random numbers that made the id, once more.
      const [high, low] = [Number(sessionId >> 30n), Number((sessionId >> 20n) & 0x3ffn)];
      const again = [high, low];
      const { random } = process.storage;
      const repeating = world.start({}, (storage) => ({
        ...storage,
        random: { uint32: () => again.shift() ?? random.uint32(), id: () => random.id() },
      }));
      const other = await repeating.sessions.create(namespace, { timeoutMs });
      expect(other.sessionId).not.toBe(sessionId);
      expect(new Set(await world.open())).toEqual(new Set([sessionId, other.sessionId]));
    });
  });
});

describe("the requests of a session", () => {
  test("are one conditional update for each heartbeat, cold or warm, in any namespace", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      for (const name of [namespace, "team"]) {
        if (name !== namespace) world.store.items.update(namespaceKey(name), { set: { createdAtMs: 0 } }, []);
        const session = await world.observer.sessions.create(name, { timeoutMs });
        const process = world.start();
        for (let beat = 1; beat <= 3; beat += 1) {
          await process.sessions.heartbeat(name, session);
          expect(process.counts()).toEqual({ "items.update": beat });
        }
        expect(process.wakeUps()).toBe(0);
      }
    });
  });

  test("are a lease, a wake-up and an append to open it, and as few to close it", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const process = world.start();
      await process.sessions.create(namespace, { timeoutMs });
      process.reset();
      const session = await process.sessions.create(namespace, { timeoutMs });
      expect(process.counts()).toEqual({ "items.update": 1, "logs.putIfAbsent": 1 });
      expect(process.wakeUps()).toBe(2);
      process.reset();
      await process.sessions.close(namespace, session);
      expect(process.counts()).toEqual({ "items.update": 1, "logs.putIfAbsent": 1, "items.delete": 1 });
      expect(process.wakeUps()).toBe(2);
    });
  });

  test("are one read and one wake-up for each look at a session that lives", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const worker = world.start();
      world.deliverTo(worker);
      const session = await world.observer.sessions.create(namespace, { timeoutMs });
      for (let beat = 0; beat < 30; beat += 1) {
        await world.sleep(1_000);
        await world.observer.sessions.heartbeat(namespace, session);
      }
      const looks = worker.counts()["items.get"] ?? 0;
      expect(looks).toBeGreaterThanOrEqual(5);
      expect(looks).toBeLessThanOrEqual(8);
      expect(worker.counts()).toEqual({ "items.get": looks });
      expect(worker.wakeUps()).toBe(looks);
    });
  });

  test("are none, and nothing waits, while there is no session", async () => {
    const world = new SessionWorld();
    let session: SessionCredentials | undefined;
    await world.run(async () => {
      session = await world.observer.sessions.create(namespace, { timeoutMs });
      await world.observer.sessions.close(namespace, session);
      await world.observer.sessions.create(namespace, { timeoutMs });
      await world.sleep(20_000);
      expect(await world.open()).toEqual([]);
    });
    const { events } = world.store.time;
    const requests = world.observer.total();
    await world.store.time.advance(24 * hourMs);
    expect(world.store.time.events).toBe(events);
    expect(world.observer.total()).toBe(requests);
    expect(world.store.items.get(sessionKey(namespace, session?.sessionId ?? 0n))).toBeUndefined();
  });
});
