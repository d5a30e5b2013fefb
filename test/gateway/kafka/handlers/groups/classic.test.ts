import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deleteGroups } from "../../../../../gateway/kafka/protocol/apis/delete-groups.ts";
import { describeGroups } from "../../../../../gateway/kafka/protocol/apis/describe-groups.ts";
import { findCoordinator } from "../../../../../gateway/kafka/protocol/apis/find-coordinator.ts";
import { heartbeat } from "../../../../../gateway/kafka/protocol/apis/heartbeat.ts";
import { joinGroup } from "../../../../../gateway/kafka/protocol/apis/join-group.ts";
import { leaveGroup } from "../../../../../gateway/kafka/protocol/apis/leave-group.ts";
import { listGroups } from "../../../../../gateway/kafka/protocol/apis/list-groups.ts";
import { offsetCommit } from "../../../../../gateway/kafka/protocol/apis/offset-commit.ts";
import { offsetDelete } from "../../../../../gateway/kafka/protocol/apis/offset-delete.ts";
import { offsetFetch } from "../../../../../gateway/kafka/protocol/apis/offset-fetch.ts";
import { syncGroup } from "../../../../../gateway/kafka/protocol/apis/sync-group.ts";
import { type GatewayBed, gatewayBed, namespace } from "../../gateway-bed.ts";
import { WireClient } from "../../wire-client.ts";

let bed: GatewayBed;
beforeEach(async () => {
  bed = await gatewayBed();
  await bed.services.topics.create(namespace, { name: "t", partitions: 2 });
});
afterEach(async () => {
  await bed.close();
  expect(bed.failures).toEqual([]);
});

const groupId = "g";
// Time passes by itself while members wait for each other.
const timeouts = { sessionTimeoutMs: 1_800_000, rebalanceTimeoutMs: 3_600_000 };
const metadata = new TextEncoder().encode("subscription");
const assignment = new TextEncoder().encode("assignment");
const wish = { groupId, ...timeouts, memberId: "", protocolType: "consumer", protocols: [{ name: "range", metadata }] };

/** A member alone in its group, with an assignment. */
async function member(): Promise<{ readonly memberId: string; readonly generationId: number }> {
  const { memberId } = await bed.client.send(joinGroup, wish);
  const { generationId } = await bed.client.send(joinGroup, { ...wish, memberId });
  await bed.client.send(syncGroup, { groupId, generationId, memberId, assignments: [{ memberId, assignment }] });
  return { memberId, generationId };
}

describe("FindCoordinator", () => {
  test("names this gateway for groups and transactions, in every version", async () => {
    for (const version of [0, 1, 2, 3]) {
      const found = await bed.client.send(findCoordinator, { key: "g", keyType: version % 2 }, version);
      expect(found).toMatchObject({ errorCode: 0, nodeId: 1, host: "127.0.0.1", port: bed.port });
    }
    const { coordinators } = await bed.client.send(findCoordinator, { coordinatorKeys: ["g", "h"] });
    expect(coordinators).toMatchObject([
      { key: "g", port: bed.port, errorCode: 0 },
      { key: "h", port: bed.port, errorCode: 0 },
    ]);
    const share = await bed.client.send(findCoordinator, { keyType: 2, coordinatorKeys: ["g"] });
    expect(share.coordinators).toMatchObject([{ errorCode: 42, nodeId: -1 }]);
  });
});

