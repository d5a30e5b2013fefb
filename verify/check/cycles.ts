/** Cycles of a dependency graph, named as Adya and Elle name them, the shortest of each knot. */
import type { AnomalyList } from "./anomaly-list.ts";
import { components } from "./components.ts";
import { type DependencyGraph, type EdgeKind, edgeKinds, type EdgeRows } from "./dependency-graph.ts";

/** Nodes, or edges, of one knot from which a shortest cycle is looked for. */
const startsMax = 200;

const { ww, wr, rw, process, realtime } = edgeKinds;

interface Level {
  readonly name: string;
  readonly mask: number;
  /** Exactly one edge of the cycle is rw. */
  readonly isSingle?: boolean;
}

const plainLevels: readonly Level[] = [
  { name: "G0", mask: ww },
  { name: "G1c", mask: ww | wr },
  { name: "G-single", mask: ww | wr | rw, isSingle: true },
  { name: "G2", mask: ww | wr | rw },
];

/** The weakest order that each breaks comes first. */
const levels: readonly Level[] = [
  ...plainLevels,
  ...plainLevels.map((level) => ({ ...level, name: `${level.name}-process`, mask: level.mask | process })),
  ...plainLevels.map((level) => ({ ...level, name: `${level.name}-realtime`, mask: level.mask | process | realtime })),
];

interface Step {
  readonly node: number;
  /** Of the edge that leads to the node after it. */
  readonly kind: EdgeKind;
  readonly subject: number;
}

/** Words for what a cycle is shown with. */
export interface CycleWords {
  readonly node: (node: number) => string;
  readonly subject: (subject: number) => string;
}

/** Adds each cycle's name and shape; nothing but one pass over the graph if there is none. */
export function findCycles(graph: DependencyGraph, words: CycleWords, anomalies: AnomalyList): void {
  const rows = graph.rows();
  const knots = components(rows, -1);
  if (knots.length === 0) return;
  const named: (readonly Step[])[] = [];
  const inKnot = new Set(knots.flat());
  for (const level of levels) {
    for (const knot of components(rows, level.mask, (node) => inKnot.has(node))) {
      const members = new Set(knot);
      if (named.some((cycle) => cycle.every(({ node }) => members.has(node)))) continue;
      const search = new CycleSearch(graph, rows, members);
      const cycle = level.isSingle === true ? search.single(level.mask) : search.shortest(level.mask);
      if (cycle === undefined) continue;
      named.push(cycle);
      anomalies.add(level.name, () => describe(graph, cycle, words));
    }
  }
}

function describe(graph: DependencyGraph, cycle: readonly Step[], words: CycleWords): string {
  const steps = cycle.flatMap(({ node, kind, subject }, index) => {
    // Moments stand between operations that are ordered by time.
    if (graph.isMoment(node)) return [];
    const about = subject < 0 ? "" : ` ${words.subject(subject)}`;
    return [`${index === 0 ? "" : " "}${words.node(node)} -${kind}${about}->`];
  });
  return `${steps.join("")} the first`;
}

class CycleSearch {
  readonly #graph: DependencyGraph;
  readonly #rows: EdgeRows;
  readonly #members: ReadonlySet<number>;

  constructor(graph: DependencyGraph, rows: EdgeRows, members: ReadonlySet<number>) {
    this.#graph = graph;
    this.#rows = rows;
    this.#members = members;
  }

  /** The shortest cycle through any of the first members. */
  shortest(mask: number): readonly Step[] | undefined {
    const starts = [...this.#members].filter((node) => !this.#graph.isMoment(node)).slice(0, startsMax);
    return shortestOf(starts.map((node) => this.#path(node, node, mask)));
  }

  /** The shortest cycle with one rw edge, and no other. */
  single(mask: number): readonly Step[] | undefined {
    const cycles: (readonly Step[] | undefined)[] = [];
    for (const node of this.#members) {
      for (const { target, kind, subject } of this.#edges(node, rw)) {
        if (cycles.length === startsMax) return shortestOf(cycles);
        const back = this.#path(target, node, mask & ~rw);
        cycles.push(back === undefined ? undefined : [{ node, kind, subject }, ...back]);
      }
    }
    return shortestOf(cycles);
  }

  /** From a node to another, or around to itself; the steps up to the last one, without it. */
  #path(from: number, to: number, mask: number): readonly Step[] | undefined {
    const cameBy = new Map<number, Step>();
    let frontier = [from];
    while (frontier.length > 0) {
      const next: number[] = [];
      // Moments are no operations: what is reached through them is as near as they are.
      for (let at = 0; at < frontier.length; at += 1) {
        const node = frontier[at] ?? 0;
        for (const { target, kind, subject } of this.#edges(node, mask)) {
          if (cameBy.has(target)) continue;
          cameBy.set(target, { node, kind, subject });
          if (target === to) return trace(cameBy, from, to);
          (this.#graph.isMoment(target) ? frontier : next).push(target);
        }
      }
      frontier = next;
    }
    return undefined;
  }

  *#edges(node: number, mask: number): Generator<{ target: number; kind: EdgeKind; subject: number }> {
    const { starts, targets, kinds, subjects } = this.#rows;
    for (let edge = starts[node] ?? 0; edge < (starts[node + 1] ?? 0); edge += 1) {
      const target = targets[edge] ?? 0;
      const bit = kinds[edge] ?? 0;
      if ((bit & mask) === 0 || !this.#members.has(target)) continue;
      yield { target, kind: kindOf(bit), subject: subjects[edge] ?? -1 };
    }
  }
}

function trace(cameBy: ReadonlyMap<number, Step>, from: number, to: number): readonly Step[] {
  const steps: Step[] = [];
  let node = to;
  do {
    const step = cameBy.get(node);
    if (step === undefined) throw new Error(`no way leads to ${node}`);
    steps.push(step);
    node = step.node;
  } while (node !== from);
  return steps.toReversed();
}

function shortestOf(cycles: readonly (readonly Step[] | undefined)[]): readonly Step[] | undefined {
  let shortest: readonly Step[] | undefined;
  for (const cycle of cycles) {
    if (cycle !== undefined && (shortest === undefined || cycle.length < shortest.length)) shortest = cycle;
  }
  return shortest;
}

function kindOf(bit: number): EdgeKind {
  switch (bit) {
    case ww:
      return "ww";
    case wr:
      return "wr";
    case rw:
      return "rw";
    case process:
      return "process";
    default:
      return "realtime";
  }
}
