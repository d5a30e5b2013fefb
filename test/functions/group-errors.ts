/** For each route of groups and transactions, and each error that it is said to answer, what leads to it. */
import { StorageUnavailableError } from "../../shared/storage/errors.ts";
import { interruptRequests } from "../shared/services/interrupt-requests.ts";
import { type Call, goodCalls, group, GroupBed, type GroupId, type GroupOperations, offsets } from "./group-bed.ts";
import { realTimeStorage } from "./real-time-storage.ts";
import type { Case } from "./walk-routes.ts";

type Listed<Id extends GroupId> = GroupOperations[Id]["errors"][number];

/** Changes what a call that succeeds sends, after what else is to be done. */
function changed(
  id: GroupId,
  change: (call: Call, bed: GroupBed) => Partial<Call> | Promise<Partial<Call>>,
  prepared = new GroupBed(),
): Case {
  return async () => {
    const call = await goodCalls[id](prepared);
    return prepared.send({ ...call, ...(await change(call, prepared)) });
  };
}

const fields = (call: Call): object => call.body as object;
const withFields = (id: GroupId, body: object): Case => changed(id, (call) => ({ body: { ...fields(call), ...body } }));
const inNamespace = (id: GroupId, namespace: string): Case =>
  changed(id, (call) => ({ params: { ...call.params, namespace } }));
const ofGroup = (id: GroupId, name: string): Case =>
  changed(id, (call) => ({ params: { ...call.params, group: name } }));

/** What names a group answers so; only what makes one looks first whether the namespace is there. */
const nameCases = (id: GroupId, namespace = "nowhere") => ({
  UNKNOWN_NAMESPACE: inNamespace(id, namespace),
  INVALID_GROUP_ID: ofGroup(id, "a%2Fb"),
});
const notThere = (id: GroupId) => ({ GROUP_ID_NOT_FOUND: ofGroup(id, "none") });
const shared = (id: GroupId) => ({
  INCONSISTENT_GROUP_PROTOCOL: changed(id, async (_call, bed) => {
    await bed.makeShareGroup();
    return {};
  }),
});
const subscriptionCases = (id: GroupId) => ({
  INVALID_REGULAR_EXPRESSION: withFields(id, { topicPattern: "(" }),
  INVALID_TOPIC_EXCEPTION: withFields(id, { topics: ["a b"] }),
});

type OffsetsOf = (call: Call, part: object) => object;

/** Of offsets that are committed, wherever they stand in the body. */
const commitCases = (id: GroupId, place: OffsetsOf) => ({
  UNKNOWN_MEMBER_ID: changed(id, (call) => ({ body: place(call, { memberId: "nobody", memberEpoch: 1, offsets }) })),
  STALE_MEMBER_EPOCH: changed(id, async (call, bed) => {
    const { memberId, memberEpoch } = await bed.join();
    return { body: place(call, { memberId, memberEpoch: memberEpoch + 5, offsets }) };
  }),
  FENCED_INSTANCE_ID: changed(id, async (call, bed) => {
    const { memberId, memberEpoch } = await bed.replacedMember();
    return { body: place(call, { memberId, memberEpoch, offsets }) };
  }),
  INVALID_TOPIC_EXCEPTION: changed(id, (call) => ({
    body: place(call, { offsets: [{ ...offsets[0], topic: "a b" }] }),
  })),
  OFFSET_METADATA_TOO_LARGE: changed(id, (call) => ({
    body: place(call, { offsets: [{ ...offsets[0], metadata: "x".repeat(4_097) }] }),
  })),
  INVALID_COMMIT_OFFSET_SIZE: changed(id, async (call, bed) => {
    await bed.createTopic("wide", 100);
    const many = Array.from({ length: 100 }, (_, partition) => ({
      topic: "wide",
      partition,
      offset: 1,
      metadata: "x".repeat(4_000),
    }));
    return { body: place(call, { offsets: many }) };
  }),
});

const inBody: OffsetsOf = (call, part) => ({ ...fields(call), ...part });
const inList: OffsetsOf = (call, part) => ({ ...fields(call), offsets: [{ ...group, ...part }] });

const producerCases = (id: GroupId) => ({
  BAD_ARGUMENTS: changed(id, () => ({ params: { transactionalId: "a%01b" } })),
  PRODUCER_FENCED: changed(id, async (_call, bed) => {
    await bed.init();
    return {};
  }),
  INVALID_PRODUCER_ID_MAPPING: withFields(id, { producerId: "987654321" }),
});

