/** What the disk and LMDB can do by themselves, in the same run: nothing above them can be faster. */
import { open as openFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { open } from "lmdb";
import type { RootDatabase } from "lmdb";
import type { CellName } from "./cells.ts";
import { measure } from "./measure.ts";
import type { Measurement, OperationResult } from "./measure.ts";

/** Bytes of a file or database that reads go over, again and again. */
const readBytesMax = 64 * 1024 * 1024;
/** Size of one read, as a fetch's answer has it. */
const readChunkBytes = 1024 * 1024;

/** Runs one raw cell below `folder`. */
export function runRawCell(cell: CellName, seconds: number, folder: string, value: Uint8Array): Promise<Measurement> {
  const options = { seconds, concurrency: cell.connections };
  if (cell.path === "lmdb") {
    return withDatabase(folder, (root) =>
      cell.operation === "produce" ? putDurably(root, value, options) : scan(root, value, options),
    );
  }
  return withFile(join(folder, "sequential"), (file) =>
    cell.operation === "produce" ? writeDurably(file, value, options) : readFileAgain(file, options),
  );
}

interface Bounds {
  readonly seconds: number;
  readonly concurrency: number;
}

/** One put per operation, each durable before the next of its worker; LMDB joins those of several workers in a commit. */
async function putDurably(
  root: RootDatabase<Uint8Array, number>,
  value: Uint8Array,
  bounds: Bounds,
): Promise<Measurement> {
  let next = 0;
  return measure(bounds, async () => {
    await root.put(next++, value);
    return { records: 1, bytes: value.length };
  });
}

async function scan(root: RootDatabase<Uint8Array, number>, value: Uint8Array, bounds: Bounds): Promise<Measurement> {
  const count = Math.max(1, Math.floor(readBytesMax / value.length));
  const perRead = Math.max(1, Math.floor(readChunkBytes / value.length));
  for (let key = 0; key < count; key += 1) void root.put(key, value);
  await root.flushed;
  let next = 0;
  return measure(bounds, () => {
    let bytes = 0;
    let records = 0;
    for (const entry of root.getRange({ start: next, limit: perRead })) {
      bytes += entry.value.length;
      records += 1;
    }
    next = next + perRead >= count ? 0 : next + perRead;
    return inItsOwnTurn({ records, bytes });
  });
}

/** Appends to one file. What several workers wrote meanwhile shares one fdatasync, as in a group commit. */
async function writeDurably(file: FileHandle, value: Uint8Array, bounds: Bounds): Promise<Measurement> {
  let position = 0;
  let waiting: (() => void)[] = [];
  let syncing: Promise<void> | undefined;
  const syncAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await file.datasync();
      for (const resolve of group) resolve();
    }
    syncing = undefined;
  };
  return measure(bounds, async () => {
    const at = position;
    position += value.length;
    await file.write(value, 0, value.length, at);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    waiting.push(() => resolve(undefined));
    syncing ??= syncAll();
    await promise;
    return { records: 1, bytes: value.length };
  });
}

async function readFileAgain(file: FileHandle, bounds: Bounds): Promise<Measurement> {
  const chunk = new Uint8Array(readChunkBytes).fill(7);
  for (let at = 0; at < readBytesMax; at += readChunkBytes) await file.write(chunk, 0, readChunkBytes, at);
  await file.datasync();
  let next = 0;
  return measure(bounds, async () => {
    const at = next;
    next = next + readChunkBytes >= readBytesMax ? 0 : next + readChunkBytes;
    const { bytesRead } = await file.read(new Uint8Array(readChunkBytes), 0, readChunkBytes, at);
    return { records: 1, bytes: bytesRead };
  });
}

async function withDatabase(
  folder: string,
  work: (root: RootDatabase<Uint8Array, number>) => Promise<Measurement>,
): Promise<Measurement> {
  // As the embedded store opens it: a commit is there only once it is durable.
  const root = open<Uint8Array, number>({
    path: join(folder, "lmdb"),
    encoding: "binary",
    mapSize: 64 * 1024 ** 3,
    overlappingSync: false,
  });
  try {
    return await work(root);
  } finally {
    await root.close();
  }
}

async function withFile(path: string, work: (file: FileHandle) => Promise<Measurement>): Promise<Measurement> {
  const file = await openFile(path, "w+");
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** A synchronous operation in a loop of awaits would keep timers and signals out. */
function inItsOwnTurn(result: OperationResult): Promise<OperationResult> {
  return new Promise((resolve) => {
    setImmediate(resolve, result);
  });
}
