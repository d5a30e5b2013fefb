/** A topic that is deleted while groups and transactions use it, and created again under its name. */
import { describe, expect, test } from "vitest";
import { transactionTimeoutMsDefault } from "../../../shared/limits/transactions.ts";
import { partitionLogId } from "../../../shared/log/log-id.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import type { Membership } from "../../../shared/services/groups.ts";
import type { Services } from "../../../shared/services/services.ts";
import { shareGarbageKey, sharePartition } from "../../../shared/storage/item-keys.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { dyingProcess } from "../partition/dying-process.ts";
import { refusal } from "./topic-process.ts";

const namespace = "default";
const id = { namespace, transactionalId: "billing" };
const group = { namespace, group: "readers" };
const offset = { topic: "gone", partition: 0, offset: 1 };

function records(value: string) {
  return [{ key: null, value: new TextEncoder().encode(value), headers: [] }];
}

async function valuesOf({ fetch }: Services, topic: string): Promise<readonly string[]> {
  const bounds = { offset: 0, maxBytes: 1_000_000, maxRecords: 100, minBytes: 0, waitMs: 0 };
  const read = await fetch.fetchRecords({ namespace, topic, partition: 0, isolation: "read_committed", ...bounds });
  return read.records.map(({ value }) => new TextDecoder().decode(value ?? undefined));
}

/** Two processes, and the topics `gone` and `kept`. */
async function world() {
  const memory = createMemoryStorage();
  const [one, two] = [createServices(memory.storage), createServices(memory.storage)];
  const ids = new Map<string, string>();
  for (const name of ["gone", "kept"]) {
    const { topicId } = await one.topics.create(namespace, { name });
    ids.set(name, topicId);
  }
  await one.produce.produceRecords({ namespace, topic: "gone", partition: 0, records: records("old") });
  return { memory, one, two, goneId: ids.get("gone") ?? "" };
}

describe.each([true, false])("a transaction over a topic that is deleted (commit: %s)", (commit) => {
  test.each([
    ["and stays away", false],
    ["and is created again", true],
  ])("ends in all others, where the topic is gone %s", async (_, again) => {
    const { memory, one, two, goneId } = await world();
    const { transactions } = one;
    const producer = await transactions.init(id);
    const topics = ["gone", "kept"];
    const partitions = topics.map((topic) => ({ topic, partitions: [0] }));
    await transactions.addPartitions({ ...id, ...producer, partitions });
    for (const topic of topics) {
      const { transactionalId } = id;
      const by = { transactionalId, producer: { ...producer, baseSequence: 0 } };
      await one.produce.produceRecords({ namespace, topic, partition: 0, records: records("in"), ...by });
    }
    const offsets = [offset, { topic: "kept", partition: 0, offset: 0 }];
    await transactions.addOffsets({ ...id, ...producer, ...group, offsets });
    const before = await memory.storage.logs.readLast(partitionLogId(goneId, 0));
    await two.topics.delete(namespace, "gone");
    if (again) await two.topics.create(namespace, { name: "gone" });
    // This process may remember the topic for some seconds.
    await memory.time.advance(6_000);
    const next = await transactions.end({ ...id, ...producer, commit });
    expect(await transactions.describe(id)).toMatchObject({ state: commit ? "CompleteCommit" : "CompleteAbort" });
    expect(await valuesOf(two, "kept")).toEqual(commit ? ["in"] : []);
    expect((await memory.storage.logs.readLast(partitionLogId(goneId, 0)))?.position).toBe(before?.position);
    const committed = await two.groups
      .offsets({ ...group, stable: true })
      .catch((cause: unknown) => (cause as { code: string }).code);
    expect(committed).toEqual(commit ? [expect.objectContaining({ topic: "kept", offset: 0 })] : "GROUP_ID_NOT_FOUND");
    if (!again) return;
    expect(await two.fetch.listOffset(namespace, "gone", 0, { at: "latest" })).toMatchObject({ offset: 0 });
    await transactions.addPartitions({ ...id, ...next, partitions: [{ topic: "gone", partitions: [0] }] });
    const by = { transactionalId: id.transactionalId, producer: { ...next, baseSequence: 0 } };
    await one.produce.produceRecords({ namespace, topic: "gone", partition: 0, records: records("new"), ...by });
    await transactions.end({ ...id, ...next, commit: true });
    expect(await valuesOf(two, "gone")).toEqual(["new"]);
  });
});

