/** What the client library throws, as a target tells it. */
import { MembershipLostError } from "../../client/consumer/consumer-errors.ts";
import { SessionExpiredError } from "../../client/coordination/session.ts";
import { StreamkeeperException, StreamkeeperServiceException } from "../../client/exceptions.ts";
import { ProducerClosedError, ProducerFatalError } from "../../client/producer/producer-errors.ts";
import { CorruptBatchError } from "../../client/reader/decode-batches.ts";
import { ProducerFencedError, TransactionFailedError } from "../../client/transactions/transaction-errors.ts";
import { TargetError } from "../../verify/target.ts";
import type { FailedOutcome, TargetCode } from "../../verify/target.ts";

const codesByName: Readonly<Record<string, TargetCode>> = {
  SESSION_EXPIRED: "SESSION_EXPIRED",
  NO_NODE: "NO_NODE",
  NODE_EXISTS: "NODE_EXISTS",
  BAD_VERSION: "BAD_VERSION",
  NOT_EMPTY: "NOT_EMPTY",
  FENCED: "FENCED",
  PRODUCER_FENCED: "CLIENT_LOST",
  INVALID_PRODUCER_EPOCH: "CLIENT_LOST",
  INVALID_PRODUCER_ID_MAPPING: "CLIENT_LOST",
  UNKNOWN_MEMBER_ID: "CLIENT_LOST",
  INVALID_TXN_STATE: "MUST_ABORT",
};

/** Answers what the call does, or rejects with a `TargetError`. */
export async function translated<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    throw targetErrorOf(error);
  }
}

/** @param outcome where the client library does not tell */
export function targetErrorOf(error: unknown, outcome: FailedOutcome = "info"): TargetError {
  if (error instanceof TargetError) return error;
  if (!(error instanceof Error)) return new TargetError(outcome, "other", String(error));
  const reason = error.name;
  const described = `${reason}: ${error.message}`;
  const options = { cause: error, reason };
  if (error instanceof StreamkeeperException) {
    const isService = error instanceof StreamkeeperServiceException;
    const code = isService ? (codesByName[error.name] ?? "other") : "other";
    return new TargetError(error.hasNoSideEffects() ? "fail" : "info", code, described, options);
  }
  if (error instanceof CorruptBatchError) return new TargetError("fail", "CORRUPT", described, options);
  if (error instanceof SessionExpiredError) return new TargetError("info", "SESSION_EXPIRED", described, options);
  if (error instanceof TransactionFailedError) return new TargetError("fail", "MUST_ABORT", described, options);
  const isLost =
    error instanceof ProducerFatalError ||
    error instanceof ProducerFencedError ||
    error instanceof ProducerClosedError ||
    error instanceof MembershipLostError;
  return new TargetError(outcome, isLost ? "CLIENT_LOST" : "other", described, options);
}
