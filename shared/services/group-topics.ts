/**
 * The topics that a group is subscribed to, as they are: looked for again every few seconds, so that a heartbeat costs one
 * update and no more.
 */
import { ServiceError } from "../api/errors.ts";
import type { GroupState, Member } from "../groups/group-state.ts";
import { isAsKnown, type TopicView } from "../groups/retarget.ts";
import { pageItemsMax, topicCacheMsMax } from "../limits.ts";
import {
  groupPartitionsMax,
  groupPatternsMax,
  groupsKnownMax,
  groupTopicsBytesMax,
  groupTopicsMax,
  offsetLookupsAtOnce,
  patternPagesMax,
} from "../limits/groups.ts";
import { type Instant, instantOf, isFresh } from "../log/evidence.ts";
import type { Storage } from "../storage/storage.ts";
import type { GroupName, Subscription } from "./groups.ts";
import { idOf } from "./group-items.ts";
import type { FoundTopic, KnownTopics } from "./known-topics.ts";
import type { TopicFinder, TopicService } from "./services.ts";
import type { TopicPatterns } from "./topic-pattern.ts";

export type Subscribed = Pick<Member, "topics" | "topicPattern">;

/** What only those need who subscribe by pattern: a function reads RE2's code when the first of them comes. */
export type LoadPatterns = () => TopicPatterns | Promise<TopicPatterns>;

export interface GroupTopicsNeeds {
  readonly topics: Pick<TopicService, "list">;
  readonly finder: TopicFinder;
  readonly known: KnownTopics;
  readonly loadPatterns: LoadPatterns;
}

export class GroupTopics {
  readonly #storage: Storage;
  readonly #topics: Pick<TopicService, "list">;
  readonly #finder: TopicFinder;
  readonly #known: KnownTopics;
  /** When a group's topics were looked for last; least recently first. */
  readonly #looked = new Map<string, Instant>();
  readonly #loadPatterns: LoadPatterns;

  constructor(storage: Storage, { topics, finder, known, loadPatterns }: GroupTopicsNeeds) {
    this.#storage = storage;
    this.#topics = topics;
    this.#finder = finder;
    this.#known = known;
    this.#loadPatterns = loadPatterns;
  }

  /** @throws ServiceError INVALID_REGULAR_EXPRESSION */
  async check({ topicPattern }: Subscription): Promise<void> {
    if (topicPattern !== undefined) (await this.#loadPatterns()).check(topicPattern);
  }

  /** True if the group's topics were not looked for in this process for a while. */
  isDue(name: GroupName): boolean {
    const looked = this.#looked.get(idOf(name));
    return looked === undefined || !isFresh(looked, instantOf(this.#storage.clock), topicCacheMsMax);
  }

  /**
   * The topics of all members and of one that comes. What differs from what the group knows is not from memory, so that it
   * is at least as late as the state that it was compared with: two processes do not undo each other's changes.
   *
   * @throws as `TopicFinder.find` and `TopicService.list`, but for topics that are not there
   */
  async view(name: GroupName, state: GroupState, coming?: Subscribed): Promise<TopicView> {
    const seen = instantOf(this.#storage.clock);
    const members: Subscribed[] = [...state.members.values(), ...(coming === undefined ? [] : [coming])];
    let view = await this.#view(name.namespace, members, coming !== undefined);
    if (!isAsKnown(state, view)) {
      const names = new Set([...state.topics, ...view.topics].map((topic) => topic.name));
      for (const topic of names) this.#finder.forget(name.namespace, topic);
      view = await this.#view(name.namespace, members, coming !== undefined);
    }
    this.#looked.delete(idOf(name));
    this.#looked.set(idOf(name), seen);
    for (const [oldest] of this.#looked) {
      if (this.#looked.size <= groupsKnownMax) break;
      this.#looked.delete(oldest);
    }
    return view;
  }

  /** @param mustFit refuses more than a group can share, instead of leaving it out */
  async #view(namespace: string, members: readonly Subscribed[], mustFit: boolean): Promise<TopicView> {
    const patterns = new Set(members.flatMap(({ topicPattern }) => topicPattern ?? []));
    if (patterns.size > groupPatternsMax) throw tooMuch(`${groupPatternsMax} different patterns`);
    const names = new Set(members.flatMap(({ topics }) => topics));
    const matches = patterns.size === 0 ? new Map<string, string[]>() : await this.#match(namespace, patterns);
    for (const matched of matches.values()) for (const name of matched) names.add(name);
    const found: FoundTopic[] = [];
    const sorted = [...names].toSorted();
    for (let start = 0; start < sorted.length; start += offsetLookupsAtOnce) {
      const some = sorted.slice(start, start + offsetLookupsAtOnce);
      const topics = await Promise.all(some.map((topic) => this.#known.find(namespace, topic)));
      found.push(...topics.filter((topic) => topic !== undefined));
    }
    const topics = fitting(found);
    if (mustFit && topics.length < found.length) {
      throw tooMuch(`${groupTopicsMax} topics with ${groupPartitionsMax} partitions, or fewer with long names`);
    }
    const kept = new Set(topics.map(({ name }) => name));
    return {
      topics,
      matches: new Map([...matches].map(([pattern, all]) => [pattern, all.filter((one) => kept.has(one))])),
    };
  }

  /** Names of the namespace's topics that each pattern matches; Kafka's own kind, `__…`, only where it says so. */
  async #match(namespace: string, patterns: ReadonlySet<string>): Promise<Map<string, string[]>> {
    const matches = new Map([...patterns].map((pattern) => [pattern, [] as string[]]));
    const compiled = await this.#loadPatterns();
    let nextToken: string | undefined;
    for (let page = 0; page < patternPagesMax; page += 1) {
      const listed = await this.#topics.list(namespace, {
        limit: pageItemsMax,
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      for (const { name } of listed.items) {
        for (const [pattern, names] of matches) {
          const wanted = !name.startsWith("__") || pattern.startsWith("__");
          if (wanted && names.length < groupTopicsMax && compiled.matches(pattern, name)) names.push(name);
        }
      }
      ({ nextToken } = listed);
      if (nextToken === undefined) break;
    }
    return matches;
  }
}

function tooMuch(what: string): ServiceError {
  return new ServiceError("INVALID_REQUEST", `The members of a group subscribe to at most ${what}, together`);
}

/** In a group's state a topic is named itself, and as what a member asks for; and once more where its offsets stand. */
const timesNamed = 3;
const topicBytes = 60;

/** In the order of their names, as many as a group can share. */
function fitting(topics: readonly FoundTopic[]): FoundTopic[] {
  let partitions = 0;
  const fit: FoundTopic[] = [];
  let bytes = 0;
  for (const topic of topics.slice(0, groupTopicsMax)) {
    partitions += topic.partitions;
    bytes += timesNamed * topic.name.length + topicBytes;
    if (partitions > groupPartitionsMax || bytes > groupTopicsBytesMax) break;
    fit.push({ topicId: topic.topicId, name: topic.name, partitions: topic.partitions });
  }
  return fit;
}
