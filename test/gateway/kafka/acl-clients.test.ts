import kafkajs from "kafkajs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createAcls, deleteAcls, describeAcls } from "../../../gateway/kafka/protocol/apis/acls.ts";
import { alterConfigs } from "../../../gateway/kafka/protocol/apis/alter-configs.ts";
import {
  alterUserScramCredentials,
  describeUserScramCredentials,
} from "../../../gateway/kafka/protocol/apis/user-scram-credentials.ts";
import { createPartitions } from "../../../gateway/kafka/protocol/apis/create-partitions.ts";
import { createTopics } from "../../../gateway/kafka/protocol/apis/create-topics.ts";
import { deleteTopics } from "../../../gateway/kafka/protocol/apis/delete-topics.ts";
import { describeCluster } from "../../../gateway/kafka/protocol/apis/describe-cluster.ts";
import { describeConfigs } from "../../../gateway/kafka/protocol/apis/describe-configs.ts";
import { fetch } from "../../../gateway/kafka/protocol/apis/fetch.ts";
import { initProducerId } from "../../../gateway/kafka/protocol/apis/init-producer-id.ts";
import { listOffsets } from "../../../gateway/kafka/protocol/apis/list-offsets.ts";
import { metadata } from "../../../gateway/kafka/protocol/apis/metadata.ts";
import { produce } from "../../../gateway/kafka/protocol/apis/produce.ts";
import type { AclBinding } from "../../../gateway/kafka/security/acl.ts";
import { wireBinding } from "../../../gateway/kafka/security/acl-filter.ts";
import { SecuredGateway } from "./secured-gateway.ts";
import type { WireClient } from "./wire-client.ts";

/** Node cannot tell these names of a CommonJS module before it runs. */
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

let gateway: SecuredGateway;
let root: WireClient;
let alice: WireClient;
beforeAll(async () => {
  gateway = await SecuredGateway.start({ sasl: true, acl: "deny", superUsers: ["root"] });
  for (const name of ["orders", "orders-eu", "payments"]) await gateway.services.topics.create("default", { name });
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(async () => {
  root = await gateway.login("root");
  alice = await gateway.login("alice");
});
afterEach(async () => {
  await root.send(deleteAcls, { filters: [anyAcl] });
  root.close();
  alice.close();
});

const anyAcl = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
};

const grant = (row: Partial<AclBinding>): Promise<void> => gateway.grant(root, row);

const partitionOf = (name: string) => ({
  topic: name,
  partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }],
});
async function fetchCodes(...topics: string[]): Promise<Record<string, number | undefined>> {
  const request = { maxWaitMs: 0, minBytes: 0, isolationLevel: 0, topics: topics.map(partitionOf) };
  const { responses } = await alice.send(fetch, request, 11);
  return Object.fromEntries(responses.map(({ topic, partitions }) => [topic, partitions[0]?.errorCode]));
}

