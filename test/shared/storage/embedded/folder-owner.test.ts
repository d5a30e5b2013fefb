import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { open } from "lmdb";
import { expect, test } from "vitest";
import { openEmbeddedStorage } from "../../../../shared/storage/embedded/embedded-storage.ts";
import { DataFolderInUseError } from "../../../../shared/storage/embedded/folder-owner.ts";
import { startScript } from "./child-process.ts";
import { openForTest, testFolder } from "./data-folder.ts";

/** Writes the record of an owner, as another process might have left it. */
async function leaveOwner(dataFolder: string, record: string): Promise<void> {
  const binary = { encoding: "binary", keyEncoding: "binary" } as const;
  const root = open<Buffer, Uint8Array>({ path: join(dataFolder, "lmdb"), ...binary, overlappingSync: false });
  await root.openDB("meta", binary).put(Buffer.from("owner"), Buffer.from(record));
  await root.close();
}

test("refuses a folder that another process has open, naming both", async () => {
  const dataFolder = await testFolder();
  const owner = startScript("opener-process.ts", [dataFolder]);
  await owner.until(1);
  const opening = openEmbeddedStorage({ dataFolder });
  await expect(opening).rejects.toBeInstanceOf(DataFolderInUseError);
  await expect(opening).rejects.toThrow(`the data folder ${dataFolder} is in use by process ${owner.child.pid}`);
});

test("takes over the folder of a process that was killed", async () => {
  const dataFolder = await testFolder();
  const owner = startScript("opener-process.ts", [dataFolder]);
  await owner.until(1);
  await owner.kill();
  await openForTest(dataFolder);
});

test("lets only one of several processes take over at once", async () => {
  const dataFolder = await testFolder();
  const owner = startScript("opener-process.ts", [dataFolder]);
  await owner.until(1);
  await owner.kill();
  const others = Array.from({ length: 3 }, () => startScript("opener-process.ts", [dataFolder]));
  await Promise.all(others.map((other) => other.until(1)));
  const winners = others.filter((other) => other.lines()[0] === "open");
  expect(winners).toHaveLength(1);
  for (const other of others.filter((loser) => !winners.includes(loser))) {
    expect(other.lines()).toEqual([`in use by ${winners[0]?.child.pid}`]);
  }
});

test("refuses a folder that this process has open, and takes it again once it is closed", async () => {
  const dataFolder = await testFolder();
  const first = await openForTest(dataFolder);
  await expect(openEmbeddedStorage({ dataFolder })).rejects.toThrow(`in use by process ${process.pid}`);
  await expect(openEmbeddedStorage({ dataFolder: join(dataFolder, ".") })).rejects.toThrow(DataFolderInUseError);
  await first.close();
  await openForTest(dataFolder);
});

test("knows an owner from a later process with the same id", async () => {
  const dataFolder = await testFolder();
  await leaveOwner(dataFolder, `${process.pid} another-boot:12345`);
  await openForTest(dataFolder);
});

test.each([" ", "x", "1", "-1 x"])("takes over from a record that is no claim: %j", async (record) => {
  const dataFolder = await testFolder();
  await leaveOwner(dataFolder, record);
  await openForTest(dataFolder);
});

test("leaves the folder free when opening it fails", async () => {
  const dataFolder = await testFolder();
  await writeFile(join(dataFolder, "lmdb"), "not a folder");
  await expect(openEmbeddedStorage({ dataFolder })).rejects.not.toBeInstanceOf(DataFolderInUseError);
  await expect(openEmbeddedStorage({ dataFolder })).rejects.not.toBeInstanceOf(DataFolderInUseError);
});
