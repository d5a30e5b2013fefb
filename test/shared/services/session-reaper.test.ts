import { describe, expect, test } from "vitest";
import { pageItemsMax, reapRetryMs, sessionsAtOnce } from "../../../shared/limits.ts";
import { treeLogId } from "../../../shared/log/log-id.ts";
import type { SessionCredentials } from "../../../shared/services/coordination.ts";
import { StorageCorruptError, StorageUnavailableError } from "../../../shared/storage/errors.ts";
import { sessionKey } from "../../../shared/storage/item-keys.ts";
import { InProcessWakeUps } from "../../../shared/storage/node/in-process-wake-ups.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { namespace, type SessionProcess, SessionWorld } from "./session-world.ts";
import { refusal } from "./topic-process.ts";

const timeoutMs = 5_000;
const hourMs = 3_600_000;

/** A session whose wake-ups are lost. */
async function forgotten(world: SessionWorld): Promise<SessionCredentials> {
  world.store.setFaults({ wakeLost: 1 });
  const session = await world.observer.sessions.create(namespace, { timeoutMs });
  world.store.setFaults({});
  return session;
}

/** A lease whose session the tree has never heard of. */
async function leaseAlone(world: SessionWorld): Promise<void> {
  const creator = world.start({}, (storage) => ({
    ...storage,
    logs: { ...storage.logs, putIfAbsent: () => new Promise(() => {}) },
  }));
  void creator.sessions.create(namespace, { timeoutMs });
  await world.sleep(100);
  creator.process.kill();
}

