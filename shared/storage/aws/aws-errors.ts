/**
 * What a failed AWS request means: was it not applied, or can nobody know?
 *
 * | what the SDK throws                                              | means               | becomes                 | sent again |
 * |------------------------------------------------------------------|---------------------|-------------------------|------------|
 * | no connection (refused, unknown host, no connection in time)     | not sent            | StorageUnavailableError | yes        |
 * | no credentials                                                   | not sent            | StorageUnavailableError | no         |
 * | throttled by name, or status 429                                 | not applied         | StorageThrottledError   | yes        |
 * | any other status 4xx (no such table, denied, malformed)          | not applied         | StorageUnavailableError | no (*)     |
 * | a time-out, a reset connection, status 5xx, an unreadable answer | perhaps applied     | StorageTimeoutError     | if harmless |
 *
 * (*) Yes when the SDK has just corrected its clock by the answer.
 *
 * A status of 503 counts as throttled only under a throttling name (S3's SlowDown): DynamoDB does not promise that a
 * write that it answered with a bare 503 or 500 was not applied. What is unknown to this table counts as perhaps applied.
 */
import { StorageThrottledError, StorageTimeoutError, StorageUnavailableError } from "../errors.ts";

export interface StorageFailure {
  readonly error: StorageTimeoutError | StorageThrottledError | StorageUnavailableError;
  /** Whether the same request may succeed a moment later. */
  readonly passing: boolean;
}

/** The failure that `cause`, thrown by an SDK client while it did `what`, stands for. */
export function storageFailureOf(what: string, cause: unknown): StorageFailure {
  // Our own refusal to send, which has its name already.
  if (cause instanceof StorageUnavailableError) return { error: cause, passing: false };
  const facts = factsOf(cause);
  const message = `${what} failed: ${facts.name}: ${facts.message}`;
  if (throttlingNames.has(facts.name) || facts.status === 429) {
    return { error: new StorageThrottledError(message, { cause }), passing: true };
  }
  if (facts.status !== undefined && facts.status >= 400 && facts.status < 500) {
    return { error: new StorageUnavailableError(message, { cause }), passing: facts.clockSkewCorrected };
  }
  if (facts.status === undefined && isNotSent(facts)) {
    return { error: new StorageUnavailableError(message, { cause }), passing: facts.name !== noCredentialsName };
  }
  return { error: new StorageTimeoutError(message, { cause }), passing: true };
}

const throttlingNames: ReadonlySet<string> = new Set([
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "Throttling",
  "ThrottledException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "TooManyRequestsException",
  "BandwidthLimitExceeded",
  "LimitExceededException",
  "SlowDown",
  "TransactionConflictException",
  "ReplicatedWriteConflictException",
]);

const noCredentialsName = "CredentialsProviderError";

/** Codes that Node and its resolver give before a byte of the request leaves. */
const notSentCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

interface Facts {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly syscall?: string;
  readonly status?: number;
  readonly clockSkewCorrected: boolean;
}

function isNotSent(facts: Facts): boolean {
  if (facts.name === noCredentialsName) return true;
  if (facts.code !== undefined && notSentCodes.has(facts.code)) return true;
  if (facts.syscall === "connect") return true;
  // The SDK tells a time-out of the connection from one of the request by its words only.
  return facts.name === "TimeoutError" && facts.message.includes("did not establish a connection");
}

function factsOf(cause: unknown): Facts {
  if (!(cause instanceof Error)) return { name: "unknown", message: String(cause), clockSkewCorrected: false };
  const { code, syscall, $metadata } = cause as Error & { code?: unknown; syscall?: unknown; $metadata?: unknown };
  const metadata = ($metadata ?? {}) as { httpStatusCode?: unknown; clockSkewCorrected?: unknown };
  return {
    name: cause.name,
    message: cause.message,
    ...(typeof code === "string" ? { code } : {}),
    ...(typeof syscall === "string" ? { syscall } : {}),
    ...(typeof metadata.httpStatusCode === "number" ? { status: metadata.httpStatusCode } : {}),
    clockSkewCorrected: metadata.clockSkewCorrected === true,
  };
}
