/**
 * Sends dead letters of a group back to where they came from, in the order of the dead-letter topic's partitions, from
 * where the last redrive ended. Each goes under a key of its own and the cursor moves after it, so that a redrive which ended
 * half-way, or two at the same time, double nothing.
 */
import { ServiceError } from "../api/errors.ts";
import { fetchBytesMax } from "../limits.ts";
import { shareCursorsKept, shareRedriveChunkRecords, shareRedriveFetchesMax } from "../limits/share-groups.ts";
import type { FetchedRecord, FetchService, ProduceService, TopicFinder } from "./services.ts";
import { invalidConfig } from "./share-checks.ts";
import type { RedriveCursor, ShareGroup, ShareGroupItems } from "./share-group-items.ts";
import { redrivenRecord } from "./share-headers.ts";

interface DeadLetterTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: number;
}

interface Chunk {
  readonly redriven: number;
  /** Where to go on in the partition. */
  readonly next: number;
  readonly highWatermark: number;
  /** What kept the record at `next` from being sent. */
  readonly failure?: ServiceError;
}

export class ShareRedrive {
  readonly #groups: ShareGroupItems;
  readonly #topics: TopicFinder;
  readonly #fetch: FetchService;
  readonly #produce: ProduceService;

  constructor(
    groups: ShareGroupItems,
    services: { readonly topics: TopicFinder; readonly fetch: FetchService; readonly produce: ProduceService },
  ) {
    this.#groups = groups;
    this.#topics = services.topics;
    this.#fetch = services.fetch;
    this.#produce = services.produce;
  }

  async redrive(group: ShareGroup, maxRecords: number): Promise<{ readonly redriven: number; readonly more: boolean }> {
    const topic = await this.#topicOf(group);
    let [now, redriven, partition, fetches] = [group, 0, 0, 0];
    while (partition < topic.partitions) {
      if (redriven >= maxRecords || fetches >= shareRedriveFetchesMax) return { redriven, more: true };
      const from = offsetOf(now, topic, partition);
      const chunk = await this.#sendFrom(now, topic, partition, from, maxRecords - redriven);
      fetches += 1;
      if (chunk.next > from) {
        const advanced = await this.#advance(now, topic, partition, from, chunk.next);
        now = advanced.group;
        // Who was faster has counted them.
        if (advanced.isOurs) redriven += chunk.redriven;
      }
      if (chunk.failure !== undefined) {
        if (redriven === 0) throw chunk.failure;
        return { redriven, more: true };
      }
      if (offsetOf(now, topic, partition) >= chunk.highWatermark) partition += 1;
    }
    return { redriven, more: false };
  }

  async #topicOf({ namespace, group, config }: ShareGroup): Promise<DeadLetterTopic> {
    const name = config.deadLetterTopic;
    if (name === undefined) throw invalidConfig(`The share group ${group} has no dead-letter topic`);
    try {
      const { topicId, partitions } = await this.#topics.find(namespace, name);
      return { name, topicId, partitions };
    } catch (cause) {
      if (!(cause instanceof ServiceError) || cause.code !== "UNKNOWN_TOPIC_OR_PARTITION") throw cause;
      throw invalidConfig(`There is no topic ${name}, where dead letters of the share group ${group} go`, cause);
    }
  }

  async #sendFrom(
    group: ShareGroup,
    topic: DeadLetterTopic,
    partition: number,
    offset: number,
    recordsMax: number,
  ): Promise<Chunk> {
    const read = await this.#readAt(group, topic, partition, offset, Math.min(recordsMax, shareRedriveChunkRecords));
    const sent = await Promise.all(
      read.records.map(async (record) => {
        try {
          return await this.#send(group, topic, partition, record);
        } catch (cause) {
          if (cause instanceof ServiceError) return { offset: record.offset, cause };
          throw cause;
        }
      }),
    );
    const failed = sent.find((one) => typeof one === "object");
    const end = sent.findIndex((one) => typeof one === "object");
    const redriven = (end === -1 ? sent : sent.slice(0, end)).filter((one) => one === true).length;
    const { highWatermark } = read;
    if (typeof failed !== "object") return { redriven, next: read.nextOffset, highWatermark };
    return { redriven, next: failed.offset, highWatermark, failure: failed.cause };
  }

  /** False for what is not this group's, and for what can never go back: it stays in the dead-letter topic. */
  async #send(
    { namespace, group, groupId }: ShareGroup,
    topic: DeadLetterTopic,
    partition: number,
    letter: FetchedRecord,
  ): Promise<boolean> {
    const redriven = redrivenRecord(letter);
    if (redriven?.group !== group) return false;
    const idempotencyKey = `redrive:${groupId}:${topic.topicId}:${partition}:${letter.offset}`;
    try {
      const place = { namespace, topic: redriven.topic, partition: redriven.partition };
      await this.#produce.produceRecords({ ...place, records: [redriven.record], idempotencyKey });
      return true;
    } catch (cause) {
      const isForGood =
        cause instanceof ServiceError && (!cause.retriable || cause.code === "UNKNOWN_TOPIC_OR_PARTITION");
      if (isForGood) return false;
      throw cause;
    }
  }

  async #readAt(
    { namespace }: ShareGroup,
    { name }: DeadLetterTopic,
    partition: number,
    offset: number,
    maxRecords: number,
  ): Promise<{
    readonly records: readonly FetchedRecord[];
    readonly nextOffset: number;
    readonly highWatermark: number;
  }> {
    const bounds = { maxBytes: fetchBytesMax, maxRecords, minBytes: 0, waitMs: 0 };
    try {
      const place = { namespace, topic: name, partition, offset };
      return await this.#fetch.fetchRecords({ ...place, ...bounds, isolation: "read_uncommitted" });
    } catch (cause) {
      if (!(cause instanceof ServiceError) || cause.code !== "OFFSET_OUT_OF_RANGE") throw cause;
      const { logStartOffset, highWatermark } = cause.details;
      if (typeof logStartOffset !== "number" || typeof highWatermark !== "number") throw cause;
      // Retention took what was between; it may have taken all.
      return { records: [], nextOffset: Math.max(offset, logStartOffset), highWatermark };
    }
  }

  async #advance(
    group: ShareGroup,
    topic: DeadLetterTopic,
    partition: number,
    from: number,
    next: number,
  ): Promise<{ readonly group: ShareGroup; readonly isOurs: boolean }> {
    let isOurs = false;
    const changed = await this.#groups.change(group, async (found) => {
      if (found?.groupId !== group.groupId) await this.#groups.confirm(group);
      const now = found ?? group;
      const at = offsetOf(now, topic, partition);
      // If we wrote before, without an answer, what stands there is ours; else another redrive was faster.
      if (at >= next) return now;
      isOurs = at === from;
      return { ...now, cursors: withOffset(now.cursors, topic, partition, next) };
    });
    return { group: changed, isOurs };
  }
}

function offsetOf({ cursors }: ShareGroup, { topicId }: DeadLetterTopic, partition: number): number {
  return cursors.find((cursor) => cursor.topicId === topicId)?.offsets[partition] ?? 0;
}

function withOffset(
  cursors: readonly RedriveCursor[],
  { topicId, partitions }: DeadLetterTopic,
  partition: number,
  offset: number,
): readonly RedriveCursor[] {
  const known = cursors.find((cursor) => cursor.topicId === topicId)?.offsets ?? [];
  const offsets = Array.from({ length: partitions }, (_, index) =>
    index === partition ? offset : (known[index] ?? 0),
  );
  return [{ topicId, offsets }, ...cursors.filter((cursor) => cursor.topicId !== topicId)].slice(0, shareCursorsKept);
}
