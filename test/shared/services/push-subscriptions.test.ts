import { beforeEach, describe, expect, test } from "vitest";
import { subscriptionsPerConnectionMax } from "../../../shared/limits/push.ts";
import { ann, bob, onlyAnn, PushWorld } from "./push-world.ts";

const orders = { namespace: "default", topic: "orders", partition: 0 };
let world: PushWorld;
let logId: string;

beforeEach(async () => {
  world = new PushWorld();
  logId = `partition:${await world.createTopic()}:0`;
});

const refused = (code: string) => expect.objectContaining({ code }) as Error;

describe("a subscription", () => {
  test("is refused for a connection that nobody has opened, or that another has", async () => {
    const { push } = world.services;
    await world.connect("hers", "her");
    for (const connectionId of ["hers", "none", ""]) {
      const owner = { connectionId, principal: "me" };
      await expect(push.subscribeToPartition(owner, orders)).rejects.toEqual(refused("UNKNOWN_CONNECTION"));
      const scope = { path: "/", recursive: true };
      await expect(push.subscribeToPath(owner, world.as(ann), scope)).rejects.toEqual(refused("UNKNOWN_CONNECTION"));
    }
    await world.hints.notify([{ logId, first: 0, last: 0 }]);
    expect(world.inbox.size).toBe(0);
  });

  test("is refused for a partition, a namespace or a path that cannot be", async () => {
    const { push } = world.services;
    const me = await world.connect("c");
    const unknown = [
      { ...orders, topic: "nothing" },
      { ...orders, partition: 2 },
    ];
    for (const target of [...unknown, { ...orders, topic: "__znode_changes", partition: 1 }]) {
      await expect(push.subscribeToPartition(me, target)).rejects.toEqual(refused("UNKNOWN_TOPIC_OR_PARTITION"));
    }
    const nowhere = { ...orders, namespace: "nowhere" };
    await expect(push.subscribeToPartition(me, nowhere)).rejects.toEqual(refused("UNKNOWN_NAMESPACE"));
    for (const path of ["a", "/a/", `/${"x".repeat(5_000)}`]) {
      const subscribed = push.subscribeToPath(me, world.as(ann), { path, recursive: false });
      await expect(subscribed).rejects.toEqual(refused("BAD_ARGUMENTS"));
    }
  });

  test("to a znode needs READ of it; to one that is yet to come it does not", async () => {
    const { push } = world.services;
    const me = await world.connect("c");
    await world.create("/hers", onlyAnn);
    const hers = { path: "/hers", recursive: false };
    await expect(push.subscribeToPath(me, world.as(bob), hers)).rejects.toEqual(refused("NO_AUTH"));
    await expect(push.subscribeToPath(me, world.as([]), hers)).rejects.toEqual(refused("NO_AUTH"));
    await expect(push.subscribeToPath(me, world.as(ann), hers)).resolves.toBeDefined();
    const later = { path: "/hers/later", recursive: false };
    await expect(push.subscribeToPath(me, world.as(bob), later)).resolves.toBeDefined();
  });

  test("is one of a bounded number, and makes room when it ends", async () => {
    const { push } = world.services;
    const me = await world.connect("c");
    const { subscriptionId } = await push.subscribeToPartition(me, orders);
    for (let count = 1; count < subscriptionsPerConnectionMax; count += 1) await push.subscribeToPartition(me, orders);
    await expect(push.subscribeToPartition(me, orders)).rejects.toEqual(refused("QUOTA_EXCEEDED"));
    await push.unsubscribe("c", subscriptionId);
    await push.unsubscribe("c", subscriptionId);
    await push.subscribeToPartition(me, orders);
    await expect(push.subscribeToPartition(me, orders)).rejects.toEqual(refused("QUOTA_EXCEEDED"));
    await push.disconnect("c");
    expect(await world.storedItems("c", logId)).toBe(0);
  });

  test("ends with its connection, of which nothing is left", async () => {
    const { push } = world.services;
    const [me, other] = [await world.connect("c"), await world.connect("d")];
    for (const owner of [me, other]) await push.subscribeToPartition(owner, orders);
    await push.subscribeToPath(me, world.as(ann), { path: "/", recursive: true });
    await push.disconnect("c");
    await push.disconnect("c");
    await world.hints.notify([{ logId, first: 4, last: 4 }]);
    await world.create("/a");
    expect([...world.inbox.keys()]).toEqual(["d"]);
    expect(await world.storedItems("c", logId)).toBe(0);
    expect(await world.storedItems("c", "tree:default")).toBe(0);
    await expect(push.subscribeToPartition(me, orders)).rejects.toEqual(refused("UNKNOWN_CONNECTION"));
  });

  test("ends after the two hours that a connection may last, even if nobody said that it ended", async () => {
    const { push } = world.services;
    const me = await world.connect("c");
    await push.subscribeToPartition(me, orders);
    await world.memory.time.advance(3 * 3_600_000);
    await world.hints.notify([{ logId, first: 4, last: 4 }]);
    expect(world.inbox.size).toBe(0);
    await expect(push.subscribeToPartition(me, orders)).rejects.toEqual(refused("UNKNOWN_CONNECTION"));
  });

  test("can only be ended over its own connection", async () => {
    const { push } = world.services;
    const [me] = [await world.connect("c"), await world.connect("d")];
    const { subscriptionId } = await push.subscribeToPartition(me, orders);
    await push.unsubscribe("d", subscriptionId);
    await world.hints.notify([{ logId, first: 4, last: 4 }]);
    expect(world.take("c")).toEqual([{ type: "partition", ...orders, offset: 4 }]);
  });
});