describe("with access control lists", () => {
  test("KafkaJS produces where it may, and is told where it may not", async () => {
    const producer = gateway.client("alice").producer();
    await producer.connect();
    const send = (topic: string) => producer.send({ topic, messages: [{ value: "1", timestamp: "0" }] });
    await expect(send("orders")).rejects.toMatchObject({ cause: { type: "TOPIC_AUTHORIZATION_FAILED" } });
    await grant({ operation: "Write" });
    await send("orders");
    await expect(send("payments")).rejects.toMatchObject({ cause: { type: "TOPIC_AUTHORIZATION_FAILED" } });
    await producer.disconnect();
  });

  test("KafkaJS creates, describes and deletes them, if it may", async () => {
    const acl = {
      resourceType: AclResourceTypes.TOPIC,
      resourceName: "orders-",
      resourcePatternType: ResourcePatternTypes.PREFIXED,
      principal: "User:alice",
      host: "*",
      operation: AclOperationTypes.READ,
      permissionType: AclPermissionTypes.ALLOW,
    };
    const stranger = gateway.client("alice").admin();
    await stranger.connect();
    await expect(stranger.createAcls({ acl: [acl] })).rejects.toMatchObject({ type: "CLUSTER_AUTHORIZATION_FAILED" });
    await stranger.disconnect();
    const admin = gateway.client("root").admin();
    await admin.connect();
    await admin.createAcls({ acl: [acl] });
    expect(await fetchCodes("orders-eu", "orders")).toEqual({ "orders-eu": 0, orders: 29 });
    const { resources } = await admin.describeAcls({ ...acl, resourcePatternType: ResourcePatternTypes.ANY });
    expect(resources).toMatchObject([
      { resourceName: "orders-", acls: [{ principal: "User:alice", host: "*", operation: 3, permissionType: 3 }] },
    ]);
    await admin.deleteAcls({ filters: [acl] });
    expect(await fetchCodes("orders-eu")).toEqual({ "orders-eu": 29 });
    await admin.disconnect();
  });

  test("refuse a topic of a request and not the others", async () => {
    await grant({ operation: "Read" });
    expect(await fetchCodes("payments", "orders", "nowhere")).toEqual({ orders: 0, payments: 29, nowhere: 29 });
    const parts = ["orders", "payments"].map((name) => ({ name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }));
    const { topics } = await alice.send(listOffsets, { topics: parts });
    expect(topics.map(({ name, partitions }) => [name, partitions[0]?.errorCode])).toEqual([
      ["orders", 0],
      ["payments", 29],
    ]);
    const topicData = ["orders", "payments"].map((name) => ({ name, partitionData: [{ index: 0, records: null }] }));
    const { responses } = await alice.send(produce, { acks: 1, timeoutMs: 1_000, topicData });
    expect(responses.map(({ partitionResponses }) => partitionResponses[0]?.errorCode)).toEqual([29, 29]);
    const created = await alice.send(createPartitions, { topics: [{ name: "orders", count: 2 }] });
    expect(created.results).toMatchObject([{ name: "orders", errorCode: 29 }]);
  });

  test("hide topics that may not be described, and say what may be done with the others", async () => {
    await grant({ operation: "Read" });
    const asked = { topics: null, includeTopicAuthorizedOperations: true };
    const all = await alice.send(metadata, asked);
    // Read and Describe.
    expect(all.topics.map(({ name, topicAuthorizedOperations }) => [name, topicAuthorizedOperations])).toEqual([
      ["orders", (1 << 3) | (1 << 8)],
    ]);
    const { topicId } = (await root.send(metadata, { topics: [{ name: "payments" }] })).topics[0] ?? { topicId: "" };
    const byName = await alice.send(metadata, { topics: [{ name: "payments" }, { name: "nowhere" }] });
    expect(byName.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ["payments", 29],
      ["nowhere", 29],
    ]);
    const byId = await alice.send(metadata, { topics: [{ name: null, topicId }] });
    expect(byId.topics).toMatchObject([{ name: "", topicId, errorCode: 29, partitions: [] }]);
    const [old] = (await alice.send(metadata, { topics: [] }, 0)).topics;
    expect(old?.name).toBe("orders");
  });

  test("say what may be done with the cluster to who may describe it", async () => {
    const asked = { includeClusterAuthorizedOperations: true };
    expect((await alice.send(describeCluster, asked)).clusterAuthorizedOperations).toBe(0);
    await grant({ resourceType: "Cluster", name: "kafka-cluster", operation: "Alter" });
    expect((await alice.send(describeCluster, asked)).clusterAuthorizedOperations).toBe((1 << 7) | (1 << 8));
    const { clusterAuthorizedOperations } = await alice.send(metadata, { topics: [], ...asked }, 9);
    expect(clusterAuthorizedOperations).toBe((1 << 7) | (1 << 8));
  });

  test("let topics be created by prefix, and their configuration be seen by who may", async () => {
    await grant({ operation: "Create", patternType: "prefixed", name: "mine-" });
    const topics = ["mine-1", "theirs"].map((name) => ({ name, numPartitions: 1, replicationFactor: 1 }));
    const created = await alice.send(createTopics, { topics });
    expect(created.topics.map(({ name, errorCode, configs }) => [name, errorCode, configs])).toEqual([
      ["mine-1", 0, null],
      ["theirs", 29, null],
    ]);
    const resources = [2, 4].map((resourceType) => ({
      resourceType,
      resourceName: resourceType === 2 ? "mine-1" : "1",
    }));
    const described = await alice.send(describeConfigs, { resources });
    expect(described.results.map(({ errorCode }) => errorCode)).toEqual([29, 31]);
    const altered = await alice.send(alterConfigs, { resources: resources.map((one) => ({ ...one, configs: [] })) });
    expect(altered.responses.map(({ errorCode }) => errorCode)).toEqual([29, 31]);
  });

  test("refuse to delete by id as by name, and tell nothing of what is hidden", async () => {
    const { topicId = "" } = (await root.send(metadata, { topics: [{ name: "payments" }] })).topics[0] ?? {};
    const codes = async () => {
      const { responses } = await alice.send(deleteTopics, { topics: [{ topicId }, { name: "payments" }] });
      return responses.map(({ errorCode }) => errorCode);
    };
    expect(await codes()).toEqual([100, 29]);
    await grant({ operation: "Describe", name: "payments" });
    expect(await codes()).toEqual([29, 29]);
    await gateway.services.topics.describe("default", "payments");
  });

  test("let a producer be idempotent that may write anywhere, and transactional by its id", async () => {
    const init = async (transactionalId: string | null) => {
      return (await alice.send(initProducerId, { transactionalId, transactionTimeoutMs: 60_000 })).errorCode;
    };
    expect(await init(null)).toBe(31);
    expect(await init("t")).toBe(53);
    await grant({ operation: "Write", patternType: "prefixed", name: "whatever-" });
    expect(await init(null)).toBe(0);
    await grant({ resourceType: "TransactionalId", name: "t", operation: "Write" });
    expect(await init("t")).toBe(0);
  });

  test("refuse rows that mean nothing, and tell which", async () => {
    const good = { ...wireBinding(binding), resourcePatternType: 3 };
    const creations = [
      good,
      { ...good, operation: 99 },
      { ...good, resourceType: 3, operation: 4 },
      { ...good, principal: "alice" },
      { ...good, resourceName: "a/b" },
      { ...good, resourceType: 4, resourceName: "another" },
      { ...good, permissionType: 1 },
      { ...good, resourcePatternType: 2 },
    ];
    const { results } = await root.send(createAcls, { creations });
    expect(results.map(({ errorCode }) => errorCode)).toEqual([0, 42, 42, 42, 42, 42, 42, 42]);
    expect((await root.send(describeAcls, anyAcl)).resources).toHaveLength(1);
    const matching = { ...anyAcl, patternTypeFilter: 2, resourceTypeFilter: 2, resourceNameFilter: "orders" };
    expect((await root.send(describeAcls, matching)).resources).toHaveLength(1);
    expect((await alice.send(describeAcls, anyAcl)).errorCode).toBe(31);
  });
});

