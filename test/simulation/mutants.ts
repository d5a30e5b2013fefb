/** Storage as a service that makes a mistake would use it: what a simulation has to find. */
import type { Condition, ItemKey } from "../../shared/storage/item-store.ts";
import type { LogEntry } from "../../shared/storage/log-store.ts";
import type { Storage } from "../../shared/storage/storage.ts";

/** Items are updated without some of the conditions. */
export function withoutConditions(
  isLeftOut: (condition: Condition, key: ItemKey) => boolean,
): (storage: Storage) => Storage {
  return (storage) => ({
    ...storage,
    items: {
      get: (key) => storage.items.get(key),
      update: (key, change, conditions = []) =>
        storage.items.update(
          key,
          change,
          conditions.filter((condition) => !isLeftOut(condition, key)),
        ),
      delete: (key, conditions) => storage.items.delete(key, conditions),
      query: (partition, options) => storage.items.query(partition, options),
    },
  });
}

/** A writer does not know its own attempt where it finds an entry in its place. */
export function withoutAttempts(storage: Storage): Storage {
  const forget = (entry: LogEntry): LogEntry => ({ ...entry, attempt: "forgotten" });
  return {
    ...storage,
    logs: {
      ...storage.logs,
      putIfAbsent: async (entry, maySend) => {
        const result = await storage.logs.putIfAbsent(entry, maySend);
        if (result.won || result.existing === undefined) return result;
        return { won: false, existing: forget(result.existing) };
      },
      readAt: async (logId, position) => {
        const entry = await storage.logs.readAt(logId, position);
        return entry === undefined ? undefined : forget(entry);
      },
    },
  };
}
