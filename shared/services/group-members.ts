/**
 * Members of consumer groups: they join, say that they live, and leave. Whoever serves them decides by the group's item,
 * and writes what changes only if nothing has come between; so any process can serve any member at any time.
 */
import { type ErrorCode, ServiceError } from "../api/errors.ts";
import { type GroupDecision, heartbeat, join, leave, type MemberWish, type Moment } from "../groups/decide-group.ts";
import { epochName, isConsumerGroup, leaseName } from "../groups/group-item.ts";
import {
  byTopic,
  type GroupState,
  isSettled,
  type Member,
  partitionKeyOf,
  type PartitionSet,
} from "../groups/group-state.ts";
import type { TopicView } from "../groups/retarget.ts";
import {
  groupChangeAttemptsMax,
  groupItemBytesEnd,
  groupItemBytesMax,
  groupRebalanceTimeoutMsDefault,
  groupSessionTimeoutMsDefault,
  heartbeatIntervalMsMax,
  heartbeatIntervalMsMin,
  heartbeatsPerSession,
} from "../limits/groups.ts";
import { backoffMs } from "../log/put-entry.ts";
import { StorageTimeoutError } from "../storage/errors.ts";
import type { Condition } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { isStorageFailure } from "./change-errors.ts";
import type { GroupAsRead, GroupItems } from "./group-items.ts";
import { type GroupSettler, tooContended } from "./group-settler.ts";
import type { GroupTopics } from "./group-topics.ts";
import type { GroupName, JoinGroup, MemberHeartbeat, Membership, OwnedPartitions, TopicPartitions } from "./groups.ts";

export class GroupMembers {
  readonly #storage: Storage;
  readonly #items: GroupItems;
  readonly #topics: GroupTopics;
  readonly #settler: GroupSettler;

  constructor(storage: Storage, items: GroupItems, topics: GroupTopics, settler: GroupSettler) {
    this.#storage = storage;
    this.#items = items;
    this.#topics = topics;
    this.#settler = settler;
  }