describe("a look at a session", () => {
  test("does nothing to one that lives but to ask for the next look, when it may be over", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const session = await forgotten(world);
      const delays: number[] = [];
      const worker = world.start({}, (storage) => ({
        ...storage,
        wakeUps: { wake: async (_, delayMs) => void delays.push(delayMs) },
      }));
      const leftMs = Number(world.leases()[0]?.attributes["expiresAtMs"]) - world.store.wallMs();
      await worker.sessions.reap(namespace, session.sessionId);
      expect(delays).toHaveLength(1);
      expect(delays[0]).toBeGreaterThan(leftMs);
      expect(delays[0]).toBeLessThan(leftMs + 500);
      await world.observer.sessions.heartbeat(namespace, session);
    });
  });

  test("does nothing for one that is gone", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const worker = world.start();
      await worker.sessions.reap(namespace, 123n);
      expect(worker.counts()).toEqual({ "items.get": 1 });
      expect(worker.wakeUps()).toBe(0);
    });
  });

  test("finishes at once what another reaper, or the owner, has begun", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const session = await world.observer.sessions.create(namespace, { timeoutMs });
      await world.createEphemeral("/e", session);
      world.store.items.update(sessionKey(namespace, session.sessionId), { set: { state: "closing" } }, []);
      await world.start().sessions.reap(namespace, session.sessionId);
      expect(await world.exists("/e")).toBe(false);
      expect(world.leases()).toEqual([]);
    });
  });

  test("ends it once, however many look, and whatever its owner does meanwhile", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      for (let round = 0; round < 20; round += 1) {
        const session = await forgotten(world);
        await world.createEphemeral("/e", session);
        await world.sleep(timeoutMs + 245 + round / 4);
        const before = (await world.observer.trees.tree(namespace).read()).lastZxid;
        const others = [world.start(), world.start(), world.start()];
        const answers = await Promise.allSettled([
          ...others.map(({ sessions }) => sessions.reap(namespace, session.sessionId)),
          world.start().sessions.close(namespace, session),
          world.start().sessions.heartbeat(namespace, session),
          world.start().sessions.sweep(namespace),
        ]);
        const done = answers.map(({ status }) => status === "fulfilled");
        expect(done).toEqual([true, true, true, false, false, true]);
        await world.observer.sessions.reap(namespace, session.sessionId);
        expect(await world.open()).toEqual([]);
        expect((await world.observer.trees.tree(namespace).read()).lastZxid).toBe(before + 1);
      }
    });
  });

  test("leaves one alone that a heartbeat has extended since it was seen", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const session = await forgotten(world);
      await world.sleep(timeoutMs + 1_000);
      // Its clock is behind by more than clocks should differ: the worst that a heartbeat can meet.
      const late = world.start({ wallSkewMs: -2_000 });
      const worker = world.start({}, (storage) => ({
        ...storage,
        items: {
          ...storage.items,
          get: async (key) => {
            const item = await storage.items.get(key);
            await late.sessions.heartbeat(namespace, session);
            return item;
          },
        },
      }));
      await worker.sessions.reap(namespace, session.sessionId);
      expect(await world.open()).toEqual([session.sessionId]);
      await late.sessions.heartbeat(namespace, session);
      expect(worker.wakeUps()).toBe(1);
    });
  });

  test.each(["timeoutBefore", "timeoutAfter", "timeoutLate"] as const)(
    "reads again what became of its update after a %s, and goes on",
    async (fault) => {
      const world = new SessionWorld();
      await world.run(async () => {
        const session = await forgotten(world);
        await world.createEphemeral("/e", session);
        await world.sleep(timeoutMs + 300);
        world.store.failNext("items.update", fault);
        const worker = world.start();
        await worker.sessions.reap(namespace, session.sessionId);
        expect(await world.exists("/e")).toBe(false);
        expect(world.leases()).toEqual([]);
        expect(worker.wakeUps()).toBe(0);
      });
    },
  );

  test("is had again a little later where the store fails; and asked for once, not also sent back to the queue", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const session = await forgotten(world);
      const worker = world.start();
      for (let times = 1; times <= 5; times += 1) {
        world.store.failNext("items.get", "unavailable");
        await worker.sessions.reap(namespace, session.sessionId);
        expect(worker.wakeUps()).toBe(times);
      }
      // All five are on their way at the same time here; none of them asks for more than one again.
      world.deliverTo(worker);
      await world.sleep(3 * reapRetryMs);
      expect(worker.wakeUps()).toBe(10);
    });
  });

  test("fails where it cannot even ask for another", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const session = await forgotten(world);
      const refused = new StorageUnavailableError("the queue refuses");
      const worker = world.start({}, (storage) => ({
        ...storage,
        wakeUps: { wake: () => Promise.reject(refused) },
      }));
      await expect(worker.sessions.reap(namespace, session.sessionId)).rejects.toBe(refused);
    });
  });

  test("fails where the tree is damaged, which no other look would mend", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const session = await forgotten(world);
      await world.sleep(timeoutMs + 300);
      const worker = world.start({}, (storage) => ({
        ...storage,
        logs: {
          ...storage.logs,
          readFrom: () => Promise.reject(new StorageCorruptError(`${treeLogId(namespace)} is damaged`)),
          readLast: () => Promise.reject(new StorageCorruptError(`${treeLogId(namespace)} is damaged`)),
        },
      }));
      await expect(worker.sessions.reap(namespace, session.sessionId)).rejects.toThrow("is damaged");
      expect(worker.wakeUps()).toBe(0);
    });
  });
});

