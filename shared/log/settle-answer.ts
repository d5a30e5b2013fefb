/** What a request is told by the plan of its entry, once it is known what became of the entry. */
import type { AppendResult } from "./append-result.ts";
import type { Answer } from "./log-machine.ts";

/** An answer that the plan gives now. */
type Given<Result, Refusal> = Exclude<Answer<Result, Refusal>, { kind: "deferred" }>;

export function resultOf<Result, Refusal>(answer: Given<Result, Refusal>): AppendResult<Result, Refusal> {
  if (answer.kind === "written" || answer.kind === "settled") return { kind: "done", result: answer.result };
  if (answer.kind === "dropped") return { kind: "failed", reason: "unavailable" };
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
