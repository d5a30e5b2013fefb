/** For each route of share groups a call that succeeds, and what leads to each error that it is said to answer. */
import type { operations } from "../../shared/api/operations/share-groups.ts";
import { type Call, group, GroupBed, type ShareGroupId } from "./group-bed.ts";
import type { Case } from "./walk-routes.ts";

type Listed<Id extends ShareGroupId> = (typeof operations)[Id]["errors"][number];

const ordersGroup = { ...group, topic: "orders" };
const acknowledgement = { topic: "orders", partition: 0, firstOffset: 0, lastOffset: 1, type: "accept" };

export const goodCalls: { readonly [Id in ShareGroupId]: (bed: GroupBed) => Promise<Call> } = {
  listShareGroups: async (bed) => {
    await bed.makeShareGroup();
    return { id: "listShareGroups", query: { limit: 1 } };
  },
  configureShareGroup: async (bed) => {
    await bed.createTopic("dead", 1);
    const config = { lockMs: 10_000, deliveriesMax: 3, deadLetterTopic: "dead", isolation: "read_committed" };
    return { id: "configureShareGroup", params: group, body: { config } };
  },
  describeShareGroup: async (bed) => {
    await bed.acquire();
    return { id: "describeShareGroup", params: group };
  },
  deleteShareGroup: async (bed) => {
    await bed.makeShareGroup();
    return { id: "deleteShareGroup", params: group };
  },
  acquireRecords: async (bed) => {
    await bed.acquire({ lockMs: 1_000 });
    return { id: "acquireRecords", params: group, body: { topics: ["orders"], memberId: "other", waitMs: 10 } };
  },
  acknowledgeRecords: async (bed) => {
    await bed.acquire();
    const acknowledgements = [acknowledgement, { ...acknowledgement, firstOffset: 7, lastOffset: 9 }];
    return { id: "acknowledgeRecords", params: group, body: { memberId: "w", acknowledgements } };
  },
  acquireTopicRecords: async (bed) => {
    await bed.acquire({ lockMs: 1_000 });
    return { id: "acquireTopicRecords", params: ordersGroup, body: { memberId: "other", waitMs: 10 } };
  },
  acknowledgeTopicRecords: async (bed) => {
    await bed.acquire();
    const { topic: _topic, ...range } = acknowledgement;
    const body = { memberId: "w", acknowledgements: [range, { ...range, firstOffset: 7, lastOffset: 9 }] };
    return { id: "acknowledgeTopicRecords", params: ordersGroup, body };
  },
  redriveRecords: async (bed) => {
    await bed.createTopic("dead", 1);
    await bed.acquire({ deadLetterTopic: "dead" });
    const rejected = [{ ...acknowledgement, type: "reject" }];
    const body = { memberId: "w", acknowledgements: rejected };
    await bed.ok({ id: "acknowledgeRecords", params: group, body });
    return { id: "redriveRecords", params: group, body: { maxRecords: 10 } };
  },
};

function changed(
  id: ShareGroupId,
  change: (call: Call, bed: GroupBed) => Partial<Call> | Promise<Partial<Call>>,
): Case {
  return async () => {
    const bed = new GroupBed();
    const call = await goodCalls[id](bed);
    return bed.send({ ...call, ...(await change(call, bed)) });
  };
}

const withFields = (id: ShareGroupId, body: object): Case =>
  changed(id, (call) => ({ body: { ...(call.body as object), ...body } }));
const nowhere = (id: ShareGroupId): Case =>
  changed(id, (call) => ({ params: { ...call.params, namespace: "nowhere" } }));
const nameCases = (id: ShareGroupId) => ({
  UNKNOWN_NAMESPACE: nowhere(id),
  INVALID_GROUP_ID: changed(id, () => ({ params: { topic: "orders", group: "%2E%2E" } })),
});
/** Each route also tells of a group that its members share in the other way. */
const consumers =
  (id: ShareGroupId): Case =>
  async () => {
    const bed = new GroupBed();
    await bed.createTopic();
    await bed.commit();
    const call = await goodCalls[id](new GroupBed());
    return bed.send(call);
  };
const presentCases = (id: ShareGroupId) => ({
  ...nameCases(id),
  GROUP_ID_NOT_FOUND: changed(id, () => ({ params: { topic: "orders", group: "none" } })),
  INCONSISTENT_GROUP_PROTOCOL: consumers(id),
});

export const cases: { readonly [Id in ShareGroupId]: Readonly<Record<Listed<Id>, Case>> } = {
  listShareGroups: { UNKNOWN_NAMESPACE: nowhere("listShareGroups") },
  configureShareGroup: {
    ...nameCases("configureShareGroup"),
    INVALID_CONFIG: withFields("configureShareGroup", { config: { lockMs: 1 } }),
    INCONSISTENT_GROUP_PROTOCOL: consumers("configureShareGroup"),
  },
  describeShareGroup: presentCases("describeShareGroup"),
  deleteShareGroup: {
    ...presentCases("deleteShareGroup"),
    NON_EMPTY_GROUP: changed("deleteShareGroup", async (_call, bed) => {
      await bed.acquire();
      return {};
    }),
  },
  acquireRecords: {
    ...nameCases("acquireRecords"),
    UNKNOWN_TOPIC_OR_PARTITION: withFields("acquireRecords", { topics: ["gone"] }),
    INVALID_TOPIC_EXCEPTION: withFields("acquireRecords", { topics: ["a b"] }),
    INCONSISTENT_GROUP_PROTOCOL: consumers("acquireRecords"),
  },
  acknowledgeRecords: presentCases("acknowledgeRecords"),
  acquireTopicRecords: {
    ...nameCases("acquireTopicRecords"),
    UNKNOWN_TOPIC_OR_PARTITION: changed("acquireTopicRecords", () => ({ params: { ...group, topic: "gone" } })),
    INVALID_TOPIC_EXCEPTION: changed("acquireTopicRecords", () => ({ params: { ...group, topic: "a%20b" } })),
    INCONSISTENT_GROUP_PROTOCOL: consumers("acquireTopicRecords"),
  },
  acknowledgeTopicRecords: presentCases("acknowledgeTopicRecords"),
  redriveRecords: {
    ...presentCases("redriveRecords"),
    INVALID_CONFIG: changed("redriveRecords", async (_call, bed) => {
      await bed.ok({ id: "configureShareGroup", params: group, body: { config: { deadLetterTopic: "" } } });
      return {};
    }),
  },
};
