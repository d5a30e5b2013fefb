import { expect, test } from "vitest";
import { placementAmong } from "../../../gateway/kafka/placement.ts";
import { chooseNode, keyOf, partitionKeyOf } from "../../../gateway/kafka/rendezvous.ts";

const nodes = [1, 2, 3, 1_001, 1_002].map((nodeId) => ({ nodeId }));
const topicId = "AAECAwQFBgcICQoLDA0ODw";
const partitions = Array.from({ length: 5_000 }, (_, partition) => partitionKeyOf(topicId, partition));
const groups = Array.from({ length: 5_000 }, (_, group) => keyOf(`group-${group}`));

test.each([
  ["partitions", partitions],
  ["groups", groups],
])("spreads %s over all nodes alike", (_what, keys) => {
  const counts = new Map(nodes.map(({ nodeId }) => [nodeId, 0]));
  for (const key of keys) {
    const nodeId = chooseNode(key, nodes)?.nodeId ?? 0;
    counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
  }
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(120);
});

test("moves only what the node had that goes, and to all others", () => {
  const left = nodes.filter(({ nodeId }) => nodeId !== 2);
  const movedTo = new Set<number>();
  for (const key of partitions) {
    const before = chooseNode(key, nodes)?.nodeId;
    const after = chooseNode(key, left)?.nodeId ?? 0;
    if (before === 2) movedTo.add(after);
    else expect(after).toBe(before);
  }
  expect(movedTo).toEqual(new Set([1, 3, 1_001, 1_002]));
});

test("says the same whatever the order of the nodes", () => {
  const reversed = nodes.toReversed();
  for (const key of groups.slice(0, 500)) expect(chooseNode(key, reversed)).toBe(chooseNode(key, nodes));
});

test("names one that lives as the controller, and itself where it knows of nobody", () => {
  const [self, other] = [1, 2].map((nodeId) => ({ nodeId, host: "here", port: 9_092 }));
  if (self === undefined || other === undefined) throw new Error("two brokers");
  const among = (brokers: readonly (typeof self)[], controllerId?: number) =>
    placementAmong(() => ({ self, brokers, controllerId }));
  expect(among([self, other], 2).controller()).toBe(other);
  expect(among([self, other], 3).controller()).toBe(self);
  expect(among([]).controller()).toBe(self);
  expect(among([]).leaderOf(topicId, 0)).toBe(self);
  expect(among([]).coordinatorOf("group")).toBe(self);
});
