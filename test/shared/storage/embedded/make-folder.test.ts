import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeFolder } from "../../../../shared/storage/embedded/make-folder.ts";
import { testFolder } from "./data-folder.ts";

test("makes a folder and those above it, and leaves one that is there", async () => {
  const folder = join(await testFolder(), "a", "b", "c");
  await makeFolder(folder);
  await makeFolder(folder);
  await Promise.all([makeFolder(`${folder}/d/e`), makeFolder(`${folder}/d/e`)]);
  expect((await stat(`${folder}/d/e`)).isDirectory()).toBe(true);
});

test("says why it cannot be made, also where Node tries for ever", async () => {
  const file = join(await testFolder(), "file");
  await writeFile(file, "");
  await expect(makeFolder(file)).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolder(join(file, "below"))).rejects.toMatchObject({ code: "ENOTDIR" });
  await expect(makeFolder("/proc/none/below")).rejects.toMatchObject({ code: expect.stringMatching(/^E/) });
});
