/** Offsets of consumer groups: committed, read with their lag, and set anew. */
import { ServiceError } from "../api/errors.ts";
import {
  consumerProtocolType,
  isConsumerGroup,
  isGroup,
  offsetName,
  offsetsOf,
  stagedOf,
} from "../groups/group-item.ts";
import { groupChangeAttemptsMax, groupPartitionsMax, groupUpdateAttributesMax } from "../limits/groups.ts";
import type { Condition } from "../storage/item-store.ts";
import { subscribedTopicsOf } from "./describe-group.ts";
import type { GroupCommits, ResolvedOffset } from "./group-commits.ts";
import type { GroupAsRead, GroupItems } from "./group-items.ts";
import { type FindEnds, findPlaces, keyOf, offsetsWithLag, type Place } from "./group-lag.ts";
import { type GroupSettler, livingMembersOf, membersOf, settledInMemory, tooContended } from "./group-settler.ts";
import type { KnownTopics } from "./known-topics.ts";
import type {
  CommitOffsets,
  CommitResult,
  CommittedOffset,
  GroupName,
  GroupService,
  PlainOffset,
  ResetOffsets,
  ResetPoint,
  ResetResult,
} from "./groups.ts";
import { inTurns, type OffsetResolver, unknownPartition } from "./resolve-offsets.ts";
import type { FetchService } from "./services.ts";
import { checkTopicName } from "./topic-checks.ts";

export class GroupOffsets {
  readonly #items: GroupItems;
  readonly #settler: GroupSettler;
  readonly #commits: GroupCommits;
  readonly #resolver: OffsetResolver;
  readonly #topics: KnownTopics;
  readonly #fetch: Pick<FetchService, "listOffset">;
  readonly #findEnds: FindEnds;

