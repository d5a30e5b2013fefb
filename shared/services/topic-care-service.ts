/**
 * Topics that clients of ZooKeeper write (docs/decisions/0037): what is to be done is decided on the tree, by
 * `../topics/topic-care.ts`; here it is done, and the projection brought up.
 */
import { brokersPath, configNoticesPath } from "../topics/broker-znodes.ts";
import { askedDeletion, carePlan, deletedTopicsPath, lacksId, type LeaderOf } from "../topics/topic-care.ts";
import {
  findTopic,
  findTopicZnode,
  topicConfigsPath,
  topicOfPath,
  topicPath,
  topicsPath,
} from "../topics/topic-znodes.ts";
import { zxid } from "../brand.ts";
import { fetchWaitMsMax, multiOperationsMax, pageItemsMax } from "../limits.ts";
import { caredAtOnceMax, caredTopicsKept, configNoticesKeptMs, topicCareAttemptsMax } from "../limits/topic-care.ts";
import type { Storage } from "../storage/storage.ts";
import { anyVersion, type Operation, type TreeResult } from "../tree/tree-request.ts";
import type { TreeEvent } from "../tree/tree-events.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";
import { ServiceError } from "../api/errors.ts";
import { afterChange } from "./change-errors.ts";
import { healProjections } from "./heal-projections.ts";
import type { Namespaces } from "./namespace-service.ts";
import { withStorageErrors } from "./storage-errors.ts";
import type { TopicCareService, TopicProblem } from "./topic-care.ts";
import { buryTopic, healProjection, readProjection } from "./topic-projection.ts";
import { decidedOrThrow } from "./tree-answers.ts";
import type { TreeRegistry } from "./tree-registry.ts";

export function topicCareService(storage: Storage, trees: TreeRegistry, namespaces: Namespaces): TopicCareService {
  return new TopicCare(storage, trees, namespaces);
}

const scopes = [
  { path: topicsPath, recursive: true },
  { path: topicConfigsPath, recursive: true },
  { path: deletedTopicsPath, recursive: true },
  { path: brokersPath, recursive: true },
];

class TopicCare implements TopicCareService {
  readonly #storage: Storage;
  readonly #trees: TreeRegistry;
  readonly #namespaces: Namespaces;
  /** Up to which change the items are known to be brought up. */
  readonly #projected = new Map<string, number>();

  constructor(storage: Storage, trees: TreeRegistry, namespaces: Namespaces) {
    this.#storage = storage;
    this.#trees = trees;
    this.#namespaces = namespaces;
  }

  async changed(
    namespace: string,
    { since, waitMs, signal }: Parameters<TopicCareService["changed"]>[1],
  ): ReturnType<TopicCareService["changed"]> {
    return await this.#inNamespace(namespace, async () => {
      if (since === undefined) return { zxid: (await this.#read(namespace)).lastZxid };
      const tree = this.#trees.tree(namespace);
      await tree.waitFor(scopes, zxid(since), Math.min(waitMs, fetchWaitMsMax), signal);
      const { lastZxid } = await tree.read();
      const changes = tree.changesAfter(since);
      if (changes === undefined || since > lastZxid) return { zxid: lastZxid };
      const names = new Set<string>();
      for (const { events } of changes) {
        for (const event of events) {
          if (event.path.startsWith(brokersPath)) return { zxid: lastZxid };
          const name = topicOfEvent(event);
          if (name !== undefined) names.add(name);
        }
      }
      return { names, zxid: lastZxid };
    });
  }

  async tend(namespace: string, name: string, leaderOf?: LeaderOf): Promise<TopicProblem | undefined> {
    return await this.#inNamespace(namespace, () => this.#tend(namespace, name, leaderOf));
  }

