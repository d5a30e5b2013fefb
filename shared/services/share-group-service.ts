/** Share groups (KIP-932): what of them is more than one step, and what their callers are told. */
import { checkGroupName } from "./group-name.ts";
import { ServiceError } from "../api/errors.ts";
import { isLockOver, settle } from "../groups/share-decisions.ts";
import { countOf, isSettled, newShareState, type ShareState, startAt } from "../groups/share-state.ts";
import { shareListPagesMax, shareRestartsMax } from "../limits/share-groups.ts";
import { StorageThrottledError } from "../storage/errors.ts";
import { groupsPartition } from "../storage/item-keys.ts";
import type { Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { afterChange, withChangeErrors } from "./change-errors.ts";
import { buryShareGroup, eraseShareStates } from "./deleted-share-groups.ts";
import type { GroupName } from "./groups.ts";
import type { Namespaces } from "./namespace-service.ts";
import type { FetchService, Page, PageRequest, ProduceService, TopicFinder } from "./services.ts";
import { ShareAcknowledger } from "./share-acknowledger.ts";
import { rulesOf, ShareAcquirer } from "./share-acquirer.ts";
import { changedShareConfig, checkAcknowledge, checkAcquire, checkRedrive, invalidConfig } from "./share-checks.ts";
import { ShareDeadLetters } from "./share-dead-letters.ts";
import { isShareGroup, type ShareGroup, ShareGroupChangedError, ShareGroupItems } from "./share-group-items.ts";
import type {
  AcknowledgeResult,
  AcquiredRecords,
  AcquireRecords,
  ShareGroupConfig,
  ShareGroupDescription,
  ShareGroupService,
  SharePartition,
} from "./share-groups.ts";
import { ShareRedrive } from "./share-redrive.ts";
import { ShareRounds } from "./share-rounds.ts";
import { keyOf, ShareStates } from "./share-states.ts";
import { eachAtOnce, ShareTopics } from "./share-topics.ts";
import { withStorageErrors } from "./storage-errors.ts";
import { checkLimit } from "./topic-checks.ts";

export interface ShareGroupNeeds {
  readonly namespaces: Namespaces;
  readonly topics: TopicFinder;
  readonly fetch: FetchService;
  readonly produce: ProduceService;
}

export function shareGroupService(storage: Storage, needs: ShareGroupNeeds): ShareGroupService {
  return new StoredShareGroups(storage, needs);
}

class StoredShareGroups implements ShareGroupService {
  readonly #storage: Storage;
  readonly #needs: ShareGroupNeeds;
  readonly #groups: ShareGroupItems;
  readonly #states: ShareStates;
  readonly #topics: ShareTopics;
  readonly #rounds: ShareRounds;
  readonly #acknowledger: ShareAcknowledger;
  readonly #redrive: ShareRedrive;

  constructor(storage: Storage, needs: ShareGroupNeeds) {
    this.#storage = storage;
    this.#needs = needs;
    this.#groups = new ShareGroupItems(storage);
    this.#states = new ShareStates(storage, this.#groups);
    this.#topics = new ShareTopics(this.#groups, this.#states, needs.topics, needs.fetch);
    const deadLetters = new ShareDeadLetters(storage, this.#states, needs);
    const acquirer = new ShareAcquirer(storage, this.#states, needs.topics, needs.fetch);
    this.#rounds = new ShareRounds(storage, acquirer, deadLetters);
    this.#acknowledger = new ShareAcknowledger(storage, this.#states, needs.topics, deadLetters);
    this.#redrive = new ShareRedrive(this.#groups, needs);
  }

  async configure(name: GroupName, config: Partial<ShareGroupConfig>): Promise<ShareGroupConfig> {
    await this.#check(name);
    const changed = await withChangeErrors(() =>
      this.#groups.change(name, async (group) => {
        const before = group ?? this.#groups.newParts();
        const after = changedShareConfig(before.config, config);
        await this.#checkDeadLetterTopic(before, name, after.deadLetterTopic);
        return { ...before, config: after };
      }),
    );
    return changed.config;
  }

  async acquire(request: AcquireRecords): Promise<AcquiredRecords> {
    await this.#check(request);
    checkAcquire(request);
    return await withChangeErrors(() =>
      this.#restarting(async () => {
        const group = await this.#groups.ensure(request);
        const topics = await this.#topics.begin(group, request.topics);
        return await this.#rounds.acquire(request, group, topics);
      }),
    );
  }

  async acknowledge(request: Parameters<ShareGroupService["acknowledge"]>[0]): Promise<readonly AcknowledgeResult[]> {
    const { memberId, acknowledgements } = request;
    await this.#check(request);
    checkAcknowledge(memberId, acknowledgements);
    return await withChangeErrors(() =>
      this.#restarting(async () => {
        const group = (await this.#groups.find(request)) ?? missing(request);
        return await this.#acknowledger.acknowledge(group, memberId, acknowledgements);
      }),
    );
  }

  async list(namespace: string, page: PageRequest): Promise<Page<{ readonly group: string }>> {
    checkLimit(page.limit);
    await this.#needs.namespaces.require(namespace);
    const found: Item[] = [];
    let after = page.nextToken;
    return await withStorageErrors(async () => {
      for (let request = 0; request < shareListPagesMax; request += 1) {
        const { items, next } = await this.#storage.items.query(groupsPartition(namespace), {
          limit: page.limit,
          ...(after === undefined ? {} : { after }),
        });
        for (const item of items) {
          if (!isShareGroup(item)) continue;
          found.push(item);
          if (found.length < page.limit) continue;
          const isLast = next === undefined && item === items.at(-1);
          return { items: found.map(summaryOf), ...(isLast ? {} : { nextToken: item.key.sort }) };
        }
        after = next;
        if (next === undefined) break;
      }
      return { items: found.map(summaryOf), ...(after === undefined ? {} : { nextToken: after }) };
    });
  }

  async describe(name: GroupName): Promise<ShareGroupDescription> {
    await this.#check(name);
    return await withStorageErrors(async () => {
      const group = (await this.#groups.findNow(name)) ?? missing(name);
      const states = await this.#states.all(group);
      const topics = await this.#topics.known(group);
      const places = topics.flatMap(({ name: topic, topicId, partitions }) =>
        Array.from({ length: partitions }, (_, partition) => ({ topic, topicId, partition })),
      );
      const partitions = await eachAtOnce(places, async ({ topic, topicId, partition }) => {
        const state = states.get(keyOf({ group, topicId, partition }).sort)?.state;
        return await this.#describePartition(group, { topic, partition }, state);
      });
      return { group: name.group, config: group.config, partitions };
    });
  }

  async delete(name: GroupName): Promise<void> {
    await this.#check(name);
    await withChangeErrors(async () => {
      const group = (await this.#groups.findNow(name)) ?? missing(name);
      const states = [...(await this.#states.all(group)).values()];
      const nowMs = this.#storage.clock.wallMs();
      if (
        states.some(({ state }) => countOf(state, (one) => one.state === "acquired" && !isLockOver(one, nowMs)) > 0)
      ) {
        throw new ServiceError("NON_EMPTY_GROUP", `Records are acquired by members of the share group ${name.group}`);
      }
      await buryShareGroup(this.#storage, group);
      // First the group: who still works under it finds that it is gone, and makes no state again.
      if (!(await this.#groups.delete(group))) {
        throw new ServiceError("THROTTLING_QUOTA_EXCEEDED", `The share group ${name.group} is being changed`);
      }
      // The sweep does what this process does not come to.
      await afterChange(() => eraseShareStates(this.#storage, group));
    });
  }

  async redrive(
    request: GroupName & { readonly maxRecords: number },
  ): Promise<{ readonly redriven: number; readonly more: boolean }> {
    await this.#check(request);
    checkRedrive(request.maxRecords);
    return await withChangeErrors(() =>
      this.#restarting(async () => {
        const group = (await this.#groups.findNow(request)) ?? missing(request);
        return await this.#redrive.redrive(group, request.maxRecords);
      }),
    );
  }

  async #check(name: GroupName): Promise<void> {
    checkGroupName(name);
    await this.#needs.namespaces.require(name.namespace);
  }

  /** What was begun under a group that is gone is begun again under the one that there is. */
  async #restarting<Result>(run: () => Promise<Result>): Promise<Result> {
    for (let restart = 0; restart < shareRestartsMax; restart += 1) {
      try {
        return await run();
      } catch (cause) {
        if (!(cause instanceof ShareGroupChangedError)) throw cause;
      }
    }
    throw new StorageThrottledError("the share group comes and goes");
  }

  async #checkDeadLetterTopic(
    { topics }: Pick<ShareGroup, "topics">,
    { namespace, group }: GroupName,
    deadLetterTopic: string | undefined,
  ): Promise<void> {
    if (deadLetterTopic === undefined) return;
    if (topics.some(({ name }) => name === deadLetterTopic)) {
      throw invalidConfig(`The share group ${group} acquires records of ${deadLetterTopic} itself`);
    }
    try {
      await this.#needs.topics.find(namespace, deadLetterTopic);
    } catch (cause) {
      if (!(cause instanceof ServiceError) || cause.code !== "UNKNOWN_TOPIC_OR_PARTITION") throw cause;
      throw invalidConfig(`There is no topic ${deadLetterTopic} for dead letters`, cause);
    }
  }

  async #describePartition(
    group: ShareGroup,
    { topic, partition }: { readonly topic: string; readonly partition: number },
    state: ShareState | undefined,
  ): Promise<SharePartition> {
    const { fetch } = this.#needs;
    const [start, end] = await Promise.all([
      fetch.listOffset(group.namespace, topic, partition, { at: "earliest" }),
      fetch.listOffset(group.namespace, topic, partition, { at: "latest" }),
    ]);
    const nowMs = this.#storage.clock.wallMs();
    const settled = startAt(settle(state ?? newShareState(0), nowMs, rulesOf(group)), start.offset);
    const { startOffset } = settled;
    return {
      topic,
      partition,
      startOffset,
      acquired: countOf(settled, (range) => range.state === "acquired"),
      available: countOf(settled, (range) => range.state === "available"),
      lag: Math.max(0, end.offset - startOffset - countOf(settled, isSettled)),
    };
  }
}

function summaryOf(item: Item): { readonly group: string } {
  return { group: item.key.sort };
}

function missing({ group }: GroupName): never {
  throw new ServiceError("GROUP_ID_NOT_FOUND", `There is no share group ${group}`);
}
