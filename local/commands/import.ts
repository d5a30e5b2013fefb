import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { importNamespace } from "../../shared/services/archive/import-namespace.ts";
import { CommandError } from "../command-error.ts";
import { Progress } from "../console/progress.ts";
import { formatBytes, formatCount } from "../console/quantities.ts";
import { runAction } from "../console/run-action.ts";
import { explained, withStorage } from "../console/with-storage.ts";
import { type StoreOptions, withStore } from "../store-options.ts";
import { archivedStores } from "./export.ts";

interface ImportOptions extends StoreOptions {
  readonly namespace?: string;
}

export function registerImport(program: Command): void {
  const command = program
    .command("import")
    .description("make a namespace of an archive that export has written")
    .argument("[file]", "the archive; else the standard input")
    .option("--namespace <name>", "another name than it had")
    .addHelpText(
      "after",
      `
The namespace must not be there. Records keep their offsets, znodes their versions and zxids, groups what they have committed.
Works on the store itself, not through a server: see export --help. It is there when the archive was read to its end, as a
whole; what an import that failed has stored is erased by a later sweep.`,
    );
  withStore(command, { help: "where the namespace is to be", kinds: archivedStores, kind: "embedded" }).action(
    async (file: string | undefined, options: ImportOptions) =>
      runAction((signal) => importFrom(file, options, signal)),
  );
}

async function importFrom(file: string | undefined, options: ImportOptions, signal: AbortSignal): Promise<void> {
  if (file === undefined && process.stdin.isTTY)
    throw new CommandError("name an archive, or send one to the standard input");
  await withStorage(options.store, options.data, async (storage) => {
    const progress = new Progress("importing", process.stderr);
    const source: AsyncIterable<Uint8Array> =
      file === undefined ? process.stdin : createReadStream(resolve(file), { signal });
    try {
      const { namespace, topics, znodes, totals } = await explained(() =>
        importNamespace(storage, source, {
          ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
          signal,
          onBatches: (batches, bytes) => progress.add(batches, bytes),
        }),
      );
      progress.finish();
      process.stdout.write(
        `Imported the namespace ${namespace}: ${formatCount(topics)} topics, ${formatCount(totals.partitions)} partitions, ` +
          `${formatCount(totals.batches)} batches (${formatBytes(totals.batchBytes)}), ${formatCount(totals.groups)} groups, ` +
          `${formatCount(znodes)} znodes\n`,
      );
    } finally {
      progress.finish();
    }
  });
}
