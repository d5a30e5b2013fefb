import { mkdtemp, readdir, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { registerExport } from "../../../local/commands/export.ts";
import { registerImport } from "../../../local/commands/import.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import { openEmbeddedStorage } from "../../../shared/storage/embedded/embedded-storage.ts";

const utf8 = new TextEncoder();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "streamkeeper-archive-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function inStore<Result>(name: string, use: (services: ReturnType<typeof createServices>) => Promise<Result>) {
  const embedded = await openEmbeddedStorage({ dataFolder: join(folder, name) });
  try {
    return await use(createServices(embedded.storage));
  } finally {
    await embedded.close();
  }
}

async function run(register: (program: Command) => void, ...args: string[]): Promise<void> {
  const program = new Command().exitOverride();
  register(program);
  await program.parseAsync(args, { from: "user" });
}

const records = (value: string) => [{ key: null, value: utf8.encode(value), headers: [] }];

test("a namespace goes from one data folder to another by a file, which is there only when it is whole", async () => {
  await inStore("from", async ({ topics, produce }) => {
    await topics.create("default", { name: "orders", partitions: 1, config: {} });
    await produce.produce({ namespace: "default", topic: "orders", records: records("kept") });
  });
  const archive = join(folder, "default.archive");
  await run(registerExport, "export", "--data", join(folder, "from"), "-o", archive);
  await run(registerImport, "import", archive, "--data", join(folder, "to"), "--namespace", "moved");
  const read = await inStore("to", async ({ fetch }) => {
    const limits = { maxBytes: 1_000, maxRecords: 10, minBytes: 0, waitMs: 0, isolation: "read_committed" } as const;
    return await fetch.fetchRecords({ namespace: "moved", topic: "orders", partition: 0, offset: 0, ...limits });
  });
  expect(read.records.map(({ value }) => new TextDecoder().decode(value ?? undefined))).toEqual(["kept"]);

  const again = run(registerImport, "import", archive, "--data", join(folder, "to"), "--namespace", "moved");
  await expect(again).rejects.toThrow("import the archive under another name");
  await truncate(archive, 500);
  const cut = run(registerImport, "import", archive, "--data", join(folder, "to"), "--namespace", "cut");
  await expect(cut).rejects.toThrow("the archive is cut off");
});

test("a folder is refused where the store is another", async () => {
  const exported = run(
    registerExport,
    "export",
    "--store",
    "aws",
    "--data",
    folder,
    "-o",
    join(folder, "none.archive"),
  );
  await expect(exported).rejects.toThrow("--data has no effect with --store aws");
});

test("two exports to one file at the same time leave the archive of one of them, whole", async () => {
  const archive = join(folder, "shared.archive");
  const stores = ["one", "other"];
  for (const name of stores) {
    await inStore(name, async ({ topics, produce }) => {
      await topics.create("default", { name, partitions: 1, config: {} });
      await produce.produce({ namespace: "default", topic: name, records: records(name.repeat(20_000)) });
    });
  }
  await Promise.all(stores.map((name) => run(registerExport, "export", "--data", join(folder, name), "-o", archive)));
  await run(registerImport, "import", archive, "--data", join(folder, "of-two"));
  const { items } = await inStore("of-two", ({ topics }) => topics.list("default", { limit: 10 }));
  expect(stores).toContain(items.map(({ name }) => name).join());
  expect((await readdir(folder)).filter((name) => name.startsWith("shared.archive"))).toEqual(["shared.archive"]);
});

test("what cannot be exported leaves no file behind", async () => {
  const nowhere = run(registerExport, "export", "--data", join(folder, "no-store"), "-o", join(folder, "x.archive"));
  await expect(nowhere).rejects.toThrow("there is no data folder");
  const arguments_ = ["--data", join(folder, "from"), "--namespace", "other", "-o", join(folder, "x.archive")];
  await expect(run(registerExport, "export", ...arguments_)).rejects.toThrow("There is no namespace other");
  expect((await readdir(folder)).filter((name) => name.startsWith("x.archive"))).toEqual([]);
});
