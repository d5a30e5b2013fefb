/** What the checker says at the end of a run, out of what it printed. */

export type Outcome =
  /** Every state was seen; steps of the model that were taken, and those that never could be. */
  | {
      readonly kind: "holds";
      readonly states: number;
      readonly taken: readonly string[];
      readonly idle: readonly string[];
    }
  | { readonly kind: "breaks"; readonly property: string; readonly steps: number }
  /** It ended otherwise: an error in the model, or in the checker. */
  | { readonly kind: "failed" };

const finished = /^\d+ states generated, (\d+) distinct states found, 0 states left on queue\.$/m;
const success = "Model checking completed. No error has been found.";

/** @param temporal the only temporal property of the run: the checker does not name the one that broke */
export function outcomeOf(printed: string, temporal?: string): Outcome {
  const states = finished.exec(printed)?.[1];
  if (printed.includes(success) && states !== undefined && !printed.includes("\nError:")) {
    return { kind: "holds", states: Number(states), ...actionsOf(printed) };
  }
  const steps = [...printed.matchAll(/^State \d+: /gm)].length;
  const invariant = /^Error: Invariant (\w+) is violated/m.exec(printed)?.[1];
  if (invariant !== undefined) return { kind: "breaks", property: invariant, steps };
  if (temporal !== undefined && printed.includes("Error: Temporal properties were violated.")) {
    return { kind: "breaks", property: temporal, steps };
  }
  return { kind: "failed" };
}

/** The last coverage that was printed is that of the whole run. */
function actionsOf(printed: string): { readonly taken: readonly string[]; readonly idle: readonly string[] } {
  const counts = new Map<string, number>();
  const rows = /^<(\w+) line \d+, col \d+ to line \d+, col \d+ of module \w+(?: \([\d ]+\))?>: (\d+):(\d+)$/gm;
  for (const [, name = "", , taken = "0"] of printed.matchAll(rows)) counts.set(name, Number(taken));
  const names = [...counts.keys()];
  return {
    taken: names.filter((name) => counts.get(name) !== 0),
    idle: names.filter((name) => counts.get(name) === 0),
  };
}
