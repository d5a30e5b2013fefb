/** What becomes of a place in line whose caller hangs up, asks again, or is gone. */
import { describe, expect, test } from "vitest";
import { acquire, hold, holder, parent, release } from "./line-calls.ts";
import { anyone, isSettled, LineWorld } from "./line-world.ts";

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
