import { describe, expect, test } from "vitest";
import { snapshotsLogId, treeLogId } from "../../../shared/log/log-id.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import { snapshotBlobPrefix } from "../../../shared/storage/item-keys.ts";
import type { LogEntry } from "../../../shared/storage/log-store.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { Tree } from "../../../shared/tree/tree.ts";
import { entriesOf, follower, namespace, numbered, run, runMany } from "./follower.ts";
import { create, dump } from "./operations.ts";

describe("snapshots", () => {
  async function withSnapshots(count: number): Promise<MemoryStorage> {
    const memory = createMemoryStorage();
    const writer = follower(memory);
    for (let round = 0; round < count; round += 1) {
      await runMany(writer.tree, numbered(1_000, `/${round}-`));
      await writer.tree.settled();
    }
    return memory;
  }

  const listed = (memory: MemoryStorage): readonly LogEntry[] => entriesOf(memory, snapshotsLogId(namespace));

  test("come every 1,000 transactions, in a chain of zxids, and a cold follower reads what is behind the last", async () => {
    const memory = await withSnapshots(3);
    const chain = listed(memory);
    expect(chain).toHaveLength(3);
    chain.forEach((entry, index) => {
      expect(entry.position).toBe(chain[index - 1]?.next ?? 0);
      expect(entry.next).toBeGreaterThanOrEqual(1_000 * (index + 1));
    });
    const cold = follower(memory);
    expect((await cold.tree.read()).nodeCount).toBe(3_004);
    expect(cold.counts()).toEqual({ "logs.readLast": 1, "blobs.get": 1, "logs.readFrom": 1 });
    memory.store.logs.trim(treeLogId(namespace), chain.at(-1)?.position ?? 0, 100_000);
    expect(dump(await follower(memory).tree.read())).toEqual(dump(await cold.tree.read()));
  });

  test("come less often where the store says so", async () => {
    const memory = createMemoryStorage();
    const slow = {
      ...memory.storage,
      snapshotPace: { transactionsMax: 1_500, logBytesMax: 10_000_000, partOfTree: 0.25 },
    };
    const tree = new Tree(slow, namespace);
    await runMany(tree, numbered(1_000, "/0-"));
    await tree.settled();
    expect(listed(memory)).toHaveLength(0);
    await runMany(tree, numbered(1_000, "/1-"));
    await tree.settled();
    expect(listed(memory)).toHaveLength(1);
  });

  test("come after 4 MB of entries as well", async () => {
    const memory = createMemoryStorage();
    const { tree } = follower(memory);
    const data = new Uint8Array(290_000);
    await run(tree, { kind: "create", path: "/a", data, mode: "persistent" });
    for (let index = 0; index < 14; index += 1) await run(tree, { kind: "setData", path: "/a", data, version: -1 });
    await tree.settled();
    expect(listed(memory)).toHaveLength(1);
  });

  test("are looked after by whoever asks, as the sweep does", async () => {
    const memory = createMemoryStorage();
    const { tree } = follower(memory);
    memory.store.failNext("blobs.put", "unavailable");
    await runMany(tree, numbered(1_000));
    await tree.settled();
    const { tree: other } = follower(memory);
    await other.snapshotIfDue();
    expect(listed(memory)).toHaveLength(1);
    await other.snapshotIfDue();
    expect(listed(memory)).toHaveLength(1);
  });

  test("are written once by processes that notice at the same time", async () => {
    const memory = createMemoryStorage();
    const followers = [follower(memory), follower(memory), follower(memory)];
    await run(followers[0]?.tree as Tree, create("/q"));
    for (let round = 0; round < 12; round += 1) {
      await Promise.all(
        followers.flatMap(({ tree }) =>
          Array.from({ length: 30 }, () => run(tree, create("/q/n", "", "persistent_sequential"))),
        ),
      );
    }
    await Promise.all(followers.map(({ tree }) => tree.settled()));
    const chain = listed(memory);
    expect(chain.length).toBeGreaterThanOrEqual(1);
    chain.forEach((entry, index) => expect(entry.position).toBe(chain[index - 1]?.next ?? 0));
    expect((await follower(memory).tree.read()).childNames("/q").size).toBe(1_080);
  });

  test("that cannot be stored cost nothing but a longer replay", async () => {
    const memory = createMemoryStorage();
    const { tree } = follower(memory);
    memory.store.failNext("blobs.put", "unavailable");
    await runMany(tree, numbered(1_500));
    await tree.settled();
    expect(listed(memory)).toHaveLength(0);
    expect((await follower(memory).tree.read()).nodeCount).toBe(1_504);
    await runMany(tree, numbered(1_000, "/m"));
    await tree.settled();
    expect(listed(memory)).toHaveLength(1);
  });

  test("that nobody wrote are written by who had to replay too much", async () => {
    const memory = createMemoryStorage();
    const { tree } = follower(memory);
    memory.store.failNext("blobs.put", "unavailable", 2);
    await runMany(tree, numbered(2_500));
    await tree.settled();
    expect(listed(memory)).toHaveLength(0);
    const cold = follower(memory);
    await cold.tree.read();
    await cold.tree.settled();
    expect(listed(memory)).toMatchObject([{ position: 0, next: 2_501 }]);
  });

  test.each(["missing", "damaged", "another"])(
    "of which the last is %s are replaced by the one before",
    async (problem) => {
      const memory = await withSnapshots(3);
      const last = listed(memory).at(-1);
      if (last?.payload.kind !== "blob") throw new Error("a snapshot is a blob");
      const { key } = last.payload;
      const { storage } = memory;
      const bytes = (await storage.blobs.get(key)) ?? new Uint8Array(0);
      await storage.blobs.delete([key]);
      if (problem === "another") {
        const { payload } = listed(memory)[0] ?? last;
        const older = payload.kind === "blob" ? await storage.blobs.get(payload.key) : undefined;
        await storage.blobs.put(key, [older ?? bytes]);
      } else if (problem === "damaged") {
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
        await storage.blobs.put(key, [bytes]);
      }
      expect((await follower(memory).tree.read()).nodeCount).toBe(3_004);
    },
  );

  test("of which none can be read, with a log that was trimmed, are said to be damaged", async () => {
    const memory = await withSnapshots(1);
    const { storage } = memory;
    const { blobs } = await storage.blobs.list(snapshotBlobPrefix(namespace), { limit: 10 });
    await storage.blobs.delete(blobs.map(({ key }) => key));
    expect((await follower(memory).tree.read()).nodeCount).toBe(1_004);
    memory.store.logs.trim(treeLogId(namespace), 500, 100_000);
    await expect(follower(memory).tree.read()).rejects.toThrow(StorageCorruptError);
  });
});
