import { expect, test } from "vitest";
import { changeOf, groupByTopic, listPartitions } from "../../../client/consumer/topic-partition.ts";

test("partitions are grouped by topic, both in ascending order, and listed again", () => {
  const listed = [
    { topic: "b", partition: 10 },
    { topic: "a", partition: 0 },
    { topic: "b", partition: 9 },
  ];
  const grouped = groupByTopic(listed);
  expect(grouped).toEqual([
    { topic: "a", partitions: [0] },
    { topic: "b", partitions: [9, 10] },
  ]);
  expect(listPartitions(grouped)).toHaveLength(3);
  expect(groupByTopic([])).toEqual([]);
});

test("a change is what is to go and what is to come; what stays is in neither", () => {
  const owned = [
    { topic: "a", partition: 0 },
    { topic: "a", partition: 1 },
  ];
  const { revoked, added } = changeOf(owned, [
    { topic: "a", partitions: [1, 2] },
    { topic: "b", partitions: [0] },
  ]);
  expect(revoked).toEqual([owned[0]]);
  expect(added).toEqual([
    { topic: "a", partition: 2 },
    { topic: "b", partition: 0 },
  ]);
  expect(changeOf(owned, groupByTopic(owned))).toEqual({ revoked: [], added: [] });
});
