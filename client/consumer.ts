import type { CommandSender } from "./command.ts";
import { Breath } from "./consumer/breath.ts";
import { Committer } from "./consumer/committer.ts";
import type { OffsetCommit } from "./consumer/offset-commit.ts";
import { ConsumerClosedError, MembershipLostError, PartitionNotOwnedError } from "./consumer/consumer-errors.ts";
import { resolveConsumerOptions } from "./consumer/consumer-options.ts";
import type { ConsumerConfiguration, ConsumerOptions, ConsumerProblem } from "./consumer/consumer-options.ts";
import type { ConsumerRecord, RecordBatch } from "./consumer/consumer-record.ts";
import { Deadline } from "./consumer/deadline.ts";
import { Deliveries } from "./consumer/deliveries.ts";
import type { Delivery } from "./consumer/delivery.ts";
import { Fetcher } from "./consumer/fetcher.ts";
import { workOf } from "./consumer/handlers.ts";
import type { HandlerServices, RunOptions } from "./consumer/handlers.ts";
import { Holdings } from "./consumer/holdings.ts";
import { Iteration } from "./consumer/iteration.ts";
import { Membership } from "./consumer/membership.ts";
import type { OwnedPartition } from "./consumer/owned-partition.ts";
import { Patience } from "./consumer/patience.ts";
import { reportProblem } from "./consumer/report-problem.ts";
import { Rebalancer } from "./consumer/rebalancer.ts";
import { StartingPoints } from "./consumer/starting-points.ts";
import { groupByTopic } from "./consumer/topic-partition.ts";
import type { TopicPartition, TopicPartitions } from "./consumer/topic-partition.ts";
import { untilAborted } from "./consumer/until-aborted.ts";
import { Workers } from "./consumer/workers.ts";
import { positive } from "./client-configuration.ts";

/** How far the consumer is in a partition that it owns. */
export interface PartitionLag extends TopicPartition {
  /** The next record to process. */
  readonly offset: number;
  readonly highWatermark: number;
  readonly lag: number;
}

/**
 * A member of a consumer group (KIP-848), which shares the partitions of its topics with the others. Three ways to read:
 *
 *     await consumer.run({ eachRecord: async ({ topic, partition, record }) => { ... } });   // as KafkaJS
 *     for await (const record of consumer) { ... }
 *     for await (const { records } of consumer.batches()) { ... }
 *
 * At least once: what was processed is committed every few seconds, before partitions are given up, and by `close`; what was
 * not is handed out again. A handler that fails is called again with the same record, and its partition waits meanwhile.
 */
export class Consumer implements AsyncIterable<ConsumerRecord>, AsyncDisposable {
  readonly #configuration: ConsumerConfiguration;
  readonly #options: ConsumerOptions;
  readonly #holdings = new Holdings();
  readonly #membership: Membership;
  readonly #rebalancer: Rebalancer;
  readonly #committer: Committer;
  readonly #startingPoints: StartingPoints;
  readonly #fetcher: Fetcher;
  readonly #deliveries: Deliveries;
  readonly #iteration: Iteration;
  readonly #breath: Breath;
  readonly #finished = Promise.withResolvers<void>();
  /** Aborts when closing begins: the automatic commits end. */
  readonly #closingSignal = new AbortController();
  /** Aborts when closing is over. */
  readonly #over = new AbortController();
  readonly #onAbort = (): void => void this.close();
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isRunning = false;
  #hasWorkers = false;
  #isFinishLookedAt = false;
  #committedAtMs: number;

