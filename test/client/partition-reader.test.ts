import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { ReadPartitionOptions } from "../../client/index.ts";
import { compress } from "../../shared/compression/compression.ts";
import { compressionTypes } from "../../shared/record/compression-type.ts";
import { encodeBatch } from "../../shared/record/encode-batch.ts";
import { answer, hangUp, refuse } from "./scripted-server.ts";
import { ScriptedPartition } from "./scripted-partition.ts";

const place = { topic: "t", partition: 0 };
const textOf = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString();

/** The values that are there now. */
async function readAll(partition: ScriptedPartition, options: Partial<ReadPartitionOptions> = {}): Promise<string[]> {
  const values: string[] = [];
  for await (const record of partition.client.readPartition({ ...place, stopAtEnd: true, ...options })) {
    values.push(textOf(record.value));
  }
  return values;
}

/** A partition with "0" to "9" in batches of two. */
async function filled(): Promise<ScriptedPartition> {
  const partition = await ScriptedPartition.start();
  for (let value = 0; value < 10; value += 2) partition.append([String(value), String(value + 1)]);
  return partition;
}

describe("reading", () => {
  test("gives every record in order, with its offset, over as many requests as it takes", async () => {
    await using partition = await filled();
    const records = [];
    for await (const record of partition.client.readPartition({ ...place, stopAtEnd: true })) records.push(record);
    expect(records.map((record) => [record.offset, textOf(record.value)])).toEqual(
      Array.from({ length: 10 }, (_, index) => [index, String(index)]),
    );
    expect(records[0]).toMatchObject({ partition: 0, timestamp: 7, key: null, headers: [] });
    expect(partition.fetches.map((fetch) => fetch.offset)).toEqual([0, 4, 8]);
  });

  test.each(compressionTypes)("opens batches compressed by %s", async (compressionType) => {
    await using partition = await ScriptedPartition.start();
    partition.append(["a".repeat(1_000), "b"], { compressionType });
    expect(await readAll(partition)).toEqual(["a".repeat(1_000), "b"]);
  });

  test("leaves out what stands before the offset in its batch", async () => {
    await using partition = await filled();
    expect(await readAll(partition, { from: 5 })).toEqual(["5", "6", "7", "8", "9"]);
  });

  test("leaves out control records, and passes over them", async () => {
    await using partition = await ScriptedPartition.start();
    partition.batchesPerAnswer = 1;
    partition.append(["a"]);
    partition.append(["control"], { isControl: true });
    partition.append(["b"]);
    expect(await readAll(partition)).toEqual(["a", "b"]);
  });

  test("passes over a batch that compaction has emptied", async () => {
    await using partition = await ScriptedPartition.start();
    partition.appendBytes(encodeBatch({ records: [], lastOffsetDelta: 4, maxTimestamp: 1 }, compress));
    partition.append(["a"]);
    expect(await readAll(partition)).toEqual(["a"]);
  });

  test("page by page tells where to go on", async () => {
    await using partition = await filled();
    const pages = [];
    for await (const page of partition.client.readPartition({ ...place, stopAtEnd: true }).pages()) pages.push(page);
    expect(pages.map((page) => [page.records.length, page.nextOffset])).toEqual([
      [4, 4],
      [4, 8],
      [2, 10],
    ]);
    expect(pages[0]).toMatchObject({ highWatermark: 10, logStartOffset: 0 });
  });
});

describe("where to begin", () => {
  test.each([
    ["earliest", ["0", "1", "2"]],
    [8, ["8", "9", "10"]],
    ["latest", ["10", "11", "12"]],
    [{ timestamp: 1_000 }, ["6", "7", "8"]],
    [{ timestamp: 9_000 }, ["10", "11", "12"]],
  ] as const)("%o", async (from, expected) => {
    await using partition = await filled();
    partition.timestamps.set("1000", 6);
    const values: string[] = [];
    setTimeout(() => partition.append(["10", "11", "12"]), 60);
    for await (const record of partition.client.readPartition({ ...place, from })) {
      values.push(textOf(record.value));
      if (values.length === 3) break;
    }
    expect(values).toEqual(expected);
  });
});

describe("waiting", () => {
  test("is done by the service, for as long as it is asked to", async () => {
    await using partition = await filled();
    setTimeout(() => partition.append(["new"]), 80);
    for await (const record of partition.client.readPartition({ ...place, from: 10, waitMs: 1_500 })) {
      expect(textOf(record.value)).toBe("new");
      break;
    }
    expect(partition.fetches[0]).toMatchObject({ offset: 10, waitMs: 1_500 });
  });

  test("does not spin on a service that does not wait", async () => {
    await using partition = await ScriptedPartition.start();
    const signal = AbortSignal.timeout(180);
    const reading = readAll(partition, { stopAtEnd: false, waitMs: 0, signal });
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    expect(partition.fetches.length).toBeLessThanOrEqual(5);
  });

  test("ends with an abort, at once", async () => {
    await using partition = await filled();
    const controller = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      const { signal } = controller;
      for await (const record of partition.client.readPartition({ ...place, signal })) {
        seen.push(record.offset);
        if (seen.length === 10) setTimeout(() => controller.abort(), 50);
      }
    })();
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    expect(seen).toHaveLength(10);
  });
});