describe("a classic group", () => {
  test("is joined in every version: from 4 on by an id that is given first", async () => {
    for (let version = 0; version <= 9; version += 1) {
      const ask = { ...wish, groupId: `g${version}` };
      const first = await bed.client.send(joinGroup, ask, version);
      expect(first.errorCode, `v${version}`).toBe(version < 4 ? 0 : 79);
      const { memberId } = first;
      const joined = version < 4 ? first : await bed.client.send(joinGroup, { ...ask, memberId }, version);
      expect(joined).toMatchObject({
        errorCode: 0,
        generationId: 1,
        leader: memberId,
        memberId,
        protocolName: "range",
      });
      expect(joined.members.map((one) => Buffer.from(one.metadata).toString())).toEqual(["subscription"]);
      expect(joined.protocolType).toBe(version < 7 ? null : "consumer");
    }
  });

  test("leads two members through a rebalance", async () => {
    const one = await member();
    const other = await WireClient.connect(bed.port);
    const { memberId } = await other.send(joinGroup, wish);
    const joining = other.send(joinGroup, { ...wish, memberId });
    await expect.poll(() => bed.client.send(heartbeat, { groupId, ...one })).toMatchObject({ errorCode: 27 });
    const again = await bed.client.send(joinGroup, { ...wish, memberId: one.memberId });
    const joined = await joining;
    expect([again.generationId, joined.generationId]).toEqual([2, 2]);
    expect([again.members.length, joined.members.length]).toEqual([2, 0]);
    const self = { groupId, generationId: 2, memberId };
    const syncing = other.send(syncGroup, { ...self, protocolName: "range", assignments: [] });
    const assignments = again.members.map((each) => ({ memberId: each.memberId, assignment }));
    const led = await bed.client.send(syncGroup, { ...self, memberId: one.memberId, assignments });
    for (const synced of [await syncing, led]) {
      expect(synced).toMatchObject({ errorCode: 0, protocolName: "range" });
      expect(Buffer.from(synced.assignment).toString()).toBe("assignment");
    }
    expect(await bed.client.send(heartbeat, { groupId, ...one })).toMatchObject({ errorCode: 22 });
    const stranger = { ...self, memberId: "stranger" };
    expect(await bed.client.send(syncGroup, { ...stranger, assignments: [] })).toMatchObject({ errorCode: 25 });
    const gone = await bed.client.send(leaveGroup, {
      groupId,
      members: [{ memberId }, { memberId: "stranger" }, { memberId: "", groupInstanceId: "nobody" }],
    });
    expect(gone.members.map(({ errorCode }) => errorCode)).toEqual([0, 25, 25]);
    const older = await bed.client.send(leaveGroup, { groupId, memberId: one.memberId }, 1);
    expect(older.errorCode).toBe(0);
    other.close();
  });

  test("fences a static member whose place was taken", async () => {
    const ask = { ...wish, groupInstanceId: "i" };
    const first = await bed.client.send(joinGroup, ask);
    const { memberId, generationId } = first;
    await bed.client.send(syncGroup, { groupId, generationId, memberId, groupInstanceId: "i", assignments: [] });
    const second = await bed.client.send(joinGroup, ask);
    expect(second).toMatchObject({ errorCode: 0, generationId, skipAssignment: true });
    const fenced = { groupId, generationId, memberId, groupInstanceId: "i" };
    expect(await bed.client.send(heartbeat, fenced)).toMatchObject({ errorCode: 82 });
    const commit = { ...fenced, generationIdOrMemberEpoch: generationId, topics: offsetsOf("t", 7) };
    const [topic] = (await bed.client.send(offsetCommit, commit)).topics;
    expect(topic?.partitions).toEqual([{ partitionIndex: 0, errorCode: 82 }]);
  });

  test("refuses what does not fit, by Kafka's numbers", async () => {
    await member();
    const join = async (more: object): Promise<number> =>
      (await bed.client.send(joinGroup, { ...wish, ...more })).errorCode;
    expect(await join({ sessionTimeoutMs: 1 })).toBe(26);
    expect(await join({ groupId: "" })).toBe(24);
    expect(await join({ protocolType: "connect" })).toBe(23);
    expect(await join({ protocols: [] })).toBe(23);
    expect(await join({ memberId: "stranger" })).toBe(25);
  });

  test("is described, listed and deleted", async () => {
    const { memberId } = await member();
    await bed.services.groups.join({ namespace, group: "new", topics: ["t"] });
    const asked = { groups: [groupId, "new", "none"] };
    for (const version of [0, 3, 5, 6]) {
      const missing = version < 6 ? 0 : 69;
      const { groups } = await bed.client.send(describeGroups, asked, version);
      expect(groups).toMatchObject([
        {
          errorCode: 0,
          groupState: "Stable",
          protocolType: "consumer",
          protocolData: "range",
          members: [{ memberId }],
        },
        { errorCode: missing, groupState: "Dead", members: [] },
        { errorCode: missing, groupState: "Dead", members: [] },
      ]);
      const [described] = groups[0]?.members ?? [];
      expect(described).toMatchObject({ clientId: "wire-client", clientHost: "/127.0.0.1" });
      expect(Buffer.from(described?.memberAssignment ?? metadata).toString()).toBe("assignment");
    }
    const list = async (filter: object, version = 5) => {
      const { groups } = await bed.client.send(listGroups, filter, version);
      return groups.map((one) => `${one.groupId} ${one.protocolType} ${one.groupState} ${one.groupType}`);
    };
    expect(await list({})).toEqual(["g consumer Stable Classic", "new consumer Stable Consumer"]);
    expect(await list({ typesFilter: ["classic"] })).toEqual(["g consumer Stable Classic"]);
    expect(await list({ statesFilter: ["Empty"] })).toEqual([]);
    expect(await list({}, 0)).toHaveLength(2);
    const drop = async () => (await bed.client.send(deleteGroups, { groupsNames: [groupId, "none"] })).results;
    expect(await drop()).toEqual([
      { groupId, errorCode: 68 },
      { groupId: "none", errorCode: 69 },
    ]);
    await bed.client.send(leaveGroup, { groupId, members: [{ memberId }] });
    expect(await drop()).toMatchObject([{ errorCode: 0 }, { errorCode: 69 }]);
  });
});

function offsetsOf(name: string, committedOffset: number, partitionIndex = 0) {
  return [{ name, partitions: [{ partitionIndex, committedOffset, committedMetadata: "m" }] }];
}

