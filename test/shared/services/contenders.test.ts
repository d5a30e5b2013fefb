/** Waiting in line: who is woken, and what becomes of a place whose caller hangs up, asks again, or hears nothing. */
import { describe, expect, test } from "vitest";
import type { CallContext, LockMode } from "../../../shared/services/coordination.ts";
import type { RequestFault } from "../../../shared/storage/memory/faults.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { interruptRequests } from "./interrupt-requests.ts";
import { anyone, isSettled, type LineProcess, LineWorld } from "./line-world.ts";
import { refusal } from "./topic-process.ts";

type Grant = Awaited<ReturnType<LineProcess["locks"]["acquire"]>>;

interface Asked {
  readonly contenderId?: string;
  readonly mode?: LockMode;
  readonly waitMs?: number;
  readonly keepPlace?: boolean;
  readonly signal?: AbortSignal;
}

/** Waits, unless it is told otherwise. */
function acquire({ locks }: LineProcess, context: CallContext, asked: Asked = {}): Promise<Grant> {
  return locks.acquire(context, "jobs", { mode: "write", waitMs: 20_000, ...asked });
}

function release({ locks }: LineProcess, context: CallContext, contenderId?: string): Promise<void> {
  return locks.release(context, "jobs", contenderId === undefined ? {} : { contenderId });
}

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

/** Holds up requests of a process: `next` resolves when one is asked for, which is sent when it is let go. */
function hold(requestName: "logs.putIfAbsent" | "logs.readFrom"): {
  readonly wrap: (storage: Storage) => Storage;
  readonly next: () => Promise<{ readonly letGo: () => void }>;
} {
  let onRequest: ((held: { readonly letGo: () => void }) => void) | undefined;
  const wrap = (storage: Storage): Storage =>
    interruptRequests(storage, async ({ name, send }) => {
      const tell = onRequest;
      if (name !== requestName || tell === undefined) return await send();
      onRequest = undefined;
      await new Promise<void>((resolve) => tell({ letGo: resolve }));
      return await send();
    });
  const next = (): Promise<{ readonly letGo: () => void }> =>
    new Promise((resolve) => {
      onRequest = resolve;
    });
  return { wrap, next };
}

const parent = "/locks/jobs";