describe("prefetch", () => {
  test("asks for the next page while the caller works, and no further", async () => {
    await using partition = await filled();
    for await (const page of partition.client.readPartition({ ...place }).pages()) {
      await expect.poll(() => partition.fetches.length).toBe(2);
      await sleep(30);
      expect(page.nextOffset).toBe(4);
      break;
    }
    expect(partition.fetches.map((fetch) => fetch.offset)).toEqual([0, 4]);
  });

  test("can be left out", async () => {
    await using partition = await filled();
    for await (const _ of partition.client.readPartition({ ...place, prefetch: false }).pages()) {
      await sleep(60);
      break;
    }
    expect(partition.fetches.map((fetch) => fetch.offset)).toEqual([0]);
  });

  test("is broken off when the caller stops", async () => {
    await using partition = await filled();
    const brokenOff = Promise.withResolvers<string>();
    partition.script = (index) =>
      index === 0 ? undefined : (response) => void response.on("close", () => brokenOff.resolve("broken off"));
    for await (const _ of partition.client.readPartition({ ...place }).pages()) {
      await expect.poll(() => partition.fetches.length).toBe(2);
      break;
    }
    expect(await Promise.race([brokenOff.promise, sleep(2_000)])).toBe("broken off");
  });

  test("that failed does not take away what came before it", async () => {
    await using partition = await filled();
    partition.script = (index) => (index === 1 ? refuse(404, "UNKNOWN_TOPIC_OR_PARTITION") : undefined);
    const values: string[] = [];
    const reading = (async () => {
      for await (const record of partition.client.readPartition({ ...place })) {
        await sleep(10);
        values.push(textOf(record.value));
      }
    })();
    await expect(reading).rejects.toMatchObject({ name: "UNKNOWN_TOPIC_OR_PARTITION" });
    expect(values).toEqual(["0", "1", "2", "3"]);
  });
});

describe("an offset that is not in the log", () => {
  test("ends the reading unless told otherwise", async () => {
    await using partition = await filled();
    partition.logStartOffset = 6;
    await expect(readAll(partition, { from: 2 })).rejects.toMatchObject({
      name: "OFFSET_OUT_OF_RANGE",
      details: { logStartOffset: 6, highWatermark: 10 },
    });
  });

  test("is passed over to the earliest", async () => {
    await using partition = await filled();
    partition.logStartOffset = 6;
    expect(await readAll(partition, { from: 2, reset: "earliest" })).toEqual(["6", "7", "8", "9"]);
    expect(await readAll(partition, { from: 99, reset: "earliest" })).toEqual(["6", "7", "8", "9"]);
  });

  test("is passed over to the latest", async () => {
    await using partition = await filled();
    partition.logStartOffset = 6;
    expect(await readAll(partition, { from: 2, reset: "latest" })).toEqual([]);
  });

  test("is not followed for ever", async () => {
    await using partition = await filled();
    const details = { logStartOffset: 3, highWatermark: 10 };
    partition.script = () => refuse(416, "OFFSET_OUT_OF_RANGE", { details });
    await expect(readAll(partition, { from: 2, reset: "earliest" })).rejects.toThrow("OFFSET_OUT_OF_RANGE");
    expect(partition.fetches.length).toBeLessThan(20);
  });
});

describe("a failure", () => {
  test("that may pass is waited out", async () => {
    await using partition = await filled();
    const unavailable = refuse(503, "KAFKA_STORAGE_ERROR", { retriable: true });
    partition.script = (index) => (index % 3 === 0 ? hangUp : index % 3 === 1 ? unavailable : undefined);
    partition.batchesPerAnswer = 3;
    expect(await readAll(partition)).toHaveLength(10);
  });

  test("that does not pass is told after the time that the reader waits", async () => {
    await using partition = await filled();
    partition.script = () => refuse(503, "KAFKA_STORAGE_ERROR", { retriable: true });
    await expect(readAll(partition, { giveUpAfterMs: 150 })).rejects.toMatchObject({ name: "KAFKA_STORAGE_ERROR" });
    expect(partition.fetches.length).toBeGreaterThan(1);
  });

  test("of one bit is found by the checksum", async () => {
    await using partition = await filled();
    const bytes = encodeBatch({ records: [{ key: null, value: Buffer.from("value") }] }, compress);
    const last = bytes.length - 2;
    bytes[last] = (bytes[last] ?? 0) ^ 1;
    partition.appendBytes(bytes);
    await expect(readAll(partition, { from: 10 })).rejects.toMatchObject({
      name: "CorruptBatchError",
      message: expect.stringContaining("CRC"),
    });
  });

  test("of an answer without watermarks is not taken for an empty log", async () => {
    await using partition = await filled();
    partition.script = () => answer(200, {});
    await expect(readAll(partition)).rejects.toMatchObject({ name: "MalformedResponseError" });
  });
});

test.each([
  [{ waitMs: 25_001 }, "waitMs"],
  [{ maxBytes: 0 }, "maxBytes"],
])("options %o are refused", async (options, message) => {
  await using partition = await ScriptedPartition.start();
  expect(() => partition.client.readPartition({ ...place, ...options })).toThrow(message);
});
