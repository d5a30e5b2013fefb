/** Consumer groups (KIP-848). */
import { checkGroupName } from "./group-name.ts";
import { ServiceError } from "../api/errors.ts";
import { consumerKind, hasStaged, isForgotten, isGroup } from "../groups/group-item.ts";
import { groupChangeAttemptsMax, groupIdCharsMax } from "../limits/groups.ts";
import { groupsPartition } from "../storage/item-keys.ts";
import type { Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { withChangeErrors } from "./change-errors.ts";
import { checkCommit, checkMemberId } from "./group-checks.ts";
import { descriptionOf } from "./describe-group.ts";
import type { GroupItems } from "./group-items.ts";
import { GroupMembers } from "./group-members.ts";
import { GroupOffsets, noSuchGroup, notEmpty } from "./group-offsets.ts";
import type { GroupParts } from "./group-parts.ts";
import { type GroupSettler, membersOf, tooContended } from "./group-settler.ts";
import { GroupTopics, type LoadPatterns } from "./group-topics.ts";
import type { GroupDescription, GroupName, GroupService, GroupSummary, Membership, MemberHeartbeat } from "./groups.ts";
import { checkHeartbeat, checkJoin } from "./membership-checks.ts";
import { checkNamespaceName, type Namespaces } from "./namespace-service.ts";
import { LagLooks } from "./lag-looks.ts";
import { LagMeter } from "./lag-meter.ts";
import type { Page, PageRequest } from "./pages.ts";
import type { FetchService, TopicFinder, TopicService } from "./services.ts";
import { withStorageErrors } from "./storage-errors.ts";
import { checkLimit } from "./topic-checks.ts";

export interface GroupDependencies {
  readonly namespaces: Namespaces;
  readonly topics: Pick<TopicService, "list">;
  readonly finder: TopicFinder;
  readonly fetch: Pick<FetchService, "listOffset">;
  readonly parts: GroupParts;
  readonly loadPatterns: LoadPatterns;
}

export function groupService(
  storage: Storage,
  { namespaces, topics, finder, fetch, parts, loadPatterns }: GroupDependencies,
): GroupService {
  const { items, settler, commits, topics: known, resolver } = parts;
  const subscribed = new GroupTopics(storage, { topics, finder, known, loadPatterns });
  const members = new GroupMembers(storage, items, subscribed, settler);
  const offsets = new GroupOffsets(items, settler, commits, resolver, known, fetch);
  return new ItemGroups({ storage, namespaces, items, settler, subscribed, members, offsets });
}

interface Parts {
  readonly storage: Storage;
  readonly namespaces: Namespaces;
  readonly items: GroupItems;
  readonly settler: GroupSettler;
  readonly subscribed: GroupTopics;
  readonly members: GroupMembers;
  readonly offsets: GroupOffsets;
}

class ItemGroups implements GroupService {
  readonly #parts: Parts;
  readonly #looks: LagLooks;
  readonly #meter: LagMeter | undefined;

  constructor(parts: Parts) {
    const { storage, items } = parts;
    this.#parts = parts;
    this.#looks = new LagLooks(storage, items, (name) => this.offsets(name));
    this.#meter = storage.metrics === undefined ? undefined : new LagMeter(storage.clock, storage.metrics);
  }

  async join(request: Parameters<GroupService["join"]>[0]): Promise<Membership> {
    checkGroupName(request);
    checkJoin(request);
    await this.#parts.subscribed.check(request);
    return await withChangeErrors(async () => {
      await this.#parts.namespaces.require(request.namespace);
      return await this.#parts.members.join(request);
    });
  }

  async heartbeat(request: MemberHeartbeat): Promise<Membership> {
    checkGroupName(request);
    checkHeartbeat(request);
    await this.#parts.subscribed.check(request);
    // Not asked for first whether the namespace is there: that would be a second request.
    const membership = await withChangeErrors(() => this.#parts.members.heartbeat(request));
    await this.#looks.lookIfDue(request);
    return membership;
  }

  async leave(request: Parameters<GroupService["leave"]>[0]): Promise<void> {
    checkGroupName(request);
    checkMemberId(request.memberId);
    await withChangeErrors(() => this.#parts.members.leave(request));
  }

  async commit(request: Parameters<GroupService["commit"]>[0]): ReturnType<GroupService["commit"]> {
    checkGroupName(request);
    checkCommit(request);
    return await withChangeErrors(async () => {
      // A member has a group, and a group a namespace.
      if (request.memberId === undefined) await this.#parts.namespaces.require(request.namespace);
      return await this.#parts.offsets.commit(request);
    });
  }

  async offsets(request: Parameters<GroupService["offsets"]>[0]): ReturnType<GroupService["offsets"]> {
    checkGroupName(request);
    const offsets = await withStorageErrors(() => this.#parts.offsets.offsets(request));
    if (request.topics === undefined) this.#looks.note(request);
    this.#meter?.tell(request, offsets);
    return offsets;
  }

  async committed(request: Parameters<GroupService["committed"]>[0]): ReturnType<GroupService["committed"]> {
    checkGroupName(request);
    return await withStorageErrors(() => this.#parts.offsets.committed(request));
  }

  async forget(request: Parameters<GroupService["forget"]>[0]): ReturnType<GroupService["forget"]> {
    checkGroupName(request);
    return await withChangeErrors(() => this.#parts.offsets.forget(request));
  }

  async reset(request: Parameters<GroupService["reset"]>[0]): ReturnType<GroupService["reset"]> {
    checkGroupName(request);
    return await withChangeErrors(() => this.#parts.offsets.reset(request));
  }

  async list(namespace: string, { limit, nextToken }: PageRequest): Promise<Page<GroupSummary>> {
    checkLimit(limit);
    checkNamespaceName(namespace);
    if (nextToken !== undefined && (nextToken === "" || nextToken.length > groupIdCharsMax)) {
      throw new ServiceError("BAD_ARGUMENTS", "nextToken is not one that a page ended with");
    }
    return await withStorageErrors(async () => {
      await this.#parts.namespaces.require(namespace);
      const page = await this.#parts.storage.items.query(groupsPartition(namespace), {
        limit,
        ...(nextToken === undefined ? {} : { after: nextToken }),
      });
      await this.#parts.items.prepare(...page.items);
      const found = page.items.flatMap((item) => this.#summaryOf(namespace, item) ?? []);
      return { items: found, ...(page.next === undefined ? {} : { nextToken: page.next }) };
    });
  }

  async describe(name: GroupName): Promise<GroupDescription> {
    checkGroupName(name);
    return await withStorageErrors(async () => {
      const group = await this.#parts.items.get(name);
      if (!isGroup(group.attributes)) throw noSuchGroup(name.group);
      return descriptionOf(this.#parts.items, name, group);
    });
  }

  async delete(name: GroupName): Promise<void> {
    checkGroupName(name);
    await withChangeErrors(async () => {
      for (let attempt = 0; attempt < groupChangeAttemptsMax; attempt += 1) {
        const group = await this.#parts.settler.settle(name);
        const { item, attributes } = group;
        if (item === undefined || !isGroup(attributes)) throw noSuchGroup(name.group);
        if (membersOf(group) > 0 || hasStaged(attributes)) throw notEmpty(name.group);
        if (await this.#parts.items.drop(name, item)) return;
      }
      throw tooContended(name);
    });
  }

  #summaryOf(namespace: string, item: Item): GroupSummary | undefined {
    const { attributes, key } = item;
    const isShown = attributes["kind"] === consumerKind && isGroup(attributes);
    if (!isShown || isForgotten(attributes, this.#parts.storage.clock.wallMs())) return undefined;
    const name = { namespace, group: key.sort };
    const { items } = this.#parts;
    const { group, type, protocolType, state, members } = descriptionOf(items, name, items.read(name, item));
    return { group, type, protocolType, state, members };
  }
}
