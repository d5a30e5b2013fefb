/** Whether each watcher heard of every change, once, in the order of the tree's log, and before it saw what had changed. */
import type { WatchHistory, WatchLog, ZnodeChange } from "../history.ts";
import type { Anomaly } from "./anomaly.ts";
import { AnomalyList } from "./anomaly-list.ts";

type Change = WatchHistory["changes"][number];

/** Anomalies are named `missed event`, `repeated event`, `event out of order`, `phantom event` and `data before event`. */
export function checkWatches({ changes, logs }: WatchHistory): readonly Anomaly[] {
  const anomalies = new AnomalyList();
  const inOrder = changes.toSorted((one, other) => one.zxid - other.zxid);
  const byPath = Map.groupBy(inOrder, ({ path }) => path);
  for (const log of logs) {
    const source = log.isRecursive ? inOrder : (byPath.get(log.path) ?? []);
    new Watcher(log, expectedOf(log, source), anomalies).check();
  }
  return anomalies.found();
}

function expectedOf(log: WatchLog, source: readonly Change[]): Change[] {
  const { path, isRecursive, sinceZxid, untilZxid } = log;
  const below = path === "/" ? "/" : `${path}/`;
  return source.filter(
    (change) =>
      change.zxid > sinceZxid &&
      change.zxid <= untilZxid &&
      isHeard(log, change) &&
      (change.path === path || (isRecursive && change.path.startsWith(below))),
  );
}

/** A watch of a whole subtree hears of the children themselves. */
function isHeard({ isRecursive }: WatchLog, { type }: ZnodeChange): boolean {
  return !isRecursive || type !== "NodeChildrenChanged";
}

class Watcher {
  readonly #log: WatchLog;
  readonly #expected: readonly Change[];
  readonly #anomalies: AnomalyList;
  readonly #isTold: Uint8Array;
  readonly #byEvent: ReadonlyMap<string, readonly number[]>;
  readonly #byPath: ReadonlyMap<string, readonly number[]>;
  /** Index of the next event if none is missed. */
  #next = 0;

  constructor(log: WatchLog, expected: readonly Change[], anomalies: AnomalyList) {
    this.#log = log;
    this.#expected = expected;
    this.#anomalies = anomalies;
    this.#isTold = new Uint8Array(expected.length);
    const indexes = expected.map((_, index) => index);
    this.#byEvent = Map.groupBy(indexes, (index) => eventKey(expected[index]));
    this.#byPath = Map.groupBy(indexes, (index) => expected[index]?.path ?? "");
  }

  check(): void {
    for (const sight of this.#log.sights) {
      if (sight.kind === "data") this.#read(sight.path, sight.mzxid);
      else if (isHeard(this.#log, sight)) this.#hear(sight);
    }
    for (const [index, change] of this.#expected.entries()) {
      if (this.#isTold[index] === 0) this.#add("missed event", change);
    }
  }

  #hear(event: ZnodeChange): void {
    const index = this.#indexOf(event);
    if (index === undefined) return this.#add("phantom event", event);
    if (this.#isTold[index] === 1) return this.#add("repeated event", event);
    this.#isTold[index] = 1;
    if (index < this.#next) this.#add("event out of order", event);
    else this.#next = index + 1;
  }

  /** Which change an event tells of; without a zxid the next one like it that was not told. */
  #indexOf(event: ZnodeChange): number | undefined {
    const like = this.#byEvent.get(eventKey(event)) ?? [];
    const { zxid } = event;
    if (zxid === undefined) {
      const at = firstFrom(like, this.#next);
      return like[at] ?? like.findLast((index) => this.#isTold[index] === 0) ?? like.at(-1);
    }
    const at = this.#firstOf(like, zxid);
    return this.#zxidAt(like[at]) === zxid ? like[at] : undefined;
  }

  #read(path: string, mzxid: number): void {
    const changes = this.#byPath.get(path) ?? [];
    const last = changes[this.#firstOf(changes, mzxid + 1) - 1];
    if (last === undefined || this.#isTold[last] === 1) return;
    const change = this.#expected[last];
    if (change !== undefined) this.#add("data before event", change);
  }

  /** Position of the first whose zxid is at least so great. */
  #firstOf(indexes: readonly number[], zxid: number): number {
    let [low, high] = [0, indexes.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#zxidAt(indexes[middle]) < zxid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #zxidAt(index: number | undefined): number {
    return this.#expected[index ?? -1]?.zxid ?? Infinity;
  }

  #add(name: string, { zxid, path, type }: ZnodeChange): void {
    this.#anomalies.add(name, () => `${this.#log.watcher}: ${type} ${path} at ${zxid ?? "an unknown zxid"}`);
  }
}

function eventKey(change: ZnodeChange | undefined): string {
  return `${change?.type} ${change?.path}`;
}

/** Position of the first number of an ascending list that is at least so great. */
function firstFrom(ascending: readonly number[], least: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? Infinity) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
