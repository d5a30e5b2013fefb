/** Opens the storage that `serve` was asked for. */
import { CommandError } from "./command-error.ts";
import { localSweepMs } from "../shared/limits.ts";
import { queueReceiveMsMax } from "../shared/limits/queue.ts";
import { localSweepLeadMs } from "../shared/limits/sweeps.ts";
import { armingStorage } from "../shared/storage/arm-sweeps.ts";
import { type Duty, isTimed } from "../shared/storage/environment.ts";
import type { Storage } from "../shared/storage/storage.ts";
import { systemReason } from "./system-reason.ts";
import { createNodeEnvironment, type NodeEnvironment } from "../shared/storage/node/node-environment.ts";
import { InProcessWakeUps } from "../shared/storage/node/in-process-wake-ups.ts";

export const storeKinds = ["embedded", "memory", "aws"] as const;
export type StoreKind = (typeof storeKinds)[number];

export interface OpenedStorage {
  readonly storage: Storage;
  /** Where the data are, for a person. */
  readonly place: string;
  /** Whether nobody but this process uses the storage. */
  readonly isOwn: boolean;
  /** Sets who does the duties that come due in this process. */
  onWake(handler: (duty: Duty) => void): void;
  /** Where processes share a queue of what is due at a time: takes from it until it is stopped. */
  readonly receive?: (handlers: QueueHandlers) => { stop(): Promise<void> };
  close(): Promise<void>;
}

export interface QueueHandlers {
  readonly handle: (duty: Duty) => Promise<void>;
  readonly onFailure: (cause: unknown) => void;
}

/** @throws CommandError where the data folder cannot be used, or AWS's resources are not named */
export async function openStorage(kind: StoreKind, folder: string): Promise<OpenedStorage> {
  switch (kind) {
    case "embedded":
      return openEmbedded(folder);
    case "memory":
      return openMemory();
    case "aws":
      return openAws();
  }
}

/** Who has the storage to itself sweeps after it has written, and when something comes due: an idle server reads nothing. */
function armed(storage: Storage): Storage {
  return armingStorage(storage, { everyMs: localSweepMs, leadMs: localSweepLeadMs });
}

async function openEmbedded(folder: string): Promise<OpenedStorage> {
  const { openEmbeddedStorage } = await import("../shared/storage/embedded/embedded-storage.ts");
  try {
    const embedded = await openEmbeddedStorage({ dataFolder: folder });
    return {
      storage: armed(embedded.storage),
      place: embedded.dataFolder,
      isOwn: true,
      onWake: (handler) => embedded.onWake(handler),
      close: async () => embedded.close(),
    };
  } catch (error) {
    // What the store says names the folder and the reason: another process, no permission, a full disk, another version.
    const reason = systemReason(error).replace(/^the data folder (?:.* )?(?=is in use by |has format )/s, "it ");
    throw new CommandError(`cannot use the data folder ${folder}: ${reason}`, { cause: error });
  }
}

async function openMemory(): Promise<OpenedStorage> {
  const { createMemoryStorage } = await import("../shared/storage/memory/memory-storage.ts");
  const environment = createNodeEnvironment();
  const wakeUps = new InProcessWakeUps(environment.clock, environment.timers);
  // Virtual time stands still: entries are trimmed by the collector, and the age of blobs is told, by this machine's clock.
  const memory = createMemoryStorage({ dropsExpiredEntries: false, wallMs: () => environment.clock.wallMs() });
  return {
    storage: armed({ ...memory.storage, ...environment, wakeUps }),
    place: "memory, gone with the process",
    isOwn: true,
    onWake: (handler) => wakeUps.onWake(handler),
    close: async () => {
      wakeUps.close();
      await memory.close();
    },
  };
}

/**
 * What is due at a time (sessions, znodes and transactions whose time is over) goes to the queue if one is named, for any process
 * to take: a timer would end with this one. Duties of partitions are the leader's, who sweeps.
 */
async function openAws(): Promise<OpenedStorage> {
  const { awsStorageFromEnvironment } = await import("../shared/storage/aws/aws-storage.ts");
  const environment = createNodeEnvironment();
  const wakeUps = new InProcessWakeUps(environment.clock, environment.timers);
  const storage = awsStorageOrExplain(() => awsStorageFromEnvironment(process.env, environment));
  const queueUrl = process.env["STREAMKEEPER_EXPIRY_QUEUE_URL"] ?? "";
  return {
    storage: {
      ...storage,
      wakeUps: {
        ...(queueUrl === "" ? { endWithProcess: true } : {}),
        // A command that ends after one request leaves nobody behind who sweeps.
        ...(storage.wakeUps.arm === undefined ? {} : { arm: async () => await storage.wakeUps.arm?.() }),
        wake: (duty, delayMs) => (queueUrl !== "" && isTimed(duty) ? storage.wakeUps : wakeUps).wake(duty, delayMs),
      },
    },
    place: `AWS, table ${process.env["STREAMKEEPER_LOG_TABLE"]}`,
    isOwn: false,
    onWake: (handler) => wakeUps.onWake(handler),
    ...(queueUrl === "" ? {} : { receive: receiving(queueUrl, environment) }),
    close: async () => {
      wakeUps.close();
      await storage.close();
    },
  };
}

function receiving(queueUrl: string, { clock, timers }: NodeEnvironment): NonNullable<OpenedStorage["receive"]> {
  return (handlers) => {
    const opened = (async () => {
      const [{ SqsReceiver }, { createSqsClient }] = await Promise.all([
        import("../shared/storage/aws/sqs-receiver.ts"),
        import("../shared/storage/aws/sqs-client.ts"),
      ]);
      const client = createSqsClient({ clock, requestMsMax: queueReceiveMsMax });
      const receiver = new SqsReceiver({ ...handlers, client, queueUrl, timers });
      receiver.start();
      return receiver;
    })();
    return { stop: async () => (await opened).stop() };
  };
}

function awsStorageOrExplain<Opened>(open: () => Opened): Opened {
  try {
    return open();
  } catch (error) {
    throw new CommandError(`cannot use AWS: ${systemReason(error)}`, { cause: error });
  }
}
