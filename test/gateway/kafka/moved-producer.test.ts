import { beforeEach, expect, test } from "vitest";
import { createServices } from "../../../shared/services/create-services.ts";
import type { Services } from "../../../shared/services/services.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";

/** Two gateways' services, which know of each other only what the store tells them. */
let one: Services;
let other: Services;
let producerId: bigint;

beforeEach(async () => {
  const { storage } = createMemoryStorage();
  one = createServices(storage);
  other = createServices(storage);
  await one.topics.create("default", { name: "orders", partitions: 1 });
  ({ producerId } = await one.producers.allocate("default"));
});

/** A batch of two records; the offset of the first. */
async function send(services: Services, baseSequence: number): Promise<number> {
  const records = [0, 1].map((index) => ({
    key: null,
    value: new TextEncoder().encode(String(baseSequence + index)),
    headers: [],
    timestamp: 0,
  }));
  const producer = { producerId, producerEpoch: 0, baseSequence };
  const { baseOffset } = await services.produce.produceRecords({
    namespace: "default",
    topic: "orders",
    partition: 0,
    records,
    producer,
  });
  return baseOffset;
}

test("a batch whose first gateway was killed before it answered is known to the next one", async () => {
  expect(await send(other, 0)).toBe(0);
  expect(await send(one, 2)).toBe(2);
  expect(await send(one, 4)).toBe(4);
  expect(await send(other, 4)).toBe(4);
  expect(await send(other, 2)).toBe(2);
});

test("a producer that moves goes on where it was, though the gateway's memory is of before", async () => {
  expect(await send(other, 0)).toBe(0);
  for (const sequence of [2, 4, 6]) expect(await send(one, sequence)).toBe(sequence);
  expect(await send(other, 8)).toBe(8);
  expect(await send(one, 10)).toBe(10);
});

test("batches behind one that was lost are refused until they come again, in order", async () => {
  expect(await send(one, 0)).toBe(0);
  const behind = await Promise.allSettled([4, 6, 8].map((sequence) => send(other, sequence)));
  for (const answer of behind) {
    expect(answer).toMatchObject({
      reason: { code: "OUT_OF_ORDER_SEQUENCE_NUMBER", details: { expectedSequence: 2 } },
    });
  }
  const again = await Promise.all([2, 4, 6, 8].map((sequence) => send(other, sequence)));
  expect(again).toEqual([2, 4, 6, 8]);
});

test("a batch that two gateways have at the same time is appended once", async () => {
  expect(await send(one, 0)).toBe(0);
  expect(await send(other, 2)).toBe(2);
  for (const sequence of [4, 6, 8]) {
    expect(await Promise.all([send(one, sequence), send(other, sequence)])).toEqual([sequence, sequence]);
  }
  const end = await one.fetch.listOffset("default", "orders", 0, { at: "latest" });
  expect(end.offset).toBe(10);
});
