/**
 * Topics: decided in the namespace's tree, each change one multi, then projected into an item for produce and fetch.
 *
 * A process that ends between the two leaves an item that is behind. Nobody was told that the change is made, and whoever
 * deals with the topic next brings the item up, as the sweep does for all topics.
 */
import { ServiceError } from "../api/errors.ts";
import { topicWriteAttemptsMax } from "../limits.ts";
import type { Storage } from "../storage/storage.ts";
import { configDefaultsOf } from "../topics/topic-config.ts";
import { findTopicNameProblem } from "../topics/topic-name.ts";
import { alterationStep, creationStep, deletionStep, findCollision, type TopicStep } from "../topics/topic-steps.ts";
import { findTopic, type TopicRecord, topicsPath } from "../topics/topic-znodes.ts";
import type { Idempotency, TreeRefusal, TreeResult } from "../tree/tree-request.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";
import { afterChange, isStorageFailure } from "./change-errors.ts";
import type { Namespaces } from "./namespace-service.ts";
import type {
  ConfigChange,
  Page,
  PageRequest,
  TopicChange,
  TopicConfig,
  TopicDescription,
  TopicService,
} from "./services.ts";
import { withStorageErrors } from "./storage-errors.ts";
import {
  changedConfig,
  checkConfig,
  checkLimit,
  checkNewTopicName,
  checkPartitions,
  checkTopicName,
  invalidTopic,
} from "./topic-checks.ts";
import { buryTopic, healProjection, type Projectable, projectTopic } from "./topic-projection.ts";
import { decidedOrThrow, idempotencyOf, type TreeOutcome } from "./tree-answers.ts";
import type { TreeRegistry } from "./tree-registry.ts";
import { znodeChangesDescription, znodeChangesTopic } from "./znode-changes.ts";

type TopicSummary = Pick<TopicDescription, "name" | "topicId" | "partitions">;
type NewTopic = Pick<TopicDescription, "name" | "topicId" | "partitions" | "config">;

/** Deletions of a topic that find something below it, before that is the answer. */
const notEmptyAttempts = 3;

/** @param defaultPartitions of a topic that is created without a number */
export function topicService(
  storage: Storage,
  trees: TreeRegistry,
  namespaces: Namespaces,
  defaultPartitions = 1,
): TopicService {
  return new TreeTopics(storage, trees, namespaces, defaultPartitions);
}

class TreeTopics implements TopicService {
  readonly configDefaults: TopicConfig;
  readonly #storage: Storage;
  readonly #trees: TreeRegistry;
  readonly #namespaces: Namespaces;
  readonly #defaultPartitions: number;

  constructor(storage: Storage, trees: TreeRegistry, namespaces: Namespaces, defaultPartitions: number) {
    this.configDefaults = configDefaultsOf(storage);
    this.#storage = storage;
    this.#trees = trees;
    this.#namespaces = namespaces;
    this.#defaultPartitions = defaultPartitions;
  }

  async create(namespace: string, request: Parameters<TopicService["create"]>[1]): Promise<TopicDescription> {
    const { name, partitions = this.#defaultPartitions, config = {} } = request;
    checkNewTopicName(name);
    checkPartitions(partitions, 0);
    checkConfig(config);
    const content = ["create topic", name, partitions, sortedEntries(config)];
    const idempotency = idempotencyOf(request.idempotencyKey, content);
    const topic = { name, topicId: this.#storage.random.id(), partitions, config };
    return await this.#inNamespace(namespace, () =>
      request.validateOnly === true ? this.#wouldCreate(namespace, topic) : this.#create(namespace, topic, idempotency),
    );
  }

  async list(namespace: string, { limit, nextToken }: PageRequest): Promise<Page<TopicSummary>> {
    checkLimit(limit);
    if (nextToken !== undefined && findTopicNameProblem(nextToken) !== undefined) {
      throw new ServiceError("BAD_ARGUMENTS", "nextToken is not one that a page ended with");
    }
    return await this.#inNamespace(namespace, async () => pageOf(await this.#read(namespace), nextToken ?? "", limit));
  }

  async describe(namespace: string, name: string): Promise<TopicDescription> {
    checkTopicName(name);
    return await this.#inNamespace(namespace, async () =>
      name === znodeChangesTopic ? znodeChangesDescription : descriptionOf(await this.#find(namespace, name)),
    );
  }

  async alter(namespace: string, name: string, change: TopicChange): Promise<TopicDescription> {
    checkTopicName(name);
    const { partitions = null, config = {}, idempotencyKey } = change;
    if (idempotencyKey !== undefined && typeof config === "function") {
      throw new ServiceError("BAD_ARGUMENTS", "What depends on the present configuration has no Idempotency-Key");
    }
    const content = ["alter topic", name, partitions, sortedEntries(typeof config === "function" ? {} : config)];
    const idempotency = idempotencyOf(idempotencyKey, content);
    return await this.#inNamespace(namespace, async () => {
      const repeated = await this.#repeatOf(namespace, idempotency);
      if (repeated !== undefined) return descriptionOf(await this.#find(namespace, name));
      return await this.#alter(namespace, name, change, idempotency);
    });
  }

