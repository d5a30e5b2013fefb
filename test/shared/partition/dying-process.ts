/** A process that dies at one of its requests: right before the request is applied, or right after. */
import type { Storage } from "../../../shared/storage/storage.ts";

export interface DyingProcess {
  readonly storage: Storage;
  /** Resolves when the process has died: whoever waits for its work waits for this as well. */
  readonly died: Promise<"died">;
}

/** @param request the request, counted from 0, at which it dies */
export function dyingProcess(storage: Storage, request: number, when: "before" | "after"): DyingProcess {
  const { promise: died, resolve: die } = Promise.withResolvers<"died">();
  let sent = 0;
  const send = async <Answer>(apply: () => Promise<Answer>): Promise<Answer> => {
    const number = sent;
    sent += 1;
    if (number < request) return apply();
    if (number === request) {
      if (when === "after") await apply();
      die("died");
    }
    // Nothing that it awaits ever comes.
    return new Promise<never>(() => undefined);
  };
  const { logs, items, blobs } = storage;
  return {
    died,
    storage: {
      ...storage,
      logs: {
        putIfAbsent: (entry, maySend) => send(() => logs.putIfAbsent(entry, maySend)),
        readFrom: (logId, position, limits) => send(() => logs.readFrom(logId, position, limits)),
        readLast: (logId) => send(() => logs.readLast(logId)),
        readAt: (logId, position) => send(() => logs.readAt(logId, position)),
        trim: (logId, position, entriesMax) => send(() => logs.trim(logId, position, entriesMax)),
      },
      items: {
        get: (key) => send(() => items.get(key)),
        update: (key, change, conditions) => send(() => items.update(key, change, conditions)),
        delete: (key, conditions) => send(() => items.delete(key, conditions)),
        query: (partition, options) => send(() => items.query(partition, options)),
      },
      blobs: {
        put: (key, chunks) => send(() => blobs.put(key, chunks)),
        get: (key, range) => send(() => blobs.get(key, range)),
        delete: (keys) => send(() => blobs.delete(keys)),
        list: (prefix, options) => send(() => blobs.list(prefix, options)),
      },
    },
  };
}