describe("offsets", () => {
  test("are committed and fetched in every version, by a member and by nobody", async () => {
    for (let version = 2; version <= 9; version += 1) {
      const request = { groupId, memberId: "", topics: offsetsOf("t", version) };
      const { topics } = await bed.client.send(offsetCommit, request, version);
      expect(topics[0]?.partitions[0]?.errorCode).toBe(0);
    }
    const asked = [{ name: "t", partitionIndexes: [0, 1, 9] }];
    for (let version = 1; version <= 7; version += 1) {
      const fetched = await bed.client.send(offsetFetch, { groupId, topics: asked }, version);
      const [topic] = fetched.topics;
      expect(topic?.partitions.map(({ committedOffset }) => committedOffset)).toEqual([9, -1, -1]);
      expect(topic?.partitions.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0]);
    }
    for (const version of [8, 9]) {
      const several = {
        groups: [
          { groupId, topics: null },
          { groupId: "none", topics: asked },
        ],
        requireStable: true,
      };
      const { groups } = await bed.client.send(offsetFetch, several, version);
      expect(groups[0]).toMatchObject({
        errorCode: 0,
        topics: [{ name: "t", partitions: [{ partitionIndex: 0, committedOffset: 9, metadata: "m" }] }],
      });
      expect(groups[1]?.topics[0]?.partitions.map((one) => one.committedOffset)).toEqual([-1, -1, -1]);
    }
    expect(await bed.client.send(offsetFetch, { groupId: "none", topics: null }, 3)).toMatchObject({ topics: [] });
  });

  test("are refused one by one where they are wrong, and all of a member of another generation", async () => {
    const { memberId, generationId } = await member();
    const commit = async (more: object, topics = offsetsOf("t", 1)): Promise<number[]> => {
      const self = { groupId, memberId, generationIdOrMemberEpoch: generationId };
      const answer = await bed.client.send(offsetCommit, { ...self, topics, ...more });
      return answer.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
    };
    expect(await commit({})).toEqual([0]);
    const some = [...offsetsOf("none", 1), ...offsetsOf("t", 2, 1), ...offsetsOf("t", 1, 7), ...offsetsOf("t", -5)];
    expect(await commit({}, some)).toEqual([3, 0, 3, 42]);
    expect(await commit({ generationIdOrMemberEpoch: 9 })).toEqual([22]);
    expect(await commit({ memberId: "stranger" })).toEqual([25]);
    expect(await commit({ memberId: "" })).toEqual([25]);
    expect(await commit({ memberId: "", generationIdOrMemberEpoch: -1 })).toEqual([25]);
    const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: "x".repeat(5_000) }];
    expect(await commit({}, [{ name: "t", partitions }])).toEqual([12]);
  });

  test("of a transaction that is not decided are unstable, where that is asked for", async () => {
    const owner = await bed.services.transactions.init({ namespace, transactionalId: "x" });
    const offsets = [{ topic: "t", partition: 0, offset: 4 }];
    const producer = { namespace, transactionalId: "x", ...owner };
    await bed.services.transactions.addOffsets({ ...producer, group: groupId, offsets });
    const topics = [{ name: "t", partitionIndexes: [0] }];
    const fetched = async (requireStable: boolean) => {
      const answer = await bed.client.send(offsetFetch, { groups: [{ groupId, topics }], requireStable });
      return answer.groups[0]?.topics[0]?.partitions[0];
    };
    expect(await fetched(true)).toMatchObject({ errorCode: 88, committedOffset: -1 });
    expect(await fetched(false)).toMatchObject({ errorCode: 0, committedOffset: -1 });
    await bed.services.transactions.end({ ...producer, commit: true });
    expect(await fetched(true)).toMatchObject({ errorCode: 0, committedOffset: 4 });
  });

  test("of a topic that was made anew are those of the new one", async () => {
    await bed.client.send(offsetCommit, { groupId, memberId: "", topics: offsetsOf("t", 5) });
    await bed.services.topics.delete(namespace, "t");
    await bed.services.topics.create(namespace, { name: "t", partitions: 1 });
    const { groups } = await bed.client.send(offsetFetch, { groups: [{ groupId, topics: null }] });
    expect(groups).toMatchObject([{ errorCode: 0, topics: [] }]);
  });

  test("are deleted where nobody reads the topic", async () => {
    await bed.client.send(offsetCommit, { groupId, memberId: "", topics: offsetsOf("t", 5) });
    const topics = [{ name: "t", partitions: [{ partitionIndex: 0 }, { partitionIndex: 1 }] }];
    const answer = await bed.client.send(offsetDelete, { groupId, topics });
    expect(answer).toMatchObject({ errorCode: 0, topics: [{ partitions: [{ errorCode: 0 }, { errorCode: 0 }] }] });
    const { groups } = await bed.client.send(offsetFetch, { groups: [{ groupId, topics: null }] });
    expect(groups).toMatchObject([{ topics: [] }]);
    expect(await bed.client.send(offsetDelete, { groupId: "none", topics })).toMatchObject({ errorCode: 69 });
    await bed.services.groups.join({ namespace, group: "new", topics: ["t"] });
    const read = await bed.client.send(offsetDelete, { groupId: "new", topics });
    expect(read.topics[0]?.partitions.map(({ errorCode }) => errorCode)).toEqual([86, 86]);
  });
});