  async delete(namespace: string, name: string, options: Parameters<TopicService["delete"]>[2] = {}): Promise<void> {
    checkTopicName(name);
    const idempotency = idempotencyOf(options.idempotencyKey, ["delete topic", name]);
    await this.#inNamespace(namespace, async () => {
      const repeated = await this.#repeatOf(namespace, idempotency);
      if (repeated !== undefined) await afterChange(() => this.#heal(namespace, name));
      else await this.#delete(namespace, name, idempotency);
    });
  }

  async #create(namespace: string, topic: NewTopic, idempotency: Idempotency | undefined): Promise<TopicDescription> {
    const repeated = await this.#repeatOf(namespace, idempotency);
    if (repeated !== undefined) return await this.#createdBefore(namespace, topic.name, repeated);
    for (let attempt = 0; attempt < topicWriteAttemptsMax; attempt += 1) {
      const tree = await this.#read(namespace);
      checkCollision(tree, topic.name);
      const step = creationStep(tree, topic);
      const outcome = await this.#write(namespace, step, idempotency);
      if ("refusal" in outcome) {
        if (!isAnswer(outcome.refusal, step, "NODE_EXISTS")) continue;
        await this.#healQuietly(namespace, topic.name);
        throw alreadyExists(topic.name);
      }
      if (outcome.result.repeated) return await this.#createdBefore(namespace, topic.name, outcome.result);
      const created = outcome.result.results[step.topicIndex];
      if (created?.kind !== "create") throw new Error(`the creation of topic ${topic.name} answers ${created?.kind}`);
      return await this.#project(namespace, { ...topic, createdAtMs: created.stat.ctime, mzxid: outcome.result.zxid });
    }
    throw tooContended(namespace);
  }

  async #wouldCreate(namespace: string, topic: NewTopic): Promise<TopicDescription> {
    const tree = await this.#read(namespace);
    checkCollision(tree, topic.name);
    if (findTopic(tree, topic.name) !== undefined) throw alreadyExists(topic.name);
    return { ...topic, createdAtMs: this.#storage.clock.wallMs() };
  }

  /** What the first of two equal requests created, as it is now. */
  async #createdBefore(namespace: string, name: string, { zxid }: TreeResult): Promise<TopicDescription> {
    const topic = await afterChange(() => this.#heal(namespace, name));
    if (topic?.czxid !== zxid) throw unknownTopic(name);
    return descriptionOf(topic);
  }

  async #alter(
    namespace: string,
    name: string,
    change: TopicChange,
    idempotency: Idempotency | undefined,
  ): Promise<TopicDescription> {
    for (let attempt = 0; attempt < topicWriteAttemptsMax; attempt += 1) {
      const topic = await this.#find(namespace, name);
      const altered = alteredBy(topic, change);
      const step = alterationStep(topic, altered);
      if (step === undefined || change.validateOnly === true) return descriptionOf(altered);
      const outcome = await this.#write(namespace, step, idempotency);
      if ("refusal" in outcome) continue;
      if (outcome.result.repeated) return descriptionOf(await this.#find(namespace, name));
      return await this.#project(namespace, { ...altered, mzxid: outcome.result.zxid });
    }
    throw tooContended(namespace);
  }

  async #delete(namespace: string, name: string, idempotency: Idempotency | undefined): Promise<void> {
    for (let attempt = 0; attempt < topicWriteAttemptsMax; attempt += 1) {
      // Should this process end half-way, the item is what tells of the topic's id: so it must be there.
      const tree = await this.#read(namespace);
      const topic = findTopic(tree, name);
      const step = topic && deletionStep(tree, topic);
      await healProjection(this.#storage, namespace, name, tree);
      if (topic === undefined || step === undefined) throw unknownTopic(name);
      const outcome = await this.#write(namespace, step, idempotency);
      if ("result" in outcome) {
        const { zxid } = outcome.result;
        await afterChange(() => buryTopic(this.#storage, namespace, name, zxid, topic));
        return;
      }
      // Gateways may write about its partitions at the same time.
      const { code, message } = outcome.refusal;
      if (code === "NOT_EMPTY" && attempt >= notEmptyAttempts) throw new ServiceError("NOT_EMPTY", message);
    }
    throw tooContended(namespace);
  }

  async #inNamespace<Result>(namespace: string, run: () => Promise<Result>): Promise<Result> {
    return await withStorageErrors(async () => {
      await this.#namespaces.require(namespace);
      return await run();
    });
  }

  #read(namespace: string): Promise<ZnodeTree> {
    return this.#trees.tree(namespace).read();
  }

  async #write(
    namespace: string,
    { operations }: TopicStep,
    idempotency: Idempotency | undefined,
  ): Promise<TreeOutcome> {
    const request = { operations, ...(idempotency === undefined ? {} : { idempotency }) };
    return decidedOrThrow(
      await this.#namespaces.inOpenTree(namespace, () => this.#trees.tree(namespace).write(request)),
    );
  }

  /** What the tree answered to an equal request before. */
  async #repeatOf(namespace: string, idempotency: Idempotency | undefined): Promise<TreeResult | undefined> {
    if (idempotency === undefined) return undefined;
    const tree = await this.#read(namespace);
    if (tree.requests.get(idempotency.key) === undefined) return undefined;
    const outcome = await this.#write(namespace, { operations: [], topicIndex: 0 }, idempotency);
    return "result" in outcome ? outcome.result : undefined;
  }

  /**
   * The topic as it is, its item brought up on the way.
   *
   * @throws ServiceError UNKNOWN_TOPIC_OR_PARTITION
   */
  async #find(namespace: string, name: string): Promise<TopicRecord> {
    const topic = await this.#healQuietly(namespace, name);
    if (topic === undefined) throw unknownTopic(name);
    return topic;
  }

  /** Brings the item up to the tree; answers the topic as the tree has it. */
  async #heal(namespace: string, name: string): Promise<TopicRecord | undefined> {
    return await healProjection(this.#storage, namespace, name, await this.#read(namespace));
  }

  /** As `#heal`, but whether the item can be brought up is left to who comes next. */
  async #healQuietly(namespace: string, name: string): Promise<TopicRecord | undefined> {
    const tree = await this.#read(namespace);
    const topic = findTopic(tree, name);
    try {
      await healProjection(this.#storage, namespace, name, tree);
    } catch (cause) {
      if (!isStorageFailure(cause)) throw cause;
    }
    return topic;
  }

  async #project(namespace: string, topic: Projectable): Promise<TopicDescription> {
    await afterChange(() => projectTopic(this.#storage, namespace, topic));
    return descriptionOf(topic);
  }
}

