/**
 * An acquisition: rounds over the partitions of its topics, from a random one on, a few at the same time, until one has
 * records; then waiting for hints of their logs and for locks that run out, and another round.
 */
import { ServiceError } from "../api/errors.ts";
import { fetchBytesMax, fetchWaitMsMax, pollMsMax, pollMsMin } from "../limits.ts";
import {
  shareDeadLetterLockPart,
  shareDeadLetterWaitMsMax,
  shareLanes,
  shareLostRoundsMax,
  shareRoundPartitionsMax,
  shareWatchedLogsMax,
} from "../limits/share-groups.ts";
import { partitionLogId } from "../log/log-id.ts";
import { backoffMs } from "../log/put-entry.ts";
import type { LogId } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { isStorageFailure } from "./change-errors.ts";
import type { AcquireBudget, Look, ShareAcquirer, ShareTarget } from "./share-acquirer.ts";
import type { ShareDeadLetters } from "./share-dead-letters.ts";
import type { ShareGroup } from "./share-group-items.ts";
import type { AcquiredRecords, AcquireRecords } from "./share-groups.ts";
import type { BegunTopic } from "./share-topics.ts";

/** Looks of one round, and what kept some partitions from being looked into. */
interface Round {
  readonly looks: readonly (Look & { readonly target: ShareTarget })[];
  readonly failure: Error | undefined;
  readonly lost: boolean;
  readonly visited: number;
}

/** Made once, as the waits that it ends are many. */
const over = new Error("the wait is over");

export class ShareRounds {
  readonly #storage: Storage;
  readonly #acquirer: ShareAcquirer;
  readonly #deadLetters: ShareDeadLetters;

  constructor(storage: Storage, acquirer: ShareAcquirer, deadLetters: ShareDeadLetters) {
    this.#storage = storage;
    this.#acquirer = acquirer;
    this.#deadLetters = deadLetters;
  }

