/** What `send` rejects with. Every class answers `hasNoSideEffects()`, so a caller knows whether a write may have happened. */
import type { Effect, ErrorCode, ErrorDetails } from "../shared/api/errors.ts";

/** What is known about a request, whatever its outcome. */
export interface ResponseMetadata {
  readonly httpStatusCode?: number;
  /** The service's name for the last attempt, to be found in its logs. */
  readonly requestId?: string;
  /** Requests sent, the first one included. */
  readonly attempts: number;
  /** Time spent in back-off between the attempts. */
  readonly totalRetryDelayMs: number;
}

/** Either the service refused a request, or it did not answer. */
export abstract class StreamkeeperException extends Error {
  /** Whose fault it is: "client" errors come again with the same request. */
  abstract readonly $fault: "client" | "server";
  /** Sending the same request again later may succeed. */
  abstract readonly retriable: boolean;
  $metadata: ResponseMetadata;
  /**
   * Whether any attempt of the request may have been applied. A refusal that follows an attempt without an answer is
   * "unknown" as well: it says nothing of that attempt.
   */
  effect: Effect;

  constructor(message: string, effect: Effect, metadata: Partial<ResponseMetadata>, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.effect = effect;
    this.$metadata = { attempts: 1, totalRetryDelayMs: 0, ...metadata };
  }

  /** True when the request certainly changed nothing; false when it may have been applied. */
  hasNoSideEffects(): boolean {
    return this.effect === "none";
  }
}

/** The service answered with an error; `name` is its code, as Kafka or ZooKeeper calls it. */
export class StreamkeeperServiceException extends StreamkeeperException {
  override readonly name: string;
  override readonly $fault: "client" | "server";
  override readonly retriable: boolean;
  /** Facts that a caller needs to recover, for example `highWatermark`. */
  readonly details: ErrorDetails;
  /** How long the service asked to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(
    name: string,
    message: string,
    options: {
      readonly fault: "client" | "server";
      readonly retriable: boolean;
      readonly details: ErrorDetails;
      readonly effect: Effect;
      readonly metadata: Partial<ResponseMetadata>;
      readonly retryAfterMs?: number;
    },
  ) {
    super(message, options.effect, options.metadata);
    this.name = name;
    this.$fault = options.fault;
    this.retriable = options.retriable;
    this.details = options.details;
    this.retryAfterMs = options.retryAfterMs;
  }
}

const namesByReason = {
  connect: "ConnectionError",
  lost: "ConnectionLostError",
  timeout: "TimeoutError",
  aborted: "AbortError",
  responseTooLarge: "ResponseTooLargeError",
  malformedResponse: "MalformedResponseError",
} as const;

/** Why there is no answer; `connect` alone means that nothing was sent. */
export type NoAnswerReason = keyof typeof namesByReason;

/** No answer that could be read came from the service. */
export class NoAnswerException extends StreamkeeperException {
  override readonly name: (typeof namesByReason)[NoAnswerReason];
  override readonly $fault: "client" | "server";
  override readonly retriable: boolean;
  readonly reason: NoAnswerReason;

  /** @param sent whether any of the request may have left this machine */
  constructor(reason: NoAnswerReason, message: string, sent: boolean, cause?: unknown) {
    super(message, sent ? "unknown" : "none", {}, cause);
    this.name = namesByReason[reason];
    this.reason = reason;
    this.$fault = reason === "aborted" ? "client" : "server";
    this.retriable = reason === "connect" || reason === "lost" || reason === "timeout";
  }
}

/** Whether `error` is the service's refusal with the given code. */
export function isServiceException(error: unknown, code: ErrorCode): error is StreamkeeperServiceException {
  return error instanceof StreamkeeperServiceException && error.name === code;
}
