/**
 * Searches for an order of the calls on one register in which each answer is right (Wing and Gong, in Lowe's form: calls are
 * put in order just in time, when one of them returns, and equal states are met once). Its time grows with how many calls
 * overlap, and is exponential in the calls of which nobody knows.
 */
import type { RegisterOperation } from "../history.ts";
import type { AnomalyList } from "./anomaly-list.ts";

/** One way in which things may stand. */
interface State {
  readonly version: number;
  readonly value: string;
  /** Calls under way that had their effect, in order of their index. */
  readonly done: readonly number[];
}

/** Adds `nonlinearizable`, with the call that no order explains; or `unknown`. */
export function searchLinearization(
  znode: string,
  initialValue: string,
  calls: readonly RegisterOperation[],
  stepsMax: number,
  anomalies: AnomalyList,
): void {
  const relevant = calls.filter(isRelevant);
  const search = new Search(relevant, stepsMax);
  const stuck = search.run({ version: 0, value: initialValue, done: [] });
  if (stuck === undefined) return;
  if (stuck === "unknown") {
    anomalies.add("unknown", () => `${znode}: no verdict after ${stepsMax} steps over ${relevant.length} operations`);
    return;
  }
  const { process, kind, value, version, invokedAt, answeredAt } = stuck;
  anomalies.add(
    "nonlinearizable",
    () =>
      `${znode}: no order of what came before explains the ${kind} of process ${process}, ${invokedAt} to ${answeredAt}: ${value}${version === undefined ? "" : ` at version ${version}`}`,
  );
}

function isRelevant(call: RegisterOperation): boolean {
  if (call.outcome === "fail") return call.kind === "compareAndSet" && call.isRefused === true;
  return call.outcome === "ok" || call.kind !== "read";
}

class Search {
  readonly #calls: readonly RegisterOperation[];
  readonly #open = new Set<number>();
  #stepsLeft: number;

  constructor(calls: readonly RegisterOperation[], stepsMax: number) {
    this.#calls = calls;
    this.#stepsLeft = stepsMax;
  }

  /** The call at whose return no order is left; undefined if there is one to the end. */
  run(initial: State): RegisterOperation | "unknown" | undefined {
    let states = new Map([[keyOf(initial), initial]]);
    for (const { index, isReturn } of this.#moments()) {
      if (!isReturn) {
        this.#open.add(index);
        continue;
      }
      const after = new Map<string, State>();
      for (const state of states.values()) this.#explain(state, index, after);
      this.#open.delete(index);
      if (this.#stepsLeft <= 0) return "unknown";
      if (after.size === 0) return this.#calls[index];
      states = after;
    }
    return undefined;
  }

  /** Invocations and returns in order; of those at the same time the invocations first, since they overlap. */
  #moments(): { index: number; isReturn: boolean }[] {
    const invocations = this.#calls.map(({ invokedAt }, index) => ({ index, isReturn: false, at: invokedAt }));
    const returns = this.#calls.flatMap(({ answeredAt, outcome }, index) =>
      outcome === "info" ? [] : [{ index, isReturn: true, at: answeredAt }],
    );
    return [...invocations, ...returns].toSorted(
      (one, other) => one.at - other.at || Number(one.isReturn) - Number(other.isReturn),
    );
  }

  /** Adds the states in which the call has had its effect, after whatever others under way. */
  #explain(state: State, wanted: number, after: Map<string, State>): void {
    const seen = new Set<string>();
    const stack = [state];
    for (let current = stack.pop(); current !== undefined; current = stack.pop()) {
      this.#stepsLeft -= 1;
      if (this.#stepsLeft <= 0) return;
      if (current.done.includes(wanted)) {
        const returned = { ...current, done: current.done.filter((index) => index !== wanted) };
        after.set(keyOf(returned), returned);
        continue;
      }
      for (const index of this.#open) {
        const next = this.#apply(current, index);
        if (next === undefined) continue;
        const key = keyOf(next);
        if (seen.has(key)) continue;
        seen.add(key);
        stack.push(next);
      }
    }
  }

  #apply({ version, value, done }: State, index: number): State | undefined {
    const call = this.#calls[index];
    if (call === undefined || done.includes(index)) return undefined;
    const nowDone = [...done, index].toSorted((one, other) => one - other);
    const isAs = (told: number | undefined, real: number): boolean => told === undefined || told === real;
    if (call.kind === "read") {
      const isRight = isAs(call.version, version) && (call.value === undefined || call.value === value);
      return isRight ? { version, value, done: nowDone } : undefined;
    }
    if (call.kind === "compareAndSet") {
      if (call.outcome === "fail")
        return call.expectedVersion === version ? undefined : { version, value, done: nowDone };
      if (call.expectedVersion !== version) return undefined;
    }
    return isAs(call.version, version + 1) ? { version: version + 1, value: call.value, done: nowDone } : undefined;
  }
}

function keyOf({ version, value, done }: State): string {
  return `${version} ${done.join()} ${value}`;
}