test("a transaction whose process is gone, and whose topics are all deleted, is ended when its time is over", async () => {
  const { memory, one, two } = await world();
  const producer = await one.transactions.init(id);
  const partitions = ["gone", "kept"].map((topic) => ({ topic, partitions: [0] }));
  await one.transactions.addPartitions({ ...id, ...producer, partitions });
  await one.transactions.addOffsets({ ...id, ...producer, ...group, offsets: [offset] });
  for (const topic of ["gone", "kept"]) await two.topics.delete(namespace, topic);
  await memory.time.advance(transactionTimeoutMsDefault + 5_000);
  await two.duties.recover(id);
  expect(await two.transactions.describe(id)).toMatchObject({ state: "CompleteAbort" });
  // Its offsets do not keep the group from being deleted.
  await refusal(two.groups.delete(group), "GROUP_ID_NOT_FOUND");
});

describe("a member that has not heard that its topic was created again", () => {
  async function memberOf(one: Services): Promise<Membership> {
    const member = await one.groups.join({ ...group, topics: ["gone"] });
    expect(member.assignment).toEqual([{ topic: "gone", partitions: [0] }]);
    return member;
  }

  async function madeAnew() {
    const { memory, one, two } = await world();
    const member = await memberOf(one);
    const who = { memberId: member.memberId, memberEpoch: member.memberEpoch };
    await one.groups.commit({ ...group, ...who, offsets: [offset] });
    await two.topics.delete(namespace, "gone");
    await two.topics.create(namespace, { name: "gone" });
    await memory.time.advance(6_000);
    return { memory, one, two, member, who };
  }

  test.each(["that remembers the group", "that does not"])(
    "commits nothing of the old one to the new one, in a process %s",
    async (which) => {
      const { memory, one, member, who } = await madeAnew();
      const server = which === "that does not" ? createServices(memory.storage) : one;
      const results = await server.groups.commit({ ...group, ...who, offsets: [{ ...offset, offset: 500 }] });
      expect(results).toMatchObject([{ topic: "gone", error: { code: "UNKNOWN_TOPIC_OR_PARTITION" } }]);
      const found = await server.groups.offsets({ ...group, topics: ["gone"] });
      expect(found).toMatchObject([{ offset: -1, lag: 0 }]);

      let present = member;
      for (let beat = 0; beat < 3; beat += 1) {
        await memory.time.advance(3_000);
        const owned = present.assignment;
        const { memberId, memberEpoch } = present;
        present = await one.groups.heartbeat({ ...group, memberId, memberEpoch, owned });
      }
      const { memberId, memberEpoch, assignment } = present;
      expect(assignment).toEqual([{ topic: "gone", partitions: [0] }]);
      expect(memberEpoch).toBeGreaterThan(who.memberEpoch);
      const offsets = [{ ...offset, offset: 0 }];
      expect(await server.groups.commit({ ...group, memberId, memberEpoch, offsets })).toEqual([
        { topic: "gone", partition: 0 },
      ]);
    },
  );

  test("stages nothing of the old one with a transaction", async () => {
    const { one, who } = await madeAnew();
    const producer = await one.transactions.init(id);
    const staged = one.transactions.addOffsets({ ...id, ...producer, ...group, ...who, offsets: [offset] });
    await refusal(staged, "UNKNOWN_TOPIC_OR_PARTITION");
    await one.transactions.end({ ...id, ...producer, commit: true });
    expect(await one.groups.offsets({ ...group, stable: true })).toMatchObject([{ offset: -1 }]);
  });

  test("is not mistaken for one of a group that was deleted and made again", async () => {
    const { memory, one, two } = await world();
    const request = { ...group, topics: ["gone"], memberId: "m" };
    const first = await one.groups.join(request);
    await two.groups.leave({ ...group, memberId: "m" });
    await two.groups.delete(group);
    await two.topics.delete(namespace, "gone");
    await two.topics.create(namespace, { name: "gone" });
    const again = await two.groups.join(request);
    expect(again.memberEpoch).toBe(first.memberEpoch);
    await memory.time.advance(6_000);
    const { memberEpoch } = again;
    // What this process remembers of that epoch is of the group before.
    const results = await one.groups.commit({ ...group, memberId: "m", memberEpoch, offsets: [offset] });
    expect(results).toEqual([{ topic: "gone", partition: 0 }]);
    expect(await one.groups.offsets(group)).toMatchObject([{ offset: 1 }]);
  });
});

