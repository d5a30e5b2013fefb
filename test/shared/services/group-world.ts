/** Consumer groups under virtual time: processes over one simulated store, each with its requests counted. */
import { classicCode } from "../../../shared/services/classic-code.ts";
import { classicGroupService } from "../../../shared/services/classic-group-service.ts";
import type { ClassicGroupService } from "../../../shared/services/classic-groups.ts";
import { fetchService } from "../../../shared/services/fetch-service.ts";
import { groupParts, transactionalOffsets } from "../../../shared/services/group-parts.ts";
import { groupService } from "../../../shared/services/group-service.ts";
import type {
  GroupService,
  MemberHeartbeat,
  Membership,
  TransactionalOffsets,
} from "../../../shared/services/groups.ts";
import { Namespaces } from "../../../shared/services/namespace-service.ts";
import { PartitionRegistry } from "../../../shared/services/partition-registry.ts";
import { produceService } from "../../../shared/services/produce-service.ts";
import type { FetchService, ProduceService, TopicService } from "../../../shared/services/services.ts";
import { TopicPatterns } from "../../../shared/services/topic-pattern.ts";
import { topicFinder } from "../../../shared/services/topic-finder.ts";
import { topicService } from "../../../shared/services/topic-service.ts";
import { TransactionItems } from "../../../shared/services/transaction-items.ts";
import { transactionVerifier } from "../../../shared/services/transaction-verifier.ts";
import { TreeRegistry } from "../../../shared/services/tree-registry.ts";
import { ZnodeChanges } from "../../../shared/services/znode-changes.ts";
import { type CountedStorage, countRequests } from "../../../shared/storage/count-requests.ts";
import { groupKey } from "../../../shared/storage/item-keys.ts";
import type { Attributes } from "../../../shared/storage/item-store.ts";
import type { ProcessOptions, SimulatedProcess } from "../../../shared/storage/memory/simulated-process.ts";
import { SimulatedStore, type SimulationOptions } from "../../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../../shared/storage/storage.ts";

export const name = { namespace: "default", group: "g" };

export interface GroupProcess extends CountedStorage {
  readonly process: SimulatedProcess;
  readonly groups: GroupService;
  readonly classic: ClassicGroupService;
  readonly transactionalOffsets: TransactionalOffsets;
  readonly topics: TopicService;
  readonly produce: ProduceService;
  readonly fetch: FetchService;
}

export class GroupWorld {
  readonly store: SimulatedStore;
  readonly one: GroupProcess;
  readonly two: GroupProcess;

  constructor(options: Partial<SimulationOptions> = {}) {
    this.store = new SimulatedStore({ seed: 1, ...options });
    this.one = this.start();
    this.two = this.start();
  }

  /**
   * @param wrap what stands between the process and its storage
   * @param logs where partitions begin and end, instead of what is stored of them
   */
  start(
    options: ProcessOptions = {},
    wrap: (storage: Storage) => Storage = (storage) => storage,
    logs?: Pick<FetchService, "listOffset">,
  ): GroupProcess {
    const process = this.store.process(options);
    const counted = countRequests(wrap(process.storage));
    const { storage } = counted;
    const trees = new TreeRegistry(storage);
    const namespaces = new Namespaces(storage, trees);
    const topics = topicService(storage, trees, namespaces);
    const finder = topicFinder(storage, trees, namespaces);
    const partitions = new PartitionRegistry(storage);
    const fetch = fetchService(storage, finder, partitions, new ZnodeChanges(storage, trees, namespaces));
    const produce = produceService(storage, finder, partitions, transactionVerifier(new TransactionItems(storage)));
    const parts = groupParts(storage, finder, () => classicCode);
    const patterns = new TopicPatterns();
    return {
      ...counted,
      process,
      topics,
      produce,
      fetch,
      groups: groupService(storage, {
        namespaces,
        topics,
        finder,
        fetch: logs ?? fetch,
        parts,
        loadPatterns: () => patterns,
      }),
      classic: classicGroupService(storage, { namespaces, parts }),
      transactionalOffsets: transactionalOffsets(storage, parts),
    };
  }

  run<Result>(main: () => Promise<Result>): Promise<Result> {
    return this.store.time.run(main);
  }

  sleep(ms: number): Promise<void> {
    return this.one.process.storage.timers.sleep(ms);
  }

  /** What the item holds; undefined if it is not there. */
  attributes(group = name.group): Attributes | undefined {
    return this.store.items.get(groupKey(name.namespace, group))?.attributes;
  }
}

/** A heartbeat that says the truth. */
export function truth({ memberId, memberEpoch, assignment }: Membership): MemberHeartbeat {
  return { ...name, memberId, memberEpoch, owned: assignment };
}

/** Heartbeats of all members in turn until none is given or asked for anything. */
export async function settle(process: GroupProcess, members: readonly Membership[]): Promise<Membership[]> {
  let present = [...members];
  for (let round = 0; round < 10; round += 1) {
    const next: Membership[] = [];
    for (const member of present) next.push(await process.groups.heartbeat(truth(member)));
    const same = next.every((member, index) => member.memberEpoch === present[index]?.memberEpoch);
    present = next;
    if (same && (await process.groups.describe(name)).state === "Stable") return present;
  }
  throw new Error("the group does not settle");
}
