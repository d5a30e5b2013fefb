/** Waiting in line: who is woken, and what is granted when the store does not answer. */
import { describe, expect, test } from "vitest";
import type { LockMode } from "../../../shared/services/coordination.ts";
import type { RequestFault } from "../../../shared/storage/memory/faults.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { acquire, type Grant, hold, holder, parent, release } from "./line-calls.ts";
import { anyone, isSettled, LineWorld } from "./line-world.ts";
import { refusal } from "./topic-process.ts";

/** Counts the waits for something to happen in a tree: no other sleep is as long. */
function countWaits(): { readonly wrap: (storage: Storage) => Storage; readonly waits: () => number } {
  let waits = 0;
  const wrap = (storage: Storage): Storage => ({
    ...storage,
    timers: {
      sleep: (ms, signal) => {
        if (ms > 5_000) waits += 1;
        return storage.timers.sleep(ms, signal);
      },
    },
  });
  return { wrap, waits: () => waits };
}
describe("of those who wait", () => {
  test("a release wakes the next, and nobody else", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const { wrap, waits } = countWaits();
      const server = world.start({}, wrap);
      const held = await holder(world);
      const context = await world.session();
      const waiting = Array.from({ length: 100 }, (_, index) => acquire(server, context, { contenderId: `c${index}` }));
      await world.until(async () => (await world.line(parent)).length === 101);
      await world.sleep(2_000);
      expect(waits()).toBe(100);
      server.reset();
      await held.release();
      await Promise.race(waiting);
      // What the release was: seen by the loop that all of them share, and looked at again by who is granted.
      expect(server.total()).toBeLessThanOrEqual(3);
      await world.sleep(2_000);
      expect(waits()).toBe(100);
      const granted: string[] = [];
      for (const [index, one] of waiting.entries()) {
        if (await isSettled(world, one)) granted.push(`c${index}`);
      }
      expect(granted).toHaveLength(1);
      // One in the middle who leaves wakes the one behind it, which waits again for the one before.
      const [, , third = "", fourth = ""] = await world.line(parent);
      await release(world.observer, context, /c\d+/.exec(third)?.[0]);
      await world.sleep(2_000);
      expect(waits()).toBe(101);
      expect(await world.line(parent)).toContain(fourth);
      await world.close(context);
      const results = await Promise.allSettled(waiting);
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    });
  });

  test("the end of a writer wakes all readers behind it, and the end of a reader none of them", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const { wrap, waits } = countWaits();
      const server = world.start({}, wrap);
      const held = await holder(world);
      const context = await world.session();
      const ask = async (contenderId: string, mode: LockMode): Promise<Grant> => {
        const grant = acquire(server, context, { contenderId, mode });
        await world.sleep(50);
        return await grant;
      };
      const readers = Promise.all([ask("r1", "read"), ask("r2", "read"), ask("r3", "read")]);
      await world.sleep(100);
      const writer = ask("w", "write");
      await world.sleep(100);
      const last = ask("r4", "read");
      await world.sleep(100);
      expect(waits()).toBe(5);
      await held.release();
      expect(await readers).toMatchObject([{ acquired: true }, { acquired: true }, { acquired: true }]);
      const lineNow = await world.line(parent);
      const firstReader = /r\d/.exec(lineNow[0] ?? "")?.[0] ?? "";
      await release(server, context, firstReader);
      await world.sleep(1_500);
      expect(waits()).toBe(5);
      for (const reader of ["r1", "r2", "r3"].filter((name) => name !== firstReader)) {
        await release(server, context, reader);
      }
      expect(await writer).toMatchObject({ acquired: true });
      await release(server, context, "w");
      expect(await last).toMatchObject({ acquired: true });
    });
  });

  test("one whose session ends while its process stands still is not granted what it waits for", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const server = world.start();
      const held = await holder(world);
      const context = await world.session(2_000);
      const waiting = refusal(acquire(server, context), "SESSION_EXPIRED");
      await world.sleep(200);
      server.process.freeze(8_000);
      await world.sleep(6_000);
      await held.release();
      await waiting;
      expect(await world.line(parent)).toEqual([]);
    });
  });

  test("one is granted nothing by what its process saw when it woke, only by what holds after that", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const { wrap, next } = hold("logs.readFrom");
      const server = world.start({}, wrap);
      const held = await holder(world);
      const context = await world.session();
      const waiting = refusal(acquire(server, context), "SESSION_EXPIRED");
      await world.sleep(200);
      const waking = next();
      await held.release();
      const { letGo: wake } = await waking;
      const looking = next();
      wake();
      const { letGo: look } = await looking;
      await world.close(context);
      look();
      await waiting;
    });
  });

  test("one hears at once that its session is closed, or its place was given up", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const server = world.start();
      await holder(world);
      const context = await world.session();
      const [one, two] = [
        refusal(acquire(server, context, { contenderId: "one" }), "NO_NODE"),
        refusal(acquire(server, context, { contenderId: "two" }), "SESSION_EXPIRED"),
      ];
      await world.sleep(200);
      await release(world.observer, context, "one");
      await one;
      expect(await isSettled(world, two)).toBe(false);
      await world.close(context);
      await two;
    });
  });
});