describe("a share group whose topic was created again", () => {
  const queue = { namespace, group: "queue" };
  const bounds = { maxRecords: 10, maxBytes: 1_000_000, waitMs: 0 };
  const reject = { topic: "gone", partition: 0, firstOffset: 0, lastOffset: 0, type: "reject" } as const;

  test("takes no acknowledgement of the old records for the new ones", async () => {
    const { one } = await world();
    await one.shareGroups.configure(queue, { startAt: "earliest" });
    await one.shareGroups.acquire({ ...queue, topics: ["gone"], memberId: "w", ...bounds });
    await one.topics.delete(namespace, "gone");
    await one.topics.create(namespace, { name: "gone" });
    await one.produce.produceRecords({ namespace, topic: "gone", partition: 0, records: records("new") });
    const accepted = { ...queue, memberId: "w", acknowledgements: [{ ...reject, type: "accept" as const }] };
    expect(await one.shareGroups.acknowledge(accepted)).toMatchObject([{ error: { code: "INVALID_RECORD_STATE" } }]);
    const { records: acquired } = await one.shareGroups.acquire({
      ...queue,
      topics: ["gone"],
      memberId: "other",
      ...bounds,
    });
    expect(acquired).toMatchObject([{ offset: 0, deliveryCount: 1 }]);
  });

  test("sends back all letters of a dead-letter topic that was created again", async () => {
    const { one } = await world();
    await one.topics.create(namespace, { name: "dead" });
    await one.shareGroups.configure(queue, { startAt: "earliest", deadLetterTopic: "dead" });
    const die = async (at: number): Promise<void> => {
      await one.shareGroups.acquire({ ...queue, topics: ["gone"], memberId: "w", ...bounds });
      const rejected = { ...reject, firstOffset: at, lastOffset: at };
      await one.shareGroups.acknowledge({ ...queue, memberId: "w", acknowledgements: [rejected] });
    };
    await die(0);
    expect(await one.shareGroups.redrive({ ...queue, maxRecords: 10 })).toMatchObject({ redriven: 1 });
    await one.topics.delete(namespace, "dead");
    await one.topics.create(namespace, { name: "dead" });
    await die(1);
    expect(await one.shareGroups.redrive({ ...queue, maxRecords: 10 })).toMatchObject({ redriven: 1 });
  });

  test("leaves no state behind where its own deletion dies at any request", async () => {
    for (const when of ["before", "after"] as const) {
      let ended = false;
      for (let request = 0; !ended; request += 1) {
        const { memory, one } = await world();
        const { storage, store, time } = memory;
        await one.shareGroups.configure(queue, { startAt: "earliest", lockMs: 1_000 });
        await one.shareGroups.acquire({ ...queue, topics: ["gone", "kept"], memberId: "w", ...bounds });
        await time.advance(2_000);
        const dying = dyingProcess(storage, request, when);
        const run = createServices(dying.storage)
          .shareGroups.delete(queue)
          .then(() => "ended");
        ended = (await Promise.race([run, dying.died])) === "ended";
        const other = createServices(storage);
        await time.advance(storage.lifetimes.graceMs + 60_000);
        const isThere = await other.shareGroups.describe(queue).then(
          () => true,
          () => false,
        );
        await other.duties.sweep();
        const states = store.items.query(sharePartition(namespace, queue.group), { limit: 10 }).items;
        expect(states.length, `died ${when} ${request}`).toBe(isThere ? 1 : 0);
        const groupId = String(states[0]?.attributes["groupId"]);
        expect(store.items.get(shareGarbageKey(groupId)), `died ${when} ${request}`).toBeUndefined();
      }
    }
  });
});
