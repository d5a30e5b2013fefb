/**
 * Hints for all readers of one client, over one connection that is open only while somebody has nothing to read. A hint is
 * never data: it ends a wait, and a lost one costs the time until the reader looks by itself.
 */
import type { Hint } from "../../shared/api/push-messages.ts";
import type { CommandSender } from "../command.ts";
import type { ClientTime } from "../coordination/time.ts";
import type { HintPlace, HintSource } from "./hint-source.ts";
import { Listener } from "./listener.ts";
import { keyOf, keyOfHint, type Place, positionOf } from "./place.ts";
import { PushConnection } from "./push-connection.ts";
import type { OpenPushSocket } from "./push-socket.ts";
import { Subscription } from "./subscription.ts";

export interface PushNeeds {
  readonly sender: CommandSender;
  /** Where requests that name no namespace go. */
  readonly namespace: string;
  readonly open: OpenPushSocket;
  /** Signs a URL, where the service wants that. */
  readonly sign: (url: string) => Promise<string>;
  readonly time: ClientTime;
  /** From 0 to 1, for the jitter of pauses. */
  readonly random: () => number;
  readonly safetyPollMs: number;
}

export class Push implements HintSource {
  readonly #needs: PushNeeds;
  readonly #subscriptions = new Map<string, Subscription>();
  #url: string | undefined;
  #connection: PushConnection | undefined;
  #isClosed = false;

  constructor(needs: PushNeeds) {
    this.#needs = needs;
  }

  /** Where the service says to connect; it tells with each answer to a reader. */
  learn(url: string): void {
    this.#url = url;
  }

  listener(named: HintPlace): Listener {
    const place: Place = { ...named, namespace: named.namespace ?? this.#needs.namespace };
    const key = keyOf(place);
    const subscription = this.#subscriptions.get(key) ?? this.#add(key, place);
    const { time, random, safetyPollMs } = this.#needs;
    const listener = new Listener(subscription, {
      time,
      random,
      safetyPollMs,
      onWant: () => this.#connect(),
      onClose: (closed) => this.#leave(key, closed),
    });
    subscription.listeners.add(listener);
    return listener;
  }

  close(): void {
    this.#isClosed = true;
    this.#disconnect();
  }

  #add(key: string, place: Place): Subscription {
    const subscription = new Subscription(place, {
      sender: this.#needs.sender,
      time: this.#needs.time,
      onUnknownConnection: () => this.#connection?.renew(),
      unsubscribe: (subscriptionId) => this.#connection?.say({ action: "unsubscribe", subscriptionId }),
    });
    this.#subscriptions.set(key, subscription);
    subscription.connected(this.#connection?.connectionId);
    return subscription;
  }

  #leave(key: string, listener: Listener): void {
    const { subscription } = listener;
    if (!subscription.listeners.delete(listener) || subscription.listeners.size > 0) return;
    subscription.close();
    this.#subscriptions.delete(key);
    const isWanted = [...this.#subscriptions.values()].some((other) => other.isWanted);
    // A connection that nobody waits on would keep the process alive, and cost what a connection costs.
    if (!isWanted) this.#disconnect();
  }

  #connect(): void {
    const url = this.#url;
    if (url === undefined || this.#connection !== undefined || this.#isClosed) return;
    const { open, sign, time, random } = this.#needs;
    const connection = new PushConnection({
      open,
      url: () => sign(url),
      time,
      random,
      onOpen: (connectionId) => this.#tell(connectionId),
      onHints: (hints) => this.#hinted(hints),
      // One that was given up says so late, when another may have taken its place.
      onLost: () => this.#connection === connection && this.#tell(undefined),
    });
    this.#connection = connection;
  }

  #disconnect(): void {
    this.#connection?.end();
    this.#connection = undefined;
    this.#tell(undefined);
  }

  #tell(connectionId: string | undefined): void {
    for (const subscription of this.#subscriptions.values()) subscription.connected(connectionId);
  }

  #hinted(hints: readonly Hint[]): void {
    for (const hint of hints) {
      const name = keyOfHint(hint);
      for (const subscription of this.#subscriptions.values()) {
        if (subscription.hintKey === name) subscription.hinted(positionOf(hint));
      }
    }
  }
}