describe("the sweep", () => {
  test("ends sessions whose wake-up was lost, and leaves those that live", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const dead = await Promise.all(Array.from({ length: 20 }, () => forgotten(world)));
      await world.sleep(timeoutMs - 1_000);
      const live = await forgotten(world);
      await world.sleep(1_300);
      expect(await world.open()).toHaveLength(dead.length + 1);
      await world.start().sessions.sweep(namespace);
      expect(await world.open()).toEqual([live.sessionId]);
      expect(world.leases()).toHaveLength(1);
      await world.observer.sessions.heartbeat(namespace, live);
      for (const session of dead) {
        await refusal(world.observer.sessions.heartbeat(namespace, session), "SESSION_EXPIRED");
      }
    });
  });

  test("ends sessions that have no lease", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const session = await forgotten(world);
      await world.createEphemeral("/e", session);
      world.store.items.delete(sessionKey(namespace, session.sessionId), []);
      await world.start().sessions.sweep(namespace);
      expect(await world.open()).toEqual([]);
      expect(await world.exists("/e")).toBe(false);
    });
  });

  test("leaves a session alone that is opened while it looks", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      await forgotten(world);
      const worker = world.start({}, (storage) => ({
        ...storage,
        items: {
          ...storage.items,
          query: async (partition, options) => {
            const page = await storage.items.query(partition, options);
            await forgotten(world);
            return page;
          },
        },
      }));
      await worker.sessions.sweep(namespace);
      expect(await world.open()).toHaveLength(2);
    });
  });

  test("goes through all pages of leases, a few at the same time, past those that fail", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const count = pageItemsMax + 5;
      await Promise.all(Array.from({ length: count }, () => forgotten(world)));
      await world.sleep(timeoutMs + 300);
      const failing = world.leases()[3]?.key.sort;
      let [running, most] = [0, 0];
      const worker = world.start({}, (storage) => ({
        ...storage,
        items: {
          ...storage.items,
          get: async (key) => {
            most = Math.max(most, (running += 1));
            const item = await storage.items.get(key);
            running -= 1;
            if (key.sort === failing) throw new StorageCorruptError("unreadable");
            return item;
          },
        },
      }));
      await expect(worker.sessions.sweep(namespace)).rejects.toThrow("unreadable");
      expect(await world.open()).toEqual([BigInt(failing ?? 0)]);
      expect(most).toBe(sessionsAtOnce);
      expect(worker.counts()["items.query"]).toBe(2);
    });
  });

  test("keeps the lease of a session that nobody has heard of for the grace period, and no longer", async () => {
    const world = new SessionWorld({ delays: { expiryLateMsMax: 1_000 * hourMs } });
    await world.run(async () => {
      await leaseAlone(world);
      const { graceMs } = world.observer.storage.lifetimes;
      await world.sleep(timeoutMs + 2_000);
      expect(world.leases()).toMatchObject([{ attributes: { state: "closing" } }]);
      // As the schedule does it: more often than the grace period is long.
      for (let hour = 1; hour * hourMs < graceMs; hour += 1) {
        await world.sleep(hourMs);
        await world.observer.sessions.sweep(namespace);
        expect(world.leases()).toHaveLength(1);
      }
      await world.sleep(hourMs);
      await world.observer.sessions.sweep(namespace);
      expect(world.leases()).toEqual([]);
    });
  });

  test("takes up the sessions of a process that is gone with its wake-ups", async () => {
    const world = new SessionWorld();
    await world.run(async () => {
      const start = (): SessionProcess & { readonly own: InProcessWakeUps } => {
        let own: InProcessWakeUps | undefined;
        const process = world.start({}, (storage: Storage) => {
          own = new InProcessWakeUps(storage.clock, storage.timers);
          return { ...storage, wakeUps: own };
        });
        if (own === undefined) throw new Error("no wake-ups");
        own.onWake((duty) => void (duty.kind === "reap" && process.sessions.reap(namespace, BigInt(duty.sessionId))));
        return { ...process, own };
      };
      const first = start();
      const session = await first.sessions.create(namespace, { timeoutMs });
      await world.createEphemeral("/e", session);
      first.own.close();
      first.process.kill();
      const second = start();
      // What it does when it starts; the session lives.
      await second.sessions.sweep(namespace);
      await world.sleep(timeoutMs - 1_000);
      await second.sessions.heartbeat(namespace, session);
      const beatenAtMs = world.nowMs;
      expect((await world.goneAtMs("/e", 60_000)) - beatenAtMs).toBeLessThan(timeoutMs + 2_000);
    });
  });
});