/** The transaction before was decided, and its partition's log cannot be written to, so that it is not at its end. */
const notEnded = (id: GroupId): { readonly CONCURRENT_TRANSACTIONS: Case } => ({
  CONCURRENT_TRANSACTIONS: async () => {
    let isAway = false;
    const storage = interruptRequests(realTimeStorage(), ({ name, send }) =>
      isAway && name.startsWith("logs.") ? Promise.reject(new StorageUnavailableError("away")) : send(),
    );
    const bed = new GroupBed(storage);
    const call = await goodCalls[id](bed);
    const { producerId, producerEpoch } = fields(call) as { producerId: string; producerEpoch: number };
    const producer = { producerId, producerEpoch };
    const params = { transactionalId: "t" };
    const partitions = [{ topic: "orders", partitions: [0] }];
    await bed.ok({ id: "addPartitionsToTransaction", params, body: { ...producer, partitions } });
    isAway = true;
    await bed.send({ id: "commitTransaction", params, body: producer });
    return bed.send(call);
  },
});

const notEmpty = (id: GroupId): Case =>
  changed(id, async (_call, bed) => {
    await bed.join();
    return {};
  });

const otherEnd = (id: "commitTransaction" | "abortTransaction", other: typeof id): Case =>
  changed(id, async (call, bed) => {
    await bed.ok({ ...call, id: other });
    return {};
  });

