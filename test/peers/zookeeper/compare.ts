/** Holds two answers against each other; what is meant to differ differs by a rule with a name, and is counted. */
import type { Stat } from "../../../shared/tree/stat.ts";
import type { Answer } from "./answer.ts";
import { findDisorder } from "./zxid-order.ts";

/** The same moments, and the same sessions, have other numbers on either side: one to one, and zxids in the same order. */
export class Comparison {
  /** How often each intended difference was met. */
  readonly differences = new Map<string, number>();
  readonly #zxids = new Map<number, number>();
  readonly #sessions = new Map<bigint, bigint>();

  session(real: bigint, ours: bigint): void {
    this.#sessions.set(real, ours);
  }

  /** What differs, or undefined. */
  find(real: Answer, ours: Answer): string | undefined {
    if (real.err !== ours.err) return `error ${real.err} and ${ours.err}`;
    for (const field of ["path", "data", "count"] as const) {
      if (real[field] !== ours[field]) return `${field} ${String(real[field])} and ${String(ours[field])}`;
    }
    for (const field of ["names", "acl"] as const) {
      const [one, other] = [JSON.stringify(real[field]), JSON.stringify(ours[field])];
      if (one !== other) return `${field} ${one} and ${other}`;
    }
    if ((real.stat === undefined) !== (ours.stat === undefined)) return "only one has a Stat";
    if (real.stat !== undefined && ours.stat !== undefined) {
      const problem = this.#findInStat(real.stat, ours.stat);
      if (problem !== undefined) return problem;
    }
    return this.#findInResults(real.results, ours.results);
  }

  findDisorder(): string | undefined {
    return findDisorder(this.#zxids);
  }

  #findInResults(real: readonly Answer[] | undefined, ours: readonly Answer[] | undefined): string | undefined {
    if (real?.length !== ours?.length) return `${real?.length} and ${ours?.length} results`;
    for (const [index, one] of (real ?? []).entries()) {
      const other = ours?.[index];
      const problem = other === undefined ? "missing" : this.find(one, other);
      if (problem !== undefined) return `result ${index}: ${problem}`;
    }
    return undefined;
  }

  #findInStat(real: Stat, ours: Stat): string | undefined {
    for (const field of ["version", "cversion", "aversion", "dataLength", "numChildren"] as const) {
      if (real[field] !== ours[field]) return `${field} ${real[field]} and ${ours[field]}`;
    }
    for (const field of ["czxid", "mzxid", "pzxid"] as const) {
      const known = this.#zxids.get(real[field]);
      if (known === undefined) this.#zxids.set(real[field], ours[field]);
      else if (known !== ours[field]) return `${field} ${real[field]} is ${ours[field]} and was ${known}`;
    }
    // Clocks differ; what was never written to again does not.
    if (real.version === 0 && (real.ctime !== real.mtime || ours.ctime !== ours.mtime)) return "mtime of a new znode";
    if (ours.mtime < ours.ctime) return "mtime before ctime";
    const owner = real.ephemeralOwner > 0n ? this.#sessions.get(real.ephemeralOwner) : real.ephemeralOwner;
    return owner === ours.ephemeralOwner
      ? undefined
      : `ephemeralOwner ${real.ephemeralOwner} and ${ours.ephemeralOwner}`;
  }
}
