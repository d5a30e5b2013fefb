/** Kafka's numbers of errors. Source: Kafka protocol guide, "Error Codes". */
import { ServiceError, errorTable } from "../../shared/api/errors.ts";
import { noteError } from "../../functions/metrics/request-scope.ts";
import { describeError, type Log } from "../../functions/http/log.ts";
import type { Passing } from "./passing-errors.ts";
import { RequestProblem } from "./request-problem.ts";

/** Errors that only a gateway answers; all others come from the services. */
export const kafkaError = {
  UNKNOWN_SERVER_ERROR: -1,
  NONE: 0,
  OFFSET_OUT_OF_RANGE: 1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  OFFSET_METADATA_TOO_LARGE: 12,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  INVALID_TOPIC_EXCEPTION: 17,
  INVALID_REQUIRED_ACKS: 21,
  ILLEGAL_GENERATION: 22,
  UNSUPPORTED_SASL_MECHANISM: 33,
  ILLEGAL_SASL_STATE: 34,
  UNSUPPORTED_VERSION: 35,
  INVALID_REPLICATION_FACTOR: 38,
  INVALID_REPLICA_ASSIGNMENT: 39,
  INVALID_CONFIG: 40,
  INVALID_REQUEST: 42,
  UNSUPPORTED_FOR_MESSAGE_FORMAT: 43,
  OPERATION_NOT_ATTEMPTED: 55,
  SASL_AUTHENTICATION_FAILED: 58,
  GROUP_ID_NOT_FOUND: 69,
  UNKNOWN_LEADER_EPOCH: 75,
  MEMBER_ID_REQUIRED: 79,
  UNSTABLE_OFFSET_COMMIT: 88,
  UNKNOWN_TOPIC_ID: 100,
  MISMATCHED_ENDPOINT_TYPE: 114,
  UNSUPPORTED_ENDPOINT_TYPE: 115,
} as const;

/**
 * The number and the message that a failure is answered with. What is no `ServiceError` is a bug, and is written down.
 *
 * @param passing what the API's clients are told of failures that pass by themselves
 */
export function failureOf(
  error: unknown,
  log: Log,
  passing: Passing = {},
): { readonly errorCode: number; readonly errorMessage: string } {
  if (error instanceof RequestProblem) return { errorCode: error.errorCode, errorMessage: error.message };
  if (error instanceof ServiceError) {
    noteError(error.code);
    return { errorCode: passing[error.code] ?? errorTable[error.code].kafka, errorMessage: error.message };
  }
  log("ERROR", "request failed", { cause: describeError(error) });
  return { errorCode: kafkaError.UNKNOWN_SERVER_ERROR, errorMessage: "The server failed" };
}
