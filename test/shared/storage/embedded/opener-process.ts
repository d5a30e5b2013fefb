/** A process of its own that opens a data folder, prints what came of it, and holds it until it is killed. */
import { writeSync } from "node:fs";
import { DataFolderInUseError } from "../../../../shared/storage/embedded/folder-owner.ts";
import { openEmbeddedStorage } from "../../../../shared/storage/embedded/embedded-storage.ts";

const [dataFolder = ""] = process.argv.slice(2);
try {
  await openEmbeddedStorage({ dataFolder });
  writeSync(1, "open\n");
} catch (cause) {
  if (!(cause instanceof DataFolderInUseError)) throw cause;
  writeSync(1, `in use by ${cause.pid}\n`);
}
setInterval(() => {}, 1_000);
