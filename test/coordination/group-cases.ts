import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Services } from "../../shared/services/services.ts";
import { refusal } from "../shared/services/topic-process.ts";
import { bytes, type Host, newName, text } from "./host.ts";

const namespace = "default";
const record = (value: string, partition = 0) => ({ key: bytes(value), value: bytes(value), headers: [], partition });

async function newTopic({ services }: Host, partitions: number, config?: Record<string, string>): Promise<string> {
  const name = newName("topic");
  await services.topics.create(namespace, { name, partitions, ...(config === undefined ? {} : { config }) });
  return name;
}

async function committed(services: Services, topic: string, partition = 0): Promise<readonly (string | null)[]> {
  const bounds = { offset: 0, maxBytes: 1_000_000, maxRecords: 1_000, minBytes: 0, waitMs: 0 };
  const isolation = "read_committed";
  const { records } = await services.fetch.fetchRecords({ namespace, topic, partition, ...bounds, isolation });
  return records.map(({ value }) => text(value));
}

/** Groups, transactions, queues: on every store, through two processes. */
export function groupCases(host: () => Host): void {
  test.concurrent("a member that falls silent gives up its partitions when its session is over", async () => {
    const { services, other } = host();
    const topic = await newTopic(host(), 2);
    const name = { namespace, group: newName("group") };
    const wish = { ...name, topics: [topic], sessionTimeoutMs: 1_000 };
    const silent = await services.groups.join({ ...wish, memberId: "silent" });
    let alive = await other.groups.join({ ...wish, memberId: "alive" });
    const endMs = performance.now() + 10_000;
    while (alive.assignment.flatMap(({ partitions }) => partitions).length < 2 && performance.now() < endMs) {
      await sleep(300);
      alive = await other.groups.heartbeat({ ...name, ...alive, owned: alive.assignment });
    }
    expect(alive.assignment).toEqual([{ topic, partitions: [0, 1] }]);
    await refusal(services.groups.heartbeat({ ...name, ...silent }), "UNKNOWN_MEMBER_ID");
  });

  test.concurrent("a transaction whose process is gone is ended by another when its time is over", async () => {
    const { services, other } = host();
    const topic = await newTopic(host(), 1);
    const id = { namespace, transactionalId: newName("transaction") };
    const producer = await services.transactions.init({ ...id, timeoutMs: 300 });
    await services.transactions.addPartitions({ ...id, ...producer, partitions: [{ topic, partitions: [0] }] });
    const { partition: _partition, ...lost } = record("lost");
    await services.produce.produceRecords({
      namespace,
      topic,
      partition: 0,
      records: [lost],
      transactionalId: id.transactionalId,
      producer: { ...producer, baseSequence: 0 },
    });
    await services.produce.produce({ namespace, topic, records: [record("plain")] });
    expect(await committed(other, topic)).toEqual([]);
    await sleep(700);
    await other.transactions.recover(id);
    expect(await committed(other, topic)).toEqual(["plain"]);
    expect(await services.transactions.describe(id)).toMatchObject({ state: "CompleteAbort", partitions: [] });
    await refusal(services.transactions.end({ ...id, ...producer, commit: true }), "PRODUCER_FENCED");
  });

  test.concurrent("a queue delivers each record until it is accepted, and gives it up to the dead letters", async ({
    expect,
  }) => {
    const { services, other } = host();
    const topic = await newTopic(host(), 1);
    const deadLetterTopic = await newTopic(host(), 1);
    const name = { namespace, group: newName("workers") };
    await services.shareGroups.configure(name, {
      lockMs: 1_000,
      deliveriesMax: 2,
      deadLetterTopic,
      startAt: "earliest",
    });
    await services.produce.produce({ namespace, topic, records: [record("good"), record("bad")] });
    const acquire = { ...name, topics: [topic], maxRecords: 10, maxBytes: 1_000_000, waitMs: 0 };
    const { records } = await services.shareGroups.acquire({ ...acquire, memberId: "one" });
    expect(records.map(({ value, deliveryCount }) => [text(value), deliveryCount])).toEqual([
      ["good", 1],
      ["bad", 1],
    ]);
    expect((await other.shareGroups.acquire({ ...acquire, memberId: "two" })).records).toEqual([]);
    const range = (offset: number, type: "accept" | "release") => ({
      topic,
      partition: 0,
      firstOffset: offset,
      lastOffset: offset,
      type,
    });
    await other.shareGroups.acknowledge({
      ...name,
      memberId: "one",
      acknowledgements: [range(0, "accept"), range(1, "release")],
    });
    const retried = await other.shareGroups.acquire({ ...acquire, memberId: "two" });
    expect(retried.records.map(({ value, deliveryCount }) => [text(value), deliveryCount])).toEqual([["bad", 2]]);
    // The worker dies: when its lock is over, the record has been delivered often enough.
    await sleep(1_500);
    expect((await services.shareGroups.acquire({ ...acquire, memberId: "one" })).records).toEqual([]);
    await expect
      .poll(async () => {
        await services.shareGroups.acquire({ ...acquire, memberId: "one" });
        return await committed(other, deadLetterTopic);
      })
      .toEqual(["bad"]);
    expect(await other.shareGroups.describe(name)).toMatchObject({ partitions: [{ startOffset: 2, lag: 0 }] });
  });

  test("members share partitions whichever process serves them, and late commits are refused", async () => {
    const { services, other } = host();
    const topic = await newTopic(host(), 4);
    const name = { namespace, group: newName("group") };
    const wish = { ...name, topics: [topic], sessionTimeoutMs: 10_000 };
    let one = await services.groups.join({ ...wish, memberId: "one" });
    expect(one.assignment).toEqual([{ topic, partitions: [0, 1, 2, 3] }]);
    let two = await other.groups.join({ ...wish, memberId: "two" });
    const beat = async (at: Services, member: typeof one) =>
      await at.groups.heartbeat({ ...name, ...member, owned: member.assignment });
    const late = one;
    for (let round = 0; round < 6; round += 1) {
      one = await beat(round % 2 === 0 ? other : services, one);
      two = await beat(round % 2 === 0 ? services : other, two);
    }
    const owned = [one, two].map(({ assignment }) => assignment.flatMap(({ partitions }) => partitions));
    expect(owned.map((partitions) => partitions.length)).toEqual([2, 2]);
    expect(owned.flat().toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    const offsets = [{ topic, partition: owned[0]?.[0] ?? 0, offset: 0 }];
    await refusal(other.groups.commit({ ...name, ...late, offsets }), "STALE_MEMBER_EPOCH");
    await services.groups.commit({ ...name, memberId: "one", memberEpoch: one.memberEpoch, offsets });
    const found = await other.groups.offsets(name);
    expect(found).toHaveLength(4);
    expect(found.filter(({ offset }) => offset === 0)).toHaveLength(1);
    await services.groups.leave({ ...name, memberId: "one" });
    await refusal(other.groups.delete(name), "NON_EMPTY_GROUP");
    await other.groups.leave({ ...name, memberId: "two" });
    expect(await services.groups.describe(name)).toMatchObject({ state: "Empty", members: 0 });
    await services.groups.delete(name);
    await refusal(other.groups.describe(name), "GROUP_ID_NOT_FOUND");
  });

  test("a transaction is seen as a whole, with its offsets, or not at all", async () => {
    const { services, other } = host();
    const topic = await newTopic(host(), 2);
    const group = newName("group");
    const id = { namespace, transactionalId: newName("transaction") };
    const write = async (
      at: Services,
      producer: { readonly producerId: bigint; readonly producerEpoch: number },
      value: string,
    ) => {
      await at.transactions.addPartitions({ ...id, ...producer, partitions: [{ topic, partitions: [0, 1] }] });
      for (const partition of [0, 1]) {
        const { partition: _partition, ...one } = record(value);
        await at.produce.produceRecords({
          namespace,
          topic,
          partition,
          records: [one],
          transactionalId: id.transactionalId,
          producer: { ...producer, baseSequence: 0 },
        });
      }
    };
    const first = await services.transactions.init(id);
    await write(services, first, "committed");
    const offsets = [{ topic, partition: 0, offset: 7 }];
    await other.transactions.addOffsets({ ...id, ...first, group, offsets });
    expect(await committed(other, topic)).toEqual([]);
    await refusal(
      services.groups.offsets({ namespace, group, topics: [topic], stable: true }),
      "UNSTABLE_OFFSET_COMMIT",
    );
    const second = await other.transactions.end({ ...id, ...first, commit: true });
    expect(await committed(services, topic)).toEqual(["committed"]);
    expect(await committed(other, topic, 1)).toEqual(["committed"]);
    const [found] = await services.groups.offsets({ namespace, group, topics: [topic], stable: true });
    expect(found).toMatchObject({ partition: 0, offset: 7 });
    await write(other, second, "aborted");
    // Another owner ends what is open, and the earlier one is put out.
    const third = await services.transactions.init(id);
    await refusal(other.transactions.end({ ...id, ...second, commit: true }), "PRODUCER_FENCED");
    await write(services, third, "again");
    await services.transactions.end({ ...id, ...third, commit: true });
    expect(await committed(other, topic)).toEqual(["committed", "again"]);
    expect(await committed(other, topic, 1)).toEqual(["committed", "again"]);
  });

  test("a write in one call is done once, however often it is sent", async () => {
    const { services, other } = host();
    const topic = await newTopic(host(), 3);
    const group = newName("group");
    const write = {
      namespace,
      produce: [{ topic, records: [record("a", 0), record("b", 1), record("c", 2)] }],
      offsets: [{ group, offsets: [{ topic, partition: 0, offset: 1 }] }],
      idempotencyKey: newName("key"),
    };
    const [first, second] = await Promise.all(
      [services.transactions.execute(write), other.transactions.execute(write)].map((one) =>
        one.catch((error: unknown) => error),
      ),
    );
    const again = await other.transactions.execute(write);
    expect([first, second]).toContainEqual(again);
    for (const partition of [0, 1, 2]) expect(await committed(services, topic, partition)).toHaveLength(1);
  });

  test("a compacted topic keeps the last value of each key, at its offset", async () => {
    const { services, other } = host();
    const topic = await newTopic(host(), 1, {
      "cleanup.policy": "compact",
      "min.cleanable.dirty.ratio": "0",
      "segment.ms": "1",
    });
    const { topicId } = await services.topics.describe(namespace, topic);
    for (let round = 0; round < 5; round += 1) {
      const records = ["a", "b", "c"].map((key) => ({ ...record(key), value: bytes(`${key}${round}`) }));
      await services.produce.produce({ namespace, topic, records });
    }
    await sleep(20);
    await services.duties.sweep();
    await services.duties.seal(topicId, 0);
    await services.duties.compact({
      kind: "compact",
      topicId,
      partition: 0,
      askedAtMs: Date.now(),
      segmentBytes: 1_000_000,
      minCompactionLagMs: 0,
      maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
      deleteRetentionMs: 0,
      minCleanableDirtyRatio: 0,
    });
    const bounds = { offset: 0, maxBytes: 1_000_000, maxRecords: 1_000, minBytes: 0, waitMs: 0 };
    const read = { namespace, topic, partition: 0, ...bounds, isolation: "read_uncommitted" } as const;
    const { records, nextOffset } = await other.fetch.fetchRecords(read);
    expect(records.map(({ offset, value }) => [offset, text(value)])).toEqual([
      [12, "a4"],
      [13, "b4"],
      [14, "c4"],
    ]);
    expect(nextOffset).toBe(15);
    const keyless = { ...record("x"), key: null };
    await expect(services.produce.produce({ namespace, topic, records: [keyless] })).resolves.toMatchObject([
      { error: { code: "INVALID_RECORD" } },
    ]);
  });
}
