import type { Metrics } from "../metrics/metrics.ts";
import type { BlobStore } from "./blob-store.ts";
import type { Clock, Notifier, Random, Timers, WakeUps } from "./environment.ts";
import type { ItemStore } from "./item-store.ts";
import type { LogStore } from "./log-store.ts";

/** How long things live in a store, and with that how old a writer's proof of the tail may be (invariants 3, 4, 8, 9). */
export interface Lifetimes {
  /** A hot entry may be dropped this long after it was appended. Produce refuses when unsealed entries reach half of it. */
  readonly hotEntryMs: number;
  /** Nothing is deleted sooner than this after it stopped being needed. */
  readonly graceMs: number;
  /** Oldest proof of the tail on which a writer may put. Orders of magnitude below `graceMs`. */
  readonly tailEvidenceMsMax: number;
}

/** What a process that starts replays of a tree's log at most, while snapshots keep up. */
export interface SnapshotPace {
  readonly transactionsMax: number;
  readonly logBytesMax: number;
  /** Of the tree, if that is more: its znodes are counted for transactions, the bytes of its last snapshot for those of log. */
  readonly partOfTree: number;
}

/** All that the services need from outside. */
export interface Storage {
  readonly logs: LogStore;
  readonly items: ItemStore;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly notifier: Notifier;
  readonly wakeUps: WakeUps;
  readonly lifetimes: Lifetimes;
  /** Where what happens is counted, if anyone wants to know. */
  readonly metrics?: Metrics | undefined;
  /** Where a topic does not say, a payload up to so many bytes stands in the entry; `inlinePayloadBytesOf` knows the default. */
  readonly inlinePayloadBytes?: number | undefined;
  /** How much log a tree's snapshot may be behind; by default that of `limits.ts`. */
  readonly snapshotPace?: SnapshotPace | undefined;
  /** True when hot entries carry `expiresAtMs` and the store drops them by itself; false: the collector trims them. */
  readonly dropsExpiredEntries: boolean;
}
