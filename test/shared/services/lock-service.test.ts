import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CallContext, LockMode } from "../../../shared/services/coordination.ts";
import { anyone, bytes, isSettled, type LineProcess, LineWorld, namespace } from "./line-world.ts";
import { refusal } from "./topic-process.ts";

const longMs = 20_000;

function acquire(
  { locks }: LineProcess,
  context: CallContext,
  request: Partial<Parameters<LineProcess["locks"]["acquire"]>[2]> = {},
): ReturnType<LineProcess["locks"]["acquire"]> {
  return locks.acquire(context, "jobs", { mode: "write", waitMs: 0, ...request });
}

describe("a lock", () => {
  test("that is free is granted by one query and one put, and released by one put", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const server = world.start();
      const context = await world.session();
      await server.znodes.exists(anyone, "/");
      for (const sequence of ["0000000000", "0000000001"]) {
        server.reset();
        const grant = await acquire(server, context);
        expect(server.counts()).toEqual({ "logs.readFrom": 1, "logs.putIfAbsent": 1 });
        const path = `/locks/jobs/write-${context.session?.sessionId.toString(36)}-${sequence}`;
        const { stat } = await world.observer.znodes.exists(anyone, path);
        expect(stat.ephemeralOwner).toBe(context.session?.sessionId);
        expect(grant).toEqual({ acquired: true, path, fencingToken: stat.czxid });
        server.reset();
        await server.locks.release(context, "jobs", {});
        expect(server.counts()).toEqual({ "logs.putIfAbsent": 1 });
      }
    });
  });

  test("goes to those who wait in the order in which they came, with tokens that grow", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const servers = [world.start(), world.start(), world.start()] as const;
      const order: number[] = [];
      const tokens: number[] = [];
      const contenders = Array.from({ length: 12 }, async (_, index) => {
        await world.sleep(index * 100);
        const server = servers[index % 3] ?? servers[0];
        const context = await world.session();
        const { acquired, fencingToken } = await acquire(server, context, { waitMs: longMs });
        expect(acquired).toBe(true);
        order.push(index);
        tokens.push(fencingToken ?? 0);
        await world.sleep(1_200);
        const { holders } = (await servers[(index + 1) % 3]?.locks.describe(anyone, "jobs")) ?? {};
        expect(holders).toMatchObject([{ fencingToken, mode: "write", sessionId: context.session?.sessionId }]);
        await server.locks.release(context, "jobs", {});
      });
      await Promise.all(contenders);
      expect(order).toEqual(contenders.map((_, index) => index));
      expect(tokens).toEqual([...new Set(tokens)].toSorted((one, other) => one - other));
      expect(await world.line("/locks/jobs")).toEqual([]);
    });
  });

  test("excludes the contenders of one session from each other, and gives each one place", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const [server, other] = [world.start(), world.start()];
      const context = await world.session();
      const a = await acquire(server, context, { contenderId: "a" });
      expect(a.acquired).toBe(true);
      const b = acquire(other, context, { contenderId: "b", waitMs: longMs });
      await world.sleep(100);
      expect(await world.line("/locks/jobs")).toEqual(["write-a-0000000000", "write-b-0000000001"]);
      expect(await acquire(other, context, { contenderId: "a" })).toEqual(a);
      await refusal(acquire(server, context, { contenderId: "a", mode: "read" }), "BAD_ARGUMENTS");
      expect(await isSettled(world, b)).toBe(false);
      await server.locks.release(context, "jobs", { contenderId: "a" });
      expect(await b).toMatchObject({ acquired: true, path: "/locks/jobs/write-b-0000000001" });
      await refusal(server.locks.release(context, "jobs", { contenderId: "a" }), "NO_NODE");
      expect(await world.line("/locks/jobs")).toEqual(["write-b-0000000001"]);
    });
  });

  test("is one for each name", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const [one, two] = [await world.session(), await world.session()];
      const { locks } = world.start();
      const request = { mode: "write", waitMs: 0 } as const;
      expect(await locks.acquire(one, "a", request)).toMatchObject({ acquired: true });
      expect(await locks.acquire(two, "a.b", request)).toMatchObject({ acquired: true });
      expect(await locks.describe(anyone, "c")).toEqual({ holders: [], waiting: 0 });
    });
  });

  test("passes on when the session of its holder ends: within 2 s of its timeout, or when it is closed", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const [server, other] = [world.start(), world.start()];
      const [first, second, third] = [await world.session(4_000), await world.session(), await world.session()];
      await acquire(server, first);
      const heldAtMs = world.nowMs;
      const next = acquire(other, second, { waitMs: longMs });
      await world.sleep(100);
      const last = acquire(server, third, { waitMs: longMs });
      expect(await next).toMatchObject({ acquired: true });
      expect(world.nowMs - heldAtMs).toBeGreaterThan(3_000);
      expect(world.nowMs - heldAtMs).toBeLessThan(6_000);
      expect(await isSettled(world, last)).toBe(false);
      await world.close(second);
      expect(await last).toMatchObject({ acquired: true });
      await refusal(acquire(server, first), "SESSION_EXPIRED");
      await refusal(server.locks.release(first, "jobs", {}), "SESSION_EXPIRED");
    });
  });

  test("is kept from whoever has no session, or not its password", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const server = world.start();
      const context = await world.session();
      if (context.session === undefined) throw new Error("there is no session");
      const thief = { ...context, session: { ...context.session, password: new Uint8Array(16) } };
      await refusal(acquire(server, anyone), "BAD_ARGUMENTS");
      await refusal(acquire(server, thief), "SESSION_EXPIRED");
      await acquire(server, context);
      await refusal(acquire(server, thief), "SESSION_EXPIRED");
      await refusal(server.locks.release(thief, "jobs", {}), "SESSION_EXPIRED");
      await refusal(server.locks.release(anyone, "jobs", {}), "BAD_ARGUMENTS");
      await refusal(server.locks.describe(thief, "jobs"), "SESSION_EXPIRED");
      expect((await server.locks.describe(context, "jobs")).holders).toHaveLength(1);
    });
  });

  test.each(["", ".", "..", "a/b", "a b", "ä", "a\0", "x".repeat(129)])("has no name like %j", async (name) => {
    const world = new LineWorld();
    await world.run(async () => {
      const { locks } = world.start();
      const context = await world.session();
      await refusal(locks.acquire(context, name, { mode: "write", waitMs: 0 }), "BAD_ARGUMENTS");
      await refusal(locks.release(context, name, {}), "BAD_ARGUMENTS");
      await refusal(locks.describe(anyone, name), "BAD_ARGUMENTS");
    });
  });

  test.each(["", "a b", "a.b", "a/b", "x".repeat(65)])("has no contender like %j", async (contenderId) => {
    const world = new LineWorld();
    await world.run(async () => {
      const context = await world.session();
      await refusal(acquire(world.start(), context, { contenderId }), "BAD_ARGUMENTS");
    });
  });

  test("may have the longest name and contender, also with hyphens and digits that look like a place", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const { locks } = world.start();
      const context = await world.session();
      const name = `-${"x".repeat(127)}`;
      const contenderId = `write-1-0000000009${"_".repeat(46)}`;
      const grant = await locks.acquire(context, name, { contenderId, mode: "read", waitMs: 0 });
      expect(grant.path).toBe(`/locks/${name}/read-${contenderId}-0000000000`);
      await locks.release(context, name, { contenderId });
      expect(await locks.describe(anyone, name)).toEqual({ holders: [], waiting: 0 });
    });
  });

  test("asks the access control lists above it: CREATE to stand in line, DELETE to leave it, READ to look", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const { locks, znodes } = world.start();
      const owner = { scheme: "digest", id: "owner:x" };
      const context = await world.session();
      const own = { ...context, identities: [owner] };
      const permit = async (permissions: number): Promise<void> => {
        const acl = [
          { permissions, scheme: "world", id: "anyone" },
          { permissions: 31, ...owner },
        ];
        await znodes.setAcl(own, { path: "/locks/jobs", acl, version: -1 });
      };
      await locks.acquire(own, "jobs", { contenderId: "first", mode: "read", waitMs: 0 });
      const asked = { contenderId: "second", mode: "read", waitMs: 0 } as const;
      await permit(31 - 4);
      await refusal(locks.acquire(context, "jobs", asked), "NO_AUTH");
      await permit(4);
      expect(await locks.acquire(context, "jobs", asked)).toMatchObject({ acquired: true });
      await refusal(locks.release(context, "jobs", asked), "NO_AUTH");
      await refusal(locks.describe(context, "jobs"), "NO_AUTH");
      expect((await locks.describe(own, "jobs")).holders).toHaveLength(2);
      await permit(8);
      await locks.release(context, "jobs", asked);
      expect((await locks.describe(own, "jobs")).holders).toHaveLength(1);
    });
  });
});

