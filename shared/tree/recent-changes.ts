/** The events of the latest transactions that this process applied, for those who ask what has changed since a zxid. */
import { type Zxid, zxid } from "../brand.ts";
import { recentChangesCharsMax, recentChangesMax } from "../limits.ts";
import { recentChangesEventsMax } from "../limits/follower.ts";
import type { Transaction } from "./transaction.ts";
import { eventsOf, type TreeEvent } from "./tree-events.ts";

/** Events of one transaction. */
export interface ZxidEvents {
  readonly zxid: Zxid;
  readonly events: readonly TreeEvent[];
}

/** What is heard of transactions, the first of which has the zxid `first`. */
export function changesOf(first: number, transactions: readonly Transaction[]): readonly ZxidEvents[] {
  return transactions.flatMap((transaction, index) => {
    const events = eventsOf(transaction);
    return events.length === 0 ? [] : [{ zxid: zxid(first + index), events }];
  });
}

export class RecentChanges {
  /** Transactions that nobody hears of are left out. */
  #changes: ZxidEvents[] = [];
  #chars = 0;
  #events = 0;
  /** Everything after it is known, up to `#last`. */
  #floor: Zxid;
  #last: Zxid;

  /** @param floor the last transaction that is not remembered */
  constructor(floor: Zxid) {
    this.#floor = floor;
    this.#last = floor;
  }

  /**
   * Remembers what follows the last ones; what is known already, or leaves a gap, is not taken.
   *
   * @param first of the transactions, of which there are `count`
   * @returns whether it was taken
   */
  add(first: number, count: number, added: readonly ZxidEvents[]): boolean {
    if (first !== this.#last + 1 && !(first === 0 && this.#last === 0)) return false;
    this.#last = zxid(first + count - 1);
    this.#changes.push(...added);
    for (const { events } of added) this.#count(events, 1);
    this.#forgetOldest();
    return true;
  }

  /** Changes after `since`, oldest first; undefined if `since` is older than what is remembered. */
  after(since: number): Iterable<ZxidEvents> | undefined {
    return since < this.#floor ? undefined : this.#from(indexAfter(this.#changes, since));
  }

  /** Changes after `since` up to `upTo`, oldest first; undefined if not all of them are remembered. */
  between(since: number, upTo: number): readonly ZxidEvents[] | undefined {
    if (since < this.#floor || upTo > this.#last) return undefined;
    return this.#changes.slice(indexAfter(this.#changes, since), indexAfter(this.#changes, upTo));
  }

  *#from(index: number): Generator<ZxidEvents> {
    for (let at = index; at < this.#changes.length; at += 1) {
      const change = this.#changes[at];
      if (change !== undefined) yield change;
    }
  }

  get #areTooMany(): boolean {
    const isTooLarge = this.#chars > recentChangesCharsMax || this.#events > recentChangesEventsMax;
    return isTooLarge || this.#changes.length > recentChangesMax;
  }

  /** A quarter at a time, so that each is moved a few times at most. */
  #forgetOldest(): void {
    while (this.#areTooMany) {
      const forgotten = this.#changes.splice(0, Math.ceil(this.#changes.length / 4));
      for (const { events } of forgotten) this.#count(events, -1);
      this.#floor = forgotten.at(-1)?.zxid ?? this.#floor;
    }
  }

  #count(events: readonly TreeEvent[], sign: 1 | -1): void {
    this.#events += sign * events.length;
    this.#chars += sign * charsOf(events);
  }
}

function charsOf(events: readonly TreeEvent[]): number {
  return events.reduce((sum, { path }) => sum + path.length, 0);
}

/** Index of the first change after `since`. */
function indexAfter(changes: readonly ZxidEvents[], since: number): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((changes[middle]?.zxid ?? Infinity) <= since) low = middle + 1;
    else high = middle;
  }
  return low;
}