  /** @throws TypeError for an option that cannot be */
  constructor(client: CommandSender, options: ConsumerOptions) {
    const configuration = resolveConsumerOptions(options);
    const patience = new Patience(configuration.time, configuration.random);
    this.#configuration = configuration;
    this.#options = options;
    this.#committedAtMs = configuration.time.nowMs();
    const onProblem = (problem: ConsumerProblem): void => this.#report(problem);
    const onFailure = (error: unknown): void => this.#fail(error);
    this.#fetcher = new Fetcher(client, configuration, this.#holdings, {
      onPage: () => this.#deliveries.wake(),
      onProblem,
      onFailure,
    });
    this.#deliveries = new Deliveries(this.#holdings, configuration.time, () => this.#fetcher.pump());
    this.#breath = new Breath(configuration.time);
    this.#iteration = new Iteration(this.#deliveries, this.#breath);
    this.#membership = new Membership(client, configuration, patience, {
      owned: () => this.#holdings.byTopic(),
      onTarget: (assignment) => this.#rebalancer.aim(assignment),
      onLost: (reason) => this.#rebalancer.lose(reason),
      onProblem,
      onFailure,
    });
    this.#committer = new Committer(client, configuration, patience, this.#holdings, this.#membership);
    this.#startingPoints = new StartingPoints(client, configuration, patience);
    this.#rebalancer = new Rebalancer(configuration, this.#holdings, options, {
      commitBefore: (partitions, signal) => this.#commitBefore(partitions, signal),
      begin: (partitions) => void this.#begin(partitions),
      onSettled: () => this.#membership.hurry(),
      onCallbackFailure: (error) => this.#report({ error, during: "callback" }),
    });
    this.#finished.promise.catch(() => undefined);
  }

  get group(): string {
    return this.#configuration.group;
  }

  /**
   * What proves to a transaction that the offsets are this member's to commit: to be spread into `Transaction.sendOffsets`.
   *
   * @throws MembershipLostError it is in no group at this moment
   */
  get membership(): { readonly group: string; readonly memberId: string; readonly memberEpoch: number } {
    const member = this.#membership.identity;
    if (member === undefined) throw new MembershipLostError(`the consumer is not a member of ${this.group}`);
    return { group: this.group, ...member };
  }

  /** What it owns at this moment. */
  get assignment(): readonly TopicPartitions[] {
    return this.#holdings.byTopic();
  }

  /** What is paused of it. */
  get paused(): readonly TopicPartitions[] {
    return groupByTopic([...this.#holdings].filter(({ isPaused }) => isPaused));
  }

  /** Of the partitions that it owns and has fetched from. */
  get lag(): readonly PartitionLag[] {
    return [...this.#holdings].flatMap(({ topic, partition, processedOffset: offset, highWatermark }) =>
      offset === undefined || highWatermark === undefined
        ? []
        : [{ topic, partition, offset, highWatermark, lag: Math.max(0, highWatermark - offset) }],
    );
  }

  /** Resolves when the consumer is closed. Rejects with what it could not go on from. */
  get finished(): Promise<void> {
    this.#isFinishLookedAt = true;
    return this.#finished.promise;
  }

  /** Joins the group; `run` and iterating do so by themselves. @throws what the service refuses it with | ConsumerClosedError */
  async start(): Promise<void> {
    if (this.#closing === undefined) this.#starting ??= this.#start();
    await this.#starting;
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#closing !== undefined) throw new ConsumerClosedError();
  }

  /**
   * Calls a handler for what comes, until the consumer is closed. Resolves, as in KafkaJS, when the group is joined: wait for
   * `finished` to hear of the end.
   *
   * @throws TypeError for options that cannot be, or when it runs already | as `start`
   */
  async run(options: RunOptions): Promise<void> {
    const work = workOf(options, this.#handlerServices());
    const count = positive(options.partitionsConsumedConcurrently ?? 1, "partitionsConsumedConcurrently");
    if (this.#isRunning) throw new TypeError("the consumer runs already");
    this.#isRunning = true;
    await this.start();
    const workers = new Workers(this.#configuration, this.#deliveries, (problem) => this.#report(problem));
    this.#hasWorkers = true;
    void workers.run(work, count);
  }

  /**
   * Record by record; one counts as processed when the next is asked for. Ends when the consumer is closed; whoever leaves the
   * loop before may iterate again, and has to close the consumer.
   *
   * @throws as `finished`
   */
  [Symbol.asyncIterator](): AsyncGenerator<ConsumerRecord, void, undefined> {
    return this.#iterate(() => this.#iteration.records());
  }

  /** All that a fetch brought at a time; it counts as processed when the next is asked for. @throws as `finished` */
  batches(): AsyncGenerator<RecordBatch, void, undefined> {
    return this.#iterate(() => this.#iteration.batches());
  }

  /** Hands out no more of these partitions behind the record at work; those that are not owned are left out. */
  pause(partitions: readonly TopicPartitions[]): void {
    for (const partition of this.#ownedOf(partitions)) {
      partition.isPaused = true;
      if (!partition.isAtWork) partition.stepBack();
    }
  }

  resume(partitions: readonly TopicPartitions[]): void {
    for (const partition of this.#ownedOf(partitions)) partition.isPaused = false;
    this.#wakeUp();
  }

  /**
   * Goes on at an offset. A record at work is finished, but no longer counts; the next commit is of the new offset.
   *
   * @throws PartitionNotOwnedError | TypeError for an offset that is none
   */
  seek({ topic, partition, offset }: TopicPartition & { readonly offset: number }): void {
    if (!Number.isSafeInteger(offset) || offset < 0) throw new TypeError("offset must be a whole number from 0 on");
    const owned = this.#holdings.get({ topic, partition });
    if (owned === undefined) throw new PartitionNotOwnedError({ topic, partition });
    owned.seek(offset);
    this.#wakeUp();
  }

  /**
   * Commits what was processed, or these offsets.
   *
   * @throws MembershipLostError the partitions are others' now | PartitionNotOwnedError | PartitionCommitError |
   *   StreamkeeperException
   */
  async commit(offsets?: readonly OffsetCommit[]): Promise<void> {
    const { signal } = this.#over;
    if (signal.aborted) throw new ConsumerClosedError();
    if (offsets === undefined) await this.#committer.commitProcessed(signal);
    else await this.#committer.commit(offsets, signal);
    this.#committedAtMs = this.#configuration.time.nowMs();
  }

  /**
   * Waits for the records at work, commits, and leaves the group. It must not be awaited in a handler, for which it waits
   * itself; within an iteration it may be. Never rejects.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    const { signal } = this.#options;
    if (signal?.aborted === true) return this.close();
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    await this.#membership.start();
    void this.#commitNowAndThen();
  }

  async #close(): Promise<void> {
    const { closeTimeoutMs, time } = this.#configuration;
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#closingSignal.abort();
    this.#deliveries.close();
    this.#iteration.abandon();
    await this.#rebalancer.close(closeTimeoutMs);
    using deadline = new Deadline(time, closeTimeoutMs);
    await this.#membership.leave(deadline.signal);
    this.#over.abort();
    if (this.#failure === undefined) this.#finished.resolve();
    else this.#finished.reject(this.#failure.error);
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined || this.#closing !== undefined) return;
    this.#failure = { error };
    // Somebody has to hear of it: `run` has long been resolved.
    if (!this.#isFinishLookedAt && this.#hasWorkers)
      process.emitWarning(error instanceof Error ? error : String(error));
    void this.close();
  }

  async *#iterate<Item>(items: () => AsyncGenerator<Item, void, undefined>): AsyncGenerator<Item, void, undefined> {
    this.#isFinishLookedAt = true;
    if (this.#closing === undefined) await this.start().catch(() => undefined);
    yield* items();
    await this.close();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #begin(partitions: readonly OwnedPartition[]): Promise<void> {
    try {
      await this.#startingPoints.start(partitions, this.#closingSignal.signal);
      this.#wakeUp();
    } catch (error) {
      if (!this.#closingSignal.signal.aborted) this.#fail(error);
    }
  }

  async #commitBefore(partitions: readonly OwnedPartition[], signal: AbortSignal): Promise<void> {
    if (this.#configuration.autoCommitIntervalMs === undefined) return;
    await untilAborted(this.#commitQuietly(signal, partitions), signal);
  }

  async #commitNowAndThen(): Promise<void> {
    const { autoCommitIntervalMs, time } = this.#configuration;
    const { signal } = this.#closingSignal;
    if (autoCommitIntervalMs === undefined) return;
    while (!signal.aborted) {
      await time.sleep(autoCommitIntervalMs, signal);
      if (!signal.aborted) await this.#commitQuietly(signal);
    }
  }

  async #commitQuietly(signal: AbortSignal, partitions?: readonly OwnedPartition[]): Promise<void> {
    try {
      await this.#committer.commitProcessed(signal, partitions);
      this.#committedAtMs = this.#configuration.time.nowMs();
    } catch (error) {
      // Of a membership that was lost `onLost` tells.
      if (!signal.aborted && !(error instanceof MembershipLostError)) this.#report({ error, during: "commit" });
    }
  }

  #handlerServices(): HandlerServices {
    const { autoCommitIntervalMs = Infinity, time } = this.#configuration;
    return {
      heartbeat: async (delivery) => {
        await untilAborted(this.#membership.keepAlive(), delivery.partition.goneSignal);
        if (delivery.partition.ownership !== "owned") throw new PartitionNotOwnedError(delivery.partition);
      },
      pause: ({ partition: { topic, partition } }: Delivery) => {
        const only = [{ topic, partitions: [partition] }];
        this.pause(only);
        return () => this.resume(only);
      },
      breathe: () => this.#breath.take(),
      commitIfDue: async () => {
        if (time.nowMs() >= this.#committedAtMs + autoCommitIntervalMs) await this.commit();
      },
      commit: (offsets) => this.commit(offsets),
      uncommitted: () => this.#committer.uncommitted(),
      isClosing: () => this.#deliveries.isClosed,
    };
  }

  #ownedOf(partitions: readonly TopicPartitions[]): readonly OwnedPartition[] {
    return partitions
      .flatMap(({ topic, partitions: numbers }) => numbers.map((partition) => this.#holdings.get({ topic, partition })))
      .filter((partition) => partition !== undefined);
  }

  #wakeUp(): void {
    this.#fetcher.pump();
    this.#deliveries.wake();
  }

  #report(problem: ConsumerProblem): void {
    reportProblem(problem, this.#configuration.group, this.#options.onProblem);
  }
}