/** True if the refusal is the topic's own answer; else the tree has changed under the step, and it is decided anew. */
function isAnswer(
  { code, operationIndex }: TreeRefusal,
  { topicIndex }: TopicStep,
  answer: TreeRefusal["code"],
): boolean {
  return code === answer && operationIndex === topicIndex;
}

function alteredBy(topic: TopicRecord, change: TopicChange): TopicRecord {
  const { partitions = topic.partitions } = change;
  if (change.partitions !== undefined) checkPartitions(change.partitions, topic.partitions);
  const wanted = typeof change.config === "function" ? change.config(topic.config) : change.config;
  const config = changedConfig(topic.config, wanted);
  if (wanted !== undefined) checkConfig(config);
  return { ...topic, partitions, config };
}

function pageOf(tree: ZnodeTree, after: string, limit: number): Page<TopicSummary> {
  const { names, more } = tree.childPage(topicsPath, after, limit);
  const items = names.flatMap((name) => {
    const topic = findTopic(tree, name);
    return topic === undefined ? [] : [{ name, topicId: topic.topicId, partitions: topic.partitions }];
  });
  const last = names.at(-1);
  return { items, ...(more && last !== undefined ? { nextToken: last } : {}) };
}

function descriptionOf({
  name,
  topicId,
  partitions,
  config,
  createdAtMs,
}: Omit<Projectable, "mzxid">): TopicDescription {
  return { name, topicId, partitions, config, createdAtMs };
}

function sortedEntries(config: ConfigChange | TopicConfig): readonly (readonly [string, string | null])[] {
  return Object.entries(config).toSorted(([one], [other]) => (one < other ? -1 : 1));
}

/** @throws ServiceError INVALID_TOPIC_EXCEPTION */
function checkCollision(tree: ZnodeTree, name: string): void {
  const other = findCollision(tree, name);
  if (other !== undefined) throw invalidTopic(`Topic '${name}' collides with existing topic: ${other}`);
}

function alreadyExists(name: string): ServiceError {
  return new ServiceError("TOPIC_ALREADY_EXISTS", `Topic '${name}' already exists.`);
}

function unknownTopic(name: string): ServiceError {
  return new ServiceError("UNKNOWN_TOPIC_OR_PARTITION", `There is no topic ${name}`);
}

function tooContended(namespace: string): ServiceError {
  return new ServiceError("THROTTLING_QUOTA_EXCEEDED", `Too many callers change topics of namespace ${namespace}`);
}
