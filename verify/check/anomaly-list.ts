import type { Anomaly } from "./anomaly.ts";

/** What a broken store shows is the same thing over and over: a few of each kind are enough to read. */
const shownPerNameMax = 20;

/** Anomalies as they are found: the first of each name in full, the others counted. */
export class AnomalyList {
  readonly #counts = new Map<string, number>();
  readonly #shown: Anomaly[] = [];

  /** @param detail - Called only if it is shown. */
  add(name: string, detail: () => string): void {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    if (count <= shownPerNameMax) this.#shown.push({ name, detail: detail() });
  }

  found(): readonly Anomaly[] {
    const rest = [...this.#counts].flatMap(([name, count]) =>
      count > shownPerNameMax ? [{ name, detail: `and ${count - shownPerNameMax} more` }] : [],
    );
    return [...this.#shown, ...rest];
  }
}
