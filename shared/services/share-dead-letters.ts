/**
 * Puts records that are dead into the group's dead-letter topic, and only then calls them done. Each goes under a key of its
 * own, so that who comes after a process which died in between doubles nothing.
 */
import { ServiceError } from "../api/errors.ts";
import { type DeadRecord, finishDead } from "../groups/share-decisions.ts";
import type { ShareState } from "../groups/share-state.ts";
import { fetchBytesMax } from "../limits.ts";
import { shareChangeAttemptsMax, shareDeadLetterClaimMs } from "../limits/share-groups.ts";
import type { Storage } from "../storage/storage.ts";
import { deadLetterHeaders } from "./share-headers.ts";
import type { ShareStates, SharePartitionName } from "./share-states.ts";
import type { FetchedRecord, FetchService, ProduceRecord, ProduceService, TopicFinder } from "./services.ts";
import { isStorageFailure } from "./change-errors.ts";

/** Dead records of one partition that are left to us for `shareDeadLetterClaimMs`. */
export interface ClaimedDead {
  readonly name: SharePartitionName;
  readonly topic: string;
  readonly records: readonly DeadRecord[];
  /** Taken before the claim was sent. */
  readonly sinceMonotonicMs: number;
}

/** Refusals of a record that would come again: it is sent without what the topic does not take. */
const tooLarge: ReadonlySet<string> = new Set(["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD"]);

export class ShareDeadLetters {
  readonly #storage: Storage;
  readonly #states: ShareStates;
  readonly #topics: TopicFinder;
  readonly #fetch: FetchService;
  readonly #produce: ProduceService;

  constructor(
    storage: Storage,
    states: ShareStates,
    services: { readonly topics: TopicFinder; readonly fetch: FetchService; readonly produce: ProduceService },
  ) {
    this.#storage = storage;
    this.#states = states;
    this.#topics = services.topics;
    this.#fetch = services.fetch;
    this.#produce = services.produce;
  }

  /** What fails stays dead, for whoever looks when our claim is over. */
  async deliver(claimed: ClaimedDead): Promise<void> {
    try {
      await this.#deliver(claimed);
    } catch (cause) {
      const isExpected = cause instanceof ServiceError || isStorageFailure(cause) || isGroupChange(cause);
      if (!isExpected) throw cause;
    }
  }

  async #deliver(claimed: ClaimedDead): Promise<void> {
    const { name } = claimed;
    const { deadLetterTopic } = name.group.config;
    if (deadLetterTopic === undefined) return;
    const { partitions } = await this.#topics.find(name.group.namespace, deadLetterTopic);
    const records = await this.#read(claimed);
    const delivered = await Promise.all(
      claimed.records.map(async (dead) => {
        const record = records.get(dead.offset);
        if (record === undefined) return [];
        // One that the log does not hold any more cannot be delivered to anyone.
        if (record !== "gone") {
          if (!this.#isClaimed(claimed)) return [];
          const target = { topic: deadLetterTopic, partition: name.partition % partitions };
          if (!(await this.#send(claimed, dead, record, target))) return [];
        }
        return [dead.offset];
      }),
    );
    const offsets = delivered.flat();
    if (offsets.length === 0) return;
    const decide = (state: ShareState | undefined) => ({
      state: state === undefined ? state : finishDead(state, offsets),
      answer: undefined,
    });
    await this.#states.inTurn(name, () =>
      this.#states.change(name, decide, { attemptsMax: shareChangeAttemptsMax, mayBeOld: false }),
    );
    const { namespace, group } = name.group;
    this.#storage.metrics?.count("DeadLetters", offsets.length, { namespace, group });
  }

  /** False if it is to be sent again later. */
  async #send(
    { name, topic }: ClaimedDead,
    dead: DeadRecord,
    record: FetchedRecord,
    target: { readonly topic: string; readonly partition: number },
  ): Promise<boolean> {
    const { group, topicId, partition } = name;
    const origin = { group: group.group, topic, partition, dead };
    const idempotencyKey = `dlq:${group.groupId}:${topicId}:${partition}:${dead.offset}`;
    const send = async (sent: ProduceRecord): Promise<boolean> => {
      await this.#produce.produceRecords({ namespace: group.namespace, ...target, records: [sent], idempotencyKey });
      return true;
    };
    const { key, value, headers } = record;
    try {
      return await send({ key, value, headers: [...headers, ...deadLetterHeaders(origin)] });
    } catch (cause) {
      if (!(cause instanceof ServiceError)) throw cause;
      if (!tooLarge.has(cause.code)) return false;
    }
    try {
      // As KIP-1191 does by default: where it came from tells where to find it.
      return await send({ key: null, value: null, headers: deadLetterHeaders({ ...origin, withoutContent: true }) });
    } catch (cause) {
      if (cause instanceof ServiceError) return false;
      throw cause;
    }
  }

  /** Absent: not read this time. They were delivered, so they are read whatever the isolation is by now. */
  async #read({ name, topic, records }: ClaimedDead): Promise<ReadonlyMap<number, FetchedRecord | "gone">> {
    const { namespace } = name.group;
    const found = new Map<number, FetchedRecord | "gone">();
    for (const { first, last } of runsOf(records)) {
      const request = { namespace, topic, partition: name.partition, minBytes: 0, waitMs: 0, maxBytes: fetchBytesMax };
      let next = first;
      while (next <= last) {
        const read = await this.#fetchAt({ ...request, offset: next, maxRecords: last - next + 1 });
        // A topic that was made again under the same name has other records.
        if ((await this.#topics.find(namespace, topic)).topicId !== name.topicId) return new Map();
        for (let offset = next; offset < Math.min(read.nextOffset, last + 1); offset += 1) found.set(offset, "gone");
        for (const record of read.records) found.set(record.offset, record);
        if (read.nextOffset <= next) break;
        next = read.nextOffset;
      }
    }
    return found;
  }

  async #fetchAt(
    request: Omit<Parameters<FetchService["fetchRecords"]>[0], "isolation">,
  ): Promise<{ readonly records: readonly FetchedRecord[]; readonly nextOffset: number }> {
    try {
      return await this.#fetch.fetchRecords({ ...request, isolation: "read_uncommitted" });
    } catch (cause) {
      if (!(cause instanceof ServiceError) || cause.code !== "OFFSET_OUT_OF_RANGE") throw cause;
      const { logStartOffset } = cause.details;
      const nextOffset = typeof logStartOffset === "number" ? logStartOffset : 0;
      return { records: [], nextOffset: Math.max(nextOffset, request.offset) };
    }
  }

  /** A process that was frozen since must not send what another may have sent long ago. */
  #isClaimed({ sinceMonotonicMs }: ClaimedDead): boolean {
    return this.#storage.clock.monotonicMs() - sinceMonotonicMs < shareDeadLetterClaimMs;
  }
}

function isGroupChange(cause: unknown): boolean {
  return cause instanceof Error && cause.name === "ShareGroupChangedError";
}

function runsOf(records: readonly DeadRecord[]): readonly { readonly first: number; readonly last: number }[] {
  const runs: { first: number; last: number }[] = [];
  for (const { offset } of records) {
    const run = runs.at(-1);
    if (run !== undefined && run.last + 1 === offset) run.last = offset;
    else runs.push({ first: offset, last: offset });
  }
  return runs;
}