export const cases: { readonly [Id in GroupId]: Readonly<Record<Listed<Id>, Case>> } = {
  joinGroup: {
    ...nameCases("joinGroup"),
    ...shared("joinGroup"),
    ...subscriptionCases("joinGroup"),
    GROUP_MAX_SIZE_REACHED: changed("joinGroup", async (_call, bed) => {
      for (let members = 0; members < 3; members += 1) await bed.join();
      return {};
    }),
    UNRELEASED_INSTANCE_ID: changed("joinGroup", async (call, bed) => {
      await bed.join({ instanceId: "i" });
      return { body: { ...fields(call), instanceId: "i" } };
    }),
    UNSUPPORTED_ASSIGNOR: withFields("joinGroup", { assignor: "roundrobin" }),
    INVALID_SESSION_TIMEOUT: withFields("joinGroup", { sessionTimeoutMs: 1 }),
  },
  heartbeatMember: {
    ...nameCases("heartbeatMember", "No"),
    ...shared("heartbeatMember"),
    ...subscriptionCases("heartbeatMember"),
    UNKNOWN_MEMBER_ID: changed("heartbeatMember", () => ({ params: { ...group, member: "nobody" } })),
    FENCED_MEMBER_EPOCH: withFields("heartbeatMember", { memberEpoch: 99 }),
    FENCED_INSTANCE_ID: changed("heartbeatMember", async (_call, bed) => {
      const { memberId, memberEpoch } = await bed.replacedMember();
      return { params: { ...group, member: memberId }, body: { memberEpoch } };
    }),
  },
  leaveGroup: { ...nameCases("leaveGroup", "No"), ...shared("leaveGroup") },
  commitOffsets: {
    ...nameCases("commitOffsets"),
    ...shared("commitOffsets"),
    ...commitCases("commitOffsets", inBody),
  },
  getGroupOffsets: {
    ...nameCases("getGroupOffsets", "No"),
    ...notThere("getGroupOffsets"),
    ...shared("getGroupOffsets"),
    UNSTABLE_OFFSET_COMMIT: async () => {
      const bed = new GroupBed();
      await bed.ok(await goodCalls.addOffsetsToTransaction(bed));
      return bed.send({ id: "getGroupOffsets", params: group, query: { stable: true } });
    },
  },
  resetGroupOffsets: {
    ...nameCases("resetGroupOffsets", "No"),
    ...notThere("resetGroupOffsets"),
    ...shared("resetGroupOffsets"),
    NON_EMPTY_GROUP: notEmpty("resetGroupOffsets"),
    UNKNOWN_TOPIC_OR_PARTITION: withFields("resetGroupOffsets", { topics: [{ topic: "gone" }] }),
    INVALID_TOPIC_EXCEPTION: withFields("resetGroupOffsets", { topics: [{ topic: "a b" }] }),
  },
  listGroups: {
    UNKNOWN_NAMESPACE: inNamespace("listGroups", "nowhere"),
    BAD_ARGUMENTS: changed("listGroups", () => ({ query: { nextToken: "x".repeat(250) } })),
  },
  describeGroup: {
    ...nameCases("describeGroup", "No"),
    ...notThere("describeGroup"),
    ...shared("describeGroup"),
  },
  deleteGroup: {
    ...nameCases("deleteGroup", "No"),
    ...notThere("deleteGroup"),
    ...shared("deleteGroup"),
    NON_EMPTY_GROUP: notEmpty("deleteGroup"),
  },
  writeAtomically: {
    UNKNOWN_NAMESPACE: inNamespace("writeAtomically", "nowhere"),
    BAD_ARGUMENTS: changed("writeAtomically", async (call, bed) => {
      const headers = { "idempotency-key": "k" };
      await bed.ok({ ...call, headers });
      return { headers, body: inList(call, { offsets: [{ ...offsets[0], offset: 2 }] }) };
    }),
    RECORD_LIST_TOO_LARGE: changed("writeAtomically", () => {
      const records = Array.from({ length: 100_001 }, () => ({ value: null }));
      return { body: { produce: [{ topic: "orders", records }] } };
    }),
    INVALID_RECORD: changed("writeAtomically", () => ({ body: {} })),
    INVALID_TIMESTAMP: changed("writeAtomically", () => {
      const records = [{ value: "a", timestamp: Number.MAX_SAFE_INTEGER }];
      return { body: { produce: [{ topic: "orders", records }] } };
    }),
    UNKNOWN_TOPIC_OR_PARTITION: changed("writeAtomically", (call) => ({
      body: inList(call, { offsets: [{ ...offsets[0], topic: "gone" }] }),
    })),
    INVALID_GROUP_ID: changed("writeAtomically", (call) => ({ body: inList(call, { group: "a/b", offsets }) })),
    ...shared("writeAtomically"),
    ...commitCases("writeAtomically", inList),
  },
  listTransactions: {
    UNKNOWN_NAMESPACE: inNamespace("listTransactions", "nowhere"),
    BAD_ARGUMENTS: changed("listTransactions", () => ({ query: { nextToken: "\u0001" } })),
  },
  describeTransaction: {
    UNKNOWN_NAMESPACE: inNamespace("describeTransaction", "nowhere"),
    BAD_ARGUMENTS: changed("describeTransaction", () => ({ params: { transactionalId: "x".repeat(250) } })),
    TRANSACTIONAL_ID_NOT_FOUND: changed("describeTransaction", () => ({ params: { transactionalId: "none" } })),
  },
  addPartitionsToTransaction: {
    ...producerCases("addPartitionsToTransaction"),
    ...notEnded("addPartitionsToTransaction"),
    UNKNOWN_NAMESPACE: inNamespace("addPartitionsToTransaction", "nowhere"),
    UNKNOWN_TOPIC_OR_PARTITION: withFields("addPartitionsToTransaction", {
      partitions: [{ topic: "orders", partitions: [2] }],
    }),
    INVALID_TOPIC_EXCEPTION: withFields("addPartitionsToTransaction", {
      partitions: [{ topic: "a b", partitions: [0] }],
    }),
  },
  addOffsetsToTransaction: {
    ...producerCases("addOffsetsToTransaction"),
    ...notEnded("addOffsetsToTransaction"),
    UNKNOWN_NAMESPACE: inNamespace("addOffsetsToTransaction", "No"),
    UNKNOWN_TOPIC_OR_PARTITION: withFields("addOffsetsToTransaction", { offsets: [{ ...offsets[0], partition: 2 }] }),
    INVALID_GROUP_ID: withFields("addOffsetsToTransaction", { group: "a/b" }),
    ...shared("addOffsetsToTransaction"),
    ...commitCases("addOffsetsToTransaction", inBody),
  },
  commitTransaction: {
    ...producerCases("commitTransaction"),
    UNKNOWN_NAMESPACE: inNamespace("commitTransaction", "No"),
    INVALID_TXN_STATE: otherEnd("commitTransaction", "abortTransaction"),
  },
  abortTransaction: {
    ...producerCases("abortTransaction"),
    UNKNOWN_NAMESPACE: inNamespace("abortTransaction", "No"),
    INVALID_TXN_STATE: otherEnd("abortTransaction", "commitTransaction"),
  },
};
