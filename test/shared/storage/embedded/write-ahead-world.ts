/** A store with a write-ahead log by itself, with one table, whose disk fails when a test says so. */
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Database, open, type RootDatabase } from "lmdb";
import { onTestFinished } from "vitest";
import { frameMarkBytes, readFrame } from "../../../../shared/storage/embedded/write-ahead-frame.ts";
import type { LayeredTable } from "../../../../shared/storage/embedded/layered-table.ts";
import { nodeRandom } from "../../../../shared/storage/node/node-random.ts";
import { WriteAheadLog } from "../../../../shared/storage/embedded/write-ahead-log.ts";
import { type CheckpointPace, WriteAheadStore } from "../../../../shared/storage/embedded/write-ahead-store.ts";
import { testFolder } from "./data-folder.ts";

export const smallPace: CheckpointPace = { generationBytes: 2_000, generationKeys: 40 };

export class WriteAheadWorld {
  readonly folder: string;
  readonly store: WriteAheadStore;
  readonly table: LayeredTable;
  readonly log: WriteAheadLog;
  nowMs = 0;
  /** LMDB's transactions that are made before they fail. */
  transactionsLeft = 0;
  /** What they fail with. */
  failsToStore: Error | undefined;
  /** Whether one that is said to have failed was made. */
  storesAndFails = false;
  /** Whether LMDB does not get over what happened: it reads no more, and lmdb ends no transaction. */
  isPanicked = false;
  readonly #root: RootDatabase<Buffer, Uint8Array>;
  #isClosed = false;

  private constructor(folder: string, log: WriteAheadLog, pace: CheckpointPace | undefined, failure?: Error) {
    this.failsToStore = failure;
    this.folder = folder;
    this.log = log;
    const binary = { encoding: "binary", keyEncoding: "binary" } as const;
    const root = open<Buffer, Uint8Array>({
      path: join(folder, "lmdb"),
      ...binary,
      overlappingSync: false,
      eventTurnBatching: false,
    });
    this.#root = root;
    const failing = {
      resetReadTxn: () => root.resetReadTxn(),
      transaction: async (work: () => void): Promise<void> => {
        if (this.isPanicked) await new Promise(() => {});
        const failure = this.transactionsLeft > 0 ? undefined : this.failsToStore;
        this.transactionsLeft -= 1;
        if (failure !== undefined && !this.storesAndFails) throw failure;
        await root.transaction(work);
        if (failure !== undefined) throw failure;
      },
    } as unknown as RootDatabase<Buffer, Uint8Array>;
    const meta = root.openDB<Buffer, Uint8Array>("meta", binary);
    const reading = {
      get: (key: Uint8Array) => {
        if (this.isPanicked) throw new Error("MDB_PANIC");
        return meta.get(key);
      },
      put: (key: Uint8Array, value: Buffer) => meta.put(key, value),
    } as unknown as Database<Buffer, Uint8Array>;
    this.store = new WriteAheadStore({
      root: failing,
      meta: reading,
      tables: [root.openDB("table", binary)],
      log,
      folder,
      nowMs: () => this.nowMs,
      random: nodeRandom,
      pace,
    });
    this.table = this.store.table(0);
  }

  /** Closed at the latest when the test ends. */
  static async open(folder: string, pace?: CheckpointPace, failsToStore?: Error): Promise<WriteAheadWorld> {
    const world = new WriteAheadWorld(folder, await WriteAheadLog.open(join(folder, "wal")), pace, failsToStore);
    onTestFinished(() => world.close());
    await world.store.recover();
    return world;
  }

  async commit(...writes: readonly (readonly [key: string, value: string | undefined])[]): Promise<void> {
    this.decide(...writes);
    await this.store.commit();
  }

  commitHere(...writes: readonly (readonly [key: string, value: string | undefined])[]): boolean {
    this.decide(...writes);
    return this.store.commitHere();
  }

  decide(...writes: readonly (readonly [key: string, value: string | undefined])[]): void {
    this.store.decide(() => {
      for (const [key, value] of writes)
        if (value === undefined) this.table.remove(Buffer.from(key));
        else this.table.put(Buffer.from(key), Buffer.from(value));
    });
  }

  get(key: string): string | undefined {
    const value = this.table.get(Buffer.from(key));
    return value === undefined ? undefined : Buffer.from(value).toString();
  }

  range(start: string, end: string, reverse = false): string[] {
    const range = { start: Buffer.from(start), end: Buffer.from(end), reverse };
    return [...this.table.range(range)].map(
      ({ key, value }) => `${Buffer.from(key).toString()}=${Buffer.from(value).toString()}`,
    );
  }

  keys(start: string, end: string, reverse = false): string[] {
    const range = { start: Buffer.from(start), end: Buffer.from(end), reverse };
    return [...this.table.keys(range)].map((key) => Buffer.from(key).toString());
  }

  /** What the disk would have if the machine stopped now; LMDB must not be writing. */
  async copy(): Promise<string> {
    return await copyOf(this.folder);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.failsToStore = undefined;
    this.isPanicked = false;
    await this.store.close();
    await this.#root.close();
  }
}

/** Bytes at which frames end in the file of a generation. */
export async function frameEnds(folder: string, generation: number): Promise<number[]> {
  const file = await readFile(join(folder, "wal", String(generation % 2)));
  const ends: number[] = [];
  const mark = file.subarray(0, frameMarkBytes);
  for (let frame = readFrame(mark, file, 0); frame?.generation === generation; frame = readFrame(mark, file, frame.end))
    ends.push(frame.end);
  return ends;
}

/** What the disk would have of a folder. */
export async function copyOf(folder: string): Promise<string> {
  const copied = await testFolder();
  await cp(folder, copied, { recursive: true });
  return copied;
}
