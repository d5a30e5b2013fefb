import { afterEach, beforeEach, expect, test } from "vitest";
import { consumerGroupDescribe } from "../../../../../gateway/kafka/protocol/apis/consumer-group-describe.ts";
import { consumerGroupHeartbeat } from "../../../../../gateway/kafka/protocol/apis/consumer-group-heartbeat.ts";
import { offsetCommit } from "../../../../../gateway/kafka/protocol/apis/offset-commit.ts";
import { offsetFetch } from "../../../../../gateway/kafka/protocol/apis/offset-fetch.ts";
import { type GatewayBed, gatewayBed, namespace } from "../../gateway-bed.ts";

let bed: GatewayBed;
let topicId: string;
beforeEach(async () => {
  bed = await gatewayBed();
  ({ topicId } = await bed.services.topics.create(namespace, { name: "t", partitions: 4 }));
});
afterEach(async () => {
  await bed.close();
  expect(bed.failures).toEqual([]);
});

const groupId = "g";
type Owned = readonly { readonly topicId: string; readonly partitions: readonly number[] }[];

/** A consumer by KIP-848, as librdkafka and Java's new consumer speak: it says what has changed, and hears what has. */
class Consumer {
  readonly memberId: string;
  epoch = 0;
  owned: Owned = [];
  /** How often it was told an assignment. */
  tellings = 0;
  #said: string | undefined;

  constructor(memberId: string) {
    this.memberId = memberId;
  }

  async beat(more: object = {}, version = 1): Promise<number> {
    const joins = { rebalanceTimeoutMs: 60_000, subscribedTopicNames: ["t"], topicPartitions: [] };
    const isSaid = JSON.stringify(this.owned) === this.#said;
    const changes = this.epoch === 0 ? joins : isSaid ? {} : { topicPartitions: this.owned };
    const { memberId, epoch: memberEpoch } = this;
    const request = { groupId, memberId, memberEpoch, ...changes, ...more };
    const answer = await bed.client.send(consumerGroupHeartbeat, request, version);
    if (answer.errorCode !== 0) return answer.errorCode;
    expect(answer.heartbeatIntervalMs).toBeGreaterThanOrEqual(0);
    this.#said = JSON.stringify(this.owned);
    this.epoch = answer.memberEpoch;
    if (answer.assignment !== null) {
      this.owned = answer.assignment.topicPartitions;
      this.tellings += 1;
    }
    return 0;
  }
}

async function settle(...consumers: readonly Consumer[]): Promise<void> {
  for (let round = 0; round < 4; round += 1) for (const consumer of consumers) expect(await consumer.beat()).toBe(0);
}

test("two members share a topic, by its id, and are told only what has changed", async () => {
  const [one, two] = [new Consumer("one"), new Consumer("two")];
  await settle(one);
  expect(one.owned).toEqual([{ topicId, partitions: [0, 1, 2, 3] }]);
  expect(one.tellings).toBe(1);
  await settle(one, two);
  const shares = [one, two].map(({ owned }) => owned.flatMap(({ partitions }) => partitions));
  expect(shares.map(({ length }) => length)).toEqual([2, 2]);
  expect(new Set(shares.flat())).toEqual(new Set([0, 1, 2, 3]));
  const before = one.tellings + two.tellings;
  await settle(one, two);
  expect(one.tellings + two.tellings).toBe(before);
  // Its last answer was lost: it says all again.
  expect(await one.beat({ rebalanceTimeoutMs: 60_000, subscribedTopicNames: ["t"], topicPartitions: one.owned })).toBe(
    0,
  );
  expect(one.tellings + two.tellings).toBe(before + 1);
  expect(await two.beat({ memberEpoch: -1 })).toBe(0);
  await settle(one);
  expect(one.owned).toEqual([{ topicId, partitions: [0, 1, 2, 3] }]);
});

