/**
 * One object that goes from version to version: when each can have been written at the earliest and at the latest. It is
 * linearizable exactly if no version has to be written later than it may be.
 */
import type { Operation } from "../history.ts";

/** A version that has no moment: one operation wants it later than another allows. */
export interface Contradiction<Call> {
  readonly version: number;
  /** Began too late... */
  readonly later: Call;
  /** ...for this one, which had ended. */
  readonly earlier: Call;
}

export class VersionTimeline<Call extends Operation> {
  readonly #calls: Call[] = [];
  readonly #lower: Float64Array;
  readonly #upper: Float64Array;
  /** Which call sets each bound; -1 for none. */
  readonly #lowerBy: Int32Array;
  readonly #upperBy: Int32Array;
  readonly #versionMax: number;

  constructor(versionMax: number) {
    this.#versionMax = versionMax;
    this.#lower = new Float64Array(versionMax + 2).fill(-Infinity);
    this.#upper = new Float64Array(versionMax + 2).fill(Infinity);
    this.#lowerBy = new Int32Array(versionMax + 2).fill(-1);
    this.#upperBy = new Int32Array(versionMax + 2).fill(-1);
  }

  write(version: number, call: Call): void {
    const index = this.#calls.push(call) - 1;
    this.#raise(version, call.invokedAt, index);
    if (call.outcome === "ok") this.#reduce(version, call.answeredAt, index);
  }

  /** It found this version: before the next one was written, and after this one was. */
  read(version: number, call: Call): void {
    const index = this.#calls.push(call) - 1;
    this.#raise(version + 1, call.invokedAt, index);
    this.#reduce(version, call.answeredAt, index);
  }

  /** Follows from version to version what the bounds of one mean for the others; to be called once all is said. */
  settle(): void {
    for (let version = 1; version < this.#lower.length; version += 1) {
      const before = this.#lower[version - 1] ?? -Infinity;
      this.#raise(version, before, this.#lowerBy[version - 1] ?? -1);
    }
    for (let version = this.#versionMax; version >= 0; version -= 1) {
      const after = this.#upper[version + 1] ?? Infinity;
      this.#reduce(version, after, this.#upperBy[version + 1] ?? -1);
    }
  }

  /** No earlier than this; also for the one after the last. */
  earliest(version: number): number {
    return this.#lower[version] ?? -Infinity;
  }

  /** No later than this. */
  latest(version: number): number {
    return this.#upper[version] ?? Infinity;
  }

  /** The call that has to be before the version after this one. */
  latestReader(version: number): Call | undefined {
    return this.#calls[this.#lowerBy[version + 1] ?? -1];
  }

  /** Each pair of calls that contradict each other, once. */
  *contradictions(): Generator<Contradiction<Call>> {
    let [lowerBefore, upperBefore] = [-1, -1];
    for (let version = 0; version <= this.#versionMax; version += 1) {
      if (this.earliest(version) <= this.latest(version)) continue;
      const [lowerBy, upperBy] = [this.#lowerBy[version] ?? -1, this.#upperBy[version] ?? -1];
      const [later, earlier] = [this.#calls[lowerBy], this.#calls[upperBy]];
      const isKnown = lowerBy === lowerBefore || upperBy === upperBefore;
      [lowerBefore, upperBefore] = [lowerBy, upperBy];
      if (!isKnown && later !== undefined && earlier !== undefined) yield { version, later, earlier };
    }
  }

  #raise(version: number, time: number, by: number): void {
    if (time <= (this.#lower[version] ?? Infinity)) return;
    this.#lower[version] = time;
    this.#lowerBy[version] = by;
  }

  #reduce(version: number, time: number, by: number): void {
    if (time >= (this.#upper[version] ?? -Infinity)) return;
    this.#upper[version] = time;
    this.#upperBy[version] = by;
  }
}
