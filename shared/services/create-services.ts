/** All services of one process over one storage. */
import { pageItemsMax } from "../limits.ts";
import type { Storage } from "../storage/storage.ts";
import { expireZnodes } from "../tree/expire-znodes.ts";
import { tidyTree } from "../tree/tidy-tree.ts";
import { changeService } from "./change-service.ts";
import type { SessionService } from "./coordination.ts";
import { dutyService, type PartitionDuties } from "./duty-service.ts";
import { electionService } from "./election-service.ts";
import { fetchService } from "./fetch-service.ts";
import { groupService } from "./group-service.ts";
import { healProjections } from "./heal-projections.ts";
import { healthService } from "./health-service.ts";
import { lockService } from "./lock-service.ts";
import { markerWriter } from "./marker-writer.ts";
import { Namespaces } from "./namespace-service.ts";
import { PartitionRegistry } from "./partition-registry.ts";
import { produceService } from "./produce-service.ts";
import { producerIdService } from "./producer-id-service.ts";
import type { DutyService, ServiceOptions, Services, TopicFinder, TopicService } from "./services.ts";
import { sessionService } from "./session-service.ts";
import { shareGroupService } from "./share-group-service.ts";
import { topicFinder } from "./topic-finder.ts";
import { topicService } from "./topic-service.ts";
import { TransactionItems } from "./transaction-items.ts";
import { transactionService } from "./transaction-service.ts";
import { transactionVerifier } from "./transaction-verifier.ts";
import type { TransactionService } from "./transactions.ts";
import { TreeRegistry } from "./tree-registry.ts";
import { truncateService } from "./truncate-service.ts";
import { ZnodeChanges } from "./znode-changes.ts";
import { znodeService } from "./znode-service.ts";

export function createServices(storage: Storage, options: ServiceOptions = {}): Services {
  const trees = new TreeRegistry(storage);
  const namespaces = new Namespaces(storage, trees);
  const finder = topicFinder(storage, trees, namespaces, options.topicCacheMs);
  const topics = forgetting(topicService(storage, trees, namespaces, options.defaultPartitions), finder);
  const partitions = new PartitionRegistry(storage);
  const sessions = sessionService(storage, trees, namespaces);
  const producers = producerIdService(storage);
  const transactionItems = new TransactionItems(storage);
  const produce = produceService(storage, finder, partitions, transactionVerifier(transactionItems));
  const fetch = fetchService(storage, finder, partitions, new ZnodeChanges(storage, trees, namespaces));
  const { groups, transactionalOffsets } = groupService(storage, { namespaces, topics, finder, fetch });
  const transactions = transactionService(storage, transactionItems, {
    namespaces,
    topics: finder,
    producers,
    produce,
    markers: markerWriter(storage, partitions),
    offsets: transactionalOffsets,
  });
  return {
    namespaces,
    topics,
    producers,
    produce,
    fetch,
    truncate: truncateService(storage, finder, partitions),
    duties: withTrees(
      storage,
      { trees, namespaces, sessions, transactions },
      dutyService(storage, { namespaces, topics, finder }),
    ),
    health: healthService(storage),
    znodes: znodeService(trees, namespaces),
    changes: changeService(storage, trees, namespaces),
    sessions,
    elections: electionService(storage, trees, namespaces),
    locks: lockService(storage, trees, namespaces),
    shareGroups: shareGroupService(storage, { namespaces, topics: finder, fetch, produce }),
    transactions,
    groups,
  };
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

interface TreeServices {
  readonly trees: TreeRegistry;
  readonly namespaces: Namespaces;
  readonly sessions: SessionService;
  readonly transactions: TransactionService;
}

/**
 * A sweep sees to the trees as well: sessions and znodes whose time is over, projections that a crash left behind,
 * snapshots, entries that they cover.
 */
function withTrees(
  storage: Storage,
  { trees, namespaces, sessions, transactions }: TreeServices,
  duties: PartitionDuties,
): DutyService {
  const sweepTree = async (name: string): Promise<void> => {
    await sessions.sweep(name);
    await expireZnodes(storage, trees.tree(name));
    await healProjections(storage, trees, name);
    // On AWS the snapshot that a writer began may be frozen with its container.
    await trees.tree(name).snapshotIfDue();
    await tidyTree(storage, name);
  };
  const sweepTrees = async (): Promise<void> => {
    const failures: unknown[] = [];
    let nextToken: string | undefined;
    do {
      const page = await namespaces.list({ limit: pageItemsMax, ...(nextToken === undefined ? {} : { nextToken }) });
      for (const { name } of page.items) {
        // Neither keeps the other from being done, and one namespace none of the others.
        await sweepTree(name).catch((cause: unknown) => failures.push(cause));
        await transactions.sweep(name).catch((cause: unknown) => failures.push(cause));
      }
      ({ nextToken } = page);
    } while (nextToken !== undefined);
    if (failures.length > 0) throw failures[0];
  };
  return {
    seal: (topicId, partition) => duties.seal(topicId, partition),
    retain: (topicId, partition) => duties.retain(topicId, partition),
    collect: (topicId, partition) => duties.collect(topicId, partition),
    compact: (duty) => duties.compact(duty),
    reap: (namespace, sessionId) => sessions.reap(namespace, sessionId),
    expire: (namespace) => expireZnodes(storage, trees.tree(namespace)),
    recover: (id) => transactions.recover(id),
    async sweep() {
      // Neither waits for the other: what one of them fails at must not keep topics unsealed, or trees untidy.
      const results = await Promise.allSettled([duties.sweep(), sweepTrees()]);
      for (const result of results) if (result.status === "rejected") throw result.reason;
    },
  };
}
