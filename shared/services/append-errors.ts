/** Turns what a partition's writer answers into what a caller of the service is told. */
import { ServiceError } from "../api/errors.ts";
import type { AppendResult } from "../log/append-result.ts";
import type { Appended, AppendRefusal } from "../partition/plan-append.ts";
import { unavailableError } from "./storage-errors.ts";

/** @throws ServiceError for every result but `done` */
export function appendedOrThrow(result: AppendResult<Appended, AppendRefusal>): Appended {
  switch (result.kind) {
    case "done":
      return result.result;
    case "refused":
      throw refusalError(result.refusal);
    case "unknown":
      throw unknownOutcome(result.cause);
    case "failed":
      throw failureError(result.reason, result.cause);
  }
}

/** The write may have happened: only a repeat that is recognised (producer id, idempotency key, expectedOffset) is safe. */
export function unknownOutcome(cause: unknown): ServiceError {
  return new ServiceError("REQUEST_TIMED_OUT", "The records may have been appended, or may still be", {
    effect: "unknown",
    cause,
  });
}

function refusalError(refusal: AppendRefusal): ServiceError {
  switch (refusal.code) {
    case "INVALID_PRODUCER_EPOCH":
      return new ServiceError(refusal.code, `The producer's epoch is old; the present one is ${refusal.currentEpoch}`, {
        details: { producerEpoch: refusal.currentEpoch },
      });
    case "OUT_OF_ORDER_SEQUENCE_NUMBER":
      return new ServiceError(refusal.code, `The sequence has a gap; ${refusal.expectedSequence} comes next`, {
        details: { expectedSequence: refusal.expectedSequence },
      });
    case "INVALID_TXN_STATE":
      return new ServiceError(refusal.code, "The producer's transaction is open, and this batch is not of it", {
        details: { firstOffset: refusal.firstOffset },
      });
    case "TOO_MANY_TRANSACTIONS":
      return new ServiceError("THROTTLING_QUOTA_EXCEEDED", "Too many transactions are open in this partition");
    case "BAD_VERSION":
      return new ServiceError(refusal.code, `The partition ends at ${refusal.highWatermark}, not at expectedOffset`, {
        details: { highWatermark: refusal.highWatermark },
      });
    case "FENCED":
      return new ServiceError(refusal.code, `A writer with fencing token ${refusal.fencingToken} has taken over`, {
        details: { fencingToken: refusal.fencingToken },
      });
    case "IDEMPOTENCY_KEY_REUSED":
      return new ServiceError("BAD_ARGUMENTS", "The Idempotency-Key was used for another request", {
        details: { baseOffset: refusal.baseOffset, recordCount: refusal.recordCount },
      });
    case "UNSEALED_TOO_LONG":
      return new ServiceError("KAFKA_STORAGE_ERROR", "Sealing is too far behind to take more records safely");
  }
}

function failureError(reason: "overloaded" | "contended" | "unavailable", cause: unknown): ServiceError {
  switch (reason) {
    case "overloaded":
      return new ServiceError("THROTTLING_QUOTA_EXCEEDED", "Too many appends wait for this partition", { cause });
    case "contended":
      return new ServiceError("THROTTLING_QUOTA_EXCEEDED", "Too many writers compete for this partition", { cause });
    case "unavailable":
      return unavailableError(cause);
  }
}
