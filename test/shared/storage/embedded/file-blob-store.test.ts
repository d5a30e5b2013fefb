import { open, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { blobPutsWaitingMax, blobWritesAtOnceMax } from "../../../../shared/limits.ts";
import { blobForcedBytes } from "../../../../shared/limits/embedded-store.ts";
import { BlobFolder } from "../../../../shared/storage/embedded/blob-folder.ts";
import { FileBlobStore } from "../../../../shared/storage/embedded/file-blob-store.ts";
import {
  StorageCorruptError,
  StorageThrottledError,
  StorageUnavailableError,
} from "../../../../shared/storage/errors.ts";
import { expectBytes, patternBytes } from "../contract/samples.ts";
import { testFolder } from "./data-folder.ts";

async function openStore(): Promise<{ root: string; blobs: FileBlobStore }> {
  const root = await testFolder();
  return { root, blobs: new FileBlobStore(new BlobFolder(root)) };
}

test("writes a blob to a file of its own name", async () => {
  const { root, blobs } = await openStore();
  await blobs.put("segments/T/0/00-x.log", [patternBytes(10), patternBytes(20, 2)]);
  const bytes = await readFile(join(root, "segments+", "T+", "0+", "00-x.log"));
  expect(bytes.equals(Buffer.concat([patternBytes(10), patternBytes(20, 2)]))).toBe(true);
});

test("forces a large blob to the disk in parts, the last one too, and leaves nothing of it where one fails", async () => {
  const { root, blobs } = await openStore();
  const file = await open(join(root, "any"), "w");
  const sync = vi.spyOn(Object.getPrototypeOf(file) as typeof file, "datasync");
  onTestFinished(async () => {
    vi.restoreAllMocks();
    await file.close();
  });
  const half = patternBytes(blobForcedBytes / 2);
  const chunks = [half, half, half, patternBytes(0), half, patternBytes(7, 3)];
  await blobs.put("a/large", chunks);
  expect(sync).toHaveBeenCalledTimes(3);
  expectBytes(await blobs.get("a/large"), Buffer.concat(chunks));
  sync.mockReset().mockRejectedValueOnce(Object.assign(new Error("no room"), { code: "ENOSPC" }));
  await expect(blobs.put("a/other", chunks)).rejects.toBeInstanceOf(StorageUnavailableError);
  expect(await blobs.get("a/other")).toBeUndefined();
});

test.each(["../x", "a/../../x", "/x", "a//b", "a/./b", "", "a\u0000"])(
  "takes no key that leaves its folder: %j",
  async (key) => {
    const { blobs } = await openStore();
    await expect(blobs.put(key, [])).rejects.toBeInstanceOf(RangeError);
    await expect(blobs.get(key)).rejects.toBeInstanceOf(RangeError);
    await expect(blobs.delete([key])).rejects.toBeInstanceOf(RangeError);
  },
);

test("never writes over a blob", async () => {
  const { blobs } = await openStore();
  await blobs.put("a/b", [patternBytes(10)]);
  await expect(blobs.put("a/b", [patternBytes(20)])).rejects.toBeInstanceOf(StorageCorruptError);
  expectBytes(await blobs.get("a/b"), patternBytes(10));
});

test("deletes folders that have become empty, and no others", async () => {
  const { root, blobs } = await openStore();
  await blobs.put("a/b/c/1", []);
  await blobs.put("a/b/2", []);
  await blobs.delete(["a/b/c/1"]);
  expect(await readdir(join(root, "a+", "b+"))).toEqual(["2"]);
  await blobs.delete(["a/b/2"]);
  expect(await readdir(root)).toEqual([]);
  await blobs.put("a/b/c/3", [patternBytes(1)]);
  expectBytes(await blobs.get("a/b/c/3"), patternBytes(1));
});

test("puts into a folder while it is deleted as empty, over and over", async () => {
  const { blobs } = await openStore();
  const turns = Array.from({ length: 60 }, (_, turn) => turn);
  const writer = async (name: string): Promise<void> => {
    for (const turn of turns) {
      const key = `a/b/${name}-${turn}`;
      await blobs.put(key, [patternBytes(5)]);
      expectBytes(await blobs.get(key), patternBytes(5));
      await blobs.delete([key]);
    }
  };
  await Promise.all(["x", "y", "z"].map(writer));
  expect(await blobs.list("", { limit: 1_000 })).toEqual({ blobs: [] });
});

test("lists only what it has written", async () => {
  const { root, blobs } = await openStore();
  await blobs.put("a/b", []);
  await writeFile(join(root, "a+", "c"), "x");
  expect((await blobs.list("", { limit: 10 })).blobs.map((blob) => blob.key)).toEqual(["a/b", "a/c"]);
});

test("asks callers to slow down when too many wait", async () => {
  const { blobs } = await openStore();
  const count = blobWritesAtOnceMax + blobPutsWaitingMax;
  const puts = Array.from({ length: count }, (_, index) => blobs.put(`a/${index}`, []));
  await expect(blobs.put("b", [])).rejects.toBeInstanceOf(StorageThrottledError);
  await Promise.all(puts);
  await blobs.put("b", []);
});
