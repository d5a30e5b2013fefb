import { randomUUID } from "node:crypto";
import { createWriteStream, existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { exportNamespace } from "../../shared/services/archive/export-namespace.ts";
import { createServices } from "../../shared/services/create-services.ts";
import { CommandError } from "../command-error.ts";
import { Progress } from "../console/progress.ts";
import { formatBytes } from "../console/quantities.ts";
import { runAction } from "../console/run-action.ts";
import { explained, withStorage } from "../console/with-storage.ts";
import { storeKinds } from "../open-storage.ts";
import { type StoreOptions, withStore } from "../store-options.ts";

interface ExportOptions extends StoreOptions {
  readonly namespace: string;
  readonly output?: string;
}

export function registerExport(program: Command): void {
  const command = program
    .command("export")
    .description("write a namespace as an archive: topics with their records, groups, znodes")
    .option("--namespace <name>", "which", "default")
    .option("-o, --output <file>", "write to a file, which is there only when it is whole; else to the standard output")
    .addHelpText(
      "after",
      `
Works on the store itself, not through a server. The embedded store is open to one process at a time: stop its server first.
On AWS, with the STREAMKEEPER_ variables that a function has, it runs beside the functions; what is written meanwhile may be
in the archive or not. Records of transactions that are open are left out, and so are sessions and what is ephemeral.`,
    );
  withStore(command, { help: "where the namespace is", kinds: archivedStores, kind: "embedded" }).action(
    async (options: ExportOptions) => runAction((signal) => exportTo(options, signal)),
  );
}

export const archivedStores = storeKinds.filter((kind) => kind !== "memory");

async function exportTo(options: ExportOptions, signal: AbortSignal): Promise<void> {
  const { output } = options;
  if (output === undefined && process.stdout.isTTY) {
    throw new CommandError("an archive is nothing for a terminal: send it on, or name a file with -o");
  }
  if (options.store === "embedded" && !existsSync(resolve(options.data))) {
    throw new CommandError(`there is no data folder ${options.data}`);
  }
  await withStorage(options.store, options.data, async (storage) => {
    const progress = new Progress("exporting", process.stderr);
    const { duties } = createServices(storage);
    const written = { bytes: 0 };
    const source = exportNamespace(storage, {
      namespace: options.namespace,
      duties,
      signal,
      onBatches: (batches, bytes) => progress.add(batches, bytes),
    });
    async function* counted(): AsyncGenerator<Uint8Array, void> {
      for await (const chunk of source) {
        written.bytes += chunk.length;
        yield chunk;
      }
    }
    try {
      await explained(async () => {
        if (output === undefined) await pipeline(Readable.from(counted()), process.stdout, { end: false });
        else await toFile(resolve(output), counted());
      });
    } finally {
      progress.finish();
    }
    process.stderr.write(`Exported the namespace ${options.namespace}: ${formatBytes(written.bytes)}\n`);
  });
}

/** What is named like an archive is a whole one, however this process ends, and whoever else writes to the same name. */
async function toFile(file: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const part = `${file}.${randomUUID()}.part`;
  try {
    await pipeline(Readable.from(bytes), createWriteStream(part, { flags: "wx", flush: true }));
    await rename(part, file);
  } catch (cause) {
    await rm(part, { force: true });
    throw cause;
  }
}