  async join(request: JoinGroup): Promise<Membership> {
    const wish = this.#wishOf(request);
    const { memberId, sessionTimeoutMs } = wish;
    const askedAtMs = this.#storage.clock.wallMs();
    let group = await this.#items.get(request);
    for (let attempt = 0; attempt < groupChangeAttemptsMax; attempt += 1) {
      group = await this.#settler.asConsumerGroup(request, group);
      const view = await this.#topics.view(request, group.state, wish);
      const moment = this.#items.moment(group.attributes);
      checkInTime(group.state.members.get(memberId), moment, askedAtMs);
      const state = stateOf(join(group.state, wish, view, moment));
      const lease = { [leaseName(memberId)]: moment.nowMs + sessionTimeoutMs };
      if (state !== group.state) {
        const change = await this.#items.change(request, group, state, moment, {
          lease,
          bytesMax: groupItemBytesMax,
          alsoIf: [isAsSeen(memberId, moment)],
        });
        if (change.applied) return membershipOf(change.group.state, memberId, moment);
        ({ group } = change);
      } else {
        const member = memberOf(state, memberId);
        const written = await this.#items.update(request, { set: lease }, [hasEpoch(member)]);
        group = this.#items.read(request, written.applied ? written.item : written.existing);
        if (written.applied) return membershipOf(group.state, memberId, moment);
      }
      await this.#storage.timers.sleep(backoffMs(this.#storage, attempt));
    }
    throw tooContended(request);
  }

  async heartbeat(request: MemberHeartbeat): Promise<Membership> {
    const { memberId } = request;
    const askedAtMs = this.#storage.clock.wallMs();
    const extended = await this.#extend(request, askedAtMs);
    let { group } = extended;
    let view = await this.#viewIfDue(request, group.state);
    const asksForMore = request.topics !== undefined || request.topicPattern !== undefined;
    for (let attempt = 0; attempt < groupChangeAttemptsMax; attempt += 1) {
      const moment = this.#items.moment(group.attributes);
      checkInTime(group.state.members.get(memberId), moment, askedAtMs, extended.toMs);
      const state = stateOf(heartbeat(group.state, saidBy(request, group.state), view, moment));
      const member = memberOf(state, memberId);
      const leaseMs = moment.nowMs + member.sessionTimeoutMs;
      const lease = { [leaseName(memberId)]: leaseMs };
      if (state !== group.state) {
        const bytesMax = asksForMore ? groupItemBytesMax : groupItemBytesEnd;
        const changing = this.#items.change(request, group, state, moment, {
          lease,
          bytesMax,
          alsoIf: [isAsSeen(memberId, moment)],
        });
        const change = await changing.catch((cause: unknown) => {
          if (asksForMore || view === undefined || !isTooLarge(cause)) throw cause;
          return undefined;
        });
        if (change === undefined) {
          // What is new of the topics finds no room; the members go on with what they have.
          view = undefined;
          continue;
        }
        if (change.applied) return membershipOf(change.group.state, memberId, moment);
        ({ group } = change);
      } else {
        // By its epoch before: what extended nothing yet is in time all the same.
        if (request.memberEpoch === member.epoch) return membershipOf(state, memberId, moment);
        const written = await this.#items.update(request, { set: lease }, [
          hasEpoch(member),
          isNoLater(memberId, leaseMs),
        ]);
        group = this.#items.read(request, written.applied ? written.item : written.existing);
        if (written.applied || memberOf(group.state, memberId).epoch === member.epoch)
          return membershipOf(state, memberId, moment);
      }
      await this.#storage.timers.sleep(backoffMs(this.#storage, attempt));
      if (view !== undefined) view = await this.#topics.view(request, group.state);
    }
    throw tooContended(request);
  }

  async leave(request: GroupName & { readonly memberId: string; readonly forever?: boolean }): Promise<void> {
    const { memberId, forever = false } = request;
    const askedAtMs = this.#storage.clock.wallMs();
    await this.#settler.change(request, (state, moment) => {
      checkInTime(state.members.get(memberId), moment, askedAtMs);
      return stateOf(leave(state, memberId, forever, moment));
    });
  }

  /** One update while nothing changes: the member's lease, whose answer tells what the group has become. */
  async #extend(
    request: MemberHeartbeat,
    askedAtMs: number,
  ): Promise<{ readonly group: GroupAsRead; readonly toMs: number | undefined }> {
    const { memberId, memberEpoch } = request;
    const known = this.#items.remembered(request)?.members.get(memberId);
    const before = known === undefined ? await this.#items.get(request) : undefined;
    const timeoutMs = (known ?? before?.state.members.get(memberId))?.sessionTimeoutMs;
    if (before !== undefined && timeoutMs === undefined) return { group: before, toMs: undefined };
    const nowMs = this.#storage.clock.wallMs();
    const leaseMs = askedAtMs + (timeoutMs ?? 0);
    const written = await this.#items.update(request, { set: { [leaseName(memberId)]: leaseMs } }, [
      isConsumerGroup,
      { kind: "attribute", name: epochName(memberId), op: "=", value: memberEpoch },
      { kind: "attribute", name: leaseName(memberId), op: ">", value: nowMs },
      isNoLater(memberId, leaseMs),
    ]);
    const { applied } = written;
    const group = this.#items.read(request, applied ? written.item : written.existing);
    return { group, toMs: applied ? leaseMs : undefined };
  }

  async #viewIfDue(request: MemberHeartbeat, state: GroupState): Promise<TopicView | undefined> {
    const { topics, topicPattern } = request;
    const coming =
      topics === undefined && topicPattern === undefined ? undefined : { topics: topics ?? [], topicPattern };
    const member = state.members.get(request.memberId);
    const isNew = coming !== undefined && member !== undefined && !isSubscribedTo(member, coming);
    if (!isNew && !this.#topics.isDue(request)) return undefined;
    try {
      return await this.#topics.view(request, state, coming);
    } catch (cause) {
      // The member lives all the same; its next heartbeat looks again.
      const isPassing = isStorageFailure(cause) || (cause instanceof ServiceError && cause.retriable);
      if (isPassing && !isNew) return undefined;
      throw cause;
    }
  }

  #wishOf(request: JoinGroup): MemberWish {
    const { instanceId, clientId, clientHost, assignor, topics = [], topicPattern } = request;
    return {
      memberId: request.memberId ?? this.#storage.random.id(),
      topics: [...new Set(topics)].toSorted(),
      sessionTimeoutMs: request.sessionTimeoutMs ?? groupSessionTimeoutMsDefault,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs ?? groupRebalanceTimeoutMsDefault,
      ...(topicPattern === undefined ? {} : { topicPattern }),
      ...(instanceId === undefined ? {} : { instanceId }),
      ...(clientId === undefined ? {} : { clientId }),
      ...(clientHost === undefined ? {} : { clientHost }),
      ...(assignor === undefined ? {} : { assignor }),
    };
  }
}

/** What comes late, or is sent by a clock that is behind, must not take away what a later heartbeat was promised. */
function isNoLater(memberId: string, leaseMs: number): Condition {
  return { kind: "attribute", name: leaseName(memberId), op: "<=", value: leaseMs };
}

/** Nothing was heard of the member since it was looked at. */
function isAsSeen(memberId: string, { leases }: Moment): Condition {
  return { kind: "attribute", name: leaseName(memberId), op: "<=", value: leases.get(memberId) ?? 0, orAbsent: true };
}

/**
 * For what this process does late because it stood still: its caller has gone on without an answer, and may own by now what it
 * did not when it asked.
 *
 * @param extendedToMs what the request itself has set the lease to
 * @throws StorageTimeoutError the member was heard of since
 */
