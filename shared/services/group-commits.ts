/** Writes offsets into a group's item, each call one conditional update that fails for whoever was fenced. */
import { ServiceError } from "../api/errors.ts";
import {
  bytesOf,
  commitClockName,
  consumerKind,
  epochName,
  hasNoMembers,
  isAssigned,
  isClassicMember,
  isConsumerGroup,
  isForgotten,
  isStagedName,
  numberOf,
  offsetName,
  topicNameName,
} from "../groups/group-item.ts";
import { encodeCommitted } from "../groups/committed-offset.ts";
import {
  groupBlindBytesMax,
  groupChangeAttemptsMax,
  groupItemBytesEnd,
  groupItemBytesMax,
  groupTriesMax,
  offsetsRetentionMs,
} from "../limits/groups.ts";
import { backoffMs } from "../log/put-entry.ts";
import { sessionSkewMs } from "../limits.ts";
import { StorageTimeoutError } from "../storage/errors.ts";
import { conditionsHold } from "../storage/item-change.ts";
import type { Attributes, Condition, Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { GroupItems } from "./group-items.ts";
import { type GroupSettler, membersOf, tooContended } from "./group-settler.ts";
import type { GroupName } from "./groups.ts";
import { isStorageFailure } from "./change-errors.ts";

/** Who commits: a member, or nobody, which only a group without members takes. */
export interface Committer {
  readonly memberId?: string;
  /** Of a classic group's member, the generation. */
  readonly memberEpoch?: number;
  readonly instanceId?: string;
  /** Nobody in particular, beside members if there are any: older clients do not say who ends their transaction (KIP-447). */
  readonly anyone?: boolean;
}

export interface ResolvedOffset {
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

/** Ticks of a commit's clock in 1 ms: two commits of one member hardly ever have the same time. */
const ticksPerMs = 1_024;

export class GroupCommits {
  readonly #storage: Storage;
  readonly #items: GroupItems;
  readonly #settler: GroupSettler;

  constructor(storage: Storage, items: GroupItems, settler: GroupSettler) {
    this.#storage = storage;
    this.#items = items;
    this.#settler = settler;
  }

  /**
   * One update, unless another process's clock is ahead, or members whose session is over are to be removed first.
   *
   * @param askedAt by `now`: what was asked for before the last commit was is out of date
   * @throws ServiceError UNKNOWN_MEMBER_ID | STALE_MEMBER_EPOCH | FENCED_INSTANCE_ID | INVALID_COMMIT_OFFSET_SIZE, and as
   *   `makeWay`
   * @throws StorageTimeoutError nobody knows whether it was written, or a later one came first
   */
  async write(
    name: GroupName,
    committer: Committer,
    offsets: readonly ResolvedOffset[],
    askedAt = this.now(),
  ): Promise<void> {
    const set = { kind: consumerKind, ...this.attributesOf(offsets) };
    await this.checkRoom(name, set);
    const clock = commitClockName(committer.memberId);
    let ticks = askedAt;
    for (let attempt = 0; attempt < groupChangeAttemptsMax; attempt += 1) {
      // Anew each time: a refusal tells of which type the group is.
      const isMember = this.conditionsOf(name, committer);
      const conditions = committer.memberId === undefined ? isMember : [...isMember, isAssigned];
      const existing = await this.#tick(name, set, conditions, clock, ticks);
      if (existing === "written") return;
      if (existing !== undefined && conditionsHold(existing, conditions)) {
        ticks = this.ticksAfter(numberOf(existing.attributes[clock]), askedAt);
      } else await this.makeWay(name, committer, existing);
      await this.#storage.timers.sleep(backoffMs(this.#storage, attempt));
    }
    throw tooContended(name);
  }

  attributesOf(offsets: readonly ResolvedOffset[]): Attributes {
    const committedAtMs = this.#storage.clock.wallMs();
    return Object.fromEntries(
      offsets.flatMap(({ topicId, topic, partition, offset, metadata }) => [
        [offsetName(topicId, partition), encodeCommitted({ offset, committedAtMs, metadata })],
        [topicNameName(topicId), topic],
      ]),
    );
  }

  /** What must hold for whoever commits. */
  conditionsOf(name: GroupName, { memberId, memberEpoch, anyone = false }: Committer): readonly Condition[] {
    if (memberId !== undefined && memberEpoch !== undefined) {
      if (this.#items.isKnownClassic(name)) return isClassicMember(memberId, memberEpoch);
      return [isConsumerGroup, { kind: "attribute", name: epochName(memberId), op: "=", value: memberEpoch }];
    }
    const keptFromMs = this.#storage.clock.wallMs() - offsetsRetentionMs;
    const notForgotten = {
      kind: "attribute",
      name: "touchedAtMs",
      op: ">",
      value: keptFromMs,
      orAbsent: true,
    } as const;
    return anyone ? [isConsumerGroup, notForgotten] : [isConsumerGroup, hasNoMembers, notForgotten];
  }

  /**
   * For a commit that was refused: removes what is not there any more, and is done if that may let it in.
   *
   * @throws ServiceError UNKNOWN_MEMBER_ID | STALE_MEMBER_EPOCH | FENCED_INSTANCE_ID | INCONSISTENT_GROUP_PROTOCOL, and of a
   *   classic group ILLEGAL_GENERATION | REBALANCE_IN_PROGRESS
   */
  async makeWay(name: GroupName, committer: Committer, existing: Item | undefined): Promise<void> {
    const { memberId } = committer;
    const group = this.#items.read(name, existing);
    if (memberId !== undefined && group.classic !== undefined) {
      this.#items.classicCode().checkCommit(group.classic, committer);
      return;
    }
    if (memberId !== undefined) {
      const { state, attributes } = group;
      // It was thought to be a classic group, and is none any more.
      if (attributes[epochName(memberId)] === committer.memberEpoch) return;
      if (attributes[epochName(memberId)] !== undefined) {
        throw new ServiceError(
          "STALE_MEMBER_EPOCH",
          "The member's epoch is not the group's: ask by a heartbeat for it",
        );
      }
      const isReplaced = [...state.members.values()].some(({ replaced }) => replaced === memberId);
      if (isReplaced) throw new ServiceError("FENCED_INSTANCE_ID", "Another member has come under the same instanceId");
      throw new ServiceError("UNKNOWN_MEMBER_ID", `The group ${name.group} has no member ${memberId}`);
    }
    if (existing !== undefined && isForgotten(existing.attributes, this.#storage.clock.wallMs())) {
      await this.#items.dropForgotten(name, group);
      return;
    }
    if (committer.anyone === true || membersOf(await this.#settler.settle(name)) === 0) return;
    throw new ServiceError("UNKNOWN_MEMBER_ID", `The group ${name.group} has members: only they commit`);
  }

  /**
   * Asks for the item first only if what is added may be too much for it.
   *
   * @throws ServiceError INVALID_COMMIT_OFFSET_SIZE
   */
  async checkRoom(name: GroupName, set: Attributes): Promise<void> {
    const addedBytes = bytesOf(set);
    const knownBytes = this.#items.knownBytes(name);
    if (knownBytes === undefined ? addedBytes <= groupBlindBytesMax : knownBytes + addedBytes <= groupItemBytesMax)
      return;
    const { attributes } = await this.#items.get(name);
    // Who commits what is committed already need not stop where others may begin no more.
    const isKnown = Object.keys(set).every(
      (attribute) => attributes[attribute] !== undefined || isStagedName(attribute),
    );
    if (bytesOf({ ...attributes, ...set }) <= (isKnown ? groupItemBytesEnd : groupItemBytesMax)) return;
    throw new ServiceError("INVALID_COMMIT_OFFSET_SIZE", `The group ${name.group} has as many offsets as it can have`, {
      details: { bytesMax: groupItemBytesMax },
    });
  }

  /** When a commit was asked for. */
  now(atMs = this.#storage.clock.wallMs()): number {
    return atMs * ticksPerMs + (this.#storage.random.uint32() % ticksPerMs);
  }

  /**
   * The time of a commit that comes after another.
   *
   * @throws StorageTimeoutError it was asked for so long before that its caller has gone on without it
   */
  ticksAfter(last: number, askedAt: number): number {
    // This process stood still meanwhile.
    if (last - askedAt > 2 * sessionSkewMs * ticksPerMs) throw new StorageTimeoutError("a later commit came first");
    // Else the other was sent by a clock that is ahead of ours, or at the same moment.
    return Math.max(askedAt, last + 1);
  }

  /** "written", or what stands in the way. */
  async #tick(
    name: GroupName,
    set: Attributes,
    conditions: readonly Condition[],
    clock: string,
    ticks: number,
  ): Promise<Item | "written" | undefined> {
    const inTurn = { kind: "attribute", name: clock, op: "<", value: ticks, orAbsent: true } as const;
    let unclear: StorageTimeoutError | undefined;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const change = { set: { ...set, [clock]: ticks } };
        const written = await this.#items.updateOnce(name, change, [...conditions, inTurn]);
        if (written.applied) return "written";
        const { existing } = written;
        // Ours, if an answer was lost on the way.
        if (unclear !== undefined && existing?.attributes[clock] === ticks) return "written";
        if (unclear === undefined || existing === undefined || !conditionsHold(existing, conditions)) return existing;
      } catch (cause) {
        if (cause instanceof StorageTimeoutError) unclear = cause;
        // A refusal says nothing of what was sent before.
        if (unclear === undefined || !isStorageFailure(cause)) throw cause;
        if (attempt === groupTriesMax) throw unclear;
        continue;
      }
      // A later commit has overtaken this one, and nobody knows whether it came first.
      throw unclear;
    }
  }
}
