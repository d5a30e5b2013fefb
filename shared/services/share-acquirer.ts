/** Finds records for a worker: one look into one partition, and rounds over partitions until there are some. */
import { ServiceError } from "../api/errors.ts";
import {
  type AcquiredOffset,
  acquire,
  claimDead,
  type DeadRecord,
  type FetchedWindow,
  findWanted,
  nextLockOverMs,
  settle,
  type ShareRules,
} from "../groups/share-decisions.ts";
import { newShareState, type ShareState, startAt } from "../groups/share-state.ts";
import {
  shareAcquireAttemptsMax,
  shareDeadLettersAtOnce,
  shareFetchesMax,
  shareLooksMax,
} from "../limits/share-groups.ts";
import type { Storage } from "../storage/storage.ts";
import type { FetchedRecord, FetchService, TopicFinder } from "./services.ts";
import type { ClaimedDead } from "./share-dead-letters.ts";
import type { ShareGroup } from "./share-group-items.ts";
import type { AcquiredRecord } from "./share-groups.ts";
import type { HeldState, SharePartitionName, ShareStates } from "./share-states.ts";

/** A partition that records are looked for in. */
export interface ShareTarget {
  readonly name: SharePartitionName;
  readonly topic: string;
}

/** What the lanes of one call may still take. */
export interface AcquireBudget {
  recordsLeft: number;
  /** For each partition. */
  readonly bytesMax: number;
}

export interface Look {
  readonly records: readonly AcquiredRecord[];
  /** By the server's clock. */
  readonly lockUntilMs: number;
  readonly dead: ClaimedDead | undefined;
  /** Another worker was faster: there may be more. */
  readonly lost: boolean;
  /** Undefined if the log was not read. */
  readonly highWatermark: number | undefined;
  readonly nextLockOverMs: number | undefined;
}

interface Fetched {
  readonly windows: readonly FetchedWindow[];
  readonly records: ReadonlyMap<number, FetchedRecord>;
  readonly logStartOffset: number;
  readonly highWatermark: number | undefined;
}

interface Taken {
  readonly acquired: readonly AcquiredOffset[];
  readonly claimed: readonly DeadRecord[];
  readonly lockUntilMs: number;
}

export function rulesOf({ config }: ShareGroup): ShareRules {
  return { deliveriesMax: config.deliveriesMax, keepsDead: config.deadLetterTopic !== undefined };
}

export class ShareAcquirer {
  readonly #storage: Storage;
  readonly #states: ShareStates;
  readonly #topics: TopicFinder;
  readonly #fetch: FetchService;

  constructor(storage: Storage, states: ShareStates, topics: TopicFinder, fetch: FetchService) {
    this.#storage = storage;
    this.#states = states;
    this.#topics = topics;
    this.#fetch = fetch;
  }

