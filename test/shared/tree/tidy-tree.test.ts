import { describe, expect, test } from "vitest";
import { snapshotsLogId, treeLogId } from "../../../shared/log/log-id.ts";
import { snapshotBlobPrefix, znodeBlobPrefix } from "../../../shared/storage/item-keys.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { tidyTree } from "../../../shared/tree/tidy-tree.ts";
import { entriesOf, follower, namespace, numbered, run, runMany } from "./follower.ts";
import { create, dump } from "./operations.ts";

const day = 86_400_000;

describe("tidying", () => {
  test("keeps 7 days of log and what a cold follower needs, and removes the rest", async () => {
    const memory = createMemoryStorage();
    const { storage, time } = memory;
    const writer = follower(memory);
    const data = new Uint8Array(400_000);
    await run(writer.tree, { kind: "create", path: "/large", data, mode: "persistent" });
    const blobCount = async (prefix: string): Promise<number> =>
      (await storage.blobs.list(prefix, { limit: 100 })).blobs.length;
    for (let round = 0; round < 6; round += 1) {
      await runMany(writer.tree, numbered(1_000, `/${round}-`));
      await writer.tree.settled();
      await time.advance(2 * day);
      await tidyTree(storage, namespace);
    }
    const expected = dump(await writer.tree.read());
    expect(dump(await follower(memory).tree.read())).toEqual(expected);
    // Written 12, 10, 8, 6, 4 and 2 days ago: the log of the last three is replayable, and so is that of the third last snapshot.
    const entries = entriesOf(memory, treeLogId(namespace));
    expect(entries[0]?.appendedAtMs).toBeGreaterThan(memory.store.wallMs() - 7 * day);
    expect(entries[0]?.position).toBeGreaterThan(2_900);
    expect(entriesOf(memory, snapshotsLogId(namespace))).toHaveLength(3);
    expect(await blobCount(snapshotBlobPrefix(namespace))).toBe(3);
    expect(await blobCount(znodeBlobPrefix(namespace))).toBe(0);

    await run(writer.tree, create("/after"));
    expect((await follower(memory).tree.read()).node("/after")).toBeDefined();
  });

  test("removes nothing while no snapshot covers it, nor anything young", async () => {
    const memory = createMemoryStorage();
    const writer = follower(memory);
    await runMany(writer.tree, numbered(50));
    await memory.time.advance(30 * day);
    await tidyTree(memory.storage, namespace);
    expect((await follower(memory).tree.read()).nodeCount).toBe(54);
    await runMany(writer.tree, numbered(1_000, "/m"));
    await writer.tree.settled();
    const before = entriesOf(memory, treeLogId(namespace)).length;
    await memory.time.advance(3_600_000);
    await tidyTree(memory.storage, namespace);
    // The 50 are covered by now, and old.
    expect(entriesOf(memory, treeLogId(namespace)).length).toBeLessThan(before);
    expect((await follower(memory).tree.read()).nodeCount).toBe(1_054);
    expect(entriesOf(memory, treeLogId(namespace))[0]?.appendedAtMs).toBeGreaterThan(memory.store.wallMs() - day);
  });

  test("keeps what came after the last snapshot, however old it is", async () => {
    const memory = createMemoryStorage();
    const writer = follower(memory);
    await runMany(writer.tree, numbered(1_000));
    await writer.tree.settled();
    await runMany(writer.tree, numbered(50, "/m"));
    await memory.time.advance(30 * day);
    await tidyTree(memory.storage, namespace);
    expect((await follower(memory).tree.read()).nodeCount).toBe(1_054);
    const [first] = entriesOf(memory, treeLogId(namespace));
    expect(first?.position).toBeGreaterThan(0);
    expect(first?.position).toBeLessThanOrEqual(1_001);
  });

  test("collects the blob of a snapshot that was never listed", async () => {
    const memory = createMemoryStorage();
    const writer = follower(memory);
    await runMany(writer.tree, numbered(1_000));
    await writer.tree.settled();
    await memory.storage.blobs.put(`${snapshotBlobPrefix(namespace)}orphan`, [new Uint8Array(5)]);
    await memory.time.advance(3_600_000);
    await tidyTree(memory.storage, namespace);
    expect(await memory.storage.blobs.get(`${snapshotBlobPrefix(namespace)}orphan`)).toBeDefined();
    await memory.time.advance(2 * 3_600_000);
    await tidyTree(memory.storage, namespace);
    expect(await memory.storage.blobs.get(`${snapshotBlobPrefix(namespace)}orphan`)).toBeUndefined();
    expect((await follower(memory).tree.read()).nodeCount).toBe(1_004);
  });
});
