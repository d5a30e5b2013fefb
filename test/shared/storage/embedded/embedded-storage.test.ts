import { type FileHandle, open as openFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { expect, onTestFinished, test, vi } from "vitest";
import { expirySweepItemsMax, expirySweepMs, trimBatchEntriesMax } from "../../../../shared/limits.ts";
import { CommitQueue } from "../../../../shared/storage/embedded/commit-queue.ts";
import { EmbeddedItemStore } from "../../../../shared/storage/embedded/embedded-item-store.ts";
import { EmbeddedLogStore } from "../../../../shared/storage/embedded/embedded-log-store.ts";
import type { LayeredTable } from "../../../../shared/storage/embedded/layered-table.ts";
import { openEmbeddedStorage } from "../../../../shared/storage/embedded/embedded-storage.ts";
import type { Duty } from "../../../../shared/storage/environment.ts";
import { StorageCorruptError, StorageUnavailableError } from "../../../../shared/storage/errors.ts";
import { createMemoryStorage } from "../../../../shared/storage/memory/memory-storage.ts";
import { expectBytes, expectEntry, freshLogId, itemKey, patternBytes, sampleEntry } from "../contract/samples.ts";
import { openForTest, testFolder } from "./data-folder.ts";

const binary = { encoding: "binary", keyEncoding: "binary" } as const;

/** Changes what lies in a database of a closed store. */
async function tamper(
  dataFolder: string,
  database: string,
  change: (key: Buffer, value: Buffer) => Buffer,
): Promise<void> {
  const root = open<Buffer, Buffer>({ path: join(dataFolder, "lmdb"), ...binary, overlappingSync: false });
  const opened = root.openDB<Buffer, Buffer>(database, binary);
  const found = [...opened.getRange()];
  for (const { key, value } of found) await opened.put(key, change(key, value));
  await root.close();
}

test("keeps everything when it is closed and opened again", async () => {
  const dataFolder = await testFolder();
  const logId = freshLogId();
  const entry = sampleEntry(logId, 0);
  const first = await openForTest(dataFolder);
  await first.storage.logs.putIfAbsent(entry);
  await first.storage.items.update(itemKey("p"), { set: { a: "b" } });
  await first.storage.blobs.put("x/y", [patternBytes(1_000)]);
  await first.close();
  const { storage } = await openForTest(dataFolder);
  expectEntry(await storage.logs.readLast(logId), entry);
  expect((await storage.items.get(itemKey("p")))?.attributes).toEqual({ a: "b" });
  expectBytes(await storage.blobs.get("x/y"), patternBytes(1_000));
});

test.skipIf(process.platform !== "linux")("makes the folders durable that it creates", async () => {
  const dataFolder = join(await testFolder(), "data");
  const handle = await openFile(tmpdir(), "r");
  await handle.close();
  const handles = Object.getPrototypeOf(handle) as FileHandle;
  const folders = new Set<string>();
  const sync = vi.spyOn(handles, "sync").mockImplementation(async function (this: FileHandle) {
    folders.add(await readlink(`/proc/self/fd/${this.fd}`));
  });
  onTestFinished(() => sync.mockRestore());
  const { close } = await openEmbeddedStorage({ dataFolder });
  await close();
  for (const folder of [".", "data", "data/lmdb", "data/wal"])
    expect(folders).toContain(join(dataFolder, "..", folder));
});

test("answers what was asked before it closes, and refuses what comes later", async () => {
  const { storage, close } = await openForTest(await testFolder());
  const logId = freshLogId();
  const puts = Array.from({ length: 50 }, (_, position) => storage.logs.putIfAbsent(sampleEntry(logId, position)));
  const blobs = Array.from({ length: 10 }, (_, index) => storage.blobs.put(`a/${index}`, [patternBytes(10_000)]));
  await close();
  for (const put of puts) expect(await put).toEqual({ won: true });
  await Promise.all(blobs);
  for (const late of [
    () => storage.logs.putIfAbsent(sampleEntry(logId, 99)),
    () => storage.logs.readLast(logId),
    () => storage.logs.readFrom(logId, 0, { entriesMax: 1, bytesMax: 1 }),
    () => storage.logs.trim(logId, 1, 1),
    () => storage.items.get(itemKey("p")),
    () => storage.items.query("p", { limit: 1 }),
    () => storage.items.update(itemKey("p"), {}),
    () => storage.blobs.put("b", []),
    () => storage.blobs.get("a/1"),
    () => storage.blobs.list("", { limit: 1 }),
  ]) {
    await expect(late()).rejects.toBeInstanceOf(StorageUnavailableError);
  }
  await close();
});

test("tells its handler of a duty, and forgets duties when it closes", async () => {
  const { storage, onWake, close } = await openForTest(await testFolder());
  const due: Duty[] = [];
  await storage.wakeUps.wake({ kind: "collect", topicId: "t", partition: 1 }, 1);
  await storage.wakeUps.wake({ kind: "seal", topicId: "t", partition: 1 }, 900_000);
  onWake((duty) => due.push(duty));
  await expect.poll(() => due).toEqual([{ kind: "collect", topicId: "t", partition: 1 }]);
  await close();
});

test("does not read an entry whose value has changed by itself", async () => {
  const dataFolder = await testFolder();
  const logId = freshLogId();
  const first = await openForTest(dataFolder);
  await first.storage.logs.putIfAbsent(sampleEntry(logId, 0));
  await first.close();
  await tamper(dataFolder, "entries", (_key, value) => value.fill(value.readUInt8(20) ^ 4, 20, 21));
  const { storage } = await openForTest(dataFolder);
  await expect(storage.logs.readLast(logId)).rejects.toBeInstanceOf(StorageCorruptError);
  await expect(storage.logs.readFrom(logId, 0, { entriesMax: 1, bytesMax: 1 })).rejects.toBeInstanceOf(
    StorageCorruptError,
  );
  await expect(storage.logs.putIfAbsent(sampleEntry(logId, 0))).rejects.toBeInstanceOf(StorageCorruptError);
  expect(await storage.logs.putIfAbsent(sampleEntry(logId, 1))).toEqual({ won: true });
});

test("does not read an item whose value has changed by itself", async () => {
  const dataFolder = await testFolder();
  const first = await openForTest(dataFolder);
  await first.storage.items.update(itemKey("p"), { set: { a: 1 } });
  await first.close();
  await tamper(dataFolder, "items", (_key, value) => value.subarray(0, -1));
  const { storage } = await openForTest(dataFolder);
  await expect(storage.items.get(itemKey("p"))).rejects.toBeInstanceOf(StorageCorruptError);
  await expect(storage.items.update(itemKey("p"), {})).rejects.toBeInstanceOf(StorageCorruptError);
  await expect(storage.items.query("p", { limit: 1 })).rejects.toBeInstanceOf(StorageCorruptError);
});

test("refuses a folder of a format that it does not know", async () => {
  const dataFolder = await testFolder();
  await (await openForTest(dataFolder)).close();
  await tamper(dataFolder, "meta", () => Buffer.from("99"));
  await expect(openEmbeddedStorage({ dataFolder })).rejects.toThrow("format 99");
});

test("takes over a folder from before there was a write-ahead log", async () => {
  const dataFolder = await testFolder();
  const logId = freshLogId();
  const entry = sampleEntry(logId, 0);
  const first = await openForTest(dataFolder);
  await first.storage.logs.putIfAbsent(entry);
  await first.close();
  await rm(join(dataFolder, "wal"), { recursive: true });
  await tamper(dataFolder, "meta", (key, value) => (key.toString() === "format" ? Buffer.from("1") : value));
  const second = await openForTest(dataFolder);
  expectEntry(await second.storage.logs.readLast(logId), entry);
  expect(await second.storage.logs.putIfAbsent(sampleEntry(logId, 1))).toEqual({ won: true });
  await second.close();
  const formats: string[] = [];
  await tamper(dataFolder, "meta", (key, value) => {
    if (key.toString() === "format") formats.push(value.toString());
    return value;
  });
  expect(formats).toEqual(["2"]);
});

test("drops items that have expired, and only those", async () => {
  const { storage: simulated, time } = createMemoryStorage({ startWallMs: 1_000_000 });
  const dataFolder = await testFolder();
  const { storage, close } = await openEmbeddedStorage({
    dataFolder,
    clock: simulated.clock,
    timers: simulated.timers,
  });
  const count = expirySweepItemsMax + 20;
  const sorts = Array.from({ length: count }, (_, index) => String(index).padStart(4, "0"));
  const expiresAtMs = 1_000_000 + expirySweepMs;
  await Promise.all(
    sorts.map((sort, index) =>
      storage.items.update(itemKey("p", sort), { expiresAtMs: expiresAtMs + (index % 3 === 2 ? 1_000 : 0) }),
    ),
  );
  await storage.items.update(itemKey("p", "zzzz"), { set: { stays: true } });
  await time.advance(expirySweepMs + 1);
  const left = sorts.filter((_, index) => index % 3 === 2);
  await expect
    .poll(async () => (await storage.items.query("p", { limit: 1_000 })).items.map((item) => item.key.sort))
    .toEqual([...left, "zzzz"]);
  await close();
});

test("keeps an item whose expiry is put off while the sweep looks at it", async () => {
  const { storage } = await openForTest(await testFolder());
  const { items } = storage;
  if (!(items instanceof EmbeddedItemStore)) throw new Error("not the embedded store's items");
  await items.update(itemKey("p", "put off"), { expiresAtMs: 1_000 });
  await items.update(itemKey("p", "left alone"), { expiresAtMs: 1_000 });
  await items.update(itemKey("p", "left alone"), { set: { a: 1 } });
  const puttingOff = items.update(itemKey("p", "put off"), { expiresAtMs: 9_000 });
  await items.dropExpired(5_000, undefined);
  await puttingOff;
  const left = (await items.query("p", { limit: 10 })).items.map((item) => item.key.sort);
  expect(left).toEqual(["put off"]);
});

test("drops a bounded number of what expired in the log at a time", async () => {
  const { storage } = await openForTest(await testFolder());
  const { items } = storage;
  if (!(items instanceof EmbeddedItemStore)) throw new Error("not the embedded store's items");
  const sorts = Array.from({ length: expirySweepItemsMax + 20 }, (_, index) => String(index));
  await Promise.all(sorts.map((sort) => items.update(itemKey("p", sort), { expiresAtMs: 1_000 })));
  await items.dropExpired(5_000, undefined);
  expect((await items.query("p", { limit: 1_000 })).items).toHaveLength(20);
  await items.dropExpired(5_000, undefined);
  expect((await items.query("p", { limit: 1_000 })).items).toHaveLength(0);
});

test("says that it cannot serve what LMDB fails to read for a decision", async () => {
  const failing = {
    get: () => {
      throw new Error("MDB_PANIC");
    },
    keys: () => {
      throw new Error("MDB_PANIC");
    },
  } as unknown as LayeredTable;
  const commits = new CommitQueue({
    decide: (decisions) => decisions(),
    commitHere: () => true,
    commit: async () => {},
  });
  const items = new EmbeddedItemStore(failing, commits);
  const logs = new EmbeddedLogStore(failing, commits);
  for (const asked of [
    () => items.update(itemKey("p"), {}),
    () => items.delete(itemKey("p")),
    () => logs.putIfAbsent(sampleEntry(freshLogId(), 0)),
    () => logs.trim(freshLogId(), 1, 1),
  ])
    await expect(asked()).rejects.toBeInstanceOf(StorageUnavailableError);
});

test("trims more entries than one commit deletes", async () => {
  const { storage } = await openForTest(await testFolder());
  const logId = freshLogId();
  const count = 2 * trimBatchEntriesMax + 100;
  await Promise.all(
    Array.from({ length: count }, (_, position) => storage.logs.putIfAbsent(sampleEntry(logId, position))),
  );
  expect(await storage.logs.trim(logId, count - 10, trimBatchEntriesMax + 1)).toBe(trimBatchEntriesMax + 1);
  expect(await storage.logs.trim(logId, count - 10, count)).toBe(trimBatchEntriesMax + 89);
  expect((await storage.logs.readFrom(logId, 0, { entriesMax: 1, bytesMax: 1 })).entries[0]?.position).toBe(count - 10);
});

test("keeps what was read when the entry is deleted and its page used again", async () => {
  const { storage } = await openForTest(await testFolder());
  const logId = freshLogId();
  const payload = { kind: "inline", bytes: patternBytes(350_000, 1) } as const;
  const entry = sampleEntry(logId, 0, { payload });
  await storage.logs.putIfAbsent(entry);
  const read = await storage.logs.readLast(logId);
  const [ranged] = (await storage.logs.readFrom(logId, 0, { entriesMax: 1, bytesMax: 1 })).entries;
  const lost = await storage.logs.putIfAbsent(sampleEntry(logId, 0));
  await storage.logs.trim(logId, 1, 1);
  for (let position = 1; position < 6; position++) {
    const other = { kind: "inline", bytes: patternBytes(350_000, position + 50) } as const;
    await storage.logs.putIfAbsent(sampleEntry(logId, position, { payload: other }));
  }
  expectEntry(read, entry);
  expectEntry(ranged, entry);
  expectEntry(lost.won ? undefined : lost.existing, entry);
});
