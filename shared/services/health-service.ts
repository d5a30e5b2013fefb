/** Readiness that really writes and reads: a store that answers only one of them is not healthy. */
import { ServiceError } from "../api/errors.ts";
import { healthKey } from "../storage/item-keys.ts";
import type { Storage } from "../storage/storage.ts";
import type { HealthService } from "./services.ts";
import { withStorageErrors } from "./storage-errors.ts";

export function healthService(storage: Storage): HealthService {
  return {
    check: () =>
      withStorageErrors(async () => {
        const value = storage.random.id();
        const key = healthKey(value.slice(0, 1));
        const written = await storage.items.update(key, { set: { value, atMs: storage.clock.wallMs() } });
        const read = await storage.items.get(key);
        // Another check may have written since: then its version is higher.
        const version = written.applied ? written.item.version : Infinity;
        if (read === undefined || read.version < version) {
          throw new ServiceError("KAFKA_STORAGE_ERROR", "What was written could not be read back");
        }
        return { storage: "ok" };
      }),
  };
}
