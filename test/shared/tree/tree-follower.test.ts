import { describe, expect, test } from "vitest";
import { zxid } from "../../../shared/brand.ts";
import { StorageUnavailableError } from "../../../shared/storage/errors.ts";
import { treeOperationsMax } from "../../../shared/limits.ts";
import { treeLogId } from "../../../shared/log/log-id.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { SimulatedStore } from "../../../shared/storage/memory/simulated-store.ts";
import { readOldChanges } from "../../../shared/tree/read-changes.ts";
import { Tree } from "../../../shared/tree/tree.ts";
import { done, type Follower, follower, namespace, numbered, run, runMany } from "./follower.ts";
import { type Heard, listen, zxidsOf } from "./following.ts";
import { create, remove, setData } from "./operations.ts";

interface World {
  readonly memory: MemoryStorage;
  readonly here: Follower;
  readonly heard: Heard;
  readonly elsewhere: Follower;
}

async function begin(): Promise<World> {
  const memory = createMemoryStorage();
  const [here, elsewhere] = [follower(memory), follower(memory)];
  await run(elsewhere.tree, create("/before"));
  return { memory, here, heard: await listen(here.storage, here.tree), elsewhere };
}

/** The process loses an answer, forgets the state, and can read nothing until `rejoin`. */
async function cutOff({ memory, heard, here }: World): Promise<{ readonly rejoin: () => void }> {
  const { logs } = here.storage;
  const { readLast } = logs;
  memory.store.failNext("logs.putIfAbsent", "timeoutAfter", 5);
  logs.readLast = () => Promise.reject(new StorageUnavailableError("cut off"));
  expect((await heard.follower.write({ operations: [create("/lost")] })).kind).toBe("unknown");
  expect(here.tree.state).toBeUndefined();
  return { rejoin: () => (logs.readLast = readLast) };
}

describe("a follower", () => {
  test("tells of its own writes before they are answered, and shows them then without a request", async () => {
    const { here, heard } = await begin();
    here.reset();
    const result = done(await heard.follower.write({ operations: [create("/a")] }));
    expect(zxidsOf(heard.changes)).toEqual([result.zxid]);
    expect(heard.follower.view?.node("/a")).toBeDefined();
    expect((await heard.follower.atLeast(result.zxid)).node("/a")).toBeDefined();
    expect(here.counts()).toEqual({ "logs.putIfAbsent": 1 });
    heard.follower.close();
  });

  test("tells of what others wrote in one query that all share who ask meanwhile, and of nothing before it began", async () => {
    const { here, heard, elsewhere } = await begin();
    await run(elsewhere.tree, create("/a"));
    await run(elsewhere.tree, create("/b"), remove("/before", -1));
    here.reset();
    const { follower: following } = heard;
    const first = following.latest();
    const others = [following.latest(), following.latest(), following.atLeast(3)];
    for (const tree of await Promise.all([first, ...others])) expect(tree.node("/b")).toBeDefined();
    expect(here.counts()).toEqual({ "logs.readFrom": 2 });
    expect(
      heard.changes.map(({ zxid: at, events }) => [at, events.map(({ type, path }) => `${type} ${path}`)]),
    ).toEqual([
      [2, ["NodeCreated /a", "NodeChildrenChanged /"]],
      [3, ["NodeCreated /b", "NodeChildrenChanged /", "NodeDeleted /before", "NodeChildrenChanged /"]],
    ]);
    following.close();
  });

  test("hears of what others wrote without being asked, whether a hint comes or not", async () => {
    const { memory, heard, elsewhere } = await begin();
    const heardOf = async (path: string): Promise<void> => {
      await run(elsewhere.tree, create(path));
      const { timers } = memory.process.storage;
      for (let waited = 0; waited < 20 && heard.follower.view?.node(path) === undefined; waited += 1) {
        await timers.sleep(100);
      }
      expect(heard.follower.view?.node(path), path).toBeDefined();
      heard.checkView();
    };
    await heardOf("/a");
    memory.store.setFaults({ hintLost: 1 });
    await heardOf("/b");
    heard.follower.close();
  });

  test("of a log at rest asks once a second, and not at all when it is closed", async () => {
    const store = new SimulatedStore({ seed: 1 });
    await store.time.run(async () => {
      const { storage } = store.process();
      let reads = 0;
      const logs = new Proxy(storage.logs, {
        get: (target, property) => {
          if (property === "readFrom") reads += 1;
          const method: unknown = Reflect.get(target, property);
          return typeof method === "function" ? (method.bind(target) as unknown) : method;
        },
      });
      const heard = await listen(storage, new Tree({ ...storage, logs }, namespace));
      await storage.timers.sleep(10_000);
      reads = 0;
      await storage.timers.sleep(60_000);
      expect(reads).toBeGreaterThanOrEqual(55);
      expect(reads).toBeLessThanOrEqual(61);
      store.setFaults({ unavailable: 1 });
      reads = 0;
      await storage.timers.sleep(60_000);
      expect(reads, "of a store that is out").toBeLessThanOrEqual(61);
      heard.follower.close();
      reads = 0;
      await storage.timers.sleep(10_000);
      expect(reads).toBeLessThanOrEqual(1);
      expect(heard.follower.view).toBeUndefined();
    });
  });

  test("shows a namespace that is gone as closed", async () => {
    const { heard, elsewhere } = await begin();
    await run(elsewhere.tree, remove("/before", -1));
    await run(elsewhere.tree, { kind: "closeTree" });
    expect((await heard.follower.latest()).closed).toBe(true);
    heard.follower.close();
  });
});

