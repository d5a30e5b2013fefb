/** Versions that nobody acknowledged: which of the writes of which nobody knows can have made them. */
import type { RegisterOperation } from "../history.ts";
import type { VersionTimeline } from "./version-timeline.ts";

export interface Gaps {
  readonly versionMax: number;
  readonly writers: ReadonlyMap<number, RegisterOperation>;
  /** Values that were read, by version. */
  readonly values: ReadonlyMap<number, string>;
  readonly unsure: readonly RegisterOperation[];
  readonly timeline: VersionTimeline<RegisterOperation>;
}

/**
 * The versions for which no write is left. A write fits if it was invoked early enough and writes what was read. Versions
 * may be written the later the greater they are, so what fits one fits each greater one too, and to take the write
 * invoked last that still fits never takes one that another version needs more.
 */
export function fillGaps({ versionMax, writers, values, unsure, timeline }: Gaps): number[] {
  const gaps: number[] = [];
  for (let version = 1; version <= versionMax; version += 1) if (!writers.has(version)) gaps.push(version);
  if (gaps.length === 0) return [];
  const conditional = Map.groupBy(
    unsure.filter((call) => call.kind === "compareAndSet"),
    (call) => call.expectedVersion + 1,
  );
  // A conditional write fits only one version, so it is never missed elsewhere.
  const open = gaps.filter((version) => {
    const value = values.get(version);
    const latest = timeline.latest(version);
    return !conditional
      .get(version)
      ?.some((call) => call.invokedAt <= latest && (value === undefined || call.value === value));
  });
  const free = unsure.filter(({ kind }) => kind === "write").toSorted((one, other) => one.invokedAt - other.invokedAt);
  const used = new Set<RegisterOperation>();
  const read = open.filter((version) => values.has(version));
  const unfilled = takeEach(
    read,
    timeline,
    Map.groupBy(free, ({ value = "" }) => value),
    (version) => values.get(version) ?? "",
    used,
  );
  const rest = free.filter((call) => !used.has(call));
  const unread = open.filter((version) => !values.has(version));
  return [...unfilled, ...takeEach(unread, timeline, new Map([["", rest]]), () => "", used)].toSorted((a, b) => a - b);
}

/** For each version, in order, the last write of its kind that was invoked in time; answers those that get none. */
function takeEach(
  versions: readonly number[],
  timeline: VersionTimeline<RegisterOperation>,
  kinds: ReadonlyMap<string, readonly RegisterOperation[]>,
  kindOf: (version: number) => string,
  used: Set<RegisterOperation>,
): number[] {
  const stacks = new Map<string, { next: number; readonly ready: RegisterOperation[] }>();
  return versions.filter((version) => {
    const kind = kindOf(version);
    const calls = kinds.get(kind) ?? [];
    const stack = stacks.get(kind) ?? { next: 0, ready: [] };
    stacks.set(kind, stack);
    for (; stack.next < calls.length; stack.next += 1) {
      const call = calls[stack.next];
      if (call === undefined || call.invokedAt > timeline.latest(version)) break;
      stack.ready.push(call);
    }
    const taken = stack.ready.pop();
    if (taken !== undefined) used.add(taken);
    return taken === undefined;
  });
}
