/** One reader of a place: waits for a hint, or until it is time to look by itself. */
import type { ClientTime } from "../coordination/time.ts";
import type { HintListener, Listening } from "./hint-source.ts";
import type { Hinted, Subscription } from "./subscription.ts";

/** The first look at a place that has gone quiet; each in vain doubles the time to the next. */
const firstLookMs = 60_000;

/** Default of the longest. */
export const safetyPollMsDefault = 300_000;

export interface ListenerNeeds {
  readonly time: ClientTime;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Longest time between two looks. */
  readonly safetyPollMs: number;
  readonly onWant: () => void;
  readonly onClose: (listener: Listener) => void;
}

export class Listener implements HintListener, Hinted {
  readonly subscription: Subscription;
  readonly #needs: ListenerNeeds;
  /** The greatest position that was hinted and that the reader has not been told of. */
  #hintedTo = -1;
  #waiting: { readonly position: number; readonly controller: AbortController } | undefined;
  #looksInVain = 0;

  constructor(subscription: Subscription, needs: ListenerNeeds) {
    this.subscription = subscription;
    this.#needs = needs;
  }

  get listening(): Listening | undefined {
    return this.subscription.listening;
  }

  want(): void {
    this.subscription.want();
    this.#needs.onWant();
  }

  renew(): void {
    this.#hintedTo = -1;
    this.subscription.renew();
  }

  async wait(listening: Listening, position: number, signal: AbortSignal): Promise<void> {
    const isHinted = this.#hintedTo >= position;
    // Each hint ends one wait: what it announced may have gone meanwhile.
    this.#hintedTo = -1;
    if (isHinted || listening.aborted || signal.aborted) return this.#woken();
    const { time, random, safetyPollMs } = this.#needs;
    const controller = new AbortController();
    this.#waiting = { position, controller };
    const longestMs = Math.min(safetyPollMs, firstLookMs * 2 ** this.#looksInVain);
    const ended = AbortSignal.any([controller.signal, listening, signal]);
    await time.sleep(longestMs * (0.8 + 0.2 * random()), ended);
    this.#waiting = undefined;
    if (ended.aborted) this.#woken();
    else this.#looksInVain = Math.min(this.#looksInVain + 1, 30);
  }

  close(): void {
    this.#needs.onClose(this);
  }

  hinted(position: number): void {
    if (this.#waiting === undefined) this.#hintedTo = Math.max(this.#hintedTo, position);
    else if (position >= this.#waiting.position) this.#waiting.controller.abort();
  }

  #woken(): void {
    this.#looksInVain = 0;
  }
}
