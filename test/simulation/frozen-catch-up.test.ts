import { expect, test } from "vitest";
import { compress } from "../../shared/compression/compression.ts";
import { PartitionReader } from "../../shared/partition/partition-reader.ts";
import { partitionWriter } from "../../shared/partition/partition-writer.ts";
import type { AppendRequest } from "../../shared/partition/plan-append.ts";
import { sealPartition } from "../../shared/partition/seal-partition.ts";
import { encodeBatch } from "../../shared/record/encode-batch.ts";
import { SimulatedStore } from "../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { topicSettings } from "../../shared/topics/topic-config.ts";

const name = { topicId: "frozen", partition: 0 };
const hourMs = 3_600_000;
const entries = 1_100;

function request(): AppendRequest {
  const bytes = encodeBatch({ records: [{ key: null, value: new Uint8Array(1), timestamp: 1 }] }, compress);
  return { bytes, batches: [{ start: 0, length: bytes.length, recordCount: 1, maxTimestamp: 1 }] };
}

// Found in review: the age of what a writer knows was asked once for a whole catch-up, and not again for each page.
test("a writer that is frozen between two pages of a catch-up does not put into trimmed space", async () => {
  const store = new SimulatedStore({ seed: 3, delays: { expiryLateMsMax: hourMs } });
  const [slow, quick] = [store.process(), store.process()];
  const pass = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      store.time.schedule(ms, resolve);
    });
  let pages = Infinity;
  const freezing: Storage = {
    ...slow.storage,
    logs: {
      ...slow.storage.logs,
      readFrom: async (logId, position, limits) => {
        const range = await slow.storage.logs.readFrom(logId, position, limits);
        pages += 1;
        if (pages === 1) {
          slow.freeze(30 * hourMs);
          await slow.storage.timers.sleep(1);
        }
        return range;
      },
    },
  };
  await store.time.run(async () => {
    const late = partitionWriter(freezing, name, () => 16_384);
    const other = partitionWriter(quick.storage, name, () => 16_384);
    await late.append(request());
    for (let index = 0; index < entries; index += 1) await other.append(request());
    await pass(90_000);
    pages = 0;
    const held = late.append(request());
    await pass(2 * hourMs);
    await sealPartition(quick.storage, name, topicSettings({}), { forced: true });
    await pass(28 * hourMs);
    let result = await held;
    for (let attempt = 0; attempt < 5 && result.kind !== "done"; attempt += 1) {
      await pass(10_000);
      result = await late.append(request());
    }
    expect(result).toMatchObject({ kind: "done", result: { baseOffset: entries + 1 } });
    expect(await new PartitionReader(store.process().storage, name).highWatermark()).toBe(entries + 2);
  });
});
