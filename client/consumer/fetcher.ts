/** Fetches ahead of the application: a bounded number of requests at once, and a bounded number of bytes that wait. */
import type { CommandSender } from "../command.ts";
import { FetchBatchesCommand } from "../commands/fetch-batches-command.ts";
import type { FetchBatchesOutput } from "../commands/fetch-batches-command.ts";
import { isServiceException, StreamkeeperException } from "../exceptions.ts";
import type { HintListener, Listening } from "../push/hint-source.ts";
import { isTransient, retryDelayMs } from "../middleware/retry-policy.ts";
import { CorruptBatchError, decodeBatches } from "../reader/decode-batches.ts";
import type { ConsumerConfiguration, ConsumerProblem } from "./consumer-options.ts";
import type { Holdings } from "./holdings.ts";
import type { OwnedPartition } from "./owned-partition.ts";
import { quietFailuresMax } from "./patience.ts";

/** Pages of one partition that wait to be processed. */
const pagesMax = 2;
/** Least time between two requests that find nothing, should the service not wait as it was asked to. */
const emptyPauseMs = 50;
/** With more partitions than requests, each is looked at about so often. */
const crowdedTurnMs = 1_000;

export interface FetcherEvents {
  /** A page came. */
  onPage(): void;
  onProblem(problem: ConsumerProblem): void;
  /** It cannot go on. */
  onFailure(error: unknown): void;
}

export class Fetcher {
  readonly #client: CommandSender;
  readonly #configuration: ConsumerConfiguration;
  readonly #holdings: Holdings;
  readonly #events: FetcherEvents;
  /** Requests of partitions that were given up meanwhile are among them until they are answered. */
  #inFlight = 0;
  readonly #listeners = new WeakMap<OwnedPartition, HintListener>();
  #fetches = 0;

  constructor(client: CommandSender, configuration: ConsumerConfiguration, holdings: Holdings, events: FetcherEvents) {
    this.#client = client;
    this.#configuration = configuration;
    this.#holdings = holdings;
    this.#events = events;
  }

  /** Begins as many fetches as there is room for; to be called whenever something has changed. */
  pump(): void {
    const { maxInFlightFetches, maxBufferedBytes, time } = this.#configuration;
    const room = maxInFlightFetches - this.#inFlight;
    if (room <= 0 || this.#holdings.bufferedBytes >= maxBufferedBytes) return;
    const nowMs = time.nowMs();
    const hungry = [...this.#holdings].filter((partition) => isHungry(partition, nowMs));
    for (const partition of hungry.toSorted(longestWithout).slice(0, room)) void this.#fetch(partition);
  }

  async #fetch(partition: OwnedPartition): Promise<void> {
    const { run } = partition;
    partition.isFetching = true;
    this.#fetches += 1;
    partition.lastFetch = this.#fetches;
    this.#inFlight += 1;
    try {
      await this.#fetchPage(partition);
      partition.fetchFailures = 0;
    } catch (error) {
      if (!run.signal.aborted) this.#failed(partition, error);
    } finally {
      this.#inFlight -= 1;
      partition.isFetching = false;
      this.pump();
    }
  }

  async #fetchPage(partition: OwnedPartition): Promise<void> {
    const { namespace, maxBytes, minBytes, isolation, time } = this.#configuration;
    const listener = this.#listenerOf(partition);
    // Before the request: what comes after its answer is hinted.
    const listening = listener?.listening;
    const { topic, run, fetchOffset: offset = 0 } = partition;
    const place = { topic, partition: partition.partition, offset, ...(namespace === undefined ? {} : { namespace }) };
    const input = { ...place, maxBytes, minBytes, isolation, waitMs: listening === undefined ? this.#waitMs() : 0 };
    const startedAtMs = time.nowMs();
    const answer = await this.#client.send(new FetchBatchesCommand(input), { abortSignal: run.signal });
    if (run.signal.aborted) return;
    this.#accept(partition, offset, answer);
    if (answer.nextOffset !== offset) return;
    this.#rest(partition, emptyPauseMs - (time.nowMs() - startedAtMs));
    listener?.want();
    if (listener !== undefined && listening !== undefined) void this.#listen(partition, listener, listening);
  }

  /** Hints in place of long polls, where the client has them; a fetch that is to wait for many bytes waits at the service. */
  #listenerOf(partition: OwnedPartition): HintListener | undefined {
    const { namespace, minBytes, waitMs } = this.#configuration;
    const known = this.#listeners.get(partition);
    if (known !== undefined || minBytes > 1 || waitMs === 0) return known;
    const place = { kind: "partition", namespace, topic: partition.topic, partition: partition.partition } as const;
    const listener = this.#client.push?.listener(place);
    if (listener === undefined) return undefined;
    this.#listeners.set(partition, listener);
    partition.goneSignal.addEventListener("abort", () => listener.close(), { once: true });
    return listener;
  }

