/** One subscription, for all in this process who read the same place. */
import type { CommandSender } from "../command.ts";
import type { ClientTime } from "../coordination/time.ts";
import { isServiceException } from "../exceptions.ts";
import { hintKeyOf, type Place, subscribe } from "./place.ts";
import type { Listening } from "./hint-source.ts";

/** Where it was refused, as where policies do not allow it, it is asked for again so much later. */
const refusedMs = 600_000;

/** Who is told of hints. */
export interface Hinted {
  hinted(position: number): void;
}

export interface SubscriptionNeeds {
  readonly sender: CommandSender;
  readonly time: ClientTime;
  /** The service does not know the connection. */
  readonly onUnknownConnection: () => void;
  /** Ends a subscription at the service. */
  readonly unsubscribe: (subscriptionId: string) => void;
}

export class Subscription {
  readonly hintKey: string;
  readonly listeners = new Set<Hinted>();
  readonly #place: Place;
  readonly #needs: SubscriptionNeeds;
  /** Somebody has nothing to read and would rather be told than ask. */
  #isWanted = false;
  #refusedUntilMs = 0;
  #connectionId: string | undefined;
  /** Ends with the connection, or with the subscription. */
  #attempt: AbortController | undefined;
  #listening: Listening | undefined;
  #subscriptionId: string | undefined;

  constructor(place: Place, needs: SubscriptionNeeds) {
    this.hintKey = hintKeyOf(place);
    this.#place = place;
    this.#needs = needs;
  }

  /** Undefined: hints may be lost now. */
  get listening(): Listening | undefined {
    return this.#listening;
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  want(): void {
    this.#isWanted = true;
    if (this.#attempt === undefined) this.#begin();
  }

  /** @param connectionId undefined when it is lost */
  connected(connectionId: string | undefined): void {
    this.#connectionId = connectionId;
    this.#stop();
    if (this.#isWanted) this.#begin();
  }

  /** What it is for may have been made anew, as a topic of the same name. */
  renew(): void {
    this.#end();
    if (this.#isWanted) this.#begin();
  }

  /** Nobody is interested any more. */
  close(): void {
    this.#isWanted = false;
    this.#end();
  }

  hinted(position: number): void {
    for (const listener of this.listeners) listener.hinted(position);
  }

  #begin(): void {
    const connectionId = this.#connectionId;
    if (connectionId === undefined || this.#needs.time.nowMs() < this.#refusedUntilMs) return;
    this.#attempt = new AbortController();
    void this.#subscribe(connectionId, this.#attempt);
  }

  async #subscribe(connectionId: string, attempt: AbortController): Promise<void> {
    const { sender, time, onUnknownConnection, unsubscribe } = this.#needs;
    try {
      const { subscriptionId, heardInMs } = await subscribe(sender, this.#place, connectionId);
      if (attempt.signal.aborted) return unsubscribe(subscriptionId);
      this.#subscriptionId = subscriptionId;
      await time.sleep(heardInMs, attempt.signal);
      if (!attempt.signal.aborted) this.#listening = attempt.signal;
    } catch (error) {
      if (attempt.signal.aborted) return;
      this.#attempt = undefined;
      if (isServiceException(error, "UNKNOWN_CONNECTION")) onUnknownConnection();
      else this.#refusedUntilMs = time.nowMs() + refusedMs;
    }
  }

  #end(): void {
    if (this.#subscriptionId !== undefined) this.#needs.unsubscribe(this.#subscriptionId);
    this.#stop();
  }

  #stop(): void {
    this.#attempt?.abort();
    this.#attempt = undefined;
    this.#listening = undefined;
    this.#subscriptionId = undefined;
  }
}
