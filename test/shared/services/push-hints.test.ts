import { describe, expect, test } from "vitest";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import { createHintServices } from "../../../shared/services/capability-services.ts";
import { subscribersCacheMs } from "../../../shared/limits/push.ts";
import { concerns, type TreeEventType } from "../../../shared/tree/tree-events.ts";
import { ann, bob, onlyAnn, PushWorld, world as anyone } from "./push-world.ts";

const orders = { namespace: "default", topic: "orders", partition: 0 };

async function partitionWorld(cacheMs?: number) {
  const world = new PushWorld(cacheMs);
  const topicId = await world.createTopic();
  const logOf = (partition: number) => `partition:${topicId}:${partition}`;
  return { world, logOf };
}

describe("hints of partitions", () => {
  test("name the partition and an offset, and go to those who have subscribed to it", async () => {
    const { world, logOf } = await partitionWorld();
    const [one, other] = [await world.connect("one"), await world.connect("other")];
    await world.services.push.subscribeToPartition(one, orders);
    await world.services.push.subscribeToPartition(other, { ...orders, partition: 1 });
    const sent = await world.hints.notify([
      { logId: logOf(0), first: 3, last: 7 },
      { logId: "partition:another:0", first: 0, last: 0 },
    ]);
    expect(sent).toEqual({ posted: 1, gone: 0, failed: 0 });
    expect(world.take("one")).toEqual([{ type: "partition", ...orders, offset: 7 }]);
    expect(world.take("other")).toEqual([]);
  });

  test("are one for each partition, however often it was subscribed to", async () => {
    const { world, logOf } = await partitionWorld();
    const me = await world.connect("c");
    for (const partition of [0, 0, 1]) await world.services.push.subscribeToPartition(me, { ...orders, partition });
    await world.hints.notify([0, 1].map((partition) => ({ logId: logOf(partition), first: 1, last: 1 })));
    expect(world.take("c")).toHaveLength(2);
  });

  test("tell of the tree's changes as a topic by its log", async () => {
    const { world } = await partitionWorld();
    const me = await world.connect("c");
    const changes = { ...orders, topic: "__znode_changes" };
    await world.services.push.subscribeToPartition(me, changes);
    const zxid = await world.create("/a", onlyAnn);
    expect(world.take("c")).toEqual([{ type: "partition", ...changes, offset: zxid }]);
  });

  test("stop for a connection that is gone, whose items are removed", async () => {
    const { world, logOf } = await partitionWorld(subscribersCacheMs);
    for (const connectionId of ["gone", "here"]) {
      await world.services.push.subscribeToPartition(await world.connect(connectionId), orders);
    }
    world.gone.add("gone");
    const grown = [{ logId: logOf(0), first: 1, last: 1 }];
    expect(await world.hints.notify(grown)).toEqual({ posted: 1, gone: 1, failed: 0 });
    expect(await world.storedItems("gone", logOf(0))).toBe(0);
    expect(await world.hints.notify(grown)).toEqual({ posted: 1, gone: 0, failed: 0 });
  });

  test("that fail keep nobody else's back", async () => {
    const { world, logOf } = await partitionWorld();
    await world.services.push.subscribeToPartition(await world.connect("c"), orders);
    world.fails = true;
    const grown = [{ logId: logOf(0), first: 1, last: 1 }];
    expect(await world.hints.notify(grown)).toEqual({ posted: 0, gone: 0, failed: 1 });
    world.fails = false;
    expect(await world.hints.notify(grown)).toEqual({ posted: 1, gone: 0, failed: 0 });
  });

  test("cost one lookup of a log in two seconds, and are heard by a new subscriber after those", async () => {
    const { world, logOf } = await partitionWorld(subscribersCacheMs);
    const { storage, counts } = countRequests(world.memory.storage);
    const { hints } = createHintServices(storage, world);
    const grown = [{ logId: logOf(0), first: 1, last: 1 }];
    for (let write = 0; write < 100; write += 1) await hints.notify(grown);
    expect(counts()).toMatchObject({ "items.query": 1 });
    const { heardInMs } = await world.services.push.subscribeToPartition(await world.connect("c"), orders);
    await hints.notify(grown);
    expect(world.take("c")).toEqual([]);
    await world.memory.time.advance(heardInMs + 1);
    await hints.notify(grown);
    expect(world.take("c")).toHaveLength(1);
  });
});

