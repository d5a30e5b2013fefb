/** A service's end of connections for hints, in manual time, beside the double of its topics. */
import type { Command, CommandSender, SendOptions } from "../../../client/index.ts";
import { SubscribePartitionCommand } from "../../../client/index.ts";
import type { PushSocketEvents } from "../../../client/push/push-socket.ts";
import { Push } from "../../../client/push/push.ts";
import type { TopicPartition } from "../../../client/consumer/topic-partition.ts";
import { type GroupDouble, refusal } from "../consumer/group-double.ts";

interface Connection {
  readonly connectionId: string;
  readonly events: PushSocketEvents;
  isOpen: boolean;
}

export const heardInMs = 2_000;

export class PushDouble {
  readonly #double: GroupDouble;
  readonly #inner: (name: string) => CommandSender;
  readonly push: Push;
  /** What is done with requests to subscribe. */
  refuses = false;
  /** Hints are lost. */
  losesHints = false;
  /** Nobody answers: neither handshakes nor pings. */
  isSilent = false;
  handshakes = 0;
  pings = 0;
  readonly #open = new Map<string, Connection>();
  /** Since when each is heard. */
  readonly #subscribers: { readonly connectionId: string; readonly place: TopicPartition; readonly fromMs: number }[] =
    [];

  constructor(double: GroupDouble, options: { readonly safetyPollMs?: number } = {}) {
    this.#double = double;
    // Those of the double have hints from now on.
    this.#inner = double.client.bind(double);
    double.client = (name) => this.client(name);
    this.push = new Push({
      sender: this.client("push"),
      namespace: "default",
      open: (_url, events) => this.#accept(events),
      sign: (url) => Promise.resolve(url),
      time: double.time,
      random: () => 0.5,
      safetyPollMs: options.safetyPollMs ?? 300_000,
    });
    this.push.learn("wss://push.example/live");
  }

  get connections(): number {
    return this.#open.size;
  }

  get subscriptions(): number {
    return this.#subscribers.length;
  }

  client(name: string): CommandSender {
    const inner = this.#inner(name);
    const send = async <Input extends object, Output extends object>(
      command: Command<Input, Output>,
      options?: SendOptions,
    ) => {
      if (!(command instanceof SubscribePartitionCommand)) return await inner.send(command, options);
      const { connectionId, topic, partition } = command.input;
      const answer = this.#subscribe(connectionId, { topic, partition });
      return { ...(answer as unknown as Output), $metadata: { attempts: 1, totalRetryDelayMs: 0 } };
    };
    const get = (): Push => this.push;
    return {
      send,
      get push() {
        return get();
      },
    };
  }

  /** Appends, and tells who is heard. */
  produce(place: TopicPartition, ...values: readonly string[]): void {
    this.#double.produce(place, ...values);
    const offset = this.#double.end(place) - 1;
    if (!this.losesHints) this.hint(place, offset);
  }

  hint(place: TopicPartition, offset: number): void {
    for (const { connectionId, place: subscribed, fromMs } of this.#subscribers) {
      const isSame = subscribed.topic === place.topic && subscribed.partition === place.partition;
      // Before, it depends on which container sends: here none knows.
      if (!isSame || this.#double.time.nowMs() < fromMs) continue;
      const hints = [{ type: "partition", namespace: "default", ...place, offset }];
      this.#open.get(connectionId)?.events.received(JSON.stringify({ type: "hints", hints }));
    }
  }

  cutAll(): void {
    for (const connection of this.#open.values()) this.#close(connection);
  }

  #accept(events: PushSocketEvents) {
    this.handshakes += 1;
    const connection: Connection = { connectionId: `connection ${this.handshakes}`, events, isOpen: true };
    const answer = async (what: () => void): Promise<void> => {
      await Promise.resolve();
      if (!this.isSilent && connection.isOpen) what();
    };
    void answer(() => {
      this.#open.set(connection.connectionId, connection);
      events.opened();
    });
    return {
      send: (text: string): void => {
        const { action } = JSON.parse(text) as { action: string };
        const { connectionId } = connection;
        if (action === "ping") this.pings += 1;
        if (action === "connection") void answer(() => events.received(JSON.stringify({ type: action, connectionId })));
        if (action === "ping") void answer(() => events.received(JSON.stringify({ type: "pong" })));
        if (action === "unsubscribe") this.#forget(connectionId);
      },
      close: () => this.#close(connection),
    };
  }

  #subscribe(connectionId: string, place: TopicPartition): { subscriptionId: string; heardInMs: number } {
    if (this.refuses) throw refusal("NO_AUTH");
    if (!this.#open.has(connectionId)) throw refusal("UNKNOWN_CONNECTION");
    this.#subscribers.push({ connectionId, place, fromMs: this.#double.time.nowMs() + heardInMs });
    return { subscriptionId: "s", heardInMs };
  }

  #forget(connectionId: string): void {
    const left = this.#subscribers.filter((one) => one.connectionId !== connectionId);
    this.#subscribers.splice(0, Infinity, ...left);
  }

  #close(connection: Connection): void {
    if (!connection.isOpen) return;
    Object.assign(connection, { isOpen: false });
    this.#open.delete(connection.connectionId);
    this.#forget(connection.connectionId);
    connection.events.closed();
  }
}
