import { describe, expect, test } from "vitest";
import { partitionLogId, segmentsLogId } from "../../../shared/log/log-id.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import { eraseDeletedTopics } from "../../../shared/services/deleted-topics.ts";
import { garbageKey, partitionsPartition, topicKey } from "../../../shared/storage/item-keys.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { dyingProcess } from "../partition/dying-process.ts";

const ns = "default";
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

interface Deleted extends MemoryStorage {
  readonly topicId: string;
}

/** A topic of three partitions with sealed and hot records, some by reference, that was deleted a moment ago. */
async function deletedTopic(dropsExpiredEntries = false): Promise<Deleted> {
  const memory = createMemoryStorage({ dropsExpiredEntries });
  const services = createServices(memory.storage);
  const config = { "streamkeeper.inline.max.bytes": "100" };
  const { topicId } = await services.topics.create(ns, { name: "t", partitions: 3, config });
  for (let round = 0; round < 2; round += 1) {
    for (let partition = 0; partition < 3; partition += 1) {
      for (const bytes of [1, 500]) {
        const records = [{ key: null, value: new Uint8Array(bytes), headers: [] }];
        await services.produce.produceRecords({ namespace: ns, topic: "t", partition, records });
      }
      if (round > 0) continue;
      await memory.time.advance(11 * minuteMs);
      await services.duties.seal(topicId, partition);
      await services.truncate.truncate(ns, "t", partition, 1);
    }
  }
  await services.topics.delete(ns, "t");
  return { ...memory, topicId };
}

async function leftOf({ storage, topicId }: Deleted) {
  const logs = await Promise.all(
    [0, 1, 2].flatMap((partition) =>
      [partitionLogId(topicId, partition), segmentsLogId(topicId, partition)].map((logId) =>
        storage.logs.readLast(logId),
      ),
    ),
  );
  const { items } = await storage.items.query(partitionsPartition(topicId), { limit: 100 });
  const { blobs } = await storage.blobs.list("", { limit: 100 });
  return {
    logs: logs.filter((last) => last !== undefined).length,
    items: items.length,
    blobs: blobs.filter(({ key }) => key.includes(`/${topicId}/`)).length,
    garbage: (await storage.items.get(garbageKey(topicId))) !== undefined,
  };
}

const nothing = { logs: 0, items: 0, blobs: 0, garbage: false };
const budget = () => ({ units: 1_000 });

