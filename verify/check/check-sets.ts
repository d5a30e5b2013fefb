/** Sets in znodes, to which elements are appended by compare-and-set: linearizable, with nothing lost, doubled or moved. */
import type { SetOperation } from "../history.ts";
import type { Anomaly } from "./anomaly.ts";
import { AnomalyList } from "./anomaly-list.ts";
import { VersionTimeline } from "./version-timeline.ts";

/** Anomalies are named `lost element`, `phantom element`, `duplicate element`, `reordered` and `nonlinearizable`. */
export function checkSets(operations: readonly SetOperation[]): readonly Anomaly[] {
  const anomalies = new AnomalyList();
  for (const [znode, calls] of Map.groupBy(operations, (operation) => operation.znode)) {
    checkSet(znode, calls, anomalies);
  }
  return anomalies.found();
}

interface SetRead {
  readonly call: SetOperation;
  readonly elements: readonly string[];
}

function checkSet(znode: string, calls: readonly SetOperation[], anomalies: AnomalyList): void {
  const adds = new Map<string, SetOperation>();
  const reads: SetRead[] = [];
  for (const call of calls) {
    if (call.kind === "add") adds.set(call.element, call);
    else if (call.outcome === "ok" && call.elements !== undefined) reads.push({ call, elements: call.elements });
  }
  const longest = reads.reduce<readonly string[]>(
    (most, { elements }) => (elements.length > most.length ? elements : most),
    [],
  );
  const ranks = rankElements(znode, longest, adds, anomalies);
  // The number of elements is the version: each add makes the next one.
  const timeline = new VersionTimeline<SetOperation>(longest.length);
  for (const [element, rank] of ranks) {
    const add = adds.get(element);
    if (add !== undefined) timeline.write(rank + 1, add);
  }
  for (const { call, elements } of reads) {
    const at = elements.findIndex((element, index) => element !== longest[index]);
    if (at >= 0) {
      anomalies.add(
        "reordered",
        () => `${znode} has ${elements[at]} where another read had ${longest[at]}: ${describe(call)}`,
      );
    } else timeline.read(elements.length, call);
  }
  timeline.settle();
  for (const { version, later, earlier } of timeline.contradictions()) {
    anomalies.add(
      "nonlinearizable",
      () =>
        `${znode}: element ${version}, ${longest[version - 1]}: ${describe(later)} began after ${describe(earlier)} had ended`,
    );
  }
  for (const [element, add] of adds) {
    // What nobody read was added after the longest list.
    if (add.outcome !== "ok" || ranks.has(element) || add.answeredAt >= timeline.earliest(longest.length + 1)) continue;
    const reader = timeline.latestReader(longest.length);
    anomalies.add(
      "lost element",
      () =>
        `${znode} lacks ${element}, acknowledged by ${describe(add)}, at ${reader === undefined ? "the end" : describe(reader)}`,
    );
  }
}

function rankElements(
  znode: string,
  longest: readonly string[],
  adds: ReadonlyMap<string, SetOperation>,
  anomalies: AnomalyList,
): Map<string, number> {
  const ranks = new Map<string, number>();
  for (const [rank, element] of longest.entries()) {
    const add = adds.get(element);
    if (add === undefined || add.outcome === "fail") {
      anomalies.add(
        "phantom element",
        () => `${znode} has ${element}, which ${add === undefined ? "nobody added" : `failed: ${describe(add)}`}`,
      );
    }
    if (ranks.has(element))
      anomalies.add("duplicate element", () => `${znode} has ${element} at ${ranks.get(element)} and ${rank}`);
    else ranks.set(element, rank);
  }
  return ranks;
}

function describe({ process, kind, invokedAt, answeredAt, outcome }: SetOperation): string {
  return `[${kind} of process ${process}, ${invokedAt} to ${answeredAt}, ${outcome}]`;
}
