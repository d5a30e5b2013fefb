import { expect, test } from "vitest";
import { PartitionChooser } from "../../../client/producer/partition-chooser.ts";

test("a key has the partition that Kafka's Java client gives it", () => {
  const chooser = new PartitionChooser(Math.random);
  // org.apache.kafka.common.utils.UtilsTest.testMurmur2
  expect(chooser.choose(Buffer.from("foobar"), 100)).toBe((-790332482 & 0x7fff_ffff) % 100);
  expect(chooser.choose(Buffer.from("a-little-bit-long-string"), 7)).toBe((-985981536 & 0x7fff_ffff) % 7);
});

test("without a key a partition is kept until its batch is complete, and then another follows", () => {
  const draws = [0.5, 0.99, 0];
  const chooser = new PartitionChooser(() => draws.shift() ?? 0);
  expect([chooser.choose(null, 4), chooser.choose(null, 4)]).toEqual([2, 2]);
  chooser.batchComplete(1, 4);
  expect(chooser.choose(null, 4)).toBe(2);
  chooser.batchComplete(2, 4);
  expect(chooser.choose(null, 4)).toBe(3);
  chooser.batchComplete(3, 4);
  expect(chooser.choose(null, 4)).toBe(0);
});

test("the next partition is never the same one while there are others, and any other can be next", () => {
  const next = new Set<number>();
  for (let draw = 0; draw < 1; draw += 0.1) {
    const draws = [0.4, draw];
    const chooser = new PartitionChooser(() => draws.shift() ?? 0);
    const before = chooser.choose(null, 5);
    chooser.batchComplete(before, 5);
    next.add(chooser.choose(null, 5));
    expect(before).toBe(2);
  }
  expect([...next].toSorted((left, right) => left - right)).toEqual([0, 1, 3, 4]);
});

test("a topic of one partition has no other", () => {
  const chooser = new PartitionChooser(() => 0.9);
  expect(chooser.choose(null, 1)).toBe(0);
  chooser.batchComplete(0, 1);
  expect(chooser.choose(null, 1)).toBe(0);
});
