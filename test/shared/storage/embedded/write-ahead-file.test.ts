import fs from "node:fs";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { writeAheadGrowthBytes } from "../../../../shared/limits/embedded-store.ts";
import { WriteAheadFile } from "../../../../shared/storage/embedded/write-ahead-file.ts";
import { testFolder } from "./data-folder.ts";

const noDisk = new Error("no disk");

async function openFile(): Promise<{ readonly path: string; readonly file: WriteAheadFile }> {
  const path = join(await testFolder(), "0");
  const file = await WriteAheadFile.open(path);
  onTestFinished(() => file.close());
  return { path, file };
}

/** What all handles of files have. */
async function handles(path: string): Promise<FileHandle> {
  const handle = await open(path, "r");
  await handle.close();
  return Object.getPrototypeOf(handle) as FileHandle;
}

/** Numbers that say in which order calls came. */
function orderOf(spy: { readonly mock: { readonly invocationCallOrder: readonly number[] } }): readonly number[] {
  return spy.mock.invocationCallOrder;
}

test("has grown once the zeros are forced, behind whatever was written", async () => {
  const { path, file } = await openFile();
  await file.grow(10);
  await file.write(Buffer.from("written"), 3);
  const [write, sync] = [vi.spyOn(await handles(path), "write"), vi.spyOn(await handles(path), "sync")];
  onTestFinished(() => void vi.restoreAllMocks());
  sync.mockRejectedValueOnce(noDisk);
  await expect(file.grow(writeAheadGrowthBytes + 1)).rejects.toBe(noDisk);
  expect([file.has(writeAheadGrowthBytes), file.has(writeAheadGrowthBytes + 1)]).toEqual([true, false]);
  await file.grow(writeAheadGrowthBytes + 1);
  expect(file.has(2 * writeAheadGrowthBytes)).toBe(true);
  expect(orderOf(sync)).toHaveLength(2);
  expect(orderOf(sync)[1]).toBeGreaterThan(orderOf(write).at(-1) ?? Number.NaN);
  const bytes = await readFile(path);
  expect(bytes).toHaveLength(2 * writeAheadGrowthBytes);
  expect(bytes.toString("latin1", 0, 12)).toBe("\0\0\0written\0\0");
  expect(await file.read()).toEqual(bytes);
});

test("has written once that is forced", async () => {
  const { path, file } = await openFile();
  await file.grow(10);
  const [write, sync] = [vi.spyOn(await handles(path), "write"), vi.spyOn(await handles(path), "datasync")];
  onTestFinished(() => void vi.restoreAllMocks());
  await file.write(Buffer.from("a"), 0);
  expect([orderOf(write).length, orderOf(sync).length]).toEqual([1, 1]);
  expect(orderOf(sync)[0]).toBeGreaterThan(orderOf(write)[0] ?? Number.NaN);
  sync.mockRejectedValueOnce(noDisk);
  await expect(file.write(Buffer.from("b"), 1)).rejects.toBe(noDisk);
});

test("has written on the caller's thread once that is forced", async () => {
  const { file } = await openFile();
  await file.grow(10);
  const [write, sync] = [vi.spyOn(fs, "writeSync"), vi.spyOn(fs, "fdatasyncSync")];
  syncBuiltinESMExports();
  onTestFinished(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  });
  // A disk may take a part.
  write.mockReturnValueOnce(0);
  file.writeHere(Buffer.from("a"), 0);
  expect([orderOf(write).length, orderOf(sync).length]).toEqual([2, 1]);
  expect(orderOf(sync)[0]).toBeGreaterThan(orderOf(write)[1] ?? Number.NaN);
  sync.mockImplementationOnce(() => {
    throw noDisk;
  });
  expect(() => file.writeHere(Buffer.from("b"), 1)).toThrow(noDisk);
});
