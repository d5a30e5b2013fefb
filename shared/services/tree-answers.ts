/** Turns what a tree answers into what a service goes on with, or tells its caller. */
import { type ErrorDetails, ServiceError } from "../api/errors.ts";
import { crc32c } from "../record/crc32c.ts";
import { type Idempotency, multiErrors, type TreeRefusal, type TreeResult } from "../tree/tree-request.ts";
import type { TreeWriteResult } from "../tree/tree.ts";
import { unavailableError } from "./storage-errors.ts";

export type TreeOutcome = { readonly result: TreeResult } | { readonly refusal: TreeRefusal };

/**
 * What the tree decided.
 *
 * @throws ServiceError REQUEST_TIMED_OUT (effect unknown) | THROTTLING_QUOTA_EXCEEDED | KAFKA_STORAGE_ERROR, and
 *   BAD_ARGUMENTS for a request that no tree takes
 */
export function decidedOrThrow(answer: TreeWriteResult): TreeOutcome {
  const outcome = outcomeOrThrow(answer);
  if ("result" in outcome) return outcome;
  const { code } = outcome.refusal;
  if (code === "IDEMPOTENCY_KEY_REUSED" || code === "BAD_ARGUMENTS") throw refusalError(outcome.refusal);
  return outcome;
}

/**
 * What the tree did.
 *
 * @throws ServiceError as `decidedOrThrow`, and every refusal by its name
 */
export function doneOrThrow(answer: TreeWriteResult): TreeResult {
  const outcome = outcomeOrThrow(answer);
  if ("result" in outcome) return outcome.result;
  throw refusalError(outcome.refusal);
}

/** As `doneOrThrow`, with ZooKeeper's answers to each operation of a multi in the error's details. */
export function multiDoneOrThrow(answer: TreeWriteResult, operationCount: number): TreeResult {
  const outcome = outcomeOrThrow(answer);
  if ("result" in outcome) return outcome.result;
  const { operationIndex } = outcome.refusal;
  if (operationIndex === undefined) throw refusalError(outcome.refusal);
  throw refusalError(outcome.refusal, { operationIndex, results: multiErrors(outcome.refusal, operationCount) });
}

function outcomeOrThrow(answer: TreeWriteResult): TreeOutcome {
  switch (answer.kind) {
    case "done":
      return { result: answer.result };
    case "refused":
      return { refusal: answer.refusal };
    case "unknown":
      throw new ServiceError("REQUEST_TIMED_OUT", "The change may have been made, or may still be", {
        effect: "unknown",
        cause: answer.cause,
      });
    case "failed":
      throw failureOf(answer.reason, answer.cause);
  }
}

/** The same name and message, as a service's error. */
export function refusalError(
  { code, message }: Pick<TreeRefusal, "code" | "message">,
  details?: ErrorDetails,
): ServiceError {
  if (code === "IDEMPOTENCY_KEY_REUSED") {
    return new ServiceError("BAD_ARGUMENTS", "The Idempotency-Key was used for another request");
  }
  return new ServiceError(code, message, details === undefined ? {} : { details });
}

function failureOf(reason: "overloaded" | "contended" | "unavailable", cause: unknown): ServiceError {
  switch (reason) {
    case "overloaded":
      return new ServiceError("THROTTLING_QUOTA_EXCEEDED", "Too many changes wait for this namespace", { cause });
    case "contended":
      return new ServiceError("THROTTLING_QUOTA_EXCEEDED", "Too many writers compete for this namespace", { cause });
    case "unavailable":
      return unavailableError(cause);
  }
}

/** @param content what makes two requests the same; anything that JSON can hold */
export function idempotencyOf(key: string | undefined, content: readonly unknown[]): Idempotency | undefined {
  if (key === undefined) return undefined;
  return { key, fingerprint: crc32c(new TextEncoder().encode(JSON.stringify(content))) };
}
