/**
 * Taking turns with the other writers of a log, who are known only by their entries.
 *
 *     others = writers whose entries came within the last `turnMemoryPuts` put times
 *     after a win    the next put is due about `others` put times later, so that each of them gets one in between
 *     after a loss   at a random moment within `others` put times
 *
 * All writers see the same entries, so all of them reckon with the same crowd: none is pushed aside by the luck of
 * another, as they are when each only doubles its own back-off. A lone writer knows no others and never waits. Time only
 * spreads the puts here; it never decides who is first.
 */
import type { LogEntry } from "../storage/log-store.ts";
import { type Instant, isFresh } from "./evidence.ts";

/** A writer without an entry for this many put times is not reckoned with: about 1 s on DynamoDB, enough for 100 in turn. */
const turnMemoryPuts = 150;
/** Longest wait for a turn. */
const turnWaitMsMax = 2_000;
/** A writer's own part of its attempt ids, of 22 characters: what is left of them is random for each put. */
const writerChars = 6;
/** How long a put is taken to last before one was measured; a DynamoDB put lasts 5 to 8 ms. */
const putMsStart = 5;
const putMsMax = 200;
/** Weight of the latest put in the mean of them. */
const putMsWeight = 1 / 8;
/** Others have likely written since, when one was seen within this and the tail is not that of a moment ago. */
const othersStayMs = 10_000;
const momentPuts = 1.5;
const oldWinnerPuts = 3;

export class Turns {
  readonly #writer: string;
  /** When an entry of each was seen last, by the monotonic clock. */
  readonly #others = new Map<string, number>();
  #othersSeenMs = -Infinity;
  #wonMs = -Infinity;
  #putMs = putMsStart;

  /** @param id a random id, as attempts have */
  constructor(id: string) {
    this.#writer = id.slice(0, writerChars);
  }

  /** The attempt id of our next put, from a random one. */
  attempt(id: string): string {
    return this.#writer + id.slice(writerChars);
  }

  /**
   * An entry was seen in the log.
   *
   * @param before when the tail before it was proven: it is no older than that, whatever the clock of its writer says
   */
  saw(entry: LogEntry, seen: Instant, before: Instant): void {
    const writer = entry.attempt.slice(0, writerChars);
    if (writer === this.#writer || !isFresh(before, seen, this.#memoryMs)) return;
    this.#others.delete(writer);
    this.#others.set(writer, seen.monotonicMs);
    this.#othersSeenMs = seen.monotonicMs;
    this.#countOthers(seen.monotonicMs);
  }

  /** A put was answered, and won. */
  won(sent: Instant, answered: Instant): void {
    this.lost(sent, answered);
    this.#wonMs = answered.monotonicMs;
  }

  /** A put was answered, and lost. */
  lost(sent: Instant, answered: Instant): void {
    const tookMs = Math.min(putMsMax, Math.max(0, answered.monotonicMs - sent.monotonicMs));
    this.#putMs += (tookMs - this.#putMs) * putMsWeight;
  }

  /**
   * How long to wait for the next put.
   *
   * @param chance uniform in 0 .. 1
   */
  waitMs(after: "win" | "loss", chance: number, now: Instant): number {
    const roundMs = this.#countOthers(now.monotonicMs) * this.#putMs;
    const waitMs = after === "loss" ? chance * roundMs : this.#wonMs + (0.5 + chance) * roundMs - now.monotonicMs;
    return Math.max(0, Math.min(waitMs, turnWaitMsMax));
  }

  /** True if a query is better spent than a put, which would likely be lost. */
  hasLikelyMoved(evidence: Instant, now: Instant): boolean {
    if (now.monotonicMs - this.#othersSeenMs > othersStayMs) return false;
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

  get #memoryMs(): number {
    return turnMemoryPuts * this.#putMs;
  }

  #countOthers(nowMs: number): number {
    for (const [writer, seenMs] of this.#others) {
      if (nowMs - seenMs <= this.#memoryMs) break;
      this.#others.delete(writer);
    }
    return this.#others.size;
  }
}
