/** The functions with a caller's view of groups and transactions. */
import type { operations as groupOperations } from "../../shared/api/operations/groups.ts";
import type { operations as shareGroupOperations } from "../../shared/api/operations/share-groups.ts";
import type { operations as topicOperations } from "../../shared/api/operations/topics.ts";
import type { operations as transactionOperations } from "../../shared/api/operations/transactions.ts";
import { expect } from "vitest";
import { groupKey } from "../../shared/storage/item-keys.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { ApiBed, type ApiCall } from "./api-bed.ts";
import { realTimeStorage } from "./real-time-storage.ts";

export type GroupOperations = typeof groupOperations & typeof transactionOperations;
export type GroupId = keyof GroupOperations;
export type ShareGroupId = keyof typeof shareGroupOperations;
type TopicId = keyof typeof topicOperations;
export type Call = ApiCall<GroupId | ShareGroupId | TopicId | "createProducer" | "produce" | "produceToPartition">;

export interface JoinedMember {
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly assignment: readonly object[];
}
export interface Producer {
  readonly producerId: string;
  readonly producerEpoch: number;
}

export const group = { group: "g" };
export const transaction = { transactionalId: "t" };
export const offsets = [{ topic: "orders", partition: 0, offset: 1 }];

export class GroupBed extends ApiBed<Call["id"]> {
  readonly storage: Storage;

  constructor(storage: Storage = realTimeStorage()) {
    super({ storage });
    this.storage = storage;
  }

  async createTopic(name = "orders", partitions = 2): Promise<void> {
    await this.ok({ id: "createTopic", body: { name, partitions } });
  }

  /** A member of `g` that reads `orders`, which there must be. */
  async join(body: object = {}): Promise<JoinedMember> {
    const joined = await this.ok({ id: "joinGroup", params: group, body: { topics: ["orders"], ...body } });
    return joined as unknown as JoinedMember;
  }

  /** Of no member. */
  async commit(): Promise<void> {
    await this.ok({ id: "commitOffsets", params: group, body: { offsets } });
  }

  /** The next owner of the transactional id `t`. */
  async init(): Promise<Producer> {
    const body = { transactionalId: "t", timeoutMs: 60_000 };
    const { producerId, producerEpoch } = await this.ok({ id: "createProducer", body });
    return { producerId: String(producerId), producerEpoch: Number(producerEpoch) };
  }

  async begin(partitions: readonly number[] = [0]): Promise<Producer> {
    const producer = await this.init();
    const body = { ...producer, partitions: [{ topic: "orders", partitions }] };
    await this.ok({ id: "addPartitionsToTransaction", params: transaction, body });
    return producer;
  }

  /** Two members came under one instance id: the first is put out. */
  async replacedMember(): Promise<JoinedMember> {
    const first = await this.join({ instanceId: "i" });
    await this.ok({ id: "leaveGroup", params: { ...group, member: first.memberId } });
    await this.join({ instanceId: "i" });
    return first;
  }

  /** Makes a share group of the name, in place of the consumer group that may have it. */
  async makeShareGroup(): Promise<void> {
    await this.storage.items.delete(groupKey("default", "g"));
    await this.ok({ id: "configureShareGroup", params: group, body: { config: {} } });
  }

  /** Records of `orders` that a worker has acquired from a share group. */
  async acquire(config: object = {}): Promise<void> {
    await this.createTopic();
    await this.ok({ id: "configureShareGroup", params: group, body: { config: { startAt: "earliest", ...config } } });
    const records = ["a", "b", "c"].map((value) => ({ value, partition: 0 }));
    await this.ok({ id: "produce", params: { topic: "orders" }, body: { records } });
    const acquired = await this.ok({
      id: "acquireRecords",
      params: group,
      body: { topics: ["orders"], memberId: "w" },
    });
    expect(acquired["records"]).toHaveLength(3);
  }
}

/** What the walks over the routes of groups have in common. */
export const groupWalk = {
  bedOver: (storage?: Storage): GroupBed => new GroupBed(storage),
  newStorage: realTimeStorage,
  tooLargeBytes: 10 * 1024 * 1024 + 1,
  partsFail: true,
} as const;

/** For each route a call that succeeds, after what it needs has been done. */
export const goodCalls: { readonly [Id in GroupId]: (bed: GroupBed) => Promise<Call> } = {
  joinGroup: async (bed) => {
    await bed.createTopic();
    return { id: "joinGroup", params: group, body: { topics: ["orders"], assignor: "range" } };
  },
  heartbeatMember: async (bed) => {
    await bed.createTopic();
    const { memberId, memberEpoch, assignment } = await bed.join();
    const body = { memberEpoch, owned: assignment };
    return { id: "heartbeatMember", params: { ...group, member: memberId }, body };
  },
  leaveGroup: async (bed) => {
    await bed.createTopic();
    const { memberId } = await bed.join();
    return { id: "leaveGroup", params: { ...group, member: memberId }, query: { forever: true } };
  },
  commitOffsets: async (bed) => {
    await bed.createTopic();
    return { id: "commitOffsets", params: group, body: { offsets: [...offsets, { ...offsets[0], topic: "gone" }] } };
  },
  getGroupOffsets: async (bed) => {
    await bed.createTopic();
    await bed.commit();
    await bed.join();
    return { id: "getGroupOffsets", params: group, query: { topics: "orders,payments", stable: true } };
  },
  resetGroupOffsets: async (bed) => {
    await bed.createTopic();
    await bed.commit();
    return { id: "resetGroupOffsets", params: group, body: { to: "shift", by: -1, topics: [{ topic: "orders" }] } };
  },
  listGroups: async (bed) => {
    await bed.createTopic();
    await bed.join();
    return { id: "listGroups", query: { limit: 1 } };
  },
  describeGroup: async (bed) => {
    await bed.createTopic();
    await bed.join({ instanceId: "i", clientId: "c", topicPattern: "pay.*" });
    return { id: "describeGroup", params: group };
  },
  deleteGroup: async (bed) => {
    await bed.createTopic();
    await bed.commit();
    return { id: "deleteGroup", params: group };
  },
  writeAtomically: async (bed) => {
    await bed.createTopic();
    const records = [
      { value: "a", partition: 0 },
      { value: "b", partition: 1 },
    ];
    const produce = [{ topic: "orders", records }];
    return { id: "writeAtomically", body: { produce, offsets: [{ ...group, offsets }] } };
  },
  listTransactions: async (bed) => {
    await bed.createTopic();
    await bed.begin();
    return { id: "listTransactions" };
  },
  describeTransaction: async (bed) => {
    await bed.createTopic();
    await bed.begin();
    return { id: "describeTransaction", params: transaction };
  },
  addPartitionsToTransaction: async (bed) => {
    await bed.createTopic();
    const body = { ...(await bed.init()), partitions: [{ topic: "orders", partitions: [0, 1] }] };
    return { id: "addPartitionsToTransaction", params: transaction, body };
  },
  addOffsetsToTransaction: async (bed) => {
    await bed.createTopic();
    const body = { ...(await bed.init()), ...group, offsets };
    return { id: "addOffsetsToTransaction", params: transaction, body };
  },
  commitTransaction: async (bed) => {
    await bed.createTopic();
    return { id: "commitTransaction", params: transaction, body: await bed.begin() };
  },
  abortTransaction: async (bed) => {
    await bed.createTopic();
    return { id: "abortTransaction", params: transaction, body: await bed.begin() };
  },
};