describe("when the state is rebuilt", () => {
  test("all that was missed is told, in order and once, before it is shown", async () => {
    const world = await begin();
    const { heard, elsewhere, here } = world;
    done(await heard.follower.write({ operations: [create("/a")] }));
    const { rejoin } = await cutOff(world);
    await run(elsewhere.tree, create("/b"));
    expect(heard.follower.view?.node("/b")).toBeUndefined();
    await expect(heard.follower.latest()).rejects.toThrow(StorageUnavailableError);
    rejoin();
    const tree = await heard.follower.latest();
    expect(tree.node("/b")).toBeDefined();
    expect(tree.node("/lost")).toBeDefined();
    heard.checkView();
    expect(zxidsOf(heard.changes)).toEqual([2, 3, 4]);
    const changes = await readOldChanges(here.storage, namespace, zxid(1));
    expect(changes).toMatchObject({ changes: heard.changes });
    heard.follower.close();
  });

  test("nothing is shown until it is told, and a write is not answered before that", async () => {
    const world = await begin();
    const { heard, elsewhere, here } = world;
    const { rejoin } = await cutOff(world);
    await run(elsewhere.tree, create("/b"));
    const gate = Promise.withResolvers<void>();
    const { readAt } = here.storage.logs;
    here.storage.logs.readAt = async (...parameters) => {
      await gate.promise;
      return await readAt.apply(here.storage.logs, parameters);
    };
    rejoin();
    const reading = heard.follower.latest();
    const refused = heard.follower.write({ operations: [create("/b")] });
    const answered: string[] = [];
    void reading.then(() => answered.push("read"));
    void refused.then(() => answered.push("refused"));
    await world.memory.process.storage.timers.sleep(100);
    expect(here.tree.state?.node("/b")).toBeDefined();
    expect(heard.follower.view).toBeUndefined();
    expect(answered).toEqual([]);
    gate.resolve();
    await reading;
    expect((await refused).kind).toBe("refused");
    expect(zxidsOf(heard.changes)).toEqual([2, 3]);
    heard.checkView();
    heard.follower.close();
  });

  test("what comes while the missed is read from the log is told after it, from memory", async () => {
    const world = await begin();
    const { heard, elsewhere, here } = world;
    const { rejoin } = await cutOff(world);
    await run(elsewhere.tree, create("/b"));
    const [gate, asked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { logs } = here.storage;
    const { readAt, readFrom } = logs;
    logs.readAt = async (...parameters) => {
      const found = await readAt.apply(logs, parameters);
      logs.readFrom = async (...range) => {
        const read = await readFrom.apply(logs, range);
        asked.resolve();
        await gate.promise;
        return read;
      };
      return found;
    };
    rejoin();
    const reading = heard.follower.latest();
    await asked.promise;
    logs.readFrom = readFrom;
    const writing = heard.follower.write({ operations: [create("/meanwhile")] });
    await run(here.tree, create("/more"));
    expect(heard.follower.view).toBeUndefined();
    gate.resolve();
    await reading;
    const { zxid: at } = done(await writing);
    expect(at).toBe(4);
    expect(heard.follower.view?.lastZxid).toBe(5);
    expect(zxidsOf(heard.changes)).toEqual([2, 3, 4, 5]);
    heard.checkView();
    heard.follower.close();
  });

  test("a log that no longer has what was missed is told of as a gap", async () => {
    const world = await begin();
    const { memory, heard, elsewhere } = world;
    const { rejoin } = await cutOff(world);
    await runMany(elsewhere.tree, numbered(1_100));
    await elsewhere.tree.settled();
    memory.store.logs.trim(treeLogId(namespace), 900, 100_000);
    rejoin();
    const tree = await heard.follower.latest();
    expect(heard.gaps).toEqual([tree.lastZxid]);
    heard.checkView();
    done(await heard.follower.write({ operations: [create("/a")] }));
    expect(heard.changes.at(-1)?.zxid).toBe(tree.lastZxid);
    expect(heard.changes.length).toBeLessThan(4);
    heard.follower.close();
  });
});

describe("changes since a zxid", () => {
  test("are those up to the call, from memory or from the log", async () => {
    const world = await begin();
    const { heard, elsewhere, here } = world;
    await run(elsewhere.tree, create("/a"));
    await run(elsewhere.tree, setData("/a"));
    const { follower: following } = heard;
    await following.latest();
    await run(elsewhere.tree, create("/later"));
    here.reset();
    expect(zxidsOf((await following.changesSince(2)) ?? [])).toEqual([3]);
    expect(here.counts()).toEqual({});
    expect(await following.changesSince(3)).toEqual([]);
    expect(await following.changesSince(99)).toEqual([]);
    const old = following.changesSince(0);
    await following.latest();
    expect(zxidsOf((await old) ?? [])).toEqual([1, 2, 3]);
    world.memory.store.logs.trim(treeLogId(namespace), 3, 100);
    expect(await following.changesSince(0)).toBeUndefined();
    following.close();
  });
});

test.each([1, 2, 3, 4, 5, 6])("whatever a store does, what is heard and what is shown agree: seed %i", async (seed) => {
  const store = new SimulatedStore({ seed });
  await store.time.run(async () => {
    const writers = [0, 1].map(() => {
      const { storage } = store.process();
      return { storage, tree: new Tree(storage, namespace) };
    });
    const [here] = writers;
    if (here === undefined) throw new Error("there is no process");
    const heard = await listen(here.storage, here.tree);
    store.setFaults({
      timeoutAfter: 0.1,
      timeoutBefore: 0.05,
      throttled: 0.05,
      unavailable: 0.05,
      tornRange: 0.1,
      slow: 0.1,
    });
    const write = async (index: number): Promise<void> => {
      const { tree } = writers[index % 2] ?? here;
      const path = `/${index % 7}`;
      const operation = index % 3 === 0 ? remove(path, -1) : create(path);
      const result = await (tree === here.tree ? heard.follower : tree).write({ operations: [operation] });
      heard.checkView();
      if (tree !== here.tree || result.kind !== "done") return;
      const { view } = heard.follower;
      if (view !== undefined) expect(view.lastZxid).toBeGreaterThanOrEqual(result.result.zxid);
    };
    const look = async (): Promise<void> => {
      await heard.follower.latest().catch(() => undefined);
      heard.checkView();
    };
    for (let index = 0; index < 120; index += 1) {
      const writing = write(index);
      await Promise.race([writing, store.random.chance(0.5) ? look() : writing]);
      await here.storage.timers.sleep(store.random.between(0, 300));
    }
    store.setFaults({});
    await here.storage.timers.sleep(30_000);
    await heard.follower.latest();
    heard.checkView();
    const all = await readOldChanges(here.storage, namespace, zxid(0));
    expect(heard.gaps).toEqual([]);
    expect(all).toMatchObject({ kind: "changes", changes: heard.changes });
    expect(heard.changes.length).toBeGreaterThan(20);
    heard.follower.close();
  });
});

describe("the largest multis", () => {
  test("are read by who follows and who comes anew, and what happened in them a few at a time", async () => {
    const { memory, heard, elsewhere, here } = await begin();
    const sets = Array.from({ length: treeOperationsMax }, () => setData("/before"));
    const zxids: number[] = [];
    for (let round = 0; round < 6; round += 1) zxids.push((await run(elsewhere.tree, ...sets)).zxid);
    await heard.follower.latest();
    expect(zxidsOf(heard.changes)).toEqual(zxids);
    expect((await follower(memory).tree.read()).node("/before")?.version).toBe(6 * treeOperationsMax);
    const first = await readOldChanges(here.storage, namespace, zxid(1));
    expect(first).toMatchObject({ kind: "changes", upTo: zxids[4] });
    const rest = await readOldChanges(here.storage, namespace, zxid(zxids[4] ?? 0));
    expect(rest).toMatchObject({ kind: "changes", upTo: zxids[5] });
    expect(await heard.follower.changesSince(1)).toHaveLength(6);
    heard.follower.close();
  });
});
