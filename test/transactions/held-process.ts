/** A process whose writes to a log wait until they are let go: as one whose network stands still. */
import type { Storage } from "../../shared/storage/storage.ts";

export interface HeldProcess {
  readonly storage: Storage;
  /** Resolves when a write waits. */
  readonly reached: Promise<void>;
  readonly letGo: () => void;
}

/** @param isHeld which logs */
export function heldProcess(storage: Storage, isHeld: (logId: string) => boolean): HeldProcess {
  const held = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const { logs } = storage;
  return {
    storage: {
      ...storage,
      logs: {
        ...boundReads(storage),
        putIfAbsent: async (entry, maySend) => {
          if (isHeld(entry.logId)) {
            reached.resolve();
            await held.promise;
          }
          return logs.putIfAbsent(entry, maySend);
        },
      },
    },
    reached: reached.promise,
    letGo: held.resolve,
  };
}

function boundReads({ logs }: Storage): Omit<Storage["logs"], "putIfAbsent"> {
  return {
    readFrom: (logId, position, limits) => logs.readFrom(logId, position, limits),
    readLast: (logId) => logs.readLast(logId),
    readAt: (logId, position) => logs.readAt(logId, position),
    trim: (logId, position, entriesMax) => logs.trim(logId, position, entriesMax),
  };
}
