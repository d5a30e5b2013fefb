import { createMemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";
import type { Storage } from "../../shared/storage/storage.ts";

/** Storage in memory for what waits: the memory's own clock runs ahead while somebody does. */
export function realTimeStorage(): Storage {
  return { ...createMemoryStorage({ dropsExpiredEntries: false }).storage, ...createNodeEnvironment() };
}
