/** What a request is told of its append. */
import type { Answer } from "./log-machine.ts";

export type AppendResult<Result, Refusal> =
  | { readonly kind: "done"; readonly result: Result }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** The write may have happened, or may still. */
  | { readonly kind: "unknown"; readonly cause: unknown }
  /** Nothing was written. */
  | { readonly kind: "failed"; readonly reason: "overloaded" | "contended" | "unavailable"; readonly cause?: unknown };

/** An answer that the plan gives now. */
type Given<Result, Refusal> = Exclude<Answer<Result, Refusal>, { kind: "deferred" }>;

export function resultOf<Result, Refusal>(answer: Given<Result, Refusal>): AppendResult<Result, Refusal> {
  if (answer.kind === "written" || answer.kind === "settled") return { kind: "done", result: answer.result };
  return { kind: "refused", refusal: answer.refusal };
}

/** What a request may be told when the put of its plan failed: only what does not depend on it. */
export function failedResultOf<Result, Refusal>(
  answer: Given<Result, Refusal>,
  failure: AppendResult<Result, Refusal>,
): AppendResult<Result, Refusal> {
  if (answer.kind === "written") return failure;
  if (answer.kind === "doubtful") {
    return failure.kind === "failed" ? failure : { kind: "failed", reason: "unavailable" };
  }
  return resultOf(answer);
}