describe("a deleted topic", () => {
  test("is left alone for a grace period, then erased, looked at again after a hot entry's life, and forgotten", async () => {
    const deleted = await deletedTopic();
    const { storage, time } = deleted;
    const { graceMs, hotEntryMs } = storage.lifetimes;
    const before = await leftOf(deleted);
    expect(before).toEqual({ logs: 6, items: 3, blobs: 15, garbage: true });
    await time.advance(graceMs - minuteMs);
    await eraseDeletedTopics(storage, budget());
    expect(await leftOf(deleted)).toEqual(before);
    await time.advance(2 * minuteMs);
    await eraseDeletedTopics(storage, budget());
    expect(await leftOf(deleted)).toEqual({ ...nothing, garbage: true });
    await time.advance(hotEntryMs - 2 * minuteMs);
    await eraseDeletedTopics(storage, budget());
    expect(await leftOf(deleted)).toEqual({ ...nothing, garbage: true });
    await time.advance(2 * minuteMs);
    await eraseDeletedTopics(storage, budget());
    expect(await leftOf(deleted)).toEqual(nothing);
  });

  test("whose writer was frozen and wrote once more is erased all the same", async () => {
    const deleted = await deletedTopic();
    const { storage, time, topicId } = deleted;
    await time.advance(3 * hourMs);
    await eraseDeletedTopics(storage, budget());
    const entry = {
      logId: partitionLogId(topicId, 1),
      position: 4,
      next: 5,
      attempt: "late",
      appendedAtMs: storage.clock.wallMs(),
      meta: new Uint8Array(),
      payload: { kind: "inline", bytes: new Uint8Array(9) },
    } as const;
    await storage.logs.putIfAbsent(entry);
    await storage.blobs.put(`hot/${topicId}/1/late`, [new Uint8Array(9)]);
    await time.advance(30 * hourMs);
    await eraseDeletedTopics(storage, budget());
    expect(await leftOf(deleted)).toEqual(nothing);
  });

  test("leaves its hot entries to a store that drops them by itself", async () => {
    const deleted = await deletedTopic(true);
    const { storage, time } = deleted;
    await time.advance(3 * hourMs);
    await eraseDeletedTopics(storage, budget());
    expect(await leftOf(deleted)).toEqual({ logs: 3, items: 0, blobs: 0, garbage: true });
    await time.advance(30 * hourMs);
    await eraseDeletedTopics(storage, budget());
    expect(await leftOf(deleted)).toEqual(nothing);
  });

  test("that produce would still find is left alone until its projection is healed", async () => {
    const deleted = await deletedTopic();
    const { storage, time, topicId } = deleted;
    const key = topicKey(ns, "t");
    await storage.items.update(key, { set: { topicId } });
    await time.advance(100 * hourMs);
    await eraseDeletedTopics(storage, budget());
    expect(await leftOf(deleted)).toMatchObject({ blobs: 15, garbage: true });
    await storage.items.update(key, { remove: ["topicId"] });
    await eraseDeletedTopics(storage, budget());
    expect(await leftOf(deleted)).toMatchObject({ blobs: 0 });
  });

  test("is erased over several runs, each within its budget", async () => {
    const deleted = await deletedTopic();
    const { storage, time, topicId } = deleted;
    await time.advance(100 * hourMs);
    const erased: unknown[] = [];
    for (let run = 0; run < 50 && (await leftOf(deleted)).garbage; run += 1) {
      const units = { units: 2 };
      await eraseDeletedTopics(storage, units);
      expect(units.units).toBeGreaterThan(-3);
      erased.push((await storage.items.get(garbageKey(topicId)))?.attributes["erasedTo"]);
    }
    // Two passes over three partitions, the second one done when the item is gone.
    expect(erased).toEqual([2, 0, 2, undefined]);
    expect(await leftOf(deleted)).toEqual(nothing);
  });

  test("is erased by another process where one dies at any of its requests", async () => {
    for (const when of ["before", "after"] as const) {
      let ended = false;
      for (let request = 0; !ended; request += 1) {
        const deleted = await deletedTopic();
        const { storage, time } = deleted;
        await time.advance(3 * hourMs);
        const dying = dyingProcess(storage, request, when);
        const run = eraseDeletedTopics(dying.storage, budget()).then(() => "ended");
        ended = (await Promise.race([run, dying.died])) === "ended";
        await eraseDeletedTopics(storage, budget());
        expect(await leftOf(deleted), `died ${when} ${request}`).toEqual({ ...nothing, garbage: true });
        await time.advance(30 * hourMs);
        await eraseDeletedTopics(storage, budget());
        expect(await leftOf(deleted), `died ${when} ${request}`).toEqual(nothing);
      }
    }
  });

  test("and created again under its name keeps what is new", async () => {
    const deleted = await deletedTopic();
    const { storage, time } = deleted;
    const services = createServices(storage);
    await services.topics.create(ns, { name: "t", partitions: 1 });
    const records = [{ key: null, value: new Uint8Array(1), headers: [] }];
    await services.produce.produceRecords({ namespace: ns, topic: "t", partition: 0, records });
    for (let round = 0; round < 3; round += 1) {
      await time.advance(30 * hourMs);
      await services.duties.sweep();
    }
    expect(await leftOf(deleted)).toEqual(nothing);
    expect(await services.fetch.listOffset(ns, "t", 0, { at: "latest" })).toMatchObject({ offset: 1 });
    expect(await services.fetch.listOffset(ns, "t", 0, { at: "earliest" })).toMatchObject({ offset: 0 });
  });
});
