import type { Storage } from "../storage.ts";
import { noDelays } from "./faults.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import { SimulatedStore, type SimulationOptions } from "./simulated-store.ts";
import type { SimulatedTime } from "./simulated-time.ts";

/** A sleep up to this long ends by itself: back-offs do, long polls and delayed duties wait for `advance`. */
const autoAdvanceMsMaxDefault = 1_000;

export interface MemoryStorage {
  readonly storage: Storage;
  /** The process that `storage` belongs to. */
  readonly process: SimulatedProcess;
  /** For faults, other processes, wake-ups, and a look at what is stored. */
  readonly store: SimulatedStore;
  /** A clock that stands still but for short sleeps, and that `advance` moves on. */
  readonly time: SimulatedTime;
  /** Drops what still waits. */
  close(): Promise<void>;
}

/**
 * Storage in memory that answers at once, for unit tests: a SimulatedStore without delays, whose clock needs nobody to
 * run it.
 */
export function createMemoryStorage(options: Partial<SimulationOptions> = {}): MemoryStorage {
  const store = new SimulatedStore({
    seed: 1,
    autoAdvanceMsMax: autoAdvanceMsMaxDefault,
    ...options,
    delays: { ...noDelays, ...options.delays },
  });
  const process = store.process();
  return { storage: process.storage, process, store, time: store.time, close: async () => store.time.clear() };
}
