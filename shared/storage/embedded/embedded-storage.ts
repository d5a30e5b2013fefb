/** Streamkeeper's storage on one machine: LMDB behind a write-ahead log for logs and items, files for blobs, all in one folder of one process. */
import { realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Database, open, type RootDatabase } from "lmdb";
import {
  embeddedGraceMs,
  embeddedHotEntryMs,
  embeddedInlinePayloadBytes,
  embeddedMapBytes,
  embeddedTailEvidenceMsMax,
  expirySweepMs,
} from "../../limits.ts";
import {
  embeddedSnapshotLogBytesMax,
  embeddedSnapshotPartOfTree,
  embeddedSnapshotTransactionsMax,
} from "../../limits/embedded-store.ts";
import type { Clock, Duty, Random, Timers } from "../environment.ts";
import { InProcessNotifier } from "../node/in-process-notifier.ts";
import { InProcessWakeUps } from "../node/in-process-wake-ups.ts";
import { nodeClock } from "../node/node-clock.ts";
import { nodeRandom } from "../node/node-random.ts";
import { nodeTimers } from "../node/node-timers.ts";
import type { Lifetimes, Storage } from "../storage.ts";
import { BlobFolder, syncFolder } from "./blob-folder.ts";
import { CommitPace } from "./commit-pace.ts";
import { CommitQueue } from "./commit-queue.ts";
import { EmbeddedItemStore } from "./embedded-item-store.ts";
import { EmbeddedLogStore } from "./embedded-log-store.ts";
import { FileBlobStore } from "./file-blob-store.ts";
import { claimFolder, DataFolderInUseError, releaseFolder } from "./folder-owner.ts";
import { makeFolder } from "./make-folder.ts";
import { WriteAheadLog } from "./write-ahead-log.ts";
import { type CheckpointPace, WriteAheadStore, type WriteAheadStoreOptions } from "./write-ahead-store.ts";

export interface EmbeddedStorageOptions {
  /** Created if it is not there. On a local disk: LMDB does not work over a network. */
  readonly dataFolder: string;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly timers?: Timers;
  readonly lifetimes?: Lifetimes;
  /** When the write-ahead log is brought into LMDB. */
  readonly checkpointPace?: CheckpointPace;
}

export interface EmbeddedStorage {
  readonly storage: Storage;
  readonly dataFolder: string;
  /** Sets who does the background duties that `storage.wakeUps` asks for; the handler must not throw. */
  readonly onWake: (handler: (duty: Duty) => void) => void;
  /** Answers what was asked, and refuses what comes later with StorageUnavailableError. */
  readonly close: () => Promise<void>;
}

/** One process decides and deletes, so nobody holds older evidence than it does; the rest leaves room for a long sleep. */
const lifetimesDefault: Lifetimes = {
  hotEntryMs: embeddedHotEntryMs,
  graceMs: embeddedGraceMs,
  tailEvidenceMsMax: embeddedTailEvidenceMsMax,
};

/** Version of the layout of the data folder. The one before had no write-ahead log, and must not open a folder that has. */
const formatNow = "2";
const formatBefore = "1";
const formatKey = Buffer.from("format");

/** Folders that this process has open: the record of the owner names a process only. */
const openFolders = new Set<string>();

/**
 * Opens a data folder, or creates it.
 *
 * @throws DataFolderInUseError if a process has it open
 * @throws Error if the folder was written by a version that this one does not know
 */
export async function openEmbeddedStorage(options: EmbeddedStorageOptions): Promise<EmbeddedStorage> {
  const dataFolder = await createFolder(options.dataFolder);
  if (openFolders.has(dataFolder)) throw new DataFolderInUseError(dataFolder, process.pid);
  openFolders.add(dataFolder);
  try {
    const databases = await openDatabases(dataFolder);
    try {
      return await openStores(dataFolder, databases, options);
    } catch (cause) {
      await closeDatabases(databases);
      throw cause;
    }
  } catch (cause) {
    openFolders.delete(dataFolder);
    throw cause;
  }
}

interface Databases {
  readonly root: RootDatabase<Buffer, Uint8Array>;
  readonly meta: Database<Buffer, Uint8Array>;
  readonly entries: Database<Buffer, Uint8Array>;
  readonly items: Database<Buffer, Uint8Array>;
}

