import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { leaseTriesMax, sessionTimeoutMsMax, sessionTimeoutMsMin } from "../../../shared/limits.ts";
import { clampTimeoutMs, newSessionId, timeoutMsOf } from "../../../shared/services/session-lease.ts";
import { namespace, SessionWorld } from "./session-world.ts";
import { refusal } from "./topic-process.ts";

const timeoutMs = 5_000;
const lost = ["timeoutBefore", "timeoutAfter", "timeoutLate"] as const;

test("an id is positive, below 2^62, and tells the timeout", () => {
  const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
  fc.assert(
    fc.property(uint32, uint32, fc.integer(), (high, low, asked) => {
      const drawn = [high, low];
      const timeout = clampTimeoutMs(asked);
      const id = newSessionId({ uint32: () => drawn.shift() ?? 0, id: () => "" }, timeout);
      expect(id > 0n && id < 2n ** 62n).toBe(true);
      expect(timeoutMsOf(id)).toBe(timeout);
      expect(timeout).toBeGreaterThanOrEqual(sessionTimeoutMsMin);
      expect(timeout).toBeLessThanOrEqual(sessionTimeoutMsMax);
    }),
  );
});

describe("a lost answer", () => {
  test.each(lost)("to the put of a lease is asked for again (%s), and the session is there", async (fault) => {
    const world = new SessionWorld();
    await world.run(async () => {
      world.store.failNext("items.update", fault);
      const session = await world.start().sessions.create(namespace, { timeoutMs });
      await world.observer.sessions.heartbeat(namespace, session);
      expect(await world.open()).toEqual([session.sessionId]);
      expect(world.leases()).toHaveLength(1);
    });
  });

  test.each(lost)("to a heartbeat is asked for again (%s), and counts from then", async (fault) => {
    const world = new SessionWorld();
    await world.run(async () => {
      const session = await world.observer.sessions.create(namespace, { timeoutMs });
      await world.sleep(3_000);
      world.store.failNext("items.update", fault);
      await world.start().sessions.heartbeat(namespace, session);
      const answeredAtMs = world.store.wallMs();
      expect(world.leases()[0]?.attributes["expiresAtMs"]).toBeGreaterThan(answeredAtMs + timeoutMs - 20);
      // Whatever arrives late takes nothing away.
      for (let beat = 0; beat < 6; beat += 1) {
        await world.sleep(timeoutMs - 200);
        await world.observer.sessions.heartbeat(namespace, session);
      }
    });
  });

  test.each(lost)("to the flip of a lease is asked for again (%s), and the session is closed", async (fault) => {
    const world = new SessionWorld();
    await world.run(async () => {
      const session = await world.observer.sessions.create(namespace, { timeoutMs });
      world.store.failNext("items.update", fault);
      await world.start().sessions.close(namespace, session);
      expect(await world.open()).toEqual([]);
      await world.sleep(20_000);
      expect(world.leases()).toEqual([]);
    });
  });

  test.each(["create", "heartbeat", "close"] as const)("is told where none comes: %s", async (call) => {
    const world = new SessionWorld();
    await world.run(async () => {
      const session = await world.observer.sessions.create(namespace, { timeoutMs });
      const { sessions } = world.observer;
      world.store.failNext("items.update", "timeoutBefore", leaseTriesMax);
      const error = await refusal(
        call === "create" ? sessions.create(namespace, { timeoutMs }) : sessions[call](namespace, session),
        "REQUEST_TIMED_OUT",
      );
      expect(error.effect).toBe("unknown");
      await sessions.heartbeat(namespace, session);
    });
  });
});

describe("a heartbeat", () => {
  test("that arrives late takes away nothing that a later one was promised", async () => {
    const world = new SessionWorld({ delays: { lateApplyMsMax: 30_000 } });
    await world.run(async () => {
      for (let round = 0; round < 10; round += 1) {
        const session = await world.observer.sessions.create(namespace, { timeoutMs });
        const before = world.start();
        world.store.failNext("items.update", "timeoutLate");
        void before.sessions.heartbeat(namespace, session).catch(() => {});
        await world.sleep(10);
        before.process.kill();
        for (let beat = 0; beat < 8; beat += 1) {
          await world.sleep(timeoutMs - 100);
          await world.observer.sessions.heartbeat(namespace, session);
        }
      }
    });
  });

  test("by a clock that is behind shortens nothing, and is told that the session lives", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const session = await world.start({ wallSkewMs: 200 }).sessions.create(namespace, { timeoutMs });
      const expiresAtMs = world.leases()[0]?.attributes["expiresAtMs"];
      const behind = world.start({ wallSkewMs: -40 });
      expect(await behind.sessions.heartbeat(namespace, session)).toEqual({ timeoutMs });
      expect(world.leases()[0]?.attributes["expiresAtMs"]).toBe(expiresAtMs);
      expect(behind.counts()).toEqual({ "items.update": 1 });
    });
  });

  test("is refused, with no read more, where the lease is closing or gone", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const session = await world.observer.sessions.create(namespace, { timeoutMs });
      const process = world.start();
      await process.sessions.close(namespace, session);
      process.reset();
      await refusal(process.sessions.heartbeat(namespace, session), "SESSION_EXPIRED");
      expect(process.counts()).toEqual({ "items.update": 1 });
    });
  });
});
