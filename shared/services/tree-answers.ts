/** Turns what a tree answers into what a service goes on with, or tells its caller. */
import { ServiceError } from "../api/errors.ts";
import { crc32c } from "../record/crc32c.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import type { Idempotency, TreeRefusal, TreeResult } from "../tree/tree-request.ts";
import type { TreeWriteResult } from "../tree/tree.ts";

export type TreeOutcome = { readonly result: TreeResult } | { readonly refusal: TreeRefusal };

/**
 * What the tree decided.
 *
 * @throws ServiceError REQUEST_TIMED_OUT (effect unknown) | THROTTLING_QUOTA_EXCEEDED | KAFKA_STORAGE_ERROR, and
 *   BAD_ARGUMENTS for a request that no tree takes
 */
export function decidedOrThrow(answer: TreeWriteResult): TreeOutcome {
  switch (answer.kind) {
    case "done":
      return { result: answer.result };
    case "refused":
      return { refusal: decisionOrThrow(answer.refusal) };
    case "unknown":
      throw new ServiceError("REQUEST_TIMED_OUT", "The change may have been made, or may still be", {
        effect: "unknown",
        cause: answer.cause,
      });
    case "failed":
      throw failureOf(answer.reason, answer.cause);
  }
}

function decisionOrThrow(refusal: TreeRefusal): TreeRefusal {
  if (refusal.code === "IDEMPOTENCY_KEY_REUSED") {
    throw new ServiceError("BAD_ARGUMENTS", "The Idempotency-Key was used for another request");
  }
  if (refusal.code === "BAD_ARGUMENTS") throw new ServiceError("BAD_ARGUMENTS", refusal.message);
  return refusal;
}

function failureOf(reason: "overloaded" | "contended" | "unavailable", cause: unknown): ServiceError {
  switch (reason) {
    case "overloaded":
      return new ServiceError("THROTTLING_QUOTA_EXCEEDED", "Too many changes wait for this namespace", { cause });
    case "contended":
      return new ServiceError("THROTTLING_QUOTA_EXCEEDED", "Too many writers compete for this namespace", { cause });
    case "unavailable": {
      const message = cause instanceof StorageCorruptError ? "What is stored is damaged" : "The storage did not answer";
      return new ServiceError("KAFKA_STORAGE_ERROR", message, { cause });
    }
  }
}

/** @param content what makes two requests the same; anything that JSON can hold */
export function idempotencyOf(key: string | undefined, content: readonly unknown[]): Idempotency | undefined {
  if (key === undefined) return undefined;
  return { key, fingerprint: crc32c(new TextEncoder().encode(JSON.stringify(content))) };
}
