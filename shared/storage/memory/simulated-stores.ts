/** The ports of a simulated process: what each request does to the store, and the faults that only it can have. */
import type { BlobStore } from "../blob-store.ts";
import { copyAttributes } from "../item-change.ts";
import type { ItemChange, ItemStore } from "../item-store.ts";
import type { LogEntry, LogRange, LogStore } from "../log-store.ts";
import { joinChunks } from "./memory-blobs.ts";
import { copyEntry, withinLimits } from "./memory-logs.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimulatedRequests } from "./simulated-requests.ts";
import type { Simulation } from "./simulation.ts";

export function simulatedLogs(store: Simulation, requests: SimulatedRequests, random: SeededRandom): LogStore {
  const { logs } = store;
  return {
    async putIfAbsent(entry, maySend) {
      // What is sent is what the entry holds now, whenever it is applied.
      const sent = copyEntry(entry);
      const existing = await requests.write("logs.putIfAbsent", () => logs.put(sent), maySend);
      if (existing === undefined) return { won: true };
      return random.chance(store.faults.existingUnknown) ? { won: false } : { won: false, existing };
    },
    async readFrom(logId, position, limits) {
      const read = (): readonly LogEntry[] => logs.from(logId, position, limits.entriesMax + 1);
      const torn = random.chance(store.faults.tornRange);
      const later = (first: readonly LogEntry[]): readonly LogEntry[] => tornRange(first, read(), random);
      const entries = await requests.read("logs.readFrom", read, torn ? later : undefined);
      const range = withinLimits(entries, limits);
      return random.chance(store.faults.shortRange) ? shortened(range, random) : range;
    },
    readLast: (logId) => requests.read("logs.readLast", () => logs.last(logId)),
    readAt: (logId, position) => requests.read("logs.readAt", () => logs.at(logId, position)),
    trim: (logId, position, entriesMax) => requests.write("logs.trim", () => logs.trim(logId, position, entriesMax)),
  };
}

/** The start as it was at first, the end as it was later. */
function tornRange(first: readonly LogEntry[], second: readonly LogEntry[], random: SeededRandom): readonly LogEntry[] {
  const seam = second[random.below(second.length)]?.position ?? 0;
  return [...first.filter((entry) => entry.position < seam), ...second.filter((entry) => entry.position >= seam)];
}

function shortened(range: LogRange, random: SeededRandom): LogRange {
  if (range.entries.length < 2) return range;
  return { entries: range.entries.slice(0, 1 + random.below(range.entries.length - 1)), more: true };
}

export function simulatedItems(store: Simulation, requests: SimulatedRequests): ItemStore {
  const { items } = store;
  return {
    get: (key) => requests.read("items.get", () => items.get(key)),
    update: (key, change, conditions = []) => {
      const sent = copyChange(change);
      return requests.write("items.update", () => items.update(key, sent, conditions));
    },
    delete: (key, conditions = []) => requests.write("items.delete", () => items.delete(key, conditions)),
    query: (partition, options) => requests.read("items.query", () => items.query(partition, options)),
  };
}

function copyChange(change: ItemChange): ItemChange {
  return change.set === undefined ? { ...change } : { ...change, set: copyAttributes(change.set) };
}

export function simulatedBlobs(store: Simulation, requests: SimulatedRequests, random: SeededRandom): BlobStore {
  const { blobs } = store;
  return {
    async put(key, chunks) {
      const bytes = joinChunks(chunks);
      await requests.write("blobs.put", () => blobs.put(key, bytes));
    },
    async get(key, range) {
      const bytes = await requests.read("blobs.get", () => blobs.get(key, range));
      const { blobMissing, blobTruncated, blobFlipped } = store.faults;
      if (bytes === undefined || random.chance(blobMissing)) return undefined;
      if (random.chance(blobTruncated)) return bytes.slice(0, random.below(bytes.length));
      if (random.chance(blobFlipped)) flipBit(bytes, random);
      return bytes;
    },
    delete: async (keys) => await requests.write("blobs.delete", () => blobs.delete(keys)),
    list: (prefix, options) => requests.read("blobs.list", () => blobs.list(prefix, options)),
  };
}

function flipBit(bytes: Uint8Array, random: SeededRandom): void {
  const index = random.below(bytes.length);
  const byte = bytes[index];
  if (byte !== undefined) bytes[index] = byte ^ (1 << random.below(8));
}
