import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deleteAcls } from "../../../gateway/kafka/protocol/apis/acls.ts";
import { consumerGroupDescribe } from "../../../gateway/kafka/protocol/apis/consumer-group-describe.ts";
import { consumerGroupHeartbeat } from "../../../gateway/kafka/protocol/apis/consumer-group-heartbeat.ts";
import { deleteGroups } from "../../../gateway/kafka/protocol/apis/delete-groups.ts";
import { describeGroups } from "../../../gateway/kafka/protocol/apis/describe-groups.ts";
import { findCoordinator } from "../../../gateway/kafka/protocol/apis/find-coordinator.ts";
import { heartbeat } from "../../../gateway/kafka/protocol/apis/heartbeat.ts";
import { joinGroup } from "../../../gateway/kafka/protocol/apis/join-group.ts";
import { leaveGroup } from "../../../gateway/kafka/protocol/apis/leave-group.ts";
import { listGroups } from "../../../gateway/kafka/protocol/apis/list-groups.ts";
import { offsetCommit } from "../../../gateway/kafka/protocol/apis/offset-commit.ts";
import { offsetDelete } from "../../../gateway/kafka/protocol/apis/offset-delete.ts";
import { offsetFetch } from "../../../gateway/kafka/protocol/apis/offset-fetch.ts";
import { syncGroup } from "../../../gateway/kafka/protocol/apis/sync-group.ts";
import type { AclOperation, ResourceType } from "../../../gateway/kafka/security/acl.ts";
import { SecuredGateway } from "./secured-gateway.ts";
import type { WireClient } from "./wire-client.ts";

const groupId = "billing";
const [topicRefused, groupRefused, transactionRefused] = [29, 30, 53];
let gateway: SecuredGateway;
let root: WireClient;
let alice: WireClient;
beforeAll(async () => {
  gateway = await SecuredGateway.start({ sasl: true, acl: "deny", superUsers: ["root"] });
  for (const name of ["orders", "payments"]) await gateway.services.topics.create("default", { name });
  root = await gateway.login("root");
  alice = await gateway.login("alice");
  for (const id of [groupId, "audit"]) await root.send(offsetCommit, { groupId: id, ...commitOf("orders") });
});
afterAll(() => gateway[Symbol.asyncDispose]());

function commitOf(...names: string[]) {
  const partitions = [{ partitionIndex: 0, committedOffset: 0, committedMetadata: null }];
  return { memberId: "", topics: names.map((name) => ({ name, partitions })) };
}

/** What alice may do with the group, and with the topic orders; nothing else. */
async function allow(ofGroup: readonly AclOperation[], ofTopic: readonly AclOperation[] = []): Promise<void> {
  const anything = { resourceTypeFilter: 1, resourceNameFilter: null, patternTypeFilter: 1 };
  const anybody = { principalFilter: null, hostFilter: null, operation: 1, permissionType: 1 };
  await root.send(deleteAcls, { filters: [{ ...anything, ...anybody }] });
  const grantAll = async (resourceType: ResourceType, name: string, rows: readonly AclOperation[]): Promise<void> => {
    for (const operation of rows) await gateway.grant(root, { resourceType, name, operation });
  };
  await grantAll("Group", groupId, ofGroup);
  await grantAll("Topic", "orders", ofTopic);
}

const join = { groupId, sessionTimeoutMs: 10_000, memberId: "", protocolType: "consumer", protocols: [] };
const member = { groupId, generationId: 1, memberId: "m" };

