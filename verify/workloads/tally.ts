import { TargetError } from "../target.ts";
import type { Outcome } from "../history.ts";

/** Different errors that are counted by name; the rest counts as `other`. */
const reasonsMax = 100;

/** Counts of one workload, that grow while it runs. */
export class Tally {
  readonly operations: Record<Outcome, number> = { ok: 0, fail: 0, info: 0 };
  /** Records acknowledged, those of committed transactions included. */
  acknowledged = 0;
  /** Records of which nobody knows. */
  unknown = 0;
  /** Records that were surely not written, or aborted. */
  failed = 0;
  /** Records read, each time that they were. */
  polled = 0;
  crashes = 0;
  /** What keeps the history from being checked as a whole, such as a final phase that could not be finished. */
  readonly problems: string[] = [];
  readonly #errors = new Map<string, number>();

  get errors(): ReadonlyMap<string, number> {
    return this.#errors;
  }

  count(outcome: Outcome): void {
    this.operations[outcome] += 1;
  }

  /** Of records that were sent together. */
  countRecords(outcome: Outcome, records: number): void {
    if (outcome === "ok") this.acknowledged += records;
    else if (outcome === "info") this.unknown += records;
    else this.failed += records;
  }

  error(error: unknown): void {
    const reason = error instanceof TargetError ? error.reason : error instanceof Error ? error.name : "other";
    const known = this.#errors.has(reason) || this.#errors.size < reasonsMax ? reason : "other";
    this.#errors.set(known, (this.#errors.get(known) ?? 0) + 1);
  }
}
