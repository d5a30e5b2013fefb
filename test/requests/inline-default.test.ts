import { expect, test } from "vitest";
import { createServices } from "../../shared/services/create-services.ts";
import { countRequests } from "../../shared/storage/count-requests.ts";
import { createMemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import { partitionWriter } from "../../shared/partition/partition-writer.ts";
import type { RequestName } from "../../shared/storage/request-name.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { batchOf } from "./long-log.ts";
import { openForTest, testFolder } from "../shared/storage/embedded/data-folder.ts";

const [namespace, topic] = ["default", "t"];
const inline = { "logs.putIfAbsent": 1 };
const byReference = { "blobs.put": 1, "logs.putIfAbsent": 1 };

type Counts = Partial<Record<RequestName, number>>;

/** What producing that much to a topic costs a process that has done so before. */
async function costOf(storage: Storage, valueBytes: number, config: Readonly<Record<string, string>>): Promise<Counts> {
  const counted = countRequests(storage);
  const { topics, produce } = createServices(counted.storage);
  await topics.create(namespace, { name: topic, config });
  const send = (bytes: number) =>
    produce.produce({
      namespace,
      topic,
      records: [{ key: null, value: Buffer.alloc(bytes, "v"), headers: [], partition: 0 }],
    });
  await send(1);
  counted.reset();
  const results = await send(valueBytes);
  expect(results).toMatchObject([{ partition: 0, offset: 1 }]);
  return counted.counts();
}

test.each([
  ["350 KB less what a batch adds", 349_900, {}, inline],
  ["more than 350 KB", 350_001, {}, byReference],
  ["more than the topic wants inline", 100_000, { "streamkeeper.inline.max.bytes": "16384" }, byReference],
])("the embedded store takes %s in so many requests", async (_, valueBytes, config, cost) => {
  const { storage } = await openForTest(await testFolder());
  expect(await costOf(storage, valueBytes, config)).toEqual(cost);
});

test.each([
  ["16 KiB less what a batch adds", 16_284, {}, inline],
  ["more than 16 KiB", 16_385, {}, byReference],
  ["what the topic wants inline", 100_000, { "streamkeeper.inline.max.bytes": "350000" }, inline],
])("another store takes %s in so many requests", async (_, valueBytes, config, cost) => {
  expect(await costOf(createMemoryStorage().storage, valueBytes, config)).toEqual(cost);
});

/** A writer finds another's entry where it wanted to put its own, which the store takes inline. */
test.each([
  ["reads the log before it sends a payload again that is large for the store", {}, 1],
  ["sends a payload again at once that is usual for the store", { inlinePayloadBytes: 350_000 }, 0],
])("who loses a race %s", async (_, property, reads) => {
  const counted = countRequests({ ...createMemoryStorage().storage, ...property });
  const name = { topicId: "raced", partition: 0 };
  const [loser, winner] = [0, 1].map(() => partitionWriter(counted.storage, name, () => 350_000));
  for (const writer of [winner, loser, winner])
    expect(await writer?.append(batchOf(100))).toMatchObject({ kind: "done" });
  counted.reset();
  expect(await loser?.append(batchOf(100_000))).toMatchObject({ kind: "done" });
  const { "logs.readFrom": readFrom = 0, ...others } = counted.counts();
  expect({ readFrom, ...others }).toEqual({ readFrom: reads, "logs.putIfAbsent": 2 });
});
