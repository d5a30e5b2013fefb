import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { describeProducers } from "../../../../gateway/kafka/protocol/apis/describe-producers.ts";
import { apiVersions } from "../../../../gateway/kafka/protocol/apis/api-versions.ts";
import {
  describeTransactions,
  listTransactions,
} from "../../../../gateway/kafka/protocol/apis/describe-transactions.ts";
import { readCommitted } from "../../../shared/services/read-committed.ts";
import { type GatewayBed, gatewayBed, namespace } from "../gateway-bed.ts";
import { TransactionalClient, type TransactionalVersions } from "../transactional-client.ts";

let bed: GatewayBed;
beforeEach(async () => {
  bed = await gatewayBed();
  await bed.services.topics.create(namespace, { name: "t", partitions: 2 });
  await bed.services.topics.create(namespace, { name: "source" });
});
afterEach(async () => {
  expect(bed.failures).toEqual([]);
  await bed.close();
});

const newest = { addPartitions: 3, addOffsets: 3, commitOffsets: 3, endTxn: 3, produce: 9 };
const oldest = { addPartitions: 0, addOffsets: 0, commitOffsets: 0, endTxn: 0, produce: 3 };
/** KIP-890: nothing is added by a request of its own, and each end gives another epoch. */
const raising = { addPartitions: 3, addOffsets: 4, commitOffsets: 5, endTxn: 5, produce: 12 };

async function values(partition: number): Promise<readonly string[]> {
  const { records } = await readCommitted(bed.services, { namespace, topic: "t", partition });
  return records.map(({ value }) => new TextDecoder().decode(value ?? undefined));
}

async function committed(): Promise<number | undefined> {
  const offsets = await bed.services.groups.offsets({ namespace, group: "g", stable: true });
  return offsets.find(({ topic }) => topic === "source")?.offset;
}

function client(versions: TransactionalVersions, transactionalId = "tx"): TransactionalClient {
  return new TransactionalClient(bed.client, transactionalId, versions);
}

describe.each([
  { title: "the oldest versions", versions: oldest },
  { title: "the newest ones before KIP-890", versions: newest },
])("$title", ({ versions }) => {
  test("commit and abort transactions under one epoch, with sequences that go on", async () => {
    const producer = client(versions);
    expect(await producer.init()).toBe(0);
    const { producerEpoch } = producer;
    for (const [value, commit] of [
      ["1", true],
      ["2", false],
      ["3", true],
    ] as const) {
      expect(await producer.add("t", 0, 1)).toEqual([0, 0]);
      expect(await producer.write("t", 0, value)).toBe(0);
      expect(await producer.write("t", 0, value)).toBe(0);
      expect(await producer.write("t", 1, value)).toBe(0);
      expect(await producer.addGroup("g")).toBe(0);
      expect(await producer.commitOffset("g", "source", Number(value))).toBe(0);
      expect(await producer.end(commit)).toBe(0);
      expect(producer.producerEpoch).toBe(producerEpoch);
    }
    expect(await values(0)).toEqual(["1", "1", "3", "3"]);
    expect(await values(1)).toEqual(["1", "3"]);
    expect(await committed()).toBe(3);
  });

  test("refuse what is not of the transaction, by Kafka's numbers", async () => {
    const producer = client(versions);
    await producer.init();
    expect(await producer.write("t", 0, "1")).toBe(48);
    expect(await producer.add("t", 0, 7)).toEqual([55, 3]);
    expect(await producer.add("t", 0)).toEqual([0]);
    expect(await producer.write("t", 1, "1")).toBe(48);
    expect(await producer.commitOffset("g", "source", 1)).toBe(48);
    expect(await producer.end(true)).toBe(0);
    expect(await producer.write("t", 0, "1")).toBe(48);
  });

  test("fence a producer once another has its transactional id", async () => {
    const zombie = client(versions);
    await zombie.init();
    await zombie.add("t", 0);
    await zombie.write("t", 0, "1");
    await zombie.end(true);
    await zombie.add("t", 0);
    await zombie.write("t", 0, "2");
    const next = client(versions);
    expect(await next.init()).toBe(0);
    const fenced = versions.addPartitions >= 2 ? 90 : 47;
    expect(await zombie.write("t", 0, "3")).toBe(47);
    expect(await zombie.add("t", 0)).toEqual([fenced]);
    expect(await zombie.addGroup("g")).toBe(fenced);
    expect(await zombie.commitOffset("g", "source", 1)).toBe(90);
    expect(await zombie.end(true)).toBe(fenced);
    expect(await values(0)).toEqual(["1"]);
  });
});

