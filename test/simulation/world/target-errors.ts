import { type ErrorCode, ServiceError } from "../../../shared/api/errors.ts";
import { type TargetCode, TargetError } from "../../../verify/target.ts";

const codes: Partial<Record<ErrorCode, TargetCode>> = {
  SESSION_EXPIRED: "SESSION_EXPIRED",
  NO_NODE: "NO_NODE",
  NODE_EXISTS: "NODE_EXISTS",
  BAD_VERSION: "BAD_VERSION",
  NOT_EMPTY: "NOT_EMPTY",
  FENCED: "FENCED",
  PRODUCER_FENCED: "CLIENT_LOST",
  INVALID_PRODUCER_EPOCH: "CLIENT_LOST",
  INVALID_PRODUCER_ID_MAPPING: "CLIENT_LOST",
  OUT_OF_ORDER_SEQUENCE_NUMBER: "CLIENT_LOST",
  UNKNOWN_MEMBER_ID: "CLIENT_LOST",
  FENCED_MEMBER_EPOCH: "CLIENT_LOST",
  INVALID_TXN_STATE: "MUST_ABORT",
  CORRUPT_MESSAGE: "CORRUPT",
};

/** What a service throws, as a target tells it. */
export function targetErrorOf(cause: unknown): TargetError {
  if (cause instanceof TargetError) return cause;
  if (!(cause instanceof ServiceError)) return new TargetError("info", "other", String(cause), { cause });
  const outcome = cause.effect === "unknown" ? "info" : "fail";
  const message = `${cause.code}: ${cause.message}`;
  return new TargetError(outcome, codes[cause.code] ?? "other", message, { cause, reason: cause.code });
}

export function clientLost(): TargetError {
  return new TargetError("fail", "CLIENT_LOST", "the client has crashed");
}
