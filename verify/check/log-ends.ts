/** Whether a partition ends behind all that anybody was told of before it was asked where: its end is linearizable. */
import type { LogOperation } from "../history.ts";
import type { AnomalyList } from "./anomaly-list.ts";
import { type LogTables, nameOf } from "./log-tables.ts";

/** The partition reaches so far, as somebody was told. */
interface Told {
  readonly partition: string;
  readonly end: number;
  readonly by: LogOperation;
}

/** Adds `stale end`. */
export function checkEnds({ processes }: LogTables, anomalies: AnomalyList): void {
  const asked = processes.flatMap((operations) =>
    operations.filter((operation) => operation.kind === "end" && operation.outcome === "ok"),
  );
  if (asked.length === 0) return;
  const told = processes.flatMap((operations) => operations.flatMap(toldBy));
  told.sort((one, other) => one.by.answeredAt - other.by.answeredAt);
  asked.sort((one, other) => one.invokedAt - other.invokedAt);
  const furthest = new Map<string, Told>();
  let next = 0;
  for (const ask of asked) {
    for (; next < told.length; next += 1) {
      const one = told[next];
      if (one === undefined || one.by.answeredAt >= ask.invokedAt) break;
      if (one.end > (furthest.get(one.partition)?.end ?? 0)) furthest.set(one.partition, one);
    }
    for (const { partition, end } of toldBy(ask)) {
      const before = furthest.get(partition);
      if (before === undefined || before.end <= end) continue;
      anomalies.add(
        "stale end",
        () => `${partition} ended at ${end} for the ${nameOf(ask)}, and at ${before.end} for the ${nameOf(before.by)}`,
      );
    }
  }
}

function toldBy(by: LogOperation): Told[] {
  if (by.kind === "end") return by.partitions.map((partition) => ({ partition, end: by.offset ?? 0, by }));
  if (by.kind !== "work") return [];
  return by.steps.flatMap((step): Told[] => {
    const places = step.kind === "poll" ? step.polled : [{ partition: step.partition, offsets: step.offsets ?? [] }];
    return places.flatMap(({ partition, offsets }) => {
      const last = offsets.at(-1);
      return last === undefined ? [] : [{ partition, end: last + 1, by }];
    });
  });
}
