/** Whether each sequential znode stands once, and their numbers are unique, and grow as their zxids and as time do. */
import type { SequentialCreate } from "../history.ts";
import type { Anomaly } from "./anomaly.ts";
import { AnomalyList } from "./anomaly-list.ts";

type Numbered = SequentialCreate & { readonly suffix: number };

/**
 * Anomalies are named `duplicate suffix`, `suffix against zxid`, `suffix against time`, `phantom znode`, `doubled znode` and
 * `lost znode`.
 */
export function checkSequentials(creates: readonly SequentialCreate[]): readonly Anomaly[] {
  const anomalies = new AnomalyList();
  const numbered = creates.filter((create): create is Numbered => create.suffix !== undefined);
  for (const [parent, list] of Map.groupBy(numbered, (create) => create.parent)) {
    const inOrder = list.toSorted((one, other) => one.suffix - other.suffix);
    checkEach(parent, inOrder, anomalies);
    checkNeighbours(parent, inOrder, anomalies);
    checkTime(parent, inOrder, anomalies);
  }
  return anomalies.found();
}

function checkEach(parent: string, inOrder: readonly Numbered[], anomalies: AnomalyList): void {
  for (const create of inOrder) {
    const { others = [], isGone } = create;
    if (others.length > 0)
      anomalies.add("doubled znode", () => `${parent}: ${describe(create)} made ${others.join(", ")} as well`);
    if (isGone === true) anomalies.add("lost znode", () => `${parent}: ${describe(create)} was not there at the end`);
  }
}

function checkNeighbours(parent: string, inOrder: readonly Numbered[], anomalies: AnomalyList): void {
  /** With the greatest zxid so far. */
  let last: Numbered | undefined;
  for (const [index, create] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (create.outcome === "fail")
      anomalies.add("phantom znode", () => `${parent} has ${describe(create)}, which failed`);
    if (before?.suffix === create.suffix) {
      anomalies.add("duplicate suffix", () => `${parent}: ${describe(before)} and ${describe(create)}`);
    } else if (create.czxid !== undefined && create.czxid <= (last?.czxid ?? -Infinity)) {
      const greater = last;
      anomalies.add(
        "suffix against zxid",
        () => `${parent}: ${describe(create)} behind ${greater === undefined ? "" : describe(greater)}`,
      );
    }
    if (create.czxid !== undefined && create.czxid > (last?.czxid ?? -Infinity)) last = create;
  }
}

/** What was answered before another was invoked has the lower number. */
function checkTime(parent: string, inOrder: readonly Numbered[], anomalies: AnomalyList): void {
  let earliest: Numbered | undefined;
  for (const create of inOrder.toReversed()) {
    if (earliest !== undefined && earliest.answeredAt < create.invokedAt && earliest.suffix > create.suffix) {
      const later = earliest;
      anomalies.add("suffix against time", () => `${parent}: ${describe(create)} came after ${describe(later)}`);
    }
    const isEarlier = earliest === undefined || create.answeredAt < earliest.answeredAt;
    if (create.outcome === "ok" && isEarlier) earliest = create;
  }
}

function describe({ process, suffix, czxid, invokedAt, answeredAt }: Numbered): string {
  return `[number ${suffix} at zxid ${czxid}, process ${process}, ${invokedAt} to ${answeredAt}]`;
}