  async tendAll(namespace: string, leaderOf?: LeaderOf): Promise<readonly TopicProblem[]> {
    return await this.#inNamespace(namespace, async () => {
      const problems: TopicProblem[] = [];
      for (const path of [deletedTopicsPath, topicsPath]) {
        let after: string | undefined = "";
        while (after !== undefined) {
          const tree = await this.#read(namespace);
          const { names, more } = tree.childPage(path, after, pageItemsMax);
          const due = names.filter((known) => isDue(tree, known, leaderOf));
          for (let first = 0; first < due.length; first += caredAtOnceMax) {
            const some = due.slice(first, first + caredAtOnceMax);
            const found = await Promise.all(some.map((name) => this.#tend(namespace, name, leaderOf)));
            problems.push(...found.flatMap((problem) => problem ?? []));
          }
          after = more ? names.at(-1) : undefined;
        }
      }
      await this.#dropOldNotices(namespace);
      await healProjections(this.#storage, this.#trees, namespace);
      return problems;
    });
  }

  async #tend(namespace: string, name: string, leaderOf: LeaderOf | undefined): Promise<TopicProblem | undefined> {
    let wrong: string | undefined;
    try {
      for (let attempt = 0; attempt < topicCareAttemptsMax; attempt += 1) {
        const step = await this.#step(namespace, name, leaderOf);
        wrong ??= step.problem;
        if (step.isSettled) return wrong === undefined ? undefined : await this.#problem(namespace, name, wrong);
      }
    } catch (cause) {
      // What a tree does not take is left as it is.
      if (!(cause instanceof ServiceError && cause.code === "BAD_ARGUMENTS")) throw cause;
      return await this.#problem(namespace, name, cause.message);
    }
    return await this.#problem(
      namespace,
      name,
      "it changes all the time, or there is more below its znodes than it has",
    );
  }

  async #problem(namespace: string, name: string, message: string): Promise<TopicProblem> {
    const tree = await this.#read(namespace);
    const written = tree.node(topicPath(name)) ?? tree.node(`${deletedTopicsPath}/${name}`);
    return { name, zxid: written?.mzxid ?? 0, message };
  }

  async #step(
    namespace: string,
    name: string,
    leaderOf: LeaderOf | undefined,
  ): Promise<{ readonly isSettled: boolean; readonly problem?: string | undefined }> {
    const tree = await this.#read(namespace);
    if (tree.node(`${deletedTopicsPath}/${name}`) !== undefined) {
      await this.#delete(namespace, name, tree);
      return { isSettled: false };
    }
    const found = findTopicZnode(tree, name);
    const seen = found?.node.czxid ?? 0;
    const topicId = found !== undefined && lacksId(found, name) ? await this.#idOf(namespace, name, seen) : "";
    // Another topic has come under the name while the id was looked for.
    if (topicId !== "" && tree.node(topicPath(name))?.czxid !== seen) return { isSettled: false };
    const { operations, problem } = carePlan(tree, name, { topicId, leaderOf });
    if (operations.length === 0) await this.#project(namespace, name, tree);
    else await this.#write(namespace, operations);
    return { isSettled: operations.length === 0, problem };
  }

  /** That the same topic had before somebody left it out, or a new one. */
  async #idOf(namespace: string, name: string, czxid: number): Promise<string> {
    const known = await readProjection(this.#storage, namespace, name);
    const isSame = known?.topic !== undefined && known.mzxid >= czxid;
    return isSame ? known.topic.topicId : this.#storage.random.id();
  }

  async #project(namespace: string, name: string, tree: ZnodeTree): Promise<void> {
    const key = `${namespace}/${name}`;
    const mzxid = findTopic(tree, name)?.mzxid;
    if (mzxid !== undefined && this.#projected.get(key) === mzxid) return;
    await healProjection(this.#storage, namespace, name, tree);
    if (this.#projected.size >= caredTopicsKept) this.#projected.clear();
    if (mzxid === undefined) this.#projected.delete(key);
    else this.#projected.set(key, mzxid);
  }

  async #delete(namespace: string, name: string, tree: ZnodeTree): Promise<void> {
    const topic = findTopic(tree, name);
    const operations = askedDeletion(tree, name, multiOperationsMax);
    // Should this process end half-way, the item is what tells of the topic's id: so it must be there.
    if (topic !== undefined) await healProjection(this.#storage, namespace, name, tree);
    const result = await this.#write(namespace, operations);
    const isDeleted = operations.some((step) => step.kind === "delete" && step.path === topicPath(name));
    if (result === undefined || !isDeleted || topic === undefined) return;
    await afterChange(() => buryTopic(this.#storage, namespace, name, result.zxid, topic));
  }

  /** What Kafka's tools leave behind to tell brokers of changes that they see anyway. */
  async #dropOldNotices(namespace: string): Promise<void> {
    const tree = await this.#read(namespace);
    const oldMs = this.#storage.clock.wallMs() - configNoticesKeptMs;
    const old = [...tree.childNames(configNoticesPath)]
      .map((name) => `${configNoticesPath}/${name}`)
      .filter((path) => (tree.node(path)?.ctime ?? Infinity) < oldMs)
      .slice(0, multiOperationsMax);
    if (old.length === 0) return;
    await this.#write(
      namespace,
      old.map((path) => ({ kind: "delete", path, version: anyVersion })),
    );
  }

  #read(namespace: string): Promise<ZnodeTree> {
    return this.#trees.tree(namespace).read();
  }

  /** Undefined where the tree has changed since it was looked at. */
  async #write(namespace: string, operations: readonly Operation[]): Promise<TreeResult | undefined> {
    const write = () => this.#trees.tree(namespace).write({ operations });
    const outcome = decidedOrThrow(await this.#namespaces.inOpenTree(namespace, write));
    return "result" in outcome ? outcome.result : undefined;
  }

  async #inNamespace<Result>(namespace: string, run: () => Promise<Result>): Promise<Result> {
    return await withStorageErrors(async () => {
      await this.#namespaces.require(namespace);
      return await run();
    });
  }
}

/** Whether there is anything to do or to say about a topic, its projection aside. */
function isDue(tree: ZnodeTree, name: string, leaderOf: LeaderOf | undefined): boolean {
  if (tree.node(`${deletedTopicsPath}/${name}`) !== undefined) return true;
  const { operations, problem } = carePlan(tree, name, { topicId: "", leaderOf });
  return operations.length > 0 || problem !== undefined;
}

function topicOfEvent({ type, path }: TreeEvent): string | undefined {
  if (type === "NodeChildrenChanged") return undefined;
  if (path.startsWith(`${deletedTopicsPath}/`)) return path.slice(deletedTopicsPath.length + 1).replace(/\/.*$/s, "");
  return topicOfPath(path);
}
