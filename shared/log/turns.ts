/**
 * Taking turns with the other writers of a log, who are known only by their entries.
 *
 *     ring   the writers in the order of their last entries: whose last entry is the oldest is next
 *     rank   how many who still write are before us
 *     rank 0 put           rank n   look at the log when n of them should have put, and put when they have, or are silent
 *
 * All writers see the same entries, so all know the same ring, and their puts follow each other instead of colliding: a
 * put wins nearly always, and nobody waits longer than a round. A writer that is not in the ring has no turn: it puts at
 * once, and having lost again at once, because it knows the tail sooner than the one whose turn it is, who has to look;
 * but having lost more than once to other newcomers it is in a crowd, which random waits spread. A lone writer knows no
 * others, never looks and never waits. Time only spreads the puts here; it never decides who is first.
 *
 * The numbers were chosen by `npm run bench -- contention`: docs/decisions/0027.
 */
import { turnWaitMsMax, turnWritersKept } from "../limits/contention.ts";
import type { LogEntry } from "../storage/log-store.ts";
import { type Instant, isFresh } from "./evidence.ts";

/** A writer's own part of its attempt ids, of 22 characters: what is left of them is random for each put. */
const writerChars = 6;
/** How long a put is taken to last before one was measured; a DynamoDB put lasts 5 to 8 ms. */
const putMsStart = 5;
const putMsMax = 200;
/** Weight of the latest put in the mean of them. */
const putMsWeight = 1 / 8;

// From here on in put times, so that they hold for a store of any speed.

/** From one entry of a busy log to the next: a look and a put, not quite one after the other. */
const slotPutsStart = 1.6;
const slotPutsMin = 1;
/** Whoever reckons with longer slots comes too late for its own and makes them longer still. */
const slotPutsMax = 1.6;
const slotWeight = 0.1;
/** The one whose turn it is is silent when its slot has lasted this long. */
const patiencePuts = 2.5;
/** Looks again after this, and after one put more for each other who is still before. */
const lookAgainPuts = 0.5;
/** Looks this share of the way to a turn, and that part of a slot sooner: who comes late makes all others wait. */
const lookShare = 0.9;
const lookEarlySlots = 0.4;
/** Others have likely written since when the tail is not that of a moment ago. */
const momentPuts = 1.5;
const oldWinnerPuts = 3;

/** A writer that was overtaken this often has left the ring. */
const overtakenMax = 2;
/** Writers still write when no more time has passed since their last entry than this many slots for each entry since. */
const slotsPerEntryMax = 2;
const silentEntriesMax = 3;
/** Others have likely written since when one was seen within this. */
const othersStayMs = 10_000;

/** Losses to members of the ring after which a newcomer puts again at once. */
const insistMax = 8;
/** Slots over which newcomers spread their puts after a loss to another of them, doubled each time. */
const crowdSlotsStart = 8;
const crowdSlotsMax = 64;

export type TurnStep =
  | { readonly kind: "put" }
  /** Catch up after `waitMs`, and ask again. */
  | { readonly kind: "look"; readonly waitMs: number };

interface Member {
  readonly wroteMs: number;
  overtaken: number;
}

export class Turns {
  readonly #writer: string;
  /** By the last entry of each, the oldest first; we are among them. */
  readonly #ring = new Map<string, Member>();
  #tailMs = -Infinity;
  #othersWroteMs = -Infinity;
  #putMs = putMsStart;
  #slotPuts = slotPutsStart;
  /** A loss that was not waited for yet, and the losses since our last entry: in a row to members, and to newcomers. */
  #hasLost = false;
  #lostToMembers = 0;
  #lostToNewcomers = 0;

  /** @param id a random id, as attempts have */
  constructor(id: string) {
    this.#writer = id.slice(0, writerChars);
  }

  /** The attempt id of our next put, from a random one. */
  attempt(id: string): string {
    return this.#writer + id.slice(writerChars);
  }

