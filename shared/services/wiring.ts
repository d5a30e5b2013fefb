/** How the services of a process hang together. What a caller does not use is not in its bundle. */
import { subscribersCacheMs as subscribersCacheMsDefault } from "../limits/push.ts";
import type { Connections } from "../storage/connections.ts";
import type { Storage } from "../storage/storage.ts";
import { changeService } from "./change-service.ts";
import { dutyService } from "./duty-service.ts";
import { electionService } from "./election-service.ts";
import { fetchService } from "./fetch-service.ts";
import { gaugeService } from "./gauges.ts";
import { type GroupParts, transactionalOffsets } from "./group-parts.ts";
import { groupService } from "./group-service.ts";
import type { LoadPatterns } from "./group-topics.ts";
import { lockService } from "./lock-service.ts";
import { markerWriter } from "./marker-writer.ts";
import { Namespaces } from "./namespace-service.ts";
import { PartitionRegistry } from "./partition-registry.ts";
import { produceService } from "./produce-service.ts";
import { producerIdService } from "./producer-id-service.ts";
import { Hints } from "./push-hints.ts";
import { Subscriptions } from "./push-subscriptions.ts";
import type { HintService } from "./push.ts";
import type { ProduceService, ServiceOptions, Services, TopicFinder, TopicService } from "./services.ts";
import { sessionService } from "./session-service.ts";
import { topicFinder } from "./topic-finder.ts";
import { topicService } from "./topic-service.ts";
import { TransactionItems } from "./transaction-items.ts";
import { transactionService } from "./transaction-service.ts";
import { transactionVerifier } from "./transaction-verifier.ts";
import { withTrees } from "./tree-duties.ts";
import { TreeRegistry } from "./tree-registry.ts";
import { truncateService } from "./truncate-service.ts";
import { ZnodeChanges } from "./znode-changes.ts";
import { znodeService } from "./znode-service.ts";

/** What the services of a process share. */
export interface Base {
  readonly storage: Storage;
  readonly trees: TreeRegistry;
  readonly namespaces: Namespaces;
  readonly finder: TopicFinder;
  readonly partitions: PartitionRegistry;
}

export type TopicServices = Pick<Services, "namespaces" | "topics">;

/** Appending to partitions, and the transactions that it is part of. */
export type AppendingServices = Pick<Services, "producers" | "produce" | "truncate" | "transactions">;

export type GroupServices = Pick<Services, "groups" | "shareGroups">;

export type CoordinationServices = Pick<Services, "znodes" | "changes" | "sessions" | "elections" | "locks">;

export function baseOf(storage: Storage, { topicCacheMs }: ServiceOptions): Base {
  const trees = new TreeRegistry(storage);
  const namespaces = new Namespaces(storage, trees);
  const finder = topicFinder(storage, trees, namespaces, topicCacheMs);
  return { storage, trees, namespaces, finder, partitions: new PartitionRegistry(storage) };
}

export function topicsWith({ storage, trees, namespaces, finder }: Base, options: ServiceOptions): TopicServices {
  return {
    namespaces,
    topics: forgetting(topicService(storage, trees, namespaces, options.defaultPartitions), finder),
  };
}

export function fetchWith({ storage, trees, namespaces, finder, partitions }: Base): Services["fetch"] {
  return fetchService(storage, finder, partitions, new ZnodeChanges(storage, trees, namespaces));
}

function produceWith(
  { storage, finder, partitions }: Base,
  items: TransactionItems,
  { recordChecks }: ServiceOptions,
): ProduceService {
  return produceService(storage, finder, partitions, transactionVerifier(items), recordChecks);
}

export function appendingWith(base: Base, parts: GroupParts, options: ServiceOptions = {}): AppendingServices {
  const { storage, namespaces, finder, partitions } = base;
  const items = new TransactionItems(storage);
  const producers = producerIdService(storage);
  const produce = produceWith(base, items, options);
  return {
    producers,
    produce,
    truncate: truncateService(storage, finder, partitions),
    transactions: transactionService(storage, items, {
      namespaces,
      topics: finder,
      producers,
      produce,
      markers: markerWriter(storage, partitions),
      offsets: transactionalOffsets(storage, parts),
    }),
  };
}

interface GroupNeeds extends Pick<Services, "fetch" | "shareGroups"> {
  readonly options: ServiceOptions;
  readonly loadPatterns: LoadPatterns;
}

export function groupsWith(
  base: Base,
  parts: GroupParts,
  { fetch, shareGroups, options, loadPatterns }: GroupNeeds,
): GroupServices {
  const { storage, namespaces, finder } = base;
  const { topics } = topicsWith(base, options);
  return {
    groups: groupService(storage, { namespaces, topics, finder, fetch, parts, loadPatterns }),
    shareGroups,
  };
}

export function coordinationWith({ storage, trees, namespaces }: Base): CoordinationServices {
  return {
    znodes: znodeService(trees, namespaces),
    changes: changeService(storage, trees, namespaces),
    sessions: sessionService(storage, trees, namespaces),
    elections: electionService(storage, trees, namespaces),
    locks: lockService(storage, trees, namespaces),
  };
}

export function gaugesWith({ storage, ...base }: Base, parts: GroupParts): Services["gauges"] {
  return gaugeService(storage, { ...base, parts });
}

export function subscriptionsWith(
  { storage, trees, namespaces, finder }: Base,
  { subscribersCacheMs = subscribersCacheMsDefault }: ServiceOptions,
): Services["push"] {
  return new Subscriptions(storage, { trees, namespaces, finder, subscribersCacheMs });
}

export function hintsWith(
  { storage, trees }: Pick<Base, "storage" | "trees">,
  connections: Connections,
  { subscribersCacheMs = subscribersCacheMsDefault }: ServiceOptions,
): HintService {
  return new Hints(storage, { trees, connections, subscribersCacheMs });
}

export function dutiesWith(
  { storage, trees, namespaces, finder }: Base,
  { sessions }: Pick<Services, "sessions">,
  { transactions }: Pick<Services, "transactions">,
): Services["duties"] {
  const partitionDuties = dutyService(storage, {
    namespaces,
    topics: topicService(storage, trees, namespaces),
    finder,
  });
  return withTrees(storage, { trees, namespaces, sessions, transactions }, partitionDuties);
}

/** What this process has changed itself it does not serve from its cache. */
function forgetting(topics: TopicService, finder: TopicFinder): TopicService {
  const forget = async <Result>(namespace: string, name: string, change: () => Promise<Result>): Promise<Result> => {
    try {
      return await change();
    } finally {
      finder.forget(namespace, name);
    }
  };
  return {
    configDefaults: topics.configDefaults,
    create: (namespace, topic) => forget(namespace, topic.name, () => topics.create(namespace, topic)),
    list: (namespace, page) => topics.list(namespace, page),
    describe: (namespace, name) => topics.describe(namespace, name),
    alter: (namespace, name, change) => forget(namespace, name, () => topics.alter(namespace, name, change)),
    delete: (namespace, name, deletion) => forget(namespace, name, () => topics.delete(namespace, name, deletion)),
  };
}