  async acquire(request: AcquireRecords, group: ShareGroup, topics: readonly BegunTopic[]): Promise<AcquiredRecords> {
    const { clock, timers, random } = this.#storage;
    const endMs = clock.monotonicMs() + Math.min(request.waitMs, fetchWaitMsMax);
    const total = topics.reduce((sum, { partitions }) => sum + partitions, 0);
    let start = random.uint32() % total;
    let [pollMs, lostRounds, unvisited, trustsHints] = [pollMsMin, 0, total, true];
    for (;;) {
      const round = await this.#round(request, group, topics, start);
      start = (start + round.visited) % total;
      unvisited -= round.visited;
      await this.#settleDead(group, round);
      if (round.looks.some(({ records }) => records.length > 0)) return this.#answer(group, round);
      if (round.failure !== undefined) throw round.failure;
      if (request.signal?.aborted === true) return this.#answer(group, round);
      if (round.lost && lostRounds < shareLostRoundsMax) {
        lostRounds += 1;
        await timers.sleep(backoffMs(this.#storage, lostRounds));
        continue;
      }
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) return this.#answer(group, round);
      if (unvisited > 0) continue;
      unvisited = total;
      lostRounds = 0;
      const hinted = await this.#wait(round, Math.min(leftMs, pollMs), trustsHints, request.signal);
      // A hint that led to nothing would lead there again at once.
      trustsHints = !hinted || !trustsHints;
      pollMs = Math.min(pollMs * 2, pollMsMax);
    }
  }

  async #round(
    { memberId, maxRecords, maxBytes, signal }: AcquireRecords,
    group: ShareGroup,
    topics: readonly BegunTopic[],
    start: number,
  ): Promise<Round> {
    const total = topics.reduce((sum, { partitions }) => sum + partitions, 0);
    const targets = Math.min(total, shareRoundPartitionsMax);
    const lanes = Math.min(targets, shareLanes);
    const bytesMax = Math.max(1, Math.floor(Math.min(maxBytes, fetchBytesMax) / lanes));
    const budget: AcquireBudget = { recordsLeft: maxRecords, bytesMax };
    const looks: (Look & { readonly target: ShareTarget })[] = [];
    let [visited, found] = [0, false];
    let failure: Error | undefined;
    const lane = async (): Promise<void> => {
      while (visited < targets && !found) {
        if (signal?.aborted === true) break;
        const target = targetAt(group, topics, (start + visited) % total);
        visited += 1;
        try {
          const look = await this.#acquirer.look(target, memberId, budget);
          looks.push({ ...look, target });
          found ||= look.records.length > 0;
        } catch (cause) {
          // One partition must not hide what another has; what is no failure of the store or the topic is a bug.
          if (!(cause instanceof Error) || !(cause instanceof ServiceError || isStorageFailure(cause))) throw cause;
          failure ??= cause;
        }
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return { looks, failure, lost: looks.some((look) => look.lost), visited };
  }

  #answer(group: ShareGroup, { looks }: Round): AcquiredRecords {
    const nowMs = this.#storage.clock.wallMs();
    // A process that was frozen meanwhile must not hand out what others hold by now.
    const live = looks.filter(({ records, lockUntilMs }) => records.length > 0 && lockUntilMs > nowMs);
    const lockMs = live.reduce((least, look) => Math.min(least, look.lockUntilMs - nowMs), group.config.lockMs);
    const sorted = live.toSorted((one, other) => order(one.target, other.target));
    return { records: sorted.flatMap(({ records }) => records), lockMs };
  }

  /** Beyond a wait they go on where the process does; else others find them when our claim is over. */
  async #settleDead({ config }: ShareGroup, { looks }: Round): Promise<void> {
    const claimed = looks.flatMap(({ dead }) => dead ?? []);
    if (claimed.length === 0) return;
    const waited = new AbortController();
    const waitMs = Math.min(shareDeadLetterWaitMsMax, config.lockMs * shareDeadLetterLockPart);
    const end = this.#storage.timers.sleep(waitMs, waited.signal).catch(() => undefined);
    await Promise.race([Promise.all(claimed.map((dead) => this.#deadLetters.deliver(dead))), end]);
    waited.abort(over);
  }

  /** True if a hint ended it. */
  async #wait(round: Round, ms: number, trustsHints: boolean, signal: AbortSignal | undefined): Promise<boolean> {
    const wait = this.#untilHint(round, ms, trustsHints, signal);
    return await (this.#storage.metrics?.waiting(wait) ?? wait);
  }

  async #untilHint(round: Round, ms: number, trustsHints: boolean, signal: AbortSignal | undefined): Promise<boolean> {
    const { clock, timers, notifier } = this.#storage;
    const lockOverMs = round.looks.reduce((least, look) => Math.min(least, look.nextLockOverMs ?? Infinity), Infinity);
    const waitMs = Math.min(ms, Math.max(1, lockOverMs - clock.wallMs()));
    const watched = trustsHints ? watchedOf(round) : [];
    if (watched.length === 0) {
      await timers.sleep(waitMs, signal).catch(() => undefined);
      return false;
    }
    const ended = new AbortController();
    const end = (): void => ended.abort(over);
    signal?.addEventListener("abort", end, { once: true });
    if (signal?.aborted === true) end();
    const untilMs = clock.monotonicMs() + waitMs;
    try {
      await Promise.race(watched.map(([logId, position]) => notifier.wait(logId, position, waitMs, ended.signal)));
    } finally {
      end();
      signal?.removeEventListener("abort", end);
    }
    return clock.monotonicMs() < untilMs;
  }
}

/** The logs that were read to their ends. */
function watchedOf({ looks }: Round): readonly (readonly [LogId, number])[] {
  return looks.slice(0, shareWatchedLogsMax).flatMap(({ target, highWatermark }) => {
    const { topicId, partition } = target.name;
    return highWatermark === undefined ? [] : [[partitionLogId(topicId, partition), highWatermark] as const];
  });
}

function targetAt(group: ShareGroup, topics: readonly BegunTopic[], index: number): ShareTarget {
  let left = index;
  for (const { name, topicId, partitions } of topics) {
    if (left < partitions) return { name: { group, topicId, partition: left }, topic: name };
    left -= partitions;
  }
  throw new RangeError(`there is no partition ${index}`);
}

function order(one: ShareTarget, other: ShareTarget): number {
  if (one.topic !== other.topic) return one.topic < other.topic ? -1 : 1;
  return one.name.partition - other.name.partition;
}
