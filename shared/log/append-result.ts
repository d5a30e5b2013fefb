/** What a request is told of its append. */

export type AppendResult<Result, Refusal> =
  | { readonly kind: "done"; readonly result: Result }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** The write may have happened, or may still. */
  | { readonly kind: "unknown"; readonly cause: unknown }
  /** Nothing was written. */
  | { readonly kind: "failed"; readonly reason: "overloaded" | "contended" | "unavailable"; readonly cause?: unknown };
