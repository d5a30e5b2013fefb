import type { Metrics } from "../../shared/metrics/metrics.ts";
import { tellRequests } from "../../shared/storage/count-requests.ts";
import type { Storage } from "../../shared/storage/storage.ts";

/** The storage with a place to count in, where each of its requests is counted already. */
export function metered(storage: Storage, metrics: Metrics): Storage {
  return {
    ...tellRequests(storage, (operation) => metrics.count("StorageRequests", 1, { operation })),
    metrics,
  };
}