function checkInTime(
  member: Member | undefined,
  { leases, skewMs }: Moment,
  askedAtMs: number,
  extendedToMs?: number,
): void {
  const leaseMs = member === undefined ? undefined : leases.get(member.memberId);
  if (member === undefined || leaseMs === undefined || leaseMs === extendedToMs) return;
  if (leaseMs - member.sessionTimeoutMs - askedAtMs <= 2 * skewMs) return;
  throw new StorageTimeoutError("a later request of the member came first");
}

function isTooLarge(cause: unknown): boolean {
  return cause instanceof ServiceError && cause.code === "GROUP_MAX_SIZE_REACHED";
}

function hasEpoch({ memberId, epoch }: Member): Condition {
  return { kind: "attribute", name: epochName(memberId), op: "=", value: epoch };
}

function isSubscribedTo(member: Member, { topics, topicPattern }: Pick<Member, "topics" | "topicPattern">): boolean {
  const known = new Set(member.topics);
  return (
    member.topicPattern === topicPattern &&
    known.size === new Set(topics).size &&
    topics.every((name) => known.has(name))
  );
}

function saidBy(request: MemberHeartbeat, state: GroupState): Parameters<typeof heartbeat>[1] {
  const { memberId, memberEpoch, owned, topics, topicPattern } = request;
  const member = state.members.get(memberId);
  const subscription = { topics: [...new Set(topics)].toSorted(), topicPattern };
  return {
    memberId,
    memberEpoch,
    ...(owned === undefined || member === undefined ? {} : { owned: keysOf(owned, state, member) }),
    ...(topics === undefined && topicPattern === undefined ? {} : { subscription }),
  };
}

/** By name: of a topic that was created anew it is the one that the member holds. */
function keysOf(owned: readonly OwnedPartitions[], state: GroupState, member: Member): PartitionSet {
  const keys = new Set<string>();
  for (const { partitions, ...named } of owned) {
    if ("topicId" in named) {
      for (const partition of partitions) keys.add(partitionKeyOf(named.topicId, partition));
      continue;
    }
    const { topic } = named;
    const ids = state.topics.filter(({ name }) => name === topic).map(({ topicId }) => topicId);
    for (const partition of partitions) {
      const candidates = ids.map((topicId) => partitionKeyOf(topicId, partition));
      const held = candidates.find((key) => member.assigned.has(key) || member.revoking.has(key));
      keys.add(held ?? candidates[0] ?? partitionKeyOf(topic, partition));
    }
  }
  return keys;
}

/** @throws ServiceError what the group refuses */
function stateOf(decision: GroupDecision): GroupState {
  if (decision.kind === "decided") return decision.state;
  throw new ServiceError(decision.code, refusalMessages[decision.code]);
}

const refusalMessages = {
  UNKNOWN_MEMBER_ID: "The group has no such member, or its session is over: join again",
  FENCED_MEMBER_EPOCH: "The member's epoch is not the group's: give up all partitions and join again",
  FENCED_INSTANCE_ID: "Another member has come under the same instanceId",
  UNRELEASED_INSTANCE_ID: "A member of that instanceId is in the group: it must leave, or its session end, first",
  GROUP_MAX_SIZE_REACHED: "The group has as many members as it can have",
} as const satisfies Partial<Record<ErrorCode, string>>;

function memberOf(state: GroupState, memberId: string): Member {
  const member = state.members.get(memberId);
  if (member === undefined) throw new ServiceError("UNKNOWN_MEMBER_ID", refusalMessages.UNKNOWN_MEMBER_ID);
  return member;
}

function membershipOf(state: GroupState, memberId: string, { nowMs }: Moment): Membership {
  const member = memberOf(state, memberId);
  const { epoch, assigned, sessionTimeoutMs, revokeByMs = Infinity } = member;
  return {
    memberId,
    memberEpoch: epoch,
    assignment: namedPartitions(state, assigned),
    assignmentTopicIds: topicIdsOf(state, assigned),
    heartbeatIntervalMs: isSettled(member) ? settledIntervalMs(sessionTimeoutMs) : heartbeatIntervalMsMin,
    // Its answer holds no longer than its membership: whoever does not give up in time loses all that it has.
    sessionTimeoutMs: Math.min(sessionTimeoutMs, revokeByMs - nowMs),
  };
}

function settledIntervalMs(sessionTimeoutMs: number): number {
  const share = Math.floor(sessionTimeoutMs / heartbeatsPerSession);
  return Math.max(heartbeatIntervalMsMin, Math.min(heartbeatIntervalMsMax, share));
}

/** By topic name, ascending. */
export function namedPartitions(state: GroupState, keys: PartitionSet): TopicPartitions[] {
  const partitions = byTopic(keys);
  return state.topics.flatMap(({ topicId, name }) => {
    const own = partitions.get(topicId);
    return own === undefined ? [] : [{ topic: name, partitions: own }];
  });
}

/** Ids of their topics, in the order of `namedPartitions`. */
export function topicIdsOf(state: GroupState, keys: PartitionSet): string[] {
  const partitions = byTopic(keys);
  return state.topics.flatMap(({ topicId }) => (partitions.has(topicId) ? [topicId] : []));
}
