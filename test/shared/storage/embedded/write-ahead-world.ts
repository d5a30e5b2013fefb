/** A store with a write-ahead log by itself, with one table, whose disk fails when a test says so. */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { open, type RootDatabase } from "lmdb";
import { onTestFinished } from "vitest";
import type { LayeredTable } from "../../../../shared/storage/embedded/layered-table.ts";
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
  /** What LMDB's transactions fail with. */
  failsToStore: Error | undefined;
  /** Whether one that is said to have failed was made. */
  storesAndFails = false;
  readonly #root: RootDatabase<Buffer, Uint8Array>;
  #isClosed = false;

  private constructor(folder: string, log: WriteAheadLog, pace: CheckpointPace | undefined) {
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
      transaction: async (work: () => void): Promise<void> => {
        if (this.failsToStore !== undefined && !this.storesAndFails) throw this.failsToStore;
        await root.transaction(work);
        if (this.failsToStore !== undefined) throw this.failsToStore;
      },
    } as unknown as RootDatabase<Buffer, Uint8Array>;
    this.store = new WriteAheadStore({
      root: failing,
      meta: root.openDB("meta", binary),
      tables: [root.openDB("table", binary)],
      log,
      folder,
      nowMs: () => this.nowMs,
      pace,
    });
    this.table = this.store.table(0);
  }

  /** Closed at the latest when the test ends. */
  static async open(folder: string, pace?: CheckpointPace): Promise<WriteAheadWorld> {
    const world = new WriteAheadWorld(folder, await WriteAheadLog.open(join(folder, "wal")), pace);
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
    const folder = await testFolder();
    await cp(this.folder, folder, { recursive: true });
    return folder;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.failsToStore = undefined;
    await this.store.close();
    await this.#root.close();
  }
}
