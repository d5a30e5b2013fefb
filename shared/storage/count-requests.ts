import type { BlobStore } from "./blob-store.ts";
import type { ItemStore } from "./item-store.ts";
import type { LogStore } from "./log-store.ts";
import { type RequestName, requestNames } from "./request-name.ts";
import type { Storage } from "./storage.ts";

export interface CountedStorage {
  /** Does what the storage does that was given, and counts. */
  readonly storage: Storage;
  /** Requests since the start or the last `reset`, only those that were made, by name. */
  counts(): Partial<Record<RequestName, number>>;
  total(): number;
  reset(): void;
}

/** Counts the requests that pass the ports, answered or not. */
export function countRequests(storage: Storage): CountedStorage {
  const counts = new Map<RequestName, number>();
  const count = (name: RequestName): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  return {
    storage: tellRequests(storage, count),
    counts: () =>
      Object.fromEntries(requestNames.flatMap((name) => (counts.has(name) ? [[name, counts.get(name)]] : []))),
    total: () => [...counts.values()].reduce((sum, value) => sum + value, 0),
    reset: () => counts.clear(),
  };
}

/** Tells of each request that passes the ports, before it is made. */
export function tellRequests(storage: Storage, tell: (name: RequestName) => void): Storage {
  return {
    ...storage,
    logs: countedLogs(storage.logs, tell),
    items: countedItems(storage.items, tell),
    blobs: countedBlobs(storage.blobs, tell),
  };
}

type Count = (name: RequestName) => void;

function countedLogs(logs: LogStore, count: Count): LogStore {
  return {
    putIfAbsent: (entry, maySend) => (count("logs.putIfAbsent"), logs.putIfAbsent(entry, maySend)),
    readFrom: (logId, position, limits) => (count("logs.readFrom"), logs.readFrom(logId, position, limits)),
    readLast: (logId) => (count("logs.readLast"), logs.readLast(logId)),
    readAt: (logId, position) => (count("logs.readAt"), logs.readAt(logId, position)),
    trim: (logId, position, entriesMax) => (count("logs.trim"), logs.trim(logId, position, entriesMax)),
  };
}

function countedItems(items: ItemStore, count: Count): ItemStore {
  return {
    get: (key) => (count("items.get"), items.get(key)),
    update: (key, change, conditions) => (count("items.update"), items.update(key, change, conditions)),
    delete: (key, conditions) => (count("items.delete"), items.delete(key, conditions)),
    query: (partition, options) => (count("items.query"), items.query(partition, options)),
  };
}

function countedBlobs(blobs: BlobStore, count: Count): BlobStore {
  return {
    put: (key, chunks) => (count("blobs.put"), blobs.put(key, chunks)),
    get: (key, range) => (count("blobs.get"), blobs.get(key, range)),
    delete: (keys) => (count("blobs.delete"), blobs.delete(keys)),
    list: (prefix, options) => (count("blobs.list"), blobs.list(prefix, options)),
  };
}
