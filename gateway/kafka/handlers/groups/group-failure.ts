import { ServiceError } from "../../../../shared/api/errors.ts";
import { failureOf, kafkaError } from "../../error-codes.ts";
import type { RequestContext } from "../../handler.ts";

/**
 * The number of a failure of a request to a group's coordinator. What passes by itself is told as Kafka's coordinators tell it:
 * clients know few errors in these answers, and take any other for the end.
 *
 * @param passing what tells a client to ask again
 */
export function groupErrorOf(
  error: unknown,
  { gateway, signal }: RequestContext,
  passing: number = kafkaError.COORDINATOR_NOT_AVAILABLE,
): number {
  // The connection or the gateway ends; who still hears it asks another gateway.
  if (signal.aborted && !(error instanceof ServiceError)) return passing;
  const { errorCode } = failureOf(error, gateway.log);
  return error instanceof ServiceError && passingCodes.has(error.code) ? passing : errorCode;
}

const passingCodes: ReadonlySet<string> = new Set([
  "KAFKA_STORAGE_ERROR",
  "THROTTLING_QUOTA_EXCEEDED",
  "REQUEST_TIMED_OUT",
]);
