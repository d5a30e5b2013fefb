/** What a producer makes of a failed request; pure, after Kafka's TransactionManager and Sender (KIP-98, KIP-360). */
import type { ErrorCode } from "../../shared/api/errors.ts";
import { StreamkeeperException } from "../exceptions.ts";
import { isTransient } from "../middleware/retry-policy.ts";
import { ProducerFatalError } from "./producer-errors.ts";

export type DeliveryVerdict =
  /** The same bytes are sent again. */
  | { readonly kind: "retry" }
  /** The batch's records fail; the partition goes on with the next batch. */
  | { readonly kind: "fail"; readonly error: Error }
  /** The producer ends. */
  | { readonly kind: "fatal"; readonly error: Error };

export interface FailedRequest {
  readonly error: unknown;
  readonly topic: string;
  readonly partition: number;
  /** The batch carries a producer id and a sequence. */
  readonly idempotent: boolean;
  /** This or an earlier request for the batch may have been applied. */
  readonly maybeApplied: boolean;
  readonly timeIsOver: boolean;
}

const lostPlace: readonly ErrorCode[] = ["OUT_OF_ORDER_SEQUENCE_NUMBER", "INVALID_PRODUCER_EPOCH"];

/** Decides on a failed request. */
export function verdictOn(failed: FailedRequest): DeliveryVerdict {
  const { error, idempotent, maybeApplied } = failed;
  if (!(error instanceof StreamkeeperException)) {
    return { kind: "fatal", error: error instanceof Error ? error : new Error(String(error)) };
  }
  if (lostPlace.some((code) => code === error.name)) return { kind: "fatal", error: lostPlaceError(error, failed) };
  // A batch carries its sequence or an idempotency key, so that it may be repeated whatever became of it.
  if (!failed.timeIsOver && isTransient(error)) return { kind: "retry" };
  // Without knowing whether the sequence was used, none can follow it.
  if (idempotent && maybeApplied) return { kind: "fatal", error: unknownOutcomeError(error, failed) };
  error.effect = maybeApplied ? "unknown" : "none";
  return { kind: "fail", error };
}

function lostPlaceError(error: StreamkeeperException, { topic, partition }: FailedRequest): ProducerFatalError {
  const reason =
    error.name === "INVALID_PRODUCER_EPOCH"
      ? "another producer took over its id"
      : "a batch before this one is missing in the log, or the service no longer knows the producer";
  return new ProducerFatalError(
    `${error.name} for partition ${partition} of ${topic}: ${reason}. What was not acknowledged may be missing.`,
    { cause: error },
  );
}

function unknownOutcomeError(error: StreamkeeperException, { topic, partition }: FailedRequest): ProducerFatalError {
  return new ProducerFatalError(
    `it is unknown whether a batch for partition ${partition} of ${topic} was written (${error.name}: ` +
      `${error.message}), so nothing can follow it in order`,
    { cause: error },
  );
}