async function openDatabases(dataFolder: string): Promise<Databases> {
  const folder = join(dataFolder, "lmdb");
  await makeFolder(folder);
  const binary = { encoding: "binary", keyEncoding: "binary" } as const;
  const root = open<Buffer, Uint8Array>({
    path: folder,
    ...binary,
    mapSize: embeddedMapBytes,
    maxDbs: 3,
    // A commit is seen only once it is durable: with overlapping syncs a reader could see what a power failure undoes.
    overlappingSync: false,
    // The commit queue makes groups of its own; lmdb's would leave a rejected promise without a handler on a full disk.
    eventTurnBatching: false,
  });
  try {
    const openDatabase = (name: string): Database<Buffer, Uint8Array> => root.openDB(name, binary);
    const databases = {
      root,
      meta: openDatabase("meta"),
      entries: openDatabase("entries"),
      items: openDatabase("items"),
    };
    claimFolder(databases.meta, dataFolder);
    return databases;
  } catch (cause) {
    await root.close();
    throw cause;
  }
}

async function closeDatabases({ root, meta }: Databases): Promise<void> {
  try {
    releaseFolder(meta);
  } catch {
    // A disk that is full, or worse: the claim ends with the process.
  }
  await root.close();
}

async function openStores(
  dataFolder: string,
  databases: Databases,
  options: EmbeddedStorageOptions,
): Promise<EmbeddedStorage> {
  const { clock = nodeClock, random = nodeRandom, timers = nodeTimers, lifetimes = lifetimesDefault } = options;
  const closing = new AbortController();
  const nowMs = (): number => clock.monotonicMs();
  const store = await openWriteAheadStore(dataFolder, databases, { random, nowMs, pace: options.checkpointPace });
  const commits = new CommitQueue(store, new CommitPace(nowMs));
  const itemStore = new EmbeddedItemStore(store.table(1), commits);
  const blobs = new FileBlobStore(new BlobFolder(join(dataFolder, "blobs")));
  const wakeUps = new InProcessWakeUps(clock, timers);
  const close = async (): Promise<void> => {
    if (closing.signal.aborted) return;
    closing.abort();
    wakeUps.close();
    await blobs.close();
    await commits.close();
    try {
      await store.close();
    } finally {
      await closeDatabases(databases);
      openFolders.delete(dataFolder);
    }
  };
  void sweepExpiredItems(itemStore, clock, timers, closing.signal);
  return {
    dataFolder,
    onWake: (handler) => wakeUps.onWake(handler),
    close,
    storage: {
      logs: new EmbeddedLogStore(store.table(0), commits),
      items: itemStore,
      blobs,
      clock,
      random,
      timers,
      notifier: new InProcessNotifier(timers),
      wakeUps,
      lifetimes,
      inlinePayloadBytes: embeddedInlinePayloadBytes,
      snapshotPace: {
        transactionsMax: embeddedSnapshotTransactionsMax,
        logBytesMax: embeddedSnapshotLogBytesMax,
        partOfTree: embeddedSnapshotPartOfTree,
      },
      dropsExpiredEntries: false,
    },
  };
}

/** Durable, with all that the log had, when it resolves. */
async function openWriteAheadStore(
  dataFolder: string,
  { root, meta, entries, items }: Databases,
  { random, nowMs, pace }: Pick<WriteAheadStoreOptions, "random" | "nowMs" | "pace">,
): Promise<WriteAheadStore> {
  checkFormat(meta);
  const walFolder = join(dataFolder, "wal");
  const log = await WriteAheadLog.open(walFolder);
  try {
    // What has been created is durable only with its folder.
    await syncFolder(walFolder);
    await syncFolder(join(dataFolder, "lmdb"));
    await syncFolder(dataFolder);
    const store = new WriteAheadStore({
      root,
      meta,
      tables: [entries, items],
      log,
      folder: dataFolder,
      random,
      nowMs,
      pace,
    });
    await store.recover();
    return store;
  } catch (cause) {
    await log.close();
    throw cause;
  }
}

function checkFormat(meta: Database<Buffer, Uint8Array>): void {
  const format = meta.get(formatKey)?.toString();
  if (format === undefined || format === formatBefore) meta.putSync(formatKey, Buffer.from(formatNow));
  else if (format !== formatNow)
    throw new Error(`the data folder has format ${format}; this version knows ${formatNow}`);
}

/** Drops what has expired, from time to time; what fails is tried again the next time. */
async function sweepExpiredItems(
  items: EmbeddedItemStore,
  clock: Clock,
  timers: Timers,
  closing: AbortSignal,
): Promise<void> {
  let after: Uint8Array | undefined;
  while (!closing.aborted) {
    try {
      await timers.sleep(after === undefined ? expirySweepMs : 0, closing);
      after = await items.dropExpired(clock.wallMs(), after);
    } catch {
      after = undefined;
    }
  }
}

/** The folder's one true name, once it is durable. */
async function createFolder(dataFolder: string): Promise<string> {
  await makeFolder(dataFolder);
  const folder = await realpath(dataFolder);
  await syncFolder(dirname(folder));
  return folder;
}