describe("hints of paths", () => {
  const scopes = ["/", "/a", "/a/b", "/ab"].flatMap((path) => [
    { path, recursive: false },
    { path, recursive: true },
  ]);

  test("go to whom a watch of the same path would tell, for every kind of change", async () => {
    const world = new PushWorld();
    for (const [index, scope] of scopes.entries()) {
      await world.services.push.subscribeToPath(await world.connect(`c${index}`), world.as(ann), scope);
    }
    const steps: readonly (readonly [() => Promise<number>, readonly (readonly [TreeEventType, string])[]])[] = [
      [
        () => world.create("/a"),
        [
          ["NodeCreated", "/a"],
          ["NodeChildrenChanged", "/"],
        ],
      ],
      [
        () => world.create("/ab"),
        [
          ["NodeCreated", "/ab"],
          ["NodeChildrenChanged", "/"],
        ],
      ],
      [
        () => world.create("/a/b"),
        [
          ["NodeCreated", "/a/b"],
          ["NodeChildrenChanged", "/a"],
        ],
      ],
      [() => world.setData("/a/b"), [["NodeDataChanged", "/a/b"]]],
      [() => world.setData("/a"), [["NodeDataChanged", "/a"]]],
      [
        () => world.delete("/a/b"),
        [
          ["NodeDeleted", "/a/b"],
          ["NodeChildrenChanged", "/a"],
        ],
      ],
    ];
    for (const [step, events] of steps) {
      const zxid = await step();
      for (const [index, scope] of scopes.entries()) {
        const hears = events.some(([type, path]) => concerns(scope, { type, path }));
        const expected = hears ? [{ type: "path", namespace: "default", ...scope, zxid }] : [];
        expect([events, scope, world.take(`c${index}`)]).toEqual([events, scope, expected]);
      }
    }
  });

  test("are not sent for what a subscriber may not READ at that time, whatever it may read besides", async () => {
    const world = new PushWorld();
    const all = { path: "/", recursive: true };
    for (const [connectionId, identities] of [
      ["ann", ann],
      ["bob", bob],
    ] as const) {
      await world.services.push.subscribeToPath(await world.connect(connectionId), world.as(identities), all);
    }
    const secret = await world.create("/secret", onlyAnn);
    expect(world.take("ann")).toEqual([{ type: "path", namespace: "default", ...all, zxid: secret }]);
    expect(world.take("bob")).toEqual([]);
    await world.setData("/secret");
    expect(world.take("bob")).toEqual([]);
    await world.services.znodes.setAcl(world.as(ann), { path: "/secret", acl: anyone, version: -1 });
    const seen = await world.setData("/secret");
    expect(world.take("bob")).toEqual([{ type: "path", namespace: "default", ...all, zxid: seen }]);
  });

  test("tell of several changes at once by the last that concerns the subscriber", async () => {
    const world = new PushWorld();
    const scope = { path: "/a", recursive: false };
    await world.services.push.subscribeToPath(await world.connect("c"), world.as(ann), scope);
    const write = (path: string) =>
      world.services.znodes.create(world.as(ann), { path, data: null, mode: "persistent" as const });
    const [{ zxid }, { zxid: last }] = [await write("/a"), await write("/other")];
    await world.hints.notify([{ logId: "tree:default", first: zxid, last }]);
    expect(world.take("c")).toEqual([{ type: "path", namespace: "default", ...scope, zxid }]);
  });

  test("stay within their namespace", async () => {
    const world = new PushWorld();
    await world.services.namespaces.create("team");
    const all = { path: "/", recursive: true };
    await world.services.push.subscribeToPath(await world.connect("c"), { ...world.as(ann), namespace: "team" }, all);
    await world.create("/a");
    expect(world.take("c")).toEqual([]);
  });
});