  /** The log was read once more, and was longer by `entries` than `ms` before. */
  measured(entries: number, ms: number): void {
    if (entries === 0) return;
    const slotPuts = Math.min(slotPutsMax, Math.max(slotPutsMin, ms / entries / this.#putMs));
    this.#slotPuts += (slotPuts - this.#slotPuts) * Math.min(0.5, slotWeight * entries);
  }

  /** The next entry of the log was seen; it was likely written at `wroteMs` of the monotonic clock. */
  saw(entry: LogEntry, wroteMs: number): void {
    const writer = entry.attempt.slice(0, writerChars);
    this.#tailMs = wroteMs;
    if (writer !== this.#writer) this.#othersWroteMs = wroteMs;
    if (this.#ring.has(writer)) this.#overtake(writer);
    this.#ring.set(writer, { wroteMs, overtaken: 0 });
    const [oldest] = this.#ring.keys();
    if (this.#ring.size > turnWritersKept && oldest !== undefined) this.#ring.delete(oldest);
  }

  /** A put was answered, and won. */
  won(sent: Instant, answered: Instant): void {
    this.#measurePut(sent, answered);
    this.#hasLost = false;
    this.#lostToMembers = 0;
    this.#lostToNewcomers = 0;
  }

  /**
   * A put was answered, and lost.
   *
   * @param winner as far as it is known; not to be told to `saw` before
   */
  lost(sent: Instant, answered: Instant, winner?: LogEntry): void {
    this.#measurePut(sent, answered);
    this.#hasLost = true;
    if (winner !== undefined && this.#ring.has(winner.attempt.slice(0, writerChars))) {
      this.#lostToMembers += 1;
    } else {
      this.#lostToMembers = 0;
      this.#lostToNewcomers += 1;
    }
  }

  /**
   * What to do about the next put.
   *
   * @param evidence when the tail that is known was proven
   * @param hasLooked whether that was by the look that the last step asked for, however long it took
   * @param chance uniform in 0 .. 1
   */
  next(evidence: Instant, hasLooked: boolean, chance: number, now: Instant): TurnStep {
    const isMember = this.#ring.has(this.#writer);
    if (this.#hasLost && !isMember) return this.#afterLoss(chance);
    if (!hasLooked && this.hasLikelyMoved(evidence, now)) return { kind: "look", waitMs: 0 };
    const rank = isMember ? this.#rank(now.monotonicMs) : 0;
    const lookedMs = evidence.monotonicMs;
    const dueMs = this.#tailMs + rank * patiencePuts * this.#putMs;
    if (rank === 0 || lookedMs >= dueMs) return { kind: "put" };
    const expectedMs = this.#tailMs + (rank * lookShare - lookEarlySlots) * this.#slotMs;
    const againMs = lookedMs + (lookAgainPuts + rank - 1) * this.#putMs;
    const waitMs = Math.max(Math.min(expectedMs, dueMs), againMs) - now.monotonicMs;
    return { kind: "look", waitMs: Math.max(0, Math.min(waitMs, turnWaitMsMax)) };
  }

  /** True if a query is better spent than a put, which would likely be lost. */
  hasLikelyMoved(evidence: Instant, now: Instant): boolean {
    if (now.monotonicMs - this.#othersWroteMs > othersStayMs) return false;
    return !isFresh(evidence, now, momentPuts * this.#putMs);
  }

  /**
   * True if others have likely followed the entry that a put lost to.
   *
   * @param before when the tail before that entry was proven
   */
  isLeftBehind(before: Instant, now: Instant): boolean {
    return !isFresh(before, now, oldWinnerPuts * this.#putMs);
  }

  get #slotMs(): number {
    return this.#slotPuts * this.#putMs;
  }

  #afterLoss(chance: number): TurnStep {
    this.#hasLost = false;
    const isFirst = this.#lostToNewcomers + this.#lostToMembers === 1;
    if (isFirst || (this.#lostToMembers > 0 && this.#lostToMembers < insistMax)) return { kind: "put" };
    const crowdSlots = Math.min(crowdSlotsMax, crowdSlotsStart * 2 ** Math.max(0, this.#lostToNewcomers - 2));
    const slots = this.#lostToMembers > 0 ? crowdSlotsStart : crowdSlots;
    this.#lostToMembers = 0;
    return { kind: "look", waitMs: chance * slots * this.#slotMs };
  }

  /** `writer` writes again: all whose turn was before its own have been silent. */
  #overtake(writer: string): void {
    for (const [other, member] of this.#ring) {
      if (other === writer) break;
      member.overtaken += 1;
      if (member.overtaken > overtakenMax) this.#ring.delete(other);
    }
    this.#ring.delete(writer);
  }

  /** Others who still write and whose last entry is older than ours, which is in the ring. */
  #rank(nowMs: number): number {
    let [own, writing, index] = [0, 0, 0];
    for (const [writer, { wroteMs }] of [...this.#ring].toReversed()) {
      index += 1;
      if (writer === this.#writer) own = index;
      if (nowMs - wroteMs <= (index - 1 + silentEntriesMax) * slotsPerEntryMax * this.#slotMs) writing = index;
    }
    return Math.max(0, writing - own);
  }

  #measurePut(sent: Instant, answered: Instant): void {
    const tookMs = Math.min(putMsMax, Math.max(0, answered.monotonicMs - sent.monotonicMs));
    this.#putMs += (tookMs - this.#putMs) * putMsWeight;
  }
}