  /** Leaves the partition alone until there is something in it, or it is read from elsewhere. */
  async #listen(partition: OwnedPartition, listener: HintListener, listening: Listening): Promise<void> {
    const { run, fetchOffset = 0 } = partition;
    partition.isListening = true;
    await listener.wait(listening, fetchOffset, run.signal);
    partition.isListening = false;
    this.pump();
  }

  #accept(partition: OwnedPartition, offset: number, answer: FetchBatchesOutput): void {
    const { batches, nextOffset, highWatermark } = answer;
    const records = decodeBatches(batches, partition.partition, offset);
    partition.add({ records, nextOffset, highWatermark, bytes: batches.length });
    this.#events.onPage();
  }

  /** The partition is not asked for again for so long. */
  #rest(partition: OwnedPartition, ms: number): void {
    if (ms <= 0 || partition.goneSignal.aborted) return;
    const { time } = this.#configuration;
    partition.fetchRestsUntilMs = time.nowMs() + ms;
    void time.sleep(ms, partition.goneSignal).then(() => this.pump());
  }

  #waitMs(): number {
    const { waitMs, maxInFlightFetches } = this.#configuration;
    const { size } = this.#holdings;
    if (size <= maxInFlightFetches) return waitMs;
    return Math.min(waitMs, Math.ceil((crowdedTurnMs * maxInFlightFetches) / size));
  }

  #failed(partition: OwnedPartition, error: unknown): void {
    const resetOffset = this.#resetOffset(error);
    if (resetOffset === undefined && !mayPass(error)) return this.#events.onFailure(error);
    partition.fetchFailures += 1;
    const attempts = partition.fetchFailures;
    const retryInMs = retryDelayMs(attempts, this.#configuration.random());
    if (resetOffset !== undefined) {
      partition.seek(resetOffset);
      this.#listeners.get(partition)?.renew();
    }
    this.#rest(partition, retryInMs);
    if (resetOffset !== undefined) return;
    const { topic, fetchOffset: offset } = partition;
    const isQuiet = attempts < quietFailuresMax && !(error instanceof CorruptBatchError);
    if (isQuiet || offset === undefined) return;
    const place = { topic, partition: partition.partition };
    this.#events.onProblem({ error, during: "fetch", partition: place, offset, attempts, retryInMs });
  }

  /** Where `from` says to go on after OFFSET_OUT_OF_RANGE. */
  #resetOffset(error: unknown): number | undefined {
    const { from, isolation } = this.#configuration;
    if (from === "error" || !isServiceException(error, "OFFSET_OUT_OF_RANGE")) return undefined;
    const end = isolation === "read_committed" ? "lastStableOffset" : "highWatermark";
    const resetOffset = error.details[from === "earliest" ? "logStartOffset" : end];
    return typeof resetOffset === "number" ? resetOffset : undefined;
  }
}

function isHungry(partition: OwnedPartition, nowMs: number): boolean {
  const { ownership, isPaused, isFetching, isListening, fetchOffset, bufferedPages, fetchRestsUntilMs } = partition;
  const isWanted = ownership === "owned" && !isPaused && !isListening && fetchOffset !== undefined;
  return isWanted && !isFetching && bufferedPages < pagesMax && fetchRestsUntilMs <= nowMs;
}

function longestWithout(one: OwnedPartition, other: OwnedPartition): number {
  return one.lastFetch - other.lastFetch;
}

/** A topic that is not there may be so for a moment only; when it is gone for good, the group takes the partition away. */
function mayPass(error: unknown): boolean {
  if (error instanceof CorruptBatchError) return true;
  if (!(error instanceof StreamkeeperException)) return false;
  return isTransient(error) || isServiceException(error, "UNKNOWN_TOPIC_OR_PARTITION");
}