  constructor(
    items: GroupItems,
    settler: GroupSettler,
    commits: GroupCommits,
    resolver: OffsetResolver,
    topics: KnownTopics,
    fetch: Pick<FetchService, "listOffset">,
  ) {
    this.#items = items;
    this.#settler = settler;
    this.#commits = commits;
    this.#resolver = resolver;
    this.#topics = topics;
    this.#fetch = fetch;
    this.#findEnds = async (namespace, { topic, partition }) => {
      const start = await fetch.listOffset(namespace, topic, partition, { at: "earliest" });
      const end = await fetch.listOffset(namespace, topic, partition, { at: "latest" });
      return { logStartOffset: start.offset, highWatermark: end.offset };
    };
  }

  async commit(request: CommitOffsets): Promise<readonly CommitResult[]> {
    const { memberId, memberEpoch, instanceId } = request;
    const askedAt = this.#commits.now();
    const isMember = memberId !== undefined && memberEpoch !== undefined;
    const committer = isMember ? { memberId, memberEpoch, ...(instanceId === undefined ? {} : { instanceId }) } : {};
    const resolved = await this.#resolver.resolve(request);
    const good = resolved.flatMap((offset) => (offset instanceof ServiceError ? [] : [offset]));
    // Each offset is an attribute, and may come with its topic's name as another.
    const size = Math.floor(groupUpdateAttributesMax / 2);
    for (let start = 0; start === 0 || start < good.length; start += size) {
      await this.#commits.write(request, committer, good.slice(start, start + size), askedAt + start);
    }
    return request.offsets.map(({ topic, partition }, index) => {
      const outcome = resolved[index];
      return outcome instanceof ServiceError ? { topic, partition, error: outcome } : { topic, partition };
    });
  }

  async offsets(
    request: GroupName & { readonly topics?: readonly string[]; readonly stable?: boolean },
  ): Promise<readonly CommittedOffset[]> {
    const group = await this.#existing(request);
    const state = settledInMemory(group.state, this.#items.moment(group.attributes));
    const wanted = request.topics === undefined ? undefined : new Set(request.topics);
    if (request.stable === true) checkStable(group, wanted);
    return await offsetsWithLag(
      { topics: this.#topics, findEnds: this.#findEnds },
      request.namespace,
      { ...group, state },
      wanted,
    );
  }

  async committed(request: Parameters<GroupService["committed"]>[0]): Promise<readonly PlainOffset[]> {
    const { namespace, memberId, memberEpoch } = request;
    const group = await this.#items.get(request);
    if (memberId !== undefined && group.classic === undefined) checkMember(group, memberId, memberEpoch);
    const staged = stagedOf(group.attributes).flatMap(({ offsets }) => offsets);
    const unstable = new Set(staged.map(keyOf));
    // Nothing, unless something is committed beside it.
    const all = new Map<string, PlainOffset>(
      staged.map((one) => [keyOf(one), { ...one, offset: -1, metadata: "", unstable: true }]),
    );
    for (const { topicId, topic, partition, offset, metadata } of offsetsOf(group.attributes)) {
      const key = keyOf({ topicId, partition });
      all.set(key, { topicId, topic, partition, offset, metadata, unstable: unstable.has(key) });
    }
    const names = [...new Set([...all.values()].map(({ topic }) => topic))];
    const found = await inTurns(names, async (topic) => (await this.#topics.find(namespace, topic))?.topicId);
    // Not those of a topic that had the name before.
    const present = new Set(found);
    return [...all.values()].filter(({ topicId }) => present.has(topicId));
  }

  async forget(request: Parameters<GroupService["forget"]>[0]): Promise<readonly CommitResult[]> {
    const { group: groupId, offsets } = request;
    for (let attempt = 0; attempt < groupChangeAttemptsMax; attempt += 1) {
      const group = await this.#existing(request);
      const isOccupied = livingMembersOf(this.#items, group) > 0;
      const { classic, attributes, revision } = group;
      if (isOccupied && classic !== undefined && classic.protocolType !== consumerProtocolType) throw notEmpty(groupId);
      const subscribed = isOccupied ? subscribedTopicsOf(this.#items, group) : new Set<string>();
      const wanted = new Set(
        offsets.flatMap(({ topic, partition }) => (subscribed.has(topic) ? [] : [`${topic}/${partition}`])),
      );
      const names = offsetsOf(attributes).flatMap(({ topicId, topic, partition }) =>
        wanted.has(`${topic}/${partition}`) ? [offsetName(topicId, partition)] : [],
      );
      const isAsSeen: Condition = { kind: "attribute", name: "revision", op: "=", value: revision, orAbsent: true };
      let applied = true;
      for (let start = 0; applied && start < names.length; start += groupUpdateAttributesMax) {
        const remove = names.slice(start, start + groupUpdateAttributesMax);
        ({ applied } = await this.#items.update(request, { remove }, [isConsumerGroup, isAsSeen]));
      }
      if (applied)
        return offsets.map((offset) => (subscribed.has(offset.topic) ? subscribedTo(offset) : { ...offset }));
    }
    throw tooContended(request);
  }

  async reset(request: ResetOffsets): Promise<readonly ResetResult[]> {
    const { namespace, group: groupId, point, dryRun = false } = request;
    checkPoint(point);
    let group = await this.#existing(request);
    if (livingMembersOf(this.#items, group) > 0) throw notEmpty(groupId);
    if (membersOf(group) > 0 && !dryRun) group = await this.#settler.settle(request);
    if (membersOf(group) > 0 && !dryRun) throw notEmpty(groupId);
    const committed = new Map(offsetsOf(group.attributes).map((offset) => [keyOf(offset), offset.offset]));
    const places = await this.#placesToReset(request, group);
    const targets = await inTurns(places, async (place) => {
      const from = committed.get(keyOf(place)) ?? -1;
      return { ...place, from, offset: await this.#target(namespace, place, point, from), metadata: "" };
    });
    if (!dryRun) await this.#write(request, targets);
    return targets.map(({ topic, partition, from, offset }) => ({ topic, partition, from, to: offset }));
  }

  async #write(name: GroupName, targets: readonly ResolvedOffset[]): Promise<void> {
    const size = Math.floor(groupUpdateAttributesMax / 2);
    for (let start = 0; start < targets.length; start += size) {
      try {
        await this.#commits.write(name, {}, targets.slice(start, start + size));
      } catch (cause) {
        if (cause instanceof ServiceError && cause.code === "UNKNOWN_MEMBER_ID") throw notEmpty(name.group);
        throw cause;
      }
    }
  }

  async #existing(name: GroupName): Promise<GroupAsRead> {
    const group = await this.#items.get(name);
    if (!isGroup(group.attributes)) throw noSuchGroup(name.group);
    return group;
  }

  async #placesToReset({ namespace, topics }: ResetOffsets, { attributes, state }: GroupAsRead): Promise<Place[]> {
    const committed = offsetsOf(attributes);
    const without = { ...state, topics: [] };
    if (topics === undefined) return await findPlaces(this.#topics, namespace, without, committed, undefined);
    const places: Place[] = [];
    for (const { topic, partitions } of topics) {
      checkTopicName(topic);
      const found = await this.#topics.find(namespace, topic);
      if (found === undefined) throw unknownPartition(topic, partitions?.[0] ?? 0);
      for (const partition of partitions ?? Array.from({ length: found.partitions }, (_, index) => index)) {
        const there = await this.#topics.findPartition(namespace, topic, partition);
        if (there === undefined || !Number.isInteger(partition) || partition < 0)
          throw unknownPartition(topic, partition);
        places.push({ topicId: there.topicId, topic, partition });
      }
    }
    if (places.length <= groupPartitionsMax) return places;
    throw new ServiceError("INVALID_REQUEST", `A group has offsets of at most ${groupPartitionsMax} partitions`);
  }

  /** Where the point is in the partition's log; beyond either end it is that end. */
  async #target(namespace: string, place: Place, point: ResetPoint, from: number): Promise<number> {
    const { logStartOffset, highWatermark } = await this.#findEnds(namespace, place);
    const within = (offset: number): number => Math.min(highWatermark, Math.max(logStartOffset, offset));
    switch (point.to) {
      case "earliest":
        return logStartOffset;
      case "latest":
        return highWatermark;
      case "offset":
        return within(point.offset);
      case "shift":
        return within((from < 0 ? logStartOffset : from) + point.by);
      case "timestamp": {
        const { topic, partition } = place;
        const at = { at: "timestamp", timestampMs: point.timestampMs } as const;
        const { offset } = await this.#fetch.listOffset(namespace, topic, partition, at);
        return offset < 0 ? highWatermark : within(offset);
      }
    }
  }
}

/** @throws ServiceError UNKNOWN_MEMBER_ID | STALE_MEMBER_EPOCH */
function checkMember({ state }: GroupAsRead, memberId: string, memberEpoch: number | undefined): void {
  const member = state.members.get(memberId);
  if (member === undefined) throw new ServiceError("UNKNOWN_MEMBER_ID", `The group has no member ${memberId}`);
  if (member.epoch === memberEpoch) return;
  throw new ServiceError("STALE_MEMBER_EPOCH", "The member's epoch is not the group's: ask by a heartbeat for it");
}

function subscribedTo({ topic, partition }: { readonly topic: string; readonly partition: number }): CommitResult {
  const error = new ServiceError("GROUP_SUBSCRIBED_TO_TOPIC", `Members of the group read ${topic}`);
  return { topic, partition, error };
}

/** @throws ServiceError UNSTABLE_OFFSET_COMMIT */
function checkStable({ attributes }: GroupAsRead, wanted: ReadonlySet<string> | undefined): void {
  for (const { offsets } of stagedOf(attributes)) {
    for (const { topic, partition } of offsets) {
      if (wanted !== undefined && !wanted.has(topic)) continue;
      throw new ServiceError("UNSTABLE_OFFSET_COMMIT", "A transaction has offsets that are not decided yet", {
        details: { topic, partition },
      });
    }
  }
}

/** @throws ServiceError INVALID_REQUEST */
function checkPoint(point: ResetPoint): void {
  const isRight =
    (point.to !== "offset" || (Number.isSafeInteger(point.offset) && point.offset >= 0)) &&
    (point.to !== "shift" || Number.isSafeInteger(point.by)) &&
    (point.to !== "timestamp" || Number.isSafeInteger(point.timestampMs));
  if (!isRight) throw new ServiceError("INVALID_REQUEST", "The point is not a whole number in its range");
}

export function noSuchGroup(group: string): ServiceError {
  return new ServiceError("GROUP_ID_NOT_FOUND", `There is no group ${group}`);
}

export function notEmpty(group: string): ServiceError {
  return new ServiceError("NON_EMPTY_GROUP", `The group ${group} has members, or offsets that are not decided`);
}
