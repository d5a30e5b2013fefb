/** Which failpoints may be hit in a simulation, and how often each was. */

export interface FailpointSwitches {
  /** Failpoints that do nothing. */
  readonly off?: ReadonlySet<string>;
  /** After so many hits nothing goes wrong any more. */
  readonly hitsMax?: number;
}

/** One hit, to be shown. */
export interface FailpointHit {
  readonly atMs: number;
  readonly process: number;
  readonly failpoint: string;
  /** What was asked for, where it was a request. */
  readonly subject: string;
}

export class Failpoints {
  readonly #switches: FailpointSwitches;
  readonly #counts = new Map<string, number>();
  /** The first ones, up to `hitsKept`. */
  readonly #hits: FailpointHit[] = [];
  readonly #hitsKept: number;
  #total = 0;

  constructor(switches: FailpointSwitches = {}, hitsKept = 0) {
    this.#switches = switches;
    this.#hitsKept = hitsKept;
  }

  /** Counts a hit; false if it is switched off, and nothing may go wrong. */
  hit(failpoint: string, atMs: number, process: number, subject = ""): boolean {
    const { off, hitsMax = Infinity } = this.#switches;
    if (off?.has(failpoint) === true || this.#total >= hitsMax) return false;
    this.#total += 1;
    this.count(failpoint, atMs, process, subject);
    return true;
  }

  /** Counts what happens anyway. */
  count(failpoint: string, atMs: number, process: number, subject = ""): void {
    this.#counts.set(failpoint, (this.#counts.get(failpoint) ?? 0) + 1);
    if (this.#hits.length < this.#hitsKept) this.#hits.push({ atMs, process, failpoint, subject });
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  get total(): number {
    return this.#total;
  }

  get hits(): readonly FailpointHit[] {
    return this.#hits;
  }
}
