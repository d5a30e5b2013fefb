import { describe, expect, test } from "vitest";
import { treeQueueRequestsMax } from "../../../shared/limits.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { SimulatedStore } from "../../../shared/storage/memory/simulated-store.ts";
import { Tree, type TreeWriteResult } from "../../../shared/tree/tree.ts";
import type { WriteChain } from "../../../shared/tree/tree-request.ts";
import type { ZnodeTree } from "../../../shared/tree/znode-tree.ts";
import { follower, namespace, run } from "./follower.ts";
import { create } from "./operations.ts";

/** How many of a chain's creations the tree has. Throws unless they are the first ones. */
function prefixOf(tree: ZnodeTree, name: string, count: number): number {
  const there = Array.from({ length: count }, (_, index) => tree.node(`/${name}-${index}`) !== undefined);
  const length = there.indexOf(false) < 0 ? count : there.indexOf(false);
  if (there.includes(true, length)) throw new Error(`${name}: ${there.map((is) => (is ? "x" : "-")).join("")}`);
  return length;
}

const kindsOf = (results: readonly TreeWriteResult[]): readonly string[] => results.map(({ kind }) => kind);

/** Done up to where one was not, failed from there on. Throws if not; answers how many were done. */
function doneBefore(results: readonly TreeWriteResult[]): number {
  const kinds = kindsOf(results);
  const count = kinds.findIndex((kind) => kind !== "done");
  if (count < 0) return kinds.length;
  if (kinds.slice(count + 1).some((kind) => kind !== "failed" && kind !== kinds[count])) {
    throw new Error(`after ${kinds[count]} came ${kinds.slice(count).join()}`);
  }
  return count;
}

describe("of a chain of writes", () => {
  test.each([
    ["timeoutAfter", "unknown", 5],
    ["timeoutBefore", "unknown", 5],
    ["timeoutLate", "unknown", 5],
    ["throttled", "failed", 100],
    ["unavailable", "failed", 100],
  ] as const)("none is carried out after one whose put met %s", async (fault, kind, count) => {
    const memory = createMemoryStorage();
    const { tree } = follower(memory);
    await run(tree, create("/before"));
    const chain: WriteChain = { broken: false };
    memory.store.failNext("logs.putIfAbsent", fault, count);
    const first = tree.write({ operations: [create("/a-0")], chain });
    const second = tree.write({ operations: [create("/a-1")], chain });
    // Not in the first one's group.
    await first.then(() => memory.store.setFaults({}));
    const third = tree.write({ operations: [create("/a-2")], chain });
    const other = tree.write({ operations: [create("/b-0")], chain: { broken: false } });
    expect((await first).kind).toBe(kind);
    expect(chain.broken).toBe(true);
    expect([kind, "failed"]).toContain((await second).kind);
    expect(await third).toMatchObject({ kind: "failed", reason: "unavailable" });
    if (kind === "unknown") expect((await other).kind).toBe("done");
    const after = await tree.read();
    expect(after.node("/a-2")).toBeUndefined();
    prefixOf(after, "a", 3);
  });

  test("those that wait already are dropped in the step in which the one before them is answered", async () => {
    const memory = createMemoryStorage();
    const { tree } = follower(memory);
    await run(tree, create("/before"));
    const chain: WriteChain = { broken: false };
    memory.store.failNext("logs.putIfAbsent", "timeoutBefore", 5);
    const first = tree.write({ operations: [create("/a-0")], chain });
    // The first group is planned in the next microtasks, without these.
    for (let hop = 0; hop < 20; hop += 1) await Promise.resolve();
    const rest = [1, 2, 3].map((index) => tree.write({ operations: [create(`/a-${index}`)], chain }));
    expect((await first).kind).toBe("unknown");
    expect(kindsOf(await Promise.all(rest))).toEqual(["failed", "failed", "failed"]);
    expect(prefixOf(await tree.read(), "a", 4)).toBe(0);
  });

  test("a refusal stops nothing", async () => {
    const { tree } = follower(createMemoryStorage());
    const chain: WriteChain = { broken: false };
    const results = await Promise.all(
      ["/a-0", "/a-0", "/a-1/x", "/a-1"].map((path) => tree.write({ operations: [create(path)], chain })),
    );
    expect(kindsOf(results)).toEqual(["done", "refused", "refused", "done"]);
    expect(chain.broken).toBe(false);
    expect(prefixOf(await tree.read(), "a", 2)).toBe(2);
  });

  test("one that finds no room stops all that wait and all that follow", async () => {
    const { tree } = follower(createMemoryStorage());
    await run(tree, create("/before"));
    const chain: WriteChain = { broken: false };
    const count = treeQueueRequestsMax + 200;
    const results = await Promise.all(
      Array.from({ length: count }, (_, index) => tree.write({ operations: [create(`/a-${index}`)], chain })),
    );
    expect(chain.broken).toBe(true);
    expect(results.some((result) => result.kind === "failed" && result.reason === "overloaded")).toBe(true);
    expect(doneBefore(results)).toBe(prefixOf(await tree.read(), "a", count));
    expect((await tree.write({ operations: [create("/late")], chain })).kind).toBe("failed");
  });

  test("what waits is dropped when the client's side breaks it", async () => {
    const { tree } = follower(createMemoryStorage());
    const chain: WriteChain = { broken: false };
    const writing = tree.write({ operations: [create("/a-0")], chain });
    chain.broken = true;
    expect((await writing).kind).toBe("failed");
    expect((await tree.read()).node("/a-0")).toBeUndefined();
  });
});

test.each([1, 2, 3, 4, 5])(
  "whatever a store does, what is carried out of each chain is its beginning: seed %i",
  async (seed) => {
    const store = new SimulatedStore({ seed });
    await store.time.run(async () => {
      const processes = [0, 1].map(() => {
        const { storage } = store.process();
        return { storage, tree: new Tree(storage, namespace) };
      });
      const [here] = processes;
      if (here === undefined) throw new Error("there is no process");
      store.setFaults({
        timeoutAfter: 0.05,
        timeoutBefore: 0.05,
        timeoutLate: 0.05,
        throttled: 0.05,
        unavailable: 0.05,
        slow: 0.1,
      });
      const runs = Array.from({ length: 40 }, async (_, number) => {
        const name = `c${number}`;
        const { tree, storage } = processes[number % 2] ?? here;
        const chain: WriteChain = { broken: false };
        const results: Promise<TreeWriteResult>[] = [];
        const count = Math.round(store.random.between(2, 12));
        await storage.timers.sleep(store.random.between(0, 2_000));
        for (let index = 0; index < count; index += 1) {
          results.push(tree.write({ operations: [create(`/${name}-${index}`)], chain }));
          if (store.random.chance(0.5)) await storage.timers.sleep(store.random.between(0, 15));
        }
        return { name, count, done: doneBefore(await Promise.all(results)) };
      });
      const chains = await Promise.all(runs);
      store.setFaults({});
      await here.storage.timers.sleep(30_000);
      const tree = await here.tree.read();
      for (const { name, count, done } of chains)
        expect(prefixOf(tree, name, count), name).toBeGreaterThanOrEqual(done);
      const wholes = chains.filter(({ count, done }) => done === count).length;
      expect(wholes).toBeGreaterThan(0);
      expect(wholes).toBeLessThan(chains.length);
    });
  },
);
