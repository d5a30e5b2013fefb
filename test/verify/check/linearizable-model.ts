/** Linearizability of one register by its definition: every order of every choice of calls is tried. For very few calls. */
import type { RegisterOperation } from "../../../verify/history.ts";

export function isLinearizable(calls: readonly RegisterOperation[], initialValue = ""): boolean {
  const effective = calls.filter(
    (call) => call.outcome !== "fail" || (call.kind === "compareAndSet" && call.isRefused === true),
  );
  return explains(effective, 0, initialValue);
}

function explains(left: readonly RegisterOperation[], version: number, value: string): boolean {
  if (left.every(({ outcome }) => outcome === "info")) return true;
  return left.some((call) => {
    const mustBeLater = left.some((other) => other.outcome !== "info" && other.answeredAt < call.invokedAt);
    if (mustBeLater) return false;
    const rest = left.filter((other) => other !== call);
    const isAs = (told: number | undefined, real: number): boolean => told === undefined || told === real;
    switch (call.kind) {
      case "read":
        if (call.outcome === "info") return explains(rest, version, value);
        return isAs(call.version, version) && (call.value ?? value) === value && explains(rest, version, value);
      case "compareAndSet":
        if (call.outcome === "fail") return call.expectedVersion !== version && explains(rest, version, value);
        return (
          call.expectedVersion === version && isAs(call.version, version + 1) && explains(rest, version + 1, call.value)
        );
      case "write":
        return isAs(call.version, version + 1) && explains(rest, version + 1, call.value);
    }
  });
}
