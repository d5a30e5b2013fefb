/** Failures of what a transaction's coordinator is asked for, as clients know them. */
import { errorTable, ServiceError } from "../../shared/api/errors.ts";
import type { Log } from "../../functions/http/log.ts";
import { failureOf, kafkaError } from "./error-codes.ts";

/** Those that clients know as such; after any other that may pass they are told to look for the coordinator again. */
const knownRetriable: ReadonlySet<string> = new Set(["CONCURRENT_TRANSACTIONS", "UNKNOWN_TOPIC_OR_PARTITION"]);

/** @param knowsFenced whether the version of the request has PRODUCER_FENCED; those before have INVALID_PRODUCER_EPOCH */
export function coordinatorErrorOf(error: unknown, log: Log, knowsFenced: boolean): number {
  const { errorCode } = failureOf(error, log);
  if (!(error instanceof ServiceError)) return errorCode;
  if (errorCode === errorTable.PRODUCER_FENCED.kafka && !knowsFenced) return errorTable.INVALID_PRODUCER_EPOCH.kafka;
  // The same request may be sent again, whether it had an effect or not.
  return error.retriable && !knownRetriable.has(error.code) ? kafkaError.COORDINATOR_NOT_AVAILABLE : errorCode;
}