describe("the versions since KIP-890", () => {
  test("are for those who are told of the feature", async () => {
    const feature = { name: "transaction.version", maxVersionLevel: 2, minVersionLevel: 2 };
    for (const version of [3, 4]) {
      const answer = await bed.client.send(apiVersions, {}, version);
      expect(answer).toMatchObject({ finalizedFeaturesEpoch: 0, finalizedFeatures: [feature] });
      // One that begins at level 0 breaks clients that speak version 3.
      expect(answer.supportedFeatures).toHaveLength(version === 3 ? 0 : 1);
    }
  });

  test("make a part of the transaction what is written, and give another epoch with each end", async () => {
    const producer = client(raising);
    await producer.init();
    const epochs = [producer.producerEpoch];
    for (const [value, commit] of [
      ["1", true],
      ["2", false],
      ["3", true],
    ] as const) {
      expect(await producer.write("t", 0, value)).toBe(0);
      expect(await producer.write("t", 1, value)).toBe(0);
      expect(await producer.commitOffset("g", "source", Number(value))).toBe(0);
      expect(await producer.end(commit)).toBe(0);
      epochs.push(producer.producerEpoch);
    }
    expect(new Set(epochs).size).toBe(4);
    expect(await values(0)).toEqual(["1", "3"]);
    expect(await values(1)).toEqual(["1", "3"]);
    expect(await committed()).toBe(3);
  });

  test("refuse what comes late from an ended transaction, and a topic that is not there", async () => {
    const producer = client(raising);
    await producer.init();
    const late = client(raising);
    late.producerId = producer.producerId;
    late.producerEpoch = producer.producerEpoch;
    await producer.write("t", 0, "1");
    await producer.end(false);
    expect(await late.write("t", 0, "late")).toBe(47);
    await producer.write("t", 0, "2");
    expect(await late.write("t", 0, "late")).toBe(47);
    expect(await late.commitOffset("g", "source", 1)).toBe(90);
    expect(await producer.write("unknown", 0, "2")).toBe(3);
    await producer.end(true);
    expect(await values(0)).toEqual(["2"]);
  });
});

test("InitProducerId bounds the time of transactions, and gives the next epoch to who names its own", async () => {
  const producer = client(newest);
  expect(await producer.init(3_600_001)).toBe(50);
  expect(await producer.init(0)).toBe(50);
  expect(await producer.init(3_600_000)).toBe(0);
  const { producerId, producerEpoch } = producer;
  await producer.add("t", 0);
  await producer.write("t", 0, "1");
  expect(await producer.init()).toBe(0);
  expect(producer.producerId).toBe(producerId);
  expect(producer.producerEpoch).toBeGreaterThan(producerEpoch);
  const other = client(newest);
  await other.init();
  expect(await producer.init()).toBe(90);
  expect(await producer.init(60_000, 3)).toBe(47);
  producer.producerEpoch = -1;
  expect(await producer.init()).toBe(42);
});

test("DescribeProducers tells who writes to a partition, and where their open transactions begin", async () => {
  const [one, other] = [client(newest, "one"), client(raising, "other")];
  await one.init();
  await other.init();
  for (const value of ["1", "2"]) {
    await one.add("t", 0);
    await one.write("t", 0, value);
    if (value === "1") await one.end(true);
  }
  await other.write("t", 0, "3");
  await other.end(false);
  const asked = [
    { name: "t", partitionIndexes: [0, 1, 9] },
    { name: "none", partitionIndexes: [0] },
  ];
  const { topics } = await bed.client.send(describeProducers, { topics: asked });
  const found = topics.flatMap(({ partitions }) => partitions);
  expect(found.map(({ errorCode }) => errorCode)).toEqual([0, 0, 3, 3]);
  expect(found[0]?.activeProducers).toMatchObject([
    { producerId: one.producerId, lastSequence: 1, currentTxnStartOffset: 2 },
    { producerId: other.producerId, producerEpoch: other.producerEpoch, currentTxnStartOffset: -1 },
  ]);
  expect(found[1]?.activeProducers).toEqual([]);
});

test("transactions are described and listed, with the epoch that their client goes by", async () => {
  const [one, other] = [client(newest, "one"), client(newest, "other")];
  await one.init();
  await other.init();
  for (let number = 0; number < 2; number += 1) {
    await one.add("t", 1);
    await one.write("t", 1, "1");
    if (number === 0) await one.end(true);
  }
  const { transactionStates } = await bed.client.send(describeTransactions, { transactionalIds: ["one", "none"] });
  const { producerId, producerEpoch } = one;
  const topics = [{ topic: "t", partitions: [1] }];
  expect(transactionStates).toMatchObject([
    { errorCode: 0, transactionalId: "one", transactionState: "Ongoing", producerId, producerEpoch, topics },
    { errorCode: 105, transactionalId: "none" },
  ]);
  const list = async (filters: object): Promise<readonly string[]> => {
    const answer = await bed.client.send(listTransactions, filters);
    return answer.transactionStates.map(({ transactionalId }) => transactionalId);
  };
  expect(await list({})).toEqual(["one", "other"]);
  expect(await list({ stateFilters: ["Empty", "Unheard"] })).toEqual(["other"]);
  expect(await list({ stateFilters: ["Unheard"] })).toEqual([]);
  expect(await list({ producerIdFilters: [producerId] })).toEqual(["one"]);
  expect(await list({ durationFilter: 60_000 })).toEqual([]);
  await bed.memory.time.advance(60_001);
  expect(await list({ durationFilter: 60_000 })).toEqual(["one"]);
});
