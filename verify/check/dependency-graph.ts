/**
 * Which operation must come before which: by what they wrote and read, by who did them, and by the clock (Adya's graph with
 * the edges of Elle). Its size is that of the history: real time goes through a chain of moments instead of an edge for
 * each pair.
 */
import { NumberList } from "./number-list.ts";

/** Kinds of edges, as bits of a mask. */
export const edgeKinds = {
  /** The second overwrote the first. */
  ww: 1,
  /** The second read what the first wrote. */
  wr: 2,
  /** The first read what the second overwrote. */
  rw: 4,
  /** The same process did the first before the second. */
  process: 8,
  /** The first was answered before the second was invoked. */
  realtime: 16,
} as const;

export type EdgeKind = keyof typeof edgeKinds;

/** Edges in rows: those of node n are `targets[starts[n]]` up to `targets[starts[n + 1]]`, without the latter. */
export interface EdgeRows {
  readonly nodesCount: number;
  readonly starts: Int32Array;
  readonly targets: Int32Array;
  readonly kinds: Uint8Array;
  /** What each edge is about: an index of the caller's, or -1. */
  readonly subjects: Int32Array;
}

/** When a node was invoked and answered, and by whom. */
export interface Interval {
  readonly process: number;
  readonly first: number;
  readonly last: number;
  readonly invokedAt: number;
  /** Infinity if nothing is known to come after it. */
  readonly answeredAt: number;
}

export class DependencyGraph {
  readonly #from = new NumberList();
  readonly #to = new NumberList();
  readonly #kinds = new NumberList();
  readonly #subjects = new NumberList();
  /** Nodes from here on are moments. */
  readonly operationsCount: number;
  #nodesCount: number;

  constructor(operationsCount: number) {
    this.operationsCount = operationsCount;
    this.#nodesCount = operationsCount;
  }

  add(from: number, to: number, kind: EdgeKind, subject = -1): void {
    if (from === to) return;
    this.#from.push(from);
    this.#to.push(to);
    this.#kinds.push(edgeKinds[kind]);
    this.#subjects.push(subject);
  }

  /** A node that is no operation, and is not shown. */
  addMoment(): number {
    this.#nodesCount += 1;
    return this.#nodesCount - 1;
  }

  isMoment(node: number): boolean {
    return node >= this.operationsCount;
  }

  /** Orders the operations of each process, and those of which one ended before the other began. */
  addTime(intervals: readonly Interval[]): void {
    const byInvocation = intervals.toSorted((one, other) => one.invokedAt - other.invokedAt);
    this.#addProcesses(byInvocation);
    const byAnswer = intervals
      .filter(({ answeredAt }) => answeredAt < Infinity)
      .toSorted((one, other) => one.answeredAt - other.answeredAt);
    let moment = -1;
    let answered = 0;
    for (const { invokedAt, first } of byInvocation) {
      let isNew = false;
      for (; answered < byAnswer.length; answered += 1) {
        const done = byAnswer[answered];
        if (done === undefined || done.answeredAt >= invokedAt) break;
        if (!isNew) {
          isNew = true;
          const next = this.addMoment();
          if (moment >= 0) this.add(moment, next, "realtime");
          moment = next;
        }
        this.add(done.last, moment, "realtime");
      }
      if (moment >= 0) this.add(moment, first, "realtime");
    }
  }

  rows(): EdgeRows {
    const [from, to, kinds, subjects] = [this.#from, this.#to, this.#kinds, this.#subjects].map((list) =>
      list.values(),
    ) as [Int32Array, Int32Array, Int32Array, Int32Array];
    const starts = new Int32Array(this.#nodesCount + 1);
    for (const node of from) starts[node + 1] = (starts[node + 1] ?? 0) + 1;
    for (let node = 0; node < this.#nodesCount; node += 1) {
      starts[node + 1] = (starts[node + 1] ?? 0) + (starts[node] ?? 0);
    }
    const next = starts.slice();
    const rows = {
      nodesCount: this.#nodesCount,
      starts,
      targets: new Int32Array(from.length),
      kinds: new Uint8Array(from.length),
      subjects: new Int32Array(from.length),
    };
    for (let edge = 0; edge < from.length; edge += 1) {
      const node = from[edge] ?? 0;
      const at = next[node] ?? 0;
      next[node] = at + 1;
      rows.targets[at] = to[edge] ?? 0;
      rows.kinds[at] = kinds[edge] ?? 0;
      rows.subjects[at] = subjects[edge] ?? -1;
    }
    return rows;
  }

  #addProcesses(byInvocation: readonly Interval[]): void {
    const lasts = new Map<number, number>();
    for (const { process, first, last } of byInvocation) {
      const before = lasts.get(process);
      if (before !== undefined) this.add(before, first, "process");
      lasts.set(process, last);
    }
  }
}