describe("where the store does not answer", () => {
  const faults: readonly RequestFault[] = ["timeoutBefore", "timeoutAfter", "timeoutLate", "unavailable", "throttled"];

  /** Up to more puts than one change is tried by; what arrives late has arrived after half a minute. */
  test.each(faults.flatMap((fault) => [1, 3, 5, 7, 11, 16].map((count) => [fault, count] as const)))(
    "%s, for %i puts, a contender comes to one place, leads to one grant, and leaves none behind",
    async (fault, count) => {
      const world = new LineWorld({ seed: count });
      await world.run(async () => {
        const [server, other] = [world.start(), world.start()];
        const context = await world.session();
        await other.znodes.exists(anyone, "/");
        const insist = async <Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> => {
          for (let attempt = 0; attempt < 10; attempt += 1) {
            try {
              return await ask();
            } catch (cause) {
              const code = (cause as { readonly code?: unknown }).code;
              if (code === "NO_NODE") return undefined;
              expect(["REQUEST_TIMED_OUT", "KAFKA_STORAGE_ERROR", "THROTTLING_QUOTA_EXCEEDED"]).toContain(code);
            }
          }
          throw new Error("it was never answered");
        };
        world.store.failNext("logs.putIfAbsent", fault, count);
        const grant = await insist(() => acquire(server, context));
        await world.sleep(30_000);
        expect(grant).toMatchObject({ acquired: true });
        expect(await world.line(parent)).toEqual([grant?.path?.slice(parent.length + 1)]);
        expect(await acquire(other, context, { waitMs: 0 })).toEqual(grant);
        const term = insist(() => server.elections.campaign(context, "head", { waitMs: 0 }));
        world.store.failNext("logs.putIfAbsent", fault, count);
        expect(await world.line("/elections/head").catch(() => [])).toEqual([]);
        expect(await term).toMatchObject({ leader: true });
        await world.sleep(30_000);
        expect(await world.line("/elections/head")).toHaveLength(1);
        world.store.failNext("logs.putIfAbsent", fault, count);
        await insist(() => release(server, context));
        await insist(() => server.elections.resign(context, "head", {}));
        await world.sleep(30_000);
        expect(await world.line(parent)).toEqual([]);
        expect(await world.line("/elections/head")).toEqual([]);
      });
    },
  );

  test.each(["timeoutBefore", "timeoutAfter", "timeoutLate"] as const)(
    "%s, for more puts than one is repeated, a call still settles what became of its change",
    async (fault) => {
      const world = new LineWorld();
      await world.run(async () => {
        const server = world.start();
        const context = await world.session();
        await server.znodes.exists(anyone, "/");
        const failing = <Answer>(act: () => Promise<Answer>): Promise<Answer> => {
          world.store.failNext("logs.putIfAbsent", fault, 7);
          return act();
        };
        expect(await failing(() => acquire(server, context))).toMatchObject({ acquired: true });
        await failing(() => release(server, context));
        await holder(world);
        const impatient = acquire(server, context, { waitMs: 5_000 });
        await world.sleep(1_000);
        expect(await failing(() => impatient)).toEqual({ acquired: false });
        await world.sleep(30_000);
        expect(await world.line(parent)).toHaveLength(1);
      });
    },
  );

  test("a wait goes on, and ends in a grant when it answers again", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const server = world.start();
      const held = await holder(world);
      const context = await world.session();
      const waiting = acquire(server, context);
      await world.sleep(500);
      await held.release();
      world.store.setFaults({ unavailable: 0.5, timeoutBefore: 0.5 });
      await world.sleep(8_000);
      expect(await isSettled(world, waiting)).toBe(false);
      world.store.setFaults({});
      expect(await waiting).toMatchObject({ acquired: true });
    });
  });

  test("a wait is over in time: whoever keeps the place is told that nothing is granted, who cannot be rid of it that it is unclear", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const server = world.start();
      await holder(world);
      const context = await world.session();
      const startMs = world.nowMs;
      const keeping = acquire(server, context, { contenderId: "keeps", waitMs: 5_000, keepPlace: true });
      const leaving = acquire(server, context, { contenderId: "leaves", waitMs: 5_000 });
      const candidate = server.elections.campaign(await world.session(), "head", { waitMs: 5_000 });
      await candidate;
      world.store.setFaults({ timeoutBefore: 1 });
      expect(await keeping).toMatchObject({ acquired: false });
      expect(world.nowMs - startMs).toBeLessThan(8_000);
      await refusal(leaving, "REQUEST_TIMED_OUT");
    });
  });
});
