/** Moves from what is owned to what is to be: gives up first, tells the application, and takes only then. */
import type { MembershipLostError } from "./consumer-errors.ts";
import type { ConsumerConfiguration, ConsumerOptions } from "./consumer-options.ts";
import { Deadline } from "./deadline.ts";
import type { Holdings } from "./holdings.ts";
import { OwnedPartition } from "./owned-partition.ts";
import { changeOf, groupByTopic, keyOf } from "./topic-partition.ts";
import type { TopicPartition, TopicPartitions } from "./topic-partition.ts";
import { untilAborted } from "./until-aborted.ts";

/** Of the time to give partitions up, what handlers get; the rest is for the commit and for `onRevoked`. */
const workShare = 0.75;

/** What the rebalancer needs of the rest of a consumer. */
export interface RebalancerEvents {
  /** Partitions are about to be given up: commit what was processed, unless that is the application's to do. Never rejects. */
  commitBefore(partitions: readonly OwnedPartition[], signal: AbortSignal): Promise<void>;
  /** The application was told of partitions: find out where to begin, and fetch. */
  begin(partitions: readonly OwnedPartition[]): void;
  /** Something was given up or taken: the group waits to hear of it. */
  onSettled(): void;
  onCallbackFailure(error: unknown): void;
}

type Callbacks = Pick<ConsumerOptions, "onAssigned" | "onRevoked" | "onLost">;

export class Rebalancer {
  readonly #configuration: ConsumerConfiguration;
  readonly #holdings: Holdings;
  readonly #callbacks: Callbacks;
  readonly #events: RebalancerEvents;
  /** Undefined while it is no member. */
  #target: readonly TopicPartitions[] | undefined;
  #isClosing = false;
  #steps: Promise<void> = Promise.resolve();
  #isStepQueued = false;
  /** Handlers that were still at work when their partition was given up: whoever gets it again waits for them. */
  readonly #leftovers = new Map<string, Promise<void>>();

  constructor(
    configuration: ConsumerConfiguration,
    holdings: Holdings,
    callbacks: Callbacks,
    events: RebalancerEvents,
  ) {
    this.#configuration = configuration;
    this.#holdings = holdings;
    this.#callbacks = callbacks;
    this.#events = events;
  }

  /** Own exactly this, as soon as that can be. */
  aim(target: readonly TopicPartitions[]): void {
    if (this.#isClosing) return;
    this.#target = target;
    const { revoked, added } = changeOf(this.#holdings, target);
    // What is taken away is handed out no more from this moment on.
    for (const partition of revoked) partition.beginRevocation();
    if (revoked.length + added.length > 0) this.#queueStep();
  }

  /** All is gone, from this moment on. */
  lose(reason: MembershipLostError): void {
    this.#target = undefined;
    const lost = [...this.#holdings];
    for (const partition of lost) this.#giveUp(partition);
    const { onLost } = this.#callbacks;
    if (lost.length === 0 || onLost === undefined) return;
    this.#queue(() => this.#call(() => onLost(groupByTopic(lost), reason)));
  }

  /** Gives up everything in order, within a time. */
  async close(withinMs: number): Promise<void> {
    this.#isClosing = true;
    this.#target = [];
    for (const partition of this.#holdings) partition.beginRevocation();
    this.#queue(() => this.#settle(withinMs));
    using deadline = new Deadline(this.#configuration.time, 2 * withinMs);
    await untilAborted(this.#steps, deadline.signal);
  }

  #queueStep(): void {
    if (this.#isStepQueued) return;
    this.#isStepQueued = true;
    this.#queue(() => {
      this.#isStepQueued = false;
      return this.#settle(this.#configuration.rebalanceTimeoutMs);
    });
  }

  /** What is queued never rejects. */
  #queue(step: () => Promise<void>): void {
    this.#steps = this.#steps.then(step);
  }

  /** Ends because each turn reaches the target that was there when it began, and a new one comes by a heartbeat at most. */
  async #settle(withinMs: number): Promise<void> {
    for (;;) {
      if (this.#target === undefined) return;
      const { revoked, added } = changeOf(this.#holdings, this.#target);
      if (revoked.length > 0) await this.#revoke(revoked, withinMs);
      else if (added.length > 0) await this.#assign(added);
      else return;
      this.#events.onSettled();
    }
  }

  async #revoke(partitions: readonly OwnedPartition[], withinMs: number): Promise<void> {
    for (const partition of partitions) partition.beginRevocation();
    const { onRevoked } = this.#callbacks;
    const gone = AbortSignal.any(partitions.map(({ goneSignal }) => goneSignal));
    using workDeadline = new Deadline(this.#configuration.time, withinMs * workShare, gone);
    using deadline = new Deadline(this.#configuration.time, withinMs, gone);
    const { signal } = deadline;
    await untilAborted(allIdle(partitions), workDeadline.signal);
    if (!signal.aborted) await this.#events.commitBefore(partitions, signal);
    const still = partitions.filter((partition) => this.#holdings.has(partition));
    if (still.length === 0) return;
    // It also hears of a handler that took too long: it is the last call before others read the partition.
    if (onRevoked !== undefined)
      await untilAborted(
        this.#call(() => onRevoked(groupByTopic(still))),
        signal,
      );
    for (const partition of still) this.#giveUp(partition);
  }

  async #assign(added: readonly TopicPartition[]): Promise<void> {
    const partitions = added.map((place) => new OwnedPartition(place));
    for (const partition of partitions) this.#holdings.add(partition);
    const { onAssigned } = this.#callbacks;
    // From here on heartbeats say that it owns them, however long the application takes.
    if (onAssigned !== undefined) {
      using deadline = new Deadline(this.#configuration.time, this.#configuration.rebalanceTimeoutMs);
      await untilAborted(
        this.#call(() => onAssigned(groupByTopic(added))),
        deadline.signal,
      );
    }
    const free = partitions.filter(({ key }) => !this.#leftovers.has(key));
    if (free.length > 0) this.#events.begin(free);
    for (const partition of partitions) {
      const leftover = this.#leftovers.get(partition.key);
      if (leftover !== undefined) void leftover.then(() => this.#events.begin([partition]));
    }
  }

  #giveUp(partition: OwnedPartition): void {
    partition.giveUp();
    this.#holdings.remove(partition);
    if (!partition.isAtWork) return;
    const key = keyOf(partition);
    const leftover = Promise.all([this.#leftovers.get(key), partition.idle()]).then(() => {
      if (this.#leftovers.get(key) === leftover) this.#leftovers.delete(key);
    });
    this.#leftovers.set(key, leftover);
  }

  async #call(callback: () => void | Promise<void>): Promise<void> {
    try {
      await callback();
    } catch (error) {
      this.#events.onCallbackFailure(error);
    }
  }
}

async function allIdle(partitions: readonly OwnedPartition[]): Promise<void> {
  await Promise.all(partitions.map((partition) => partition.idle()));
}
