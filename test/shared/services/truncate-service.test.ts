import { describe, expect, test } from "vitest";
import { createServices } from "../../../shared/services/create-services.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { refusal } from "./topic-process.ts";

const ns = "default";

/** A topic of two partitions, the second with three records. */
async function threeRecords() {
  const { storage } = createMemoryStorage();
  const services = createServices(storage);
  await services.topics.create(ns, { name: "t", partitions: 2 });
  const record = { key: null, value: new Uint8Array(1), headers: [] };
  await services.produce.produceRecords({ namespace: ns, topic: "t", partition: 1, records: [record, record, record] });
  return services;
}

describe("truncating a partition", () => {
  test("lets it start at the offset, at once", async () => {
    const { truncate, fetch } = await threeRecords();
    expect(await truncate.truncate(ns, "t", 1, 2)).toEqual({ logStartOffset: 2 });
    expect(await fetch.listOffset(ns, "t", 1, { at: "earliest" })).toEqual({ offset: 2, timestamp: -1 });
    expect(await truncate.truncate(ns, "t", 1, -1)).toEqual({ logStartOffset: 3 });
    expect(await truncate.truncate(ns, "t", 1, 1)).toEqual({ logStartOffset: 3 });
  });

  test.each([[4], [-2], [0.5]])("to %d is refused with the range that there is", async (beforeOffset) => {
    const { truncate } = await threeRecords();
    const error = await refusal(truncate.truncate(ns, "t", 1, beforeOffset), "OFFSET_OUT_OF_RANGE");
    expect(error.details).toEqual({ offset: beforeOffset, logStartOffset: 0, highWatermark: 3 });
    expect(error.retriable).toBe(false);
  });

  test.each([
    ["t", 2],
    ["t", -1],
    ["other", 0],
  ])("that is not there, %s-%d, is refused", async (topic, partition) => {
    const { truncate } = await threeRecords();
    await refusal(truncate.truncate(ns, topic, partition, 0), "UNKNOWN_TOPIC_OR_PARTITION");
  });

  test("finds a partition that was added after the topic was cached", async () => {
    const { storage, store } = createMemoryStorage();
    const services = createServices(storage);
    await services.topics.create(ns, { name: "t", partitions: 1 });
    await services.fetch.listOffset(ns, "t", 0, { at: "latest" });
    await createServices(store.process().storage).topics.alter(ns, "t", { partitions: 2 });
    expect(await services.truncate.truncate(ns, "t", 1, -1)).toEqual({ logStartOffset: 0 });
  });

  test("of a store that does not answer says so, and that it may be tried again", async () => {
    const { storage, store } = createMemoryStorage();
    const services = createServices(storage);
    await services.topics.create(ns, { name: "t" });
    await services.fetch.listOffset(ns, "t", 0, { at: "latest" });
    store.failNext("logs.readLast", "unavailable");
    const error = await refusal(services.truncate.truncate(ns, "t", 0, -1), "KAFKA_STORAGE_ERROR");
    expect(error.retriable).toBe(true);
  });
});
