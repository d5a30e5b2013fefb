/** Topics are created, deleted, described and cut by Kafka's protocol, in every version that is served. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { createPartitions } from "../../../../gateway/kafka/protocol/apis/create-partitions.ts";
import { createTopics } from "../../../../gateway/kafka/protocol/apis/create-topics.ts";
import { deleteRecords } from "../../../../gateway/kafka/protocol/apis/delete-records.ts";
import { deleteTopics } from "../../../../gateway/kafka/protocol/apis/delete-topics.ts";
import { describeTopicPartitions } from "../../../../gateway/kafka/protocol/apis/describe-topic-partitions.ts";
import { offsetForLeaderEpoch } from "../../../../gateway/kafka/protocol/apis/offset-for-leader-epoch.ts";
import type { Decoded } from "../../../../gateway/kafka/protocol/schema.ts";
import { zeroUuid } from "../../../../gateway/kafka/protocol/types.ts";
import { topicConfigKeys } from "../../../../shared/topics/topic-config.ts";
import { type GatewayBed, gatewayBed, namespace } from "../gateway-bed.ts";

let bed: GatewayBed;
beforeEach(async () => {
  bed = await gatewayBed();
});
afterEach(async () => {
  expect(bed.failures).toEqual([]);
  await bed.close();
});

const errors = (answers: readonly { readonly errorCode: number }[]): number[] =>
  answers.map(({ errorCode }) => errorCode);

async function produce(topic: string, count: number): Promise<void> {
  const record = { key: null, value: new Uint8Array([1]), headers: [] };
  const records = Array.from({ length: count }, () => record);
  await bed.services.produce.produceRecords({ namespace, topic, partition: 0, records });
}

test("CreateTopics of every version creates topics with their partitions and configuration, whatever replication is asked for", async () => {
  for (const [index, version] of [2, 3, 4, 5, 6, 7].entries()) {
    const name = `t${version}`;
    const configs = [{ name: "retention.ms", value: "1000" }];
    const replicationFactor = [1, 3, -1][index % 3] ?? 1;
    const request = { topics: [{ name, numPartitions: 2, replicationFactor, configs }] };
    const { topics } = await bed.client.send(createTopics, request, version);
    const created = await bed.services.topics.describe(namespace, name);
    expect(created).toMatchObject({ partitions: 2, config: { "retention.ms": "1000" } });
    expect(topics).toMatchObject([
      {
        name,
        errorCode: 0,
        errorMessage: null,
        topicId: version >= 7 ? created.topicId : zeroUuid,
        numPartitions: version >= 5 ? 2 : -1,
        replicationFactor: version >= 5 ? 1 : -1,
      },
    ]);
    expect(topics[0]?.configs).toHaveLength(version >= 5 ? topicConfigKeys.size : 0);
  }
});

test("CreateTopics answers for each topic by itself, with Kafka's numbers", async () => {
  await bed.services.topics.create(namespace, { name: "there" });
  const assigned = (...brokers: readonly (readonly number[])[]) =>
    brokers.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }));
  const request = {
    topics: [
      { name: "default" },
      { name: "there" },
      { name: "twice" },
      { name: "twice" },
      { name: "none", numPartitions: 0 },
      { name: "unreplicated", replicationFactor: 0 },
      { name: "no/name" },
      { name: "badly-set", configs: [{ name: "retention.ms", value: "soon" }] },
      { name: "unset", configs: [{ name: "retention.ms", value: null }] },
      { name: "assigned", assignments: assigned([1], [1]) },
      { name: "elsewhere", assignments: assigned([1], [9]) },
      { name: "gap", assignments: [{ partitionIndex: 1, brokerIds: [1] }] },
      { name: "both", numPartitions: 1, assignments: assigned([1]) },
    ],
  };
  const { topics } = await bed.client.send(createTopics, request);
  expect(errors(topics)).toEqual([0, 36, 42, 42, 37, 38, 17, 40, 40, 0, 39, 39, 42]);
  expect(await bed.services.topics.describe(namespace, "assigned")).toMatchObject({ partitions: 2 });
});

test("what is only to be validated is answered in the same way, and nothing is changed", async () => {
  await bed.services.topics.create(namespace, { name: "there" });
  const topics = [{ name: "new", numPartitions: 3 }, { name: "there" }, { name: "no/name" }];
  const created = await bed.client.send(createTopics, { topics, validateOnly: true });
  expect(errors(created.topics)).toEqual([0, 36, 17]);
  expect(created.topics[0]).toMatchObject({ numPartitions: 3, topicId: zeroUuid });
  const grown = { topics: [{ name: "there", count: 4 }], validateOnly: true };
  expect(errors((await bed.client.send(createPartitions, grown)).results)).toEqual([0]);
  const { items } = await bed.services.topics.list(namespace, { limit: 10 });
  expect(items).toMatchObject([{ name: "there", partitions: 1 }]);
});

test("DeleteTopics deletes by name, and from version 6 by id", async () => {
  for (const version of [1, 2, 3, 4, 5]) {
    await bed.services.topics.create(namespace, { name: "t" });
    const { responses } = await bed.client.send(deleteTopics, { topicNames: ["t", "unknown"] }, version);
    expect(errors(responses)).toEqual([0, 3]);
  }
  const { topicId } = await bed.services.topics.create(namespace, { name: "t" });
  const topics = [{ topicId }, { topicId: "BBBBBBBBBBBBBBBBBBBBBA" }, {}, { name: "t", topicId }];
  const { responses } = await bed.client.send(deleteTopics, { topics });
  expect(errors(responses)).toEqual([0, 100, 42, 42]);
  expect(responses[0]).toMatchObject({ name: "t", topicId });
  await bed.services.topics.create(namespace, { name: "t" });
  expect(errors((await bed.client.send(deleteTopics, { topics: [{ topicId }] })).responses)).toEqual([100]);
  expect((await bed.services.topics.list(namespace, { limit: 10 })).items).toHaveLength(1);
});

test("CreatePartitions adds partitions, and never takes any away", async () => {
  for (const version of [0, 1, 2, 3]) {
    const name = `t${version}`;
    await bed.services.topics.create(namespace, { name, partitions: 2 });
    const assignments = [{ brokerIds: [1] }, { brokerIds: [1] }];
    const ask = async (count: number, assigned: typeof assignments | null): Promise<number[]> => {
      const request = { topics: [{ name, count, assignments: assigned }] };
      return errors((await bed.client.send(createPartitions, request, version)).results);
    };
    expect(await ask(4, assignments)).toEqual([0]);
    expect(await ask(4, null)).toEqual([37]);
    expect(await ask(3, null)).toEqual([37]);
    expect(await ask(5, assignments)).toEqual([39]);
    expect(await bed.services.topics.describe(namespace, name)).toMatchObject({ partitions: 4 });
  }
  expect(errors((await bed.client.send(createPartitions, { topics: [{ name: "x", count: 2 }] })).results)).toEqual([3]);
});

test("DeleteRecords lets partitions start later, each answered by itself", async () => {
  await bed.services.topics.create(namespace, { name: "t" });
  await produce("t", 5);
  const cut = async (version: number, ...offsets: readonly number[]) => {
    const partitions = offsets.map((offset, partitionIndex) => ({ partitionIndex, offset }));
    const { topics } = await bed.client.send(deleteRecords, { topics: [{ name: "t", partitions }] }, version);
    return topics[0]?.partitions.map(({ lowWatermark, errorCode }) => [lowWatermark, errorCode]);
  };
  expect(await cut(0, 2)).toEqual([[2, 0]]);
  expect(await cut(1, 9)).toEqual([[-1, 1]]);
  expect(await cut(2, -1, 0)).toEqual([
    [5, 0],
    [-1, 3],
  ]);
});

test("the only leader epoch ends at the high watermark; of later ones nothing is known", async () => {
  await bed.services.topics.create(namespace, { name: "t" });
  await produce("t", 5);
  for (const version of [2, 3, 4]) {
    const ask = async (leaderEpoch: number, currentLeaderEpoch = 0, partition = 0) => {
      const topic = { topic: "t", partitions: [{ partition, currentLeaderEpoch, leaderEpoch }] };
      return (await bed.client.send(offsetForLeaderEpoch, { topics: [topic] }, version)).topics[0]?.partitions[0];
    };
    expect(await ask(0)).toEqual({ errorCode: 0, partition: 0, leaderEpoch: 0, endOffset: 5 });
    expect(await ask(1)).toEqual({ errorCode: 0, partition: 0, leaderEpoch: -1, endOffset: -1 });
    expect(await ask(0, 1)).toMatchObject({ errorCode: 75 });
    expect(await ask(0, 0, 7)).toMatchObject({ errorCode: 3 });
  }
});

test("DescribeTopicPartitions goes through topics in the order of names, a page of partitions at a time", async () => {
  for (const [name, partitions] of [["b", 3] as const, ["a", 2] as const, ["c", 1] as const]) {
    await bed.services.topics.create(namespace, { name, partitions });
  }
  const seen: string[] = [];
  let cursor: { readonly topicName: string; readonly partitionIndex: number } | null = null;
  for (let page = 0; page < 4; page += 1) {
    const request = { topics: [], responsePartitionLimit: 2, cursor };
    const answer: Decoded<typeof describeTopicPartitions.response> = await bed.client.send(
      describeTopicPartitions,
      request,
    );
    for (const { name, partitions } of answer.topics) {
      seen.push(...partitions.map(({ partitionIndex }) => `${name}${partitionIndex}`));
    }
    cursor = answer.nextCursor;
    if (cursor === null) break;
  }
  expect(seen).toEqual(["a0", "a1", "b0", "b1", "b2", "c0"]);
  expect(cursor).toBeNull();
  const { topics } = await bed.client.send(describeTopicPartitions, { topics: [{ name: "x" }, { name: "a" }] });
  expect(topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ["a", 0],
    ["x", 3],
  ]);
});
