import { afterAll, beforeAll, expect, test } from "vitest";
import { describeConfigs } from "../../../../gateway/kafka/protocol/apis/describe-configs.ts";
import { describeGroups } from "../../../../gateway/kafka/protocol/apis/describe-groups.ts";
import { describeProducers } from "../../../../gateway/kafka/protocol/apis/describe-producers.ts";
import { describeTransactions } from "../../../../gateway/kafka/protocol/apis/describe-transactions.ts";
import { consumerGroupDescribe } from "../../../../gateway/kafka/protocol/apis/consumer-group-describe.ts";
import { offsetFetch } from "../../../../gateway/kafka/protocol/apis/offset-fetch.ts";
import { produce } from "../../../../gateway/kafka/protocol/apis/produce.ts";
import { producePartitionsMax } from "../../../../shared/limits/kafka-gateway.ts";
import { type GatewayBed, gatewayBed, namespace } from "../gateway-bed.ts";

let bed: GatewayBed;
beforeAll(async () => {
  bed = await gatewayBed();
  await bed.services.topics.create(namespace, { name: "orders", partitions: 2 });
});
afterAll(() => bed.close());

test("groups, topics and transactions that a request names several times are told of once", async () => {
  const { client } = bed;
  const group = { groupId: "g", memberId: null, memberEpoch: -1, topics: null };
  const topic = { resourceType: 2, resourceName: "orders", configurationKeys: null };
  const fetched = await client.send(offsetFetch, { groups: [group, group], requireStable: false });
  expect(fetched.groups).toMatchObject([{ groupId: "g" }]);
  expect((await client.send(describeGroups, { groups: ["g", "h", "g"] })).groups).toMatchObject([
    { groupId: "g" },
    { groupId: "h" },
  ]);
  expect(
    (await client.send(consumerGroupDescribe, { groupIds: ["g", "g"], includeAuthorizedOperations: false })).groups,
  ).toHaveLength(1);
  expect((await client.send(describeTransactions, { transactionalIds: ["t", "t"] })).transactionStates).toHaveLength(1);
  expect((await client.send(describeConfigs, { resources: [topic, topic] })).results).toMatchObject([
    { resourceName: "orders" },
  ]);
});

test("partitions whose producers are asked for in two places are told of in one", async () => {
  const asked = [
    { name: "orders", partitionIndexes: [0, 0] },
    { name: "orders", partitionIndexes: [1, 0] },
  ];
  const { topics } = await bed.client.send(describeProducers, { topics: asked });
  expect(topics.map(({ name, partitions }) => [name, partitions.map(({ partitionIndex }) => partitionIndex)])).toEqual([
    ["orders", [0, 1]],
  ]);
});

test("a produce of more partitions than a client ever has is refused as a whole", async () => {
  const partitionData = Array.from({ length: producePartitionsMax + 1 }, () => ({ index: 0, records: null }));
  const asked = { transactionalId: null, acks: 1, timeoutMs: 1_000, topicData: [{ name: "orders", partitionData }] };
  const { responses } = await bed.client.send(produce, asked);
  const codes = new Set(responses.flatMap((one) => one.partitionResponses.map(({ errorCode }) => errorCode)));
  expect([...codes]).toEqual([42]);
});