describe("read locks and write locks", () => {
  test("are granted first come first served: readers go together, writers alone", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom<LockMode>("read", "write"), { minLength: 2, maxLength: 8 }),
        fc.array(fc.nat(), { minLength: 8, maxLength: 8 }),
        async (modes, choices) => {
          const world = new LineWorld();
          await world.run(async () => {
            const servers = [world.start(), world.start()] as const;
            const context = await world.session();
            const granted = new Set<number>();
            const ask = async (mode: LockMode, index: number): Promise<void> => {
              const server = servers[index % 2] ?? servers[0];
              const request = { contenderId: `c${index}`, mode, waitMs: longMs };
              if ((await acquire(server, context, request)).acquired) granted.add(index);
            };
            const asked: Promise<void>[] = [];
            for (const [index, mode] of modes.entries()) {
              asked.push(ask(mode, index));
              await world.until(async () => (await world.line("/locks/jobs").catch(() => [])).length === index + 1);
            }
            let line = modes.map((mode, index) => ({ mode, index }));
            for (const choice of choices.slice(0, modes.length)) {
              await world.sleep(1_500);
              const firstWriter = line.findIndex(({ mode }) => mode === "write");
              const holders = firstWriter < 0 ? line : line.slice(0, Math.max(1, firstWriter));
              expect(granted).toEqual(new Set(holders.map(({ index }) => index)));
              const { holders: described, waiting } = await servers[0].locks.describe(anyone, "jobs");
              expect(described).toHaveLength(holders.length);
              expect(waiting).toBe(line.length - holders.length);
              const leaving = holders[choice % holders.length]?.index ?? 0;
              await servers[1].locks.release(context, "jobs", { contenderId: `c${leaving}` });
              granted.delete(leaving);
              line = line.filter(({ index }) => index !== leaving);
            }
            await Promise.all(asked);
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  test("do not starve a writer: readers that come after it wait", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const server = world.start();
      const context = await world.session();
      const ask = (contenderId: string, mode: LockMode) => acquire(server, context, { contenderId, mode, waitMs: 500 });
      expect(await ask("r1", "read")).toMatchObject({ acquired: true });
      const writing = acquire(server, context, { contenderId: "w", waitMs: longMs });
      await world.sleep(50);
      expect(await ask("r2", "read")).toEqual({ acquired: false });
      await server.locks.release(context, "jobs", { contenderId: "r1" });
      expect(await writing).toMatchObject({ acquired: true });
    });
  });
});

