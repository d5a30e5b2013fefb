import { describe, expect, test } from "vitest";
import { readLogStart } from "../../../shared/partition/log-start.ts";
import { PartitionReader } from "../../../shared/partition/partition-reader.ts";
import { retainPartition } from "../../../shared/partition/retain-partition.ts";
import { sealPartition } from "../../../shared/partition/seal-partition.ts";
import { truncatePartition } from "../../../shared/partition/truncate-partition.ts";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { append, hourMs, name, readAll, sealSettings, writerOf } from "./partition-fixture.ts";

const unlimited = { retentionMs: undefined, retentionBytes: undefined };

/** Segments of two records each, an hour apart, the last of this moment, and behind them a record that is not sealed. */
async function segments(count: number, bytes = 10): Promise<Storage> {
  const { storage, time } = createMemoryStorage();
  const writer = writerOf(storage);
  for (let segment = 0; segment < count; segment += 1) {
    if (segment > 0) await time.advance(hourMs);
    const values = ["a".padEnd(bytes), "b".padEnd(bytes)];
    await append(writer, values, { timestamp: storage.clock.wallMs() });
    await sealPartition(storage, name, sealSettings, { forced: true });
  }
  await append(writer, ["hot"], { timestamp: storage.clock.wallMs() });
  return storage;
}

describe("the start of the log", () => {
  test.each([
    ["stays without limits", {}, 0],
    ["rises over what is too old", { retentionMs: 2.5 * hourMs }, 4],
    ["rises over what is too much", { retentionBytes: 500 }, 6],
    [
      "rises to the end of the sealed segments, never into what is not sealed",
      { retentionMs: -1, retentionBytes: 0 },
      10,
    ],
  ])("%s", async (_, settings, expected) => {
    const storage = await segments(5, 100);
    expect(await retainPartition(storage, name, { ...unlimited, ...settings })).toBe(expected);
    expect(await readLogStart(storage, name)).toBe(expected);
    expect(await readAll(storage, expected)).toHaveLength(11 - expected);
  });

  test("goes on from where it is, over the segment that a truncation has cut as well", async () => {
    const storage = await segments(5);
    await truncatePartition(storage, name, new PartitionReader(storage, name), 3);
    expect(await retainPartition(storage, name, { ...unlimited, retentionMs: 3.5 * hourMs })).toBe(3);
    expect(await retainPartition(storage, name, { ...unlimited, retentionMs: 2.5 * hourMs })).toBe(4);
    expect(await retainPartition(storage, name, { ...unlimited, retentionMs: 1.5 * hourMs })).toBe(6);
    expect(await retainPartition(storage, name, { ...unlimited, retentionMs: 2.5 * hourMs })).toBe(6);
  });

  test("does not count what is gone already towards the bytes", async () => {
    const storage = await segments(5, 100);
    await truncatePartition(storage, name, new PartitionReader(storage, name), 6);
    expect(await retainPartition(storage, name, { ...unlimited, retentionBytes: 600 })).toBe(6);
    expect(await retainPartition(storage, name, { ...unlimited, retentionBytes: 270 })).toBe(8);
  });

  test("of an empty partition stays 0", async () => {
    const { storage } = createMemoryStorage();
    expect(await retainPartition(storage, name, { retentionMs: 0, retentionBytes: 0 })).toBe(0);
  });
});

test("finding nothing to give up costs a few requests, however many segments there are", async () => {
  for (const count of [3, 60]) {
    const counted = countRequests(await segments(count));
    await retainPartition(counted.storage, name, { retentionMs: 1_000 * hourMs, retentionBytes: 1_000_000 });
    expect(counted.total()).toBe(4);
  }
});
