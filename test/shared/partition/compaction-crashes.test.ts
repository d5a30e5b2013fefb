import { expect, test } from "vitest";
import { collectPartition } from "../../../shared/partition/collect-partition.ts";
import { readPartitionStart } from "../../../shared/partition/compaction-state.ts";
import { raiseLogStart } from "../../../shared/partition/log-start.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { appendKeyed, appendMarker, compact, keyedFrom, readBatches, seal } from "./compaction-fixture.ts";
import { dyingProcess } from "./dying-process.ts";
import { blobsOf, hourMs, name, writerOf } from "./partition-fixture.ts";

/** Compacted once, with more behind it: keys that are written again, a tombstone, an aborted transaction. */
async function partition(): Promise<MemoryStorage> {
  const memory = createMemoryStorage({ dropsExpiredEntries: false });
  const { storage } = memory;
  const writer = writerOf(storage, 200);
  for (const key of ["a", "b", "c", "d"])
    await appendKeyed(writer, [
      [key, "1"],
      ["a", `${key}1`],
    ]);
  await seal(storage);
  await compact(storage, { segmentBytes: 200 });
  await appendKeyed(writer, [
    ["b", "2"],
    ["c", null],
  ]);
  await appendKeyed(writer, [["d", "aborted"]], { producerId: 1n });
  await appendMarker(writer, 1n, false);
  await seal(storage);
  await appendKeyed(writer, [["a", "hot".padEnd(300)]]);
  return memory;
}

const before = ["2:b=1", "4:c=1", "6:d=1", "7:a=d1", "8:b=2", "9:c=null", "10:d=aborted", "11!", "12:a=hot"];
const after = ["6:d=1", "7:a=d1", "8:b=2", "9:c=null", "11!", "12:a=hot"];

async function contents(storage: Storage, from = 0): Promise<string[]> {
  return keyedFrom(await readBatches(storage, from)).map((record) => record.trimEnd());
}

const run = (storage: Storage): Promise<unknown> => compact(storage, { segmentBytes: 200 });

/** Dies at each request in turn, until a process gets to its end. */
async function dyingEverywhere(
  prepare: () => Promise<MemoryStorage>,
  work: (storage: Storage) => Promise<unknown>,
  check: (memory: MemoryStorage, hint: string) => Promise<void>,
): Promise<number> {
  let requests = 0;
  for (const when of ["before", "after"] as const) {
    let ended = false;
    for (let request = 0; !ended; request += 1) {
      const memory = await prepare();
      const { storage, died } = dyingProcess(memory.storage, request, when);
      ended = (await Promise.race([work(storage).then(() => "ended"), died])) === "ended";
      await check(memory, `died ${when} request ${request}`);
      await memory.close();
      requests += 1;
    }
  }
  return requests;
}

test("a compactor that dies at any request changes all or nothing, and the next one ends its work", async () => {
  const requests = await dyingEverywhere(partition, run, async (memory, hint) => {
    const { storage, time } = memory;
    expect([before, after], hint).toContainEqual(await contents(storage));
    await run(storage);
    expect(await contents(storage), hint).toEqual(after);
    await appendKeyed(writerOf(storage), [["e", "1"]]);
    for (let round = 0; round < 12; round += 1) {
      await time.advance(hourMs);
      await collectPartition(storage, name);
    }
    expect(await contents(storage), hint).toEqual([...after, "13:e=1"]);
    const { id } = (await readPartitionStart(storage, name)).compaction;
    const runs = (await blobsOf(storage, "segments/")).filter(({ key }) => key.includes("compacted."));
    expect(runs.length, hint).toBeGreaterThan(3);
    expect(
      runs.filter(({ key }) => !key.includes(`compacted.${id}`)),
      hint,
    ).toEqual([]);
  });
  expect(requests).toBeGreaterThan(20);
});

test("a collector that dies at any request takes nothing that is needed, and the next one ends its work", async () => {
  const prepare = async (): Promise<MemoryStorage> => {
    const memory = await partition();
    await run(memory.storage);
    await raiseLogStart(memory.storage, name, 8);
    await memory.time.advance(3 * hourMs);
    await collectPartition(memory.storage, name);
    await memory.time.advance(3 * hourMs);
    return memory;
  };
  const left = after.slice(2);
  const work = (storage: Storage): Promise<unknown> => collectPartition(storage, name);
  await dyingEverywhere(prepare, work, async ({ storage, time }, hint) => {
    expect(await contents(storage, 8), hint).toEqual(left);
    for (let round = 0; round < 12; round += 1) {
      await time.advance(hourMs);
      await collectPartition(storage, name);
    }
    expect(await contents(storage, 8), hint).toEqual(left);
    const { id } = (await readPartitionStart(storage, name)).compaction;
    const keys = (await blobsOf(storage, "segments/")).map(({ key }) => key);
    expect(
      keys.every((key) => key.includes(`compacted.${id}`)),
      hint,
    ).toBe(true);
  });
});