describe("a grant whose holder is gone", () => {
  test("lets nothing be written any more: multi refuses its fence at once, produce after the next holder's", async () => {
    const world = new LineWorld();
    await world.run(async () => {
      const server = world.start();
      const { topics, znodes, produce } = world.start();
      await topics.create(namespace, { name: "guarded", partitions: 1 });
      await znodes.create(anyone, { path: "/guarded", data: null, mode: "persistent" });
      const held = await acquire(server, await world.session(2_000));
      const append = ({ fencingToken = 0 }: typeof held) =>
        produce.produceRecords({
          namespace,
          topic: "guarded",
          partition: 0,
          records: [{ key: null, value: bytes("x"), headers: [] }],
          conditions: { fencingToken },
        });
      const write = ({ path = "", fencingToken = 0 }: typeof held) =>
        znodes.multi(anyone, {
          operations: [
            { kind: "fence", path, czxid: fencingToken },
            { kind: "setData", path: "/guarded", data: bytes("x"), version: -1 },
          ],
        });
      await write(held);
      await append(held);
      const next = await acquire(server, await world.session(), { waitMs: longMs });
      expect(next.acquired).toBe(true);
      // A znode is fenced by the grant's own end; a partition learns of it from the next token.
      await refusal(write(held), "FENCED");
      await append(held);
      await write(next);
      await append(next);
      await refusal(append(held), "FENCED");
      await refusal(write(held), "FENCED");
      await append(next);
    });
  });
});