test("a member is refused by Kafka's numbers", async () => {
  const one = new Consumer("one");
  await settle(one);
  expect(await one.beat({ memberId: "stranger" })).toBe(25);
  expect(await one.beat({ memberEpoch: one.epoch + 5 })).toBe(110);
  expect(await new Consumer("two").beat({ serverAssignor: "odd" })).toBe(112);
  expect(await new Consumer("two").beat({ subscribedTopicRegex: "(" })).toBe(128);
  const commit = async (memberEpoch: number): Promise<number | undefined> => {
    const partitions = [{ partitionIndex: 0, committedOffset: 3, committedMetadata: null }];
    const self = { groupId, memberId: "one", generationIdOrMemberEpoch: memberEpoch };
    const answer = await bed.client.send(offsetCommit, { ...self, topics: [{ name: "t", partitions }] });
    return answer.topics[0]?.partitions[0]?.errorCode;
  };
  expect([await commit(one.epoch), await commit(one.epoch + 9)]).toEqual([0, 113]);
  const fetchAs = async (memberId: string, memberEpoch: number): Promise<number | undefined> => {
    const group = { groupId, memberId, memberEpoch, topics: null };
    return (await bed.client.send(offsetFetch, { groups: [group] })).groups[0]?.errorCode;
  };
  expect(await fetchAs("one", one.epoch)).toBe(0);
  expect(await fetchAs("one", one.epoch + 9)).toBe(113);
  expect(await fetchAs("stranger", 1)).toBe(25);
});

test("a static member goes for a while, and comes back under another id", async () => {
  const [one, again] = [new Consumer("one"), new Consumer("again")];
  expect(await one.beat({ instanceId: "i" })).toBe(0);
  await settle(one);
  const { owned } = one;
  expect(await again.beat({ instanceId: "i" })).toBe(111);
  expect(await one.beat({ memberEpoch: -2, instanceId: "i" })).toBe(0);
  expect(await again.beat({ instanceId: "i" })).toBe(0);
  expect(again.owned).toEqual(owned);
  expect(await one.beat({ memberEpoch: 1 })).toBe(82);
});

test("a member gets its id from version 0, and may subscribe by a pattern from version 1", async () => {
  const request = { groupId, memberEpoch: 0, rebalanceTimeoutMs: 60_000, topicPartitions: [] };
  const older = { ...request, memberId: "", subscribedTopicNames: ["t"] };
  const joined = await bed.client.send(consumerGroupHeartbeat, older, 0);
  expect(joined.memberId).toMatch(/^.{22}$/);
  expect(joined.assignment?.topicPartitions).toEqual([{ topicId, partitions: [0, 1, 2, 3] }]);
  const byPattern = { ...request, groupId: "p", memberId: "m", subscribedTopicRegex: "t|u.*" };
  const matched = await bed.client.send(consumerGroupHeartbeat, byPattern);
  expect(matched.assignment?.topicPartitions).toEqual([{ topicId, partitions: [0, 1, 2, 3] }]);
});

test("a group is described with its members' topics by id and name; one of the other kind is not there", async () => {
  await settle(new Consumer("one"));
  await bed.services.groups.commit({ namespace, group: "plain", offsets: [{ topic: "t", partition: 0, offset: 1 }] });
  for (const version of [0, 1]) {
    const groupIds = [groupId, "plain", "none"];
    const { groups } = await bed.client.send(
      consumerGroupDescribe,
      { groupIds, includeAuthorizedOperations: false },
      version,
    );
    const topicPartitions = [{ topicId, topicName: "t", partitions: [0, 1, 2, 3] }];
    expect(groups).toMatchObject([
      {
        errorCode: 0,
        groupState: "Stable",
        assignorName: "uniform",
        members: [
          { memberId: "one", clientHost: "/127.0.0.1", subscribedTopicNames: ["t"], assignment: { topicPartitions } },
        ],
      },
      { errorCode: 69, members: [] },
      { errorCode: 69, members: [] },
    ]);
  }
});