const binding: AclBinding = {
  resourceType: "Topic",
  patternType: "literal",
  name: "orders",
  principal: "User:alice",
  host: "*",
  operation: "Read",
  permissionType: "Allow",
};

describe("users", () => {
  const salt = Buffer.from("salt");
  const saltedPassword = Buffer.alloc(64, 1);
  const upsertion = { name: "carol", mechanism: 2, iterations: 4_096, salt, saltedPassword };

  test("are described without their secrets, changed and deleted by who may", async () => {
    const alter = async (client: WireClient, request: Parameters<typeof alterUserScramCredentials.writeRequest>[2]) => {
      return (await client.send(alterUserScramCredentials, request)).results.map(({ errorCode }) => errorCode);
    };
    expect(await alter(alice, { deletions: [], upsertions: [upsertion] })).toEqual([31]);
    expect(await alter(root, { deletions: [], upsertions: [upsertion] })).toEqual([0]);
    const { results } = await root.send(describeUserScramCredentials, { users: [{ name: "carol" }, { name: "dan" }] });
    expect(results).toMatchObject([
      { user: "carol", errorCode: 0, credentialInfos: [{ mechanism: 2, iterations: 4_096 }] },
      { user: "dan", errorCode: 91 },
    ]);
    const all = await root.send(describeUserScramCredentials, { users: null });
    expect(all.results.map(({ user }) => user)).toEqual(["alice", "bob", "carol", "root"]);
    expect((await alice.send(describeUserScramCredentials, { users: null })).errorCode).toBe(31);
    const bad = [
      { ...upsertion, iterations: 4_095 },
      { ...upsertion, name: "" },
      { ...upsertion, name: "dan", mechanism: 3 },
      { ...upsertion, name: "erin", saltedPassword: salt },
    ];
    expect(await alter(root, { deletions: [], upsertions: bad })).toEqual([93, 93, 33, 93]);
    const deletions = [{ name: "carol", mechanism: 2 }];
    expect(await alter(root, { deletions, upsertions: [upsertion] })).toEqual([92]);
    expect(await alter(root, { deletions, upsertions: [] })).toEqual([0]);
    expect(await alter(root, { deletions, upsertions: [] })).toEqual([91]);
  });
});

test("nothing that a gate or a handler did was a failure of the gateway", () => {
  expect(gateway.logged).toEqual([]);
});
