/** The ports of a simulated process: what each request does to the store, and the faults that only it can have. */
import type { BlobStore } from "../blob-store.ts";
import { copyAttributes } from "../item-change.ts";
import type { ItemChange, ItemKey, ItemPage, ItemStore } from "../item-store.ts";
import type { LogEntry, LogRange, LogStore } from "../log-store.ts";
import type { RequestName } from "../request-name.ts";
import { compareUtf8 } from "../utf8-order.ts";
import type { Faults } from "./faults.ts";
import { joinChunks } from "./memory-blobs.ts";
import { copyEntry, withinLimits } from "./memory-logs.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimulatedRequests } from "./simulated-requests.ts";
import type { Simulation } from "./simulation.ts";

/** One process of a simulation. */
export interface Sender {
  readonly store: Simulation;
  readonly requests: SimulatedRequests;
  readonly random: SeededRandom;
  readonly process: number;
}

export function simulatedLogs({ store, requests, random, process }: Sender): LogStore {
  const { logs } = store;
  const isStruck = (name: RequestName, fault: keyof Faults): boolean => store.isStruck(name, fault, random, process);
  return {
    async putIfAbsent(entry, maySend) {
      // What is sent is what the entry holds now, whenever it is applied.
      const sent = copyEntry(entry);
      noteEntry(store, sent);
      const name = "logs.putIfAbsent";
      const subject = `${entry.logId} at ${entry.position}`;
      const existing = await requests.write(name, subject, () => logs.put(sent), maySend);
      if (existing === undefined) return { won: true };
      return isStruck(name, "existingUnknown") ? { won: false } : { won: false, existing };
    },
    async readFrom(logId, position, limits) {
      const name = "logs.readFrom";
      const read = (): readonly LogEntry[] => logs.from(logId, position, limits.entriesMax + 1);
      const torn = isStruck(name, "tornRange");
      const later = (first: readonly LogEntry[]): readonly LogEntry[] => tornRange(first, read(), random);
      const entries = await requests.read(name, `${logId} from ${position}`, read, torn ? later : undefined);
      const range = withinLimits(entries, limits);
      return isStruck(name, "shortRange") ? shortened(range, random) : range;
    },
    readLast: (logId) => requests.read("logs.readLast", logId, () => logs.last(logId)),
    readAt: (logId, position) =>
      requests.read("logs.readAt", `${logId} at ${position}`, () => logs.at(logId, position)),
    trim: (logId, position, entriesMax) =>
      requests.write("logs.trim", `${logId} to ${position}`, () => logs.trim(logId, position, entriesMax)),
  };
}

function noteEntry(
  { journal }: Simulation,
  { next, attempt, appendedAtMs, meta, payload, expiresAtMs }: LogEntry,
): void {
  if (journal === undefined) return;
  journal.note(attempt);
  for (const value of [next, appendedAtMs, expiresAtMs ?? 0]) journal.number(value);
  journal.bytes(meta);
  if (payload.kind === "inline") journal.bytes(payload.bytes);
  else journal.note(payload.key);
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

export function simulatedItems({ store, requests, random, process }: Sender): ItemStore {
  const { items, journal } = store;
  return {
    get: (key) => requests.read("items.get", named(key), () => items.get(key)),
    update: (key, change, conditions = []) => {
      const sent = copyChange(change);
      journal?.note(JSON.stringify([sent, conditions], readable));
      return requests.write("items.update", named(key), () => items.update(key, sent, conditions));
    },
    delete: (key, conditions = []) => requests.write("items.delete", named(key), () => items.delete(key, conditions)),
    async query(partition, options) {
      const name = "items.query";
      const read = (): ItemPage => items.query(partition, options);
      const later = (first: ItemPage): ItemPage => tornPage(first, read(), random);
      const torn = store.isStruck(name, "tornRange", random, process);
      const page = await requests.read(name, partition, read, torn ? later : undefined);
      if (page.items.length < 2 || !store.isStruck(name, "shortRange", random, process)) return page;
      const found = page.items.slice(0, 1 + random.below(page.items.length - 1));
      return { items: found, next: found.at(-1)?.key.sort ?? "" };
    },
  };
}

function named({ partition, sort }: ItemKey): string {
  return `${partition} ${sort}`;
}

function readable(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}

/** The first items as they were at first, the others as they were later. */
function tornPage(first: ItemPage, second: ItemPage, random: SeededRandom): ItemPage {
  const seam = second.items[random.below(second.items.length)]?.key.sort;
  if (seam === undefined) return second;
  const before = first.items.filter(({ key }) => compareUtf8(key.sort, seam) < 0);
  const after = second.items.filter(({ key }) => compareUtf8(key.sort, seam) >= 0);
  return { ...second, items: [...before, ...after] };
}

function copyChange(change: ItemChange): ItemChange {
  return change.set === undefined ? { ...change } : { ...change, set: copyAttributes(change.set) };
}

export function simulatedBlobs({ store, requests, random, process }: Sender): BlobStore {
  const { blobs, journal } = store;
  const isStruck = (name: RequestName, fault: keyof Faults): boolean => store.isStruck(name, fault, random, process);
  return {
    async put(key, chunks) {
      const bytes = joinChunks(chunks);
      journal?.bytes(bytes);
      await requests.write("blobs.put", key, () => blobs.put(key, bytes));
    },
    async get(key, range) {
      const name = "blobs.get";
      const bytes = await requests.read(name, key, () => blobs.get(key, range));
      if (bytes === undefined || isStruck(name, "blobMissing")) return undefined;
      if (bytes.length > 0 && isStruck(name, "blobTruncated")) return bytes.slice(0, random.below(bytes.length));
      if (bytes.length > 0 && isStruck(name, "blobFlipped")) flipBit(bytes, random);
      return bytes;
    },
    delete: async (keys) => await requests.write("blobs.delete", keys.join(), () => blobs.delete(keys)),
    async list(prefix, options) {
      const page = await requests.read("blobs.list", prefix, () => blobs.list(prefix, options));
      if (page.blobs.length < 2 || !isStruck("blobs.list", "shortRange")) return page;
      const found = page.blobs.slice(0, 1 + random.below(page.blobs.length - 1));
      return { blobs: found, next: found.at(-1)?.key ?? "" };
    },
  };
}

function flipBit(bytes: Uint8Array, random: SeededRandom): void {
  const index = random.below(bytes.length);
  const byte = bytes[index];
  if (byte !== undefined) bytes[index] = byte ^ (1 << random.below(8));
}
