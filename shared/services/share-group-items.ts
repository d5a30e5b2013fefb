/** Share groups as items: settings, the topics that they have begun, and how far their dead letters were sent back. */
import { ServiceError } from "../api/errors.ts";
import {
  shareChangeAttemptsMax,
  shareGroupCacheMsMax,
  shareGroupsCachedMax,
  shareUpdateTriesMax,
} from "../limits/share-groups.ts";
import { type Instant, instantOf, isFresh } from "../log/evidence.ts";
import { backoffMs } from "../log/put-entry.ts";
import { StorageCorruptError, StorageThrottledError, StorageTimeoutError } from "../storage/errors.ts";
import { groupKey } from "../storage/item-keys.ts";
import type { AttributeValue, Attributes, Condition, Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { GroupName } from "./groups.ts";
import { shareConfigDefault } from "./share-checks.ts";
import type { ShareGroupConfig } from "./share-groups.ts";
import { isStorageFailure } from "./change-errors.ts";
import { untilAnswered } from "./until-answered.ts";

/** A topic of which the group has begun all partitions that there were: one without a state begins at the log's start. */
export interface ShareTopic {
  readonly name: string;
  readonly topicId: string;
}

/** Up to where the records of a dead-letter topic were looked at by redrives, for each partition. */
export interface RedriveCursor {
  readonly topicId: string;
  readonly offsets: readonly number[];
}

export interface ShareGroup extends GroupName {
  /** Random; a group that is deleted and made again has another one. */
  readonly groupId: string;
  readonly config: ShareGroupConfig;
  readonly topics: readonly ShareTopic[];
  /** That of the topic used last is the first. */
  readonly cursors: readonly RedriveCursor[];
  readonly version: number;
}

/** The group was deleted, or made again, since it was looked up. Never leaves the services of share groups. */
export class ShareGroupChangedError extends Error {
  override readonly name = "ShareGroupChangedError";
}

type ShareGroupParts = Pick<ShareGroup, "groupId" | "config" | "topics" | "cursors">;

export class ShareGroupItems {
  readonly #storage: Storage;
  /** Least recently found first. */
  readonly #known = new Map<string, { readonly group: ShareGroup; readonly seen: Instant }>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /**
   * From memory for a few seconds, else one request.
   *
   * @throws ServiceError INCONSISTENT_GROUP_PROTOCOL, and what the store throws
   */
  async find(name: GroupName): Promise<ShareGroup | undefined> {
    const known = this.#known.get(idOf(name));
    if (known !== undefined && isFresh(known.seen, instantOf(this.#storage.clock), shareGroupCacheMsMax)) {
      return known.group;
    }
    return await this.findNow(name);
  }

  /** As `find`, always asking. */
  async findNow(name: GroupName): Promise<ShareGroup | undefined> {
    const seen = instantOf(this.#storage.clock);
    this.forget(name);
    const item = await this.#storage.items.get(groupKey(name.namespace, name.group));
    return item === undefined ? undefined : this.#remember(name, item, seen);
  }

  /** Makes the group with the default settings if there is none. */
  async ensure(name: GroupName): Promise<ShareGroup> {
    return (await this.find(name)) ?? (await this.change(name, (group) => group ?? this.newParts()));
  }

  newParts(): ShareGroupParts {
    return { groupId: this.#storage.random.id(), config: shareConfigDefault, topics: [], cursors: [] };
  }

  /**
   * Decides on what stands there, again where another was faster. What is decided twice must come to the same: after a lost
   * answer it meets its own effect.
   *
   * @param decide answers its argument for no change
   */
  async change(
    name: GroupName,
    decide: (group: ShareGroup | undefined) => ShareGroupParts | Promise<ShareGroupParts>,
  ): Promise<ShareGroup> {
    const key = groupKey(name.namespace, name.group);
    let unclear: StorageTimeoutError | undefined;
    for (let attempt = 0; attempt < shareChangeAttemptsMax; attempt += 1) {
      const group = await this.findNow(name);
      const decided = await decide(group);
      if (group !== undefined && decided === group) return group;
      const seen = instantOf(this.#storage.clock);
      const conditions: readonly Condition[] = group === undefined ? [{ kind: "absent" }] : asSeen(group);
      try {
        const written = await this.#storage.items.update(key, { set: shareGroupAttributes(decided) }, conditions);
        if (written.applied) return this.#remember(name, written.item, seen);
      } catch (cause) {
        if (cause instanceof StorageTimeoutError) unclear = cause;
        // A refusal says nothing of what was sent before.
        if (unclear === undefined || !isStorageFailure(cause)) throw cause;
        if (attempt + 1 >= shareUpdateTriesMax) throw unclear;
      }
      await this.#storage.timers.sleep(backoffMs(this.#storage, attempt));
    }
    throw unclear ?? new StorageThrottledError(`too many change the share group ${name.group}`);
  }

  /** Takes topics that are gone out of the group's lists, if nobody changes it at the same moment. */
  async forgetTopics(name: GroupName, topicIds: ReadonlySet<string>): Promise<void> {
    const group = await this.findNow(name);
    if (group === undefined) return;
    const topics = group.topics.filter(({ topicId }) => !topicIds.has(topicId));
    const cursors = group.cursors.filter(({ topicId }) => !topicIds.has(topicId));
    if (topics.length === group.topics.length && cursors.length === group.cursors.length) return;
    this.forget(name);
    const asSeen = [{ kind: "version", version: group.version }] as const;
    const set = shareGroupAttributes({ ...group, topics, cursors });
    await this.#storage.items.update(groupKey(name.namespace, name.group), { set }, asSeen);
  }

  /** False if it is not that group any more. */
  async delete(group: ShareGroup): Promise<boolean> {
    this.forget(group);
    const key = groupKey(group.namespace, group.group);
    const { applied, existing } = await untilAnswered(shareUpdateTriesMax, () =>
      this.#storage.items.delete(key, asSeen(group)),
    );
    // Gone already: by us, if an answer was lost on the way.
    return applied || existing === undefined || existing.attributes["groupId"] !== group.groupId;
  }

  /**
   * One request.
   *
   * @throws ShareGroupChangedError if the group is not, or no longer, the one that there is
   */
  async confirm(group: ShareGroup): Promise<void> {
    const found = await this.findNow(group);
    if (found?.groupId !== group.groupId) throw new ShareGroupChangedError(`${group.group} is not what it was`);
  }

  forget(name: GroupName): void {
    this.#known.delete(idOf(name));
  }

  #remember(name: GroupName, item: Item, seen: Instant): ShareGroup {
    const group = shareGroupOf(name, item);
    const id = idOf(name);
    this.#known.delete(id);
    this.#known.set(id, { group, seen });
    for (const [oldest] of this.#known) {
      if (this.#known.size <= shareGroupsCachedMax) break;
      this.#known.delete(oldest);
    }
    return group;
  }
}

/** Its version alone does not tell: that of a group made again under the name is counted from 1 again. */
function asSeen({ version, groupId }: ShareGroup): readonly Condition[] {
  return [
    { kind: "version", version },
    { kind: "attribute", name: "groupId", op: "=", value: groupId },
  ];
}

export function isShareGroup(item: Item): boolean {
  return item.attributes["kind"] === "share";
}

function idOf({ namespace, group }: GroupName): string {
  return `${namespace}:${group}`;
}

/** A share group as its item has it. */
export function shareGroupAttributes({ groupId, config, topics, cursors }: ShareGroupParts): Attributes {
  const { lockMs, deliveriesMax, startAt, isolation, deadLetterTopic = "" } = config;
  const settings = { lockMs, deliveriesMax, startAt, isolation, deadLetterTopic };
  const lists = { topics: JSON.stringify(topics), cursors: JSON.stringify(cursors) };
  return { kind: "share", groupId, ...settings, ...lists };
}

/** @throws ServiceError INCONSISTENT_GROUP_PROTOCOL | StorageCorruptError */
export function shareGroupOf({ namespace, group }: GroupName, item: Item): ShareGroup {
  const { attributes, version } = item;
  if (!isShareGroup(item)) {
    throw new ServiceError("INCONSISTENT_GROUP_PROTOCOL", `The group ${group} is not a share group`);
  }
  const { groupId, lockMs, deliveriesMax, startAt, isolation, deadLetterTopic } = attributes;
  if (typeof lockMs !== "number" || typeof deliveriesMax !== "number") throw damaged(group);
  if (startAt !== "earliest" && startAt !== "latest") throw damaged(group);
  if (isolation !== "read_uncommitted" && isolation !== "read_committed") throw damaged(group);
  if (typeof deadLetterTopic !== "string" || typeof groupId !== "string") throw damaged(group);
  const dead = deadLetterTopic === "" ? {} : { deadLetterTopic };
  const config: ShareGroupConfig = { lockMs, deliveriesMax, startAt, isolation, ...dead };
  const topics = listOf(attributes["topics"], isTopic);
  const cursors = listOf(attributes["cursors"], isCursor);
  if (topics === undefined || cursors === undefined) throw damaged(group);
  return { namespace, group, groupId, config, topics, cursors, version };
}

function listOf<Part>(
  text: AttributeValue | undefined,
  isPart: (value: unknown) => value is Part,
): readonly Part[] | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) && parsed.every(isPart) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isTopic(value: unknown): value is ShareTopic {
  if (typeof value !== "object" || value === null) return false;
  return "name" in value && typeof value.name === "string" && "topicId" in value && typeof value.topicId === "string";
}

function isCursor(value: unknown): value is RedriveCursor {
  if (typeof value !== "object" || value === null) return false;
  if (!("topicId" in value) || typeof value.topicId !== "string" || !("offsets" in value)) return false;
  return Array.isArray(value.offsets) && value.offsets.every((offset) => Number.isSafeInteger(offset) && offset >= 0);
}

function damaged(group: string): StorageCorruptError {
  return new StorageCorruptError(`the item of the share group ${group} is damaged`);
}