/** Someone who holds the lock. */
async function holder(world: LineWorld): Promise<{ readonly release: () => Promise<void> }> {
  const context = await world.session();
  await acquire(world.observer, context, { contenderId: "holder" });
  return { release: () => release(world.observer, context, "holder") };
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

describe("a place in line", () => {
  test("is given up before the answer that the lock is not granted, unless it is to be kept", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const server = world.start();
      const held = await holder(world);
      const context = await world.session();
      const startMs = world.nowMs;
      expect(await acquire(server, context, { contenderId: "a", waitMs: 3_000 })).toEqual({ acquired: false });
      expect(world.nowMs - startMs).toBeGreaterThanOrEqual(3_000);
      expect(world.nowMs - startMs).toBeLessThan(3_500);
      expect(await world.line(parent)).toHaveLength(1);
      const kept = await acquire(server, context, { contenderId: "a", waitMs: 1_000, keepPlace: true });
      expect(kept).toEqual({ acquired: false, path: `${parent}/write-a-0000000002` });
      expect(await acquire(server, context, { contenderId: "b", waitMs: 0 })).toEqual({ acquired: false });
      expect(await world.line(parent)).toEqual(["write-holder-0000000000", "write-a-0000000002"]);
      const going = acquire(world.start(), context, { contenderId: "a", keepPlace: true });
      await world.sleep(1_000);
      await held.release();
      expect(await going).toMatchObject({ acquired: true, path: kept.path });
    });
  });

  test("goes when the caller hangs up, unless it is to be kept", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const server = world.start();
      const held = await holder(world);
      const context = await world.session();
      const hungUp = new AbortController();
      const { signal } = hungUp;
      const one = acquire(server, context, { contenderId: "one", signal });
      await world.sleep(100);
      const kept = acquire(server, context, { contenderId: "kept", signal, keepPlace: true });
      await world.sleep(100);
      const candidate = server.elections.campaign(context, "head", { waitMs: 20_000, signal });
      expect(await world.line(parent)).toHaveLength(3);
      const atMs = world.nowMs;
      hungUp.abort();
      expect(await one).toEqual({ acquired: false });
      expect(await kept).toEqual({ acquired: false, path: `${parent}/write-kept-0000000002` });
      expect(world.nowMs - atMs).toBeLessThan(200);
      expect(await world.line(parent)).toEqual(["write-holder-0000000000", "write-kept-0000000002"]);
      expect(await candidate).toMatchObject({ leader: true });
      // Also where it is hung up on before the lock is looked at, and where it was free.
      expect(await acquire(server, context, { contenderId: "two", signal })).toEqual({ acquired: false });
      await held.release();
      await release(server, context, "kept");
      expect(await acquire(server, context, { contenderId: "two", signal })).toEqual({ acquired: false });
      expect(await world.line(parent)).toEqual([]);
    });
  });

  test("that is granted just when it is given up is free for the next", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const { wrap, next } = hold("logs.putIfAbsent");
      const server = world.start({}, wrap);
      const held = await holder(world);
      const [context, other] = [await world.session(), await world.session()];
      const impatient = acquire(server, context, { waitMs: 1_000 });
      await world.sleep(100);
      const behind = acquire(world.observer, other);
      const givingUp = await next();
      await held.release();
      expect(await isSettled(world, behind)).toBe(false);
      givingUp.letGo();
      expect(await impatient).toEqual({ acquired: false });
      expect(await behind).toMatchObject({ acquired: true });
    });
  });

  test("is one, and the same, for two calls of one contender at the same moment", async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const world = new LineWorld({ seed });
      await world.run(async () => {
        const context = await world.session();
        const servers = [world.start(), world.start(), world.start()];
        // In half of the histories the line has been there before.
        if (seed % 2 === 0) {
          await (await holder(world)).release();
          await world.observer.elections.campaign(context, "head", { waitMs: 0 });
          await world.observer.elections.resign(context, "head", {});
        }
        const grants = await Promise.all(servers.map((server) => acquire(server, context)));
        expect(new Set(grants.map(({ fencingToken }) => fencingToken)).size, `seed ${seed}`).toBe(1);
        expect(grants[0]).toMatchObject({ acquired: true });
        expect(await world.line(parent)).toHaveLength(1);
        const campaigns = await Promise.all(
          servers.map(({ elections }) => elections.campaign(context, "head", { waitMs: 0 })),
        );
        expect(new Set(campaigns.map(({ candidate }) => candidate)).size, `seed ${seed}`).toBe(1);
        expect(await world.line("/elections/head")).toHaveLength(1);
      });
    }
  });

  test("is refused to a contender that asks for another mode at the same moment", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const context = await world.session();
      const [one, two] = [world.start(), world.start()];
      const results = await Promise.allSettled([
        acquire(one, context, { mode: "read" }),
        acquire(two, context, { mode: "write" }),
      ]);
      const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
      expect(refused).toMatchObject([{ code: "BAD_ARGUMENTS" }]);
      expect(await world.line(parent)).toHaveLength(1);
    });
  });

  test("stays with the last call of its contender, when an earlier one gives up", async () => {
    for (const [what, first] of [
      ["hung up on", (signal: AbortSignal) => ({ signal })],
      ["out of time", () => ({ waitMs: 2_000 })],
    ] as const) {
      for (const keepPlace of [false, true]) {
        const world = new LineWorld();
        await world.run(async () => {
          const held = await holder(world);
          const context = await world.session();
          const hungUp = new AbortController();
          const { wrap, next } = hold("logs.putIfAbsent");
          const earlier = acquire(world.start({}, wrap), context, first(hungUp.signal));
          await world.sleep(500);
          const later = acquire(world.start(), context, { keepPlace });
          await world.sleep(1_000);
          // Where the earlier one does not know yet that it must not, it is held up until the later one has its answer.
          const givingUp = next();
          hungUp.abort();
          const stopped = await Promise.race([givingUp, earlier]);
          await held.release();
          const grant = await later;
          expect(grant, what).toMatchObject({ acquired: true });
          if ("letGo" in stopped) stopped.letGo();
          expect("letGo" in stopped).toBe(keepPlace);
          expect(await earlier, what).toEqual({ acquired: false });
          const { holders } = await world.observer.locks.describe(anyone, "jobs");
          expect(holders, what).toMatchObject([{ path: grant.path, fencingToken: grant.fencingToken }]);
        });
      }
    }
  });

  test("stays with the call that was told of the grant, when a later one gives up", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const held = await holder(world);
      const context = await world.session();
      const { wrap, next } = hold("logs.putIfAbsent");
      const earlier = acquire(world.start(), context);
      await world.sleep(500);
      const later = acquire(world.start({}, wrap), context, { waitMs: 1_000 });
      await world.sleep(500);
      const { letGo } = await next();
      await held.release();
      const grant = await earlier;
      expect(grant).toMatchObject({ acquired: true });
      letGo();
      expect(await later).toEqual({ acquired: false });
      const { holders } = await world.observer.locks.describe(anyone, "jobs");
      expect(holders).toMatchObject([{ path: grant.path, fencingToken: grant.fencingToken }]);
    });
  });

  test("that is gone is not granted by a process that has not heard of it", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const [server, other] = [world.start(), world.start()];
      const [context, rival] = [await world.session(), await world.session()];
      await acquire(server, context);
      await release(other, context);
      const { fencingToken = 0 } = await acquire(other, rival);
      expect(await acquire(server, context, { waitMs: 0 })).toEqual({ acquired: false });
      await release(other, rival);
      expect((await acquire(server, context, { waitMs: 0 })).fencingToken).toBeGreaterThan(fencingToken);
    });
  });

  test("that was granted is not taken away by a call that was hung up on, and comes late", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const context = await world.session();
      const { wrap, next } = hold("logs.readFrom");
      const server = world.start({}, wrap);
      await server.znodes.exists(anyone, "/");
      const hungUp = new AbortController();
      const looking = next();
      const late = acquire(server, context, { signal: hungUp.signal });
      const { letGo } = await looking;
      const grant = await acquire(world.start(), context);
      hungUp.abort();
      letGo();
      await late;
      const { holders } = await world.observer.locks.describe(anyone, "jobs");
      expect(holders).toMatchObject([{ path: grant.path, fencingToken: grant.fencingToken }]);
    });
  });

  test("that a process left behind when it died goes with the release of its contender", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const context = await world.session();
      await (await holder(world)).release();
      const { wrap, next } = hold("logs.putIfAbsent");
      const doomed = world.start({}, wrap);
      const late = next();
      void acquire(doomed, context);
      const entering = await late;
      // While its create is held up, another process takes the place; the doomed one comes second, and dies.
      const server = world.start();
      const grant = await acquire(server, context);
      const again = next();
      entering.letGo();
      const { letGo } = await again;
      const givingUp = next();
      letGo();
      await givingUp;
      doomed.process.kill();
      expect(await world.line(parent)).toHaveLength(2);
      // Through a process that has heard of the first one only.
      await release(server, context);
      expect(await world.line(parent)).toEqual([]);
      expect(grant.acquired).toBe(true);
    });
  });

  test("is found although the parents are created by another, or removed, in between", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const { wrap, next } = hold("logs.putIfAbsent");
      const server = world.start({}, wrap);
      const [context, other] = [await world.session(), await world.session()];
      const first = next();
      const one = acquire(server, context, { waitMs: 0, keepPlace: true });
      const entering = await first;
      await acquire(world.observer, other);
      entering.letGo();
      expect(await one).toMatchObject({ acquired: false });
      await release(server, context);
      await release(world.observer, other);
      const second = next();
      const two = acquire(server, context, { waitMs: 0 });
      const reentering = await second;
      await world.observer.znodes.delete(anyone, { path: parent, version: -1 });
      reentering.letGo();
      expect(await two).toMatchObject({ acquired: true, path: expect.stringContaining("-0000000000") as string });
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