describe("a group", () => {
  test("is closed to whoever may not read it, by every request of its members", async () => {
    await allow(["Describe"]);
    expect((await alice.send(joinGroup, join, 5)).errorCode).toBe(groupRefused);
    expect((await alice.send(joinGroup, join)).errorCode).toBe(groupRefused);
    expect((await alice.send(syncGroup, { ...member, assignments: [] })).errorCode).toBe(groupRefused);
    expect((await alice.send(heartbeat, member)).errorCode).toBe(groupRefused);
    expect((await alice.send(leaveGroup, { groupId, members: [] })).errorCode).toBe(groupRefused);
    const beat = { groupId, memberId: "m", memberEpoch: 0, subscribedTopicNames: ["orders"] };
    expect((await alice.send(consumerGroupHeartbeat, beat)).errorCode).toBe(groupRefused);
    const committed = await alice.send(offsetCommit, { groupId, ...commitOf("orders") });
    expect(committed.topics[0]?.partitions[0]?.errorCode).toBe(groupRefused);
  });

  test("takes offsets only of topics that may be read, and members only for topics that may be described", async () => {
    await allow(["Read"], ["Read"]);
    const { topics } = await alice.send(offsetCommit, { groupId, ...commitOf("orders", "payments") });
    expect(topics.map(({ name, partitions }) => [name, partitions[0]?.errorCode])).toEqual([
      ["orders", 0],
      ["payments", topicRefused],
    ]);
    const beat = { groupId, memberId: "m", memberEpoch: 0, subscribedTopicNames: ["orders", "payments"] };
    expect((await alice.send(consumerGroupHeartbeat, beat)).errorCode).toBe(topicRefused);
  });

  test.each([7, 8])("tells offsets of topics that may be described (OffsetFetch v%i)", async (version) => {
    const topics = ["orders", "payments"].map((name) => ({ name, partitionIndexes: [0] }));
    const ask = async (asked: typeof topics | null) => {
      const request =
        version === 7 ? { groupId, topics: asked } : { topics: null, groups: [{ groupId, topics: asked }] };
      const answer = await alice.send(offsetFetch, request, version);
      const found = version === 7 ? answer : answer.groups[0];
      return [found?.errorCode, found?.topics.map(({ name, partitions }) => [name, partitions[0]?.errorCode])];
    };
    await allow(["Describe"], ["Describe"]);
    const both = [
      ["orders", 0],
      ["payments", topicRefused],
    ];
    expect(await ask(topics)).toEqual([0, both]);
    expect(await ask(null)).toEqual([0, [["orders", 0]]]);
    await allow([], ["Describe"]);
    expect((await ask(topics))[0]).toBe(groupRefused);
  });

  test("is found, described and listed by who may describe it", async () => {
    await allow(["Describe"]);
    const found = await alice.send(findCoordinator, { keyType: 0, coordinatorKeys: [groupId, "audit"] });
    expect(found.coordinators.map(({ errorCode }) => errorCode)).toEqual([0, groupRefused]);
    expect((await alice.send(findCoordinator, { key: "audit" }, 2)).errorCode).toBe(groupRefused);
    expect((await alice.send(findCoordinator, { key: "t", keyType: 1 }, 2)).errorCode).toBe(transactionRefused);
    const asked = { groups: [groupId, "audit"], includeAuthorizedOperations: true };
    const { groups } = await alice.send(describeGroups, asked);
    expect(groups.map(({ errorCode, authorizedOperations }) => [errorCode, authorizedOperations])).toEqual([
      [0, 1 << 8],
      [groupRefused, -2_147_483_648],
    ]);
    const described = await alice.send(consumerGroupDescribe, {
      groupIds: ["audit"],
      includeAuthorizedOperations: true,
    });
    expect(described.groups[0]?.errorCode).toBe(groupRefused);
    expect((await alice.send(listGroups, {})).groups.map((group) => group.groupId)).toEqual([groupId]);
    expect((await root.send(listGroups, {})).groups).toHaveLength(2);
  });

  test("loses offsets and goes by who may delete it", async () => {
    await allow(["Read", "Describe"]);
    const offsets = {
      groupId,
      topics: ["orders", "payments"].map((name) => ({ name, partitions: [{ partitionIndex: 0 }] })),
    };
    expect((await alice.send(offsetDelete, offsets)).errorCode).toBe(groupRefused);
    expect((await alice.send(deleteGroups, { groupsNames: [groupId] })).results[0]?.errorCode).toBe(groupRefused);
    await allow(["Delete"], ["Read"]);
    const deleted = await alice.send(offsetDelete, offsets);
    expect(deleted.topics.map(({ partitions }) => partitions[0]?.errorCode)).toEqual([0, topicRefused]);
    const { results } = await alice.send(deleteGroups, { groupsNames: ["audit", groupId] });
    expect(results.find((one) => one.groupId === "audit")?.errorCode).toBe(groupRefused);
  });

  test("takes a pattern only of who may describe all topics", async () => {
    const join = (subscribedTopicRegex: string, subscribedTopicNames: string[] | null = null) => {
      const memberId = `m-${subscribedTopicRegex.length}`;
      const beat = { groupId: "watchers", memberId, memberEpoch: 0, subscribedTopicNames, subscribedTopicRegex };
      return alice.send(consumerGroupHeartbeat, { ...beat, topicPartitions: [], rebalanceTimeoutMs: 60_000 });
    };
    await allow([], ["Read"]);
    await gateway.grant(root, { resourceType: "Group", name: "watchers" });
    for (const pattern of ["pay.*", "orders", ".*"]) {
      const refused = await join(pattern);
      expect([refused.errorCode, refused.assignment]).toEqual([topicRefused, null]);
    }
    expect((await join("pay.*", ["orders"])).errorCode).toBe(topicRefused);
    // The empty one is none.
    expect((await join("", ["orders"])).errorCode).toBe(0);
    await gateway.grant(root, { name: "*", operation: "Read" });
    const taken = await join("pay.*");
    expect([taken.errorCode, taken.assignment?.topicPartitions.length]).toEqual([0, 1]);
    await gateway.grant(root, { name: "pay", patternType: "prefixed", operation: "Describe", permissionType: "Deny" });
    expect((await join("pay.*")).errorCode).toBe(topicRefused);
  });
});

test("nothing that a gate or a handler did was a failure of the gateway", () => {
  expect(gateway.logged).toEqual([]);
});