  /** One fetch and one conditional update where what is remembered is right and there are records. */
  async look(target: ShareTarget, memberId: string, budget: AcquireBudget): Promise<Look> {
    return await this.#states.inTurn(target.name, async () => {
      let held = await this.#states.peek(target.name);
      for (let look = 1; ; look += 1) {
        const fetched = await this.#fetchFor(target, held, budget);
        const found = await this.#take(target, memberId, fetched, budget);
        // What was remembered may hide what others have released since.
        const isSure = held.fresh && !found.lost;
        if (found.records.length > 0 || found.dead !== undefined || isSure || look === shareLooksMax) return found;
        const before = held.version;
        held = await this.#states.refresh(target.name);
        if (held.version === before && !found.lost) return found;
      }
    });
  }

  async #take({ name, topic }: ShareTarget, memberId: string, fetched: Fetched, budget: AcquireBudget): Promise<Look> {
    const sinceMonotonicMs = this.#storage.clock.monotonicMs();
    let reserved = 0;
    let after: ShareState | undefined;
    const decide = (state: ShareState | undefined) => {
      // Other lanes decide while an update is under way: what this one takes it has taken from the budget before.
      budget.recordsLeft += reserved;
      const decided = this.#decide(name.group, state, fetched, memberId, budget.recordsLeft);
      reserved = decided.answer.acquired.length;
      budget.recordsLeft -= reserved;
      after = decided.state;
      return decided;
    };
    try {
      const options = { attemptsMax: shareAcquireAttemptsMax, mayBeOld: true };
      const outcome = await this.#states.change(name, decide, options);
      const { highWatermark } = fetched;
      const lockOver = after === undefined ? undefined : nextLockOverMs(after);
      const rest = { highWatermark, nextLockOverMs: lockOver, lost: outcome.kind === "lost" };
      if (outcome.kind === "lost") return { records: [], lockUntilMs: 0, dead: undefined, ...rest };
      const { acquired, claimed, lockUntilMs } = outcome.answer;
      reserved = 0;
      const dead = claimed.length === 0 ? undefined : { name, topic, records: claimed, sinceMonotonicMs };
      const records = acquired.flatMap(({ offset, deliveryCount }) => {
        const record = fetched.records.get(offset);
        return record === undefined ? [] : [{ topic, partition: name.partition, deliveryCount, ...record }];
      });
      return { records, lockUntilMs, dead, ...rest };
    } finally {
      budget.recordsLeft += reserved;
    }
  }

  #decide(
    group: ShareGroup,
    state: ShareState | undefined,
    { windows, logStartOffset }: Fetched,
    memberId: string,
    recordsMax: number,
  ): { readonly state: ShareState | undefined; readonly answer: Taken } {
    const nowMs = this.#storage.clock.wallMs();
    const lockUntilMs = nowMs + group.config.lockMs;
    const before = state ?? newShareState(0);
    const settled = startAt(settle(before, nowMs, rulesOf(group)), logStartOffset);
    const taken = acquire(settled, windows, { memberId, lockUntilMs, recordsMax });
    const { state: next, claimed } = claimDead(taken.state, nowMs, shareDeadLettersAtOnce);
    const moved = next.startOffset !== before.startOffset || next.endOffset !== before.endOffset;
    const isChange = moved || taken.acquired.length > 0 || claimed.length > 0;
    return { state: isChange ? next : state, answer: { acquired: taken.acquired, claimed, lockUntilMs } };
  }

  /** The records that the worker could be given, as what is held says it: first those to be delivered again. */
  async #fetchFor(target: ShareTarget, held: HeldState, budget: AcquireBudget): Promise<Fetched> {
    const { group } = target.name;
    let state = settle(held.state ?? newShareState(0), this.#storage.clock.wallMs(), rulesOf(group));
    const windows: FetchedWindow[] = [];
    const records = new Map<number, FetchedRecord>();
    let [from, bytes, logStartOffset] = [state.startOffset, 0, 0];
    let highWatermark: number | undefined;
    for (let fetch = 0; fetch < shareFetchesMax; fetch += 1) {
      const wanted = findWanted(state, from);
      const left = budget.recordsLeft - records.size;
      if (wanted === undefined || left <= 0 || (bytes >= budget.bytesMax && records.size > 0)) break;
      const last = wanted.last ?? Number.MAX_SAFE_INTEGER;
      const bounds = {
        maxRecords: Math.min(left, last - wanted.first + 1),
        maxBytes: Math.max(1, budget.bytesMax - bytes),
      };
      const read = await this.#fetchAt(target, wanted.first, bounds);
      logStartOffset = Math.max(logStartOffset, read.logStartOffset);
      highWatermark = read.highWatermark;
      state = startAt(state, logStartOffset);
      from = Math.max(wanted.first, logStartOffset);
      if (read.records === undefined) {
        if (from > wanted.first) continue;
        break;
      }
      const fitting = cutToBytes(read.records, last, records.size === 0, budget.bytesMax - bytes);
      for (const record of fitting.records) records.set(record.offset, record);
      bytes += fitting.bytes;
      const next = fitting.endsAt ?? Math.min(read.nextOffset, last + 1);
      if (next <= from) break;
      windows.push({ first: from, next, offsets: fitting.records.map(({ offset }) => offset) });
      from = next;
      if (fitting.endsAt !== undefined || (wanted.last === undefined && next >= read.highWatermark)) break;
    }
    return { windows, records, logStartOffset, highWatermark };
  }

  async #fetchAt(
    { name, topic }: ShareTarget,
    offset: number,
    bounds: { readonly maxRecords: number; readonly maxBytes: number },
  ): Promise<{
    /** Undefined: there is nothing at the offset. */
    readonly records?: readonly FetchedRecord[];
    readonly nextOffset: number;
    readonly logStartOffset: number;
    readonly highWatermark: number;
  }> {
    const { namespace, config } = name.group;
    const place = { namespace, topic, partition: name.partition, offset };
    try {
      const read = await this.#fetch.fetchRecords({
        ...place,
        ...bounds,
        minBytes: 0,
        waitMs: 0,
        isolation: config.isolation,
      });
      // A topic that was made again under the same name has other records.
      if ((await this.#topics.find(namespace, topic)).topicId !== name.topicId) {
        throw new ServiceError("UNKNOWN_TOPIC_OR_PARTITION", `The topic ${topic} was made anew`);
      }
      return read;
    } catch (cause) {
      if (!(cause instanceof ServiceError) || cause.code !== "OFFSET_OUT_OF_RANGE") throw cause;
      const { logStartOffset, highWatermark } = cause.details;
      const known = (value: unknown): number => (typeof value === "number" ? value : 0);
      return { nextOffset: offset, logStartOffset: known(logStartOffset), highWatermark: known(highWatermark) };
    }
  }
}

/** The records as far as they fit, the first in any case; `endsAt`: the first that does not. */
function cutToBytes(
  records: readonly FetchedRecord[],
  last: number,
  takesOne: boolean,
  bytesMax: number,
): { readonly records: readonly FetchedRecord[]; readonly bytes: number; readonly endsAt?: number } {
  const taken: FetchedRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    if (record.offset > last) break;
    const length = bytesOf(record);
    const isFirst = takesOne && taken.length === 0;
    if (!isFirst && bytes + length > bytesMax) return { records: taken, bytes, endsAt: record.offset };
    taken.push(record);
    bytes += length;
  }
  return { records: taken, bytes };
}

function bytesOf({ key, value, headers }: FetchedRecord): number {
  const own = (key?.length ?? 0) + (value?.length ?? 0);
  return headers.reduce((sum, header) => sum + header.key.length + (header.value?.length ?? 0), own);
}
