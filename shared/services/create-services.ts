/**
 * The services of one process over one storage: all of them, or those of one capability with nothing that it does not need, so
 * that a function's bundle stays small.
 */
import type { Storage } from "../storage/storage.ts";
import { changeService } from "./change-service.ts";
import { dutyService } from "./duty-service.ts";
import { electionService } from "./election-service.ts";
import { fetchService } from "./fetch-service.ts";
import { type GroupParts, groupParts, transactionalOffsets } from "./group-parts.ts";
import { groupService } from "./group-service.ts";
import { healthService } from "./health-service.ts";
import { lockService } from "./lock-service.ts";
import { markerWriter } from "./marker-writer.ts";
import { Namespaces } from "./namespace-service.ts";
import { PartitionRegistry } from "./partition-registry.ts";
import { produceService } from "./produce-service.ts";
import { producerIdService } from "./producer-id-service.ts";
import type { ProduceService, ServiceOptions, Services, TopicFinder, TopicService } from "./services.ts";
import { sessionService } from "./session-service.ts";
import { shareGroupService } from "./share-group-service.ts";
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
interface Base {
  readonly storage: Storage;
  readonly trees: TreeRegistry;
  readonly namespaces: Namespaces;
  readonly finder: TopicFinder;
  readonly partitions: PartitionRegistry;
}

export function createServices(storage: Storage, options: ServiceOptions = {}): Services {
  const base = baseOf(storage, options);
  const parts = groupParts(storage, base.finder);
  const appending = appendingWith(base, parts);
  const coordination = coordinationWith(base);
  const fetch = fetchWith(base);
  return {
    ...coordination,
    ...appending,
    ...groupsWith(base, parts, { fetch, produce: appending.produce, options }),
    ...topicsWith(base, options),
    fetch,
    health: healthService(storage),
    duties: dutiesWith(base, coordination, appending),
  };
}

export type HealthServices = Pick<Services, "health">;

export function createHealthServices(storage: Storage): HealthServices {
  return { health: healthService(storage) };
}

export type TopicServices = Pick<Services, "namespaces" | "topics">;

export function createTopicServices(storage: Storage, options: ServiceOptions = {}): TopicServices {
  return topicsWith(baseOf(storage, options), options);
}

export type FetchServices = Pick<Services, "fetch">;

export function createFetchServices(storage: Storage, options: ServiceOptions = {}): FetchServices {
  return { fetch: fetchWith(baseOf(storage, options)) };
}

/** Appending to partitions, and the transactions that it is part of. */
export type AppendingServices = Pick<Services, "producers" | "produce" | "truncate" | "transactions">;

export function createAppendingServices(storage: Storage, options: ServiceOptions = {}): AppendingServices {
  const base = baseOf(storage, options);
  return appendingWith(base, groupParts(storage, base.finder));
}

export type GroupServices = Pick<Services, "groups" | "shareGroups">;

export function createGroupServices(storage: Storage, options: ServiceOptions = {}): GroupServices {
  const base = baseOf(storage, options);
  const produce = produceWith(base, new TransactionItems(storage));
  return groupsWith(base, groupParts(storage, base.finder), { fetch: fetchWith(base), produce, options });
}

export type CoordinationServices = Pick<Services, "znodes" | "changes" | "sessions" | "elections" | "locks">;

export function createCoordinationServices(storage: Storage): CoordinationServices {
  return coordinationWith(baseOf(storage, {}));
}

export type DutyServices = Pick<Services, "duties">;

export function createDutyServices(storage: Storage): DutyServices {
  const base = baseOf(storage, {});
  return {
    duties: dutiesWith(base, coordinationWith(base), appendingWith(base, groupParts(storage, base.finder))),
  };
}

function baseOf(storage: Storage, { topicCacheMs }: ServiceOptions): Base {
  const trees = new TreeRegistry(storage);
  const namespaces = new Namespaces(storage, trees);
  const finder = topicFinder(storage, trees, namespaces, topicCacheMs);
  return { storage, trees, namespaces, finder, partitions: new PartitionRegistry(storage) };
}

function topicsWith({ storage, trees, namespaces, finder }: Base, options: ServiceOptions): TopicServices {
  return {
    namespaces,
    topics: forgetting(topicService(storage, trees, namespaces, options.defaultPartitions), finder),
  };
}

function fetchWith({ storage, trees, namespaces, finder, partitions }: Base): Services["fetch"] {
  return fetchService(storage, finder, partitions, new ZnodeChanges(storage, trees, namespaces));
}

function produceWith({ storage, finder, partitions }: Base, items: TransactionItems): ProduceService {
  return produceService(storage, finder, partitions, transactionVerifier(items));
}

function appendingWith(base: Base, parts: GroupParts): AppendingServices {
  const { storage, namespaces, finder, partitions } = base;
  const items = new TransactionItems(storage);
  const producers = producerIdService(storage);
  const produce = produceWith(base, items);
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

interface GroupNeeds extends Pick<Services, "fetch" | "produce"> {
  readonly options: ServiceOptions;
}

function groupsWith(base: Base, parts: GroupParts, { fetch, produce, options }: GroupNeeds): GroupServices {
  const { storage, namespaces, finder } = base;
  const { topics } = topicsWith(base, options);
  return {
    groups: groupService(storage, { namespaces, topics, finder, fetch, parts }),
    shareGroups: shareGroupService(storage, { namespaces, topics: finder, fetch, produce }),
  };
}

function coordinationWith({ storage, trees, namespaces }: Base): CoordinationServices {
  return {
    znodes: znodeService(trees, namespaces),
    changes: changeService(storage, trees, namespaces),
    sessions: sessionService(storage, trees, namespaces),
    elections: electionService(storage, trees, namespaces),
    locks: lockService(storage, trees, namespaces),
  };
}

function dutiesWith(
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
    create: (namespace, topic) => forget(namespace, topic.name, () => topics.create(namespace, topic)),
    list: (namespace, page) => topics.list(namespace, page),
    describe: (namespace, name) => topics.describe(namespace, name),
    alter: (namespace, name, change) => forget(namespace, name, () => topics.alter(namespace, name, change)),
    delete: (namespace, name, deletion) => forget(namespace, name, () => topics.delete(namespace, name, deletion)),
  };
}
