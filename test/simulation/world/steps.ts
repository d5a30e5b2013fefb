import type { Operation } from "../../../verify/history.ts";
import type { WorkloadHistory } from "../../../verify/workloads/workload.ts";

/** What clients did and saw, in the order of time, to be read. */
export function stepsOf(histories: readonly WorkloadHistory[]): readonly string[] {
  const operations = histories.flatMap((history): readonly Operation[] => {
    if (history.kind === "sequential") return history.creates;
    if ("operations" in history) return history.operations;
    if (history.kind === "lock") return history.history.writes;
    return "operations" in history.history ? history.history.operations : [];
  });
  return operations
    .toSorted((one, other) => one.invokedAt - other.invokedAt)
    .map(({ process, invokedAt, answeredAt, outcome, ...rest }) => {
      const until = answeredAt === Infinity ? "..." : answeredAt.toFixed(1);
      return `${invokedAt.toFixed(1)}-${until} ms, client ${process}: ${outcome} ${JSON.stringify(rest).slice(0, 200)}`;
    });
}
