/** Consumers of real groups, over HTTP, in real time. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  CommitOffsetsCommand,
  CreateTopicCommand,
  DeleteGroupCommand,
  DescribeGroupCommand,
  GetGroupOffsetsCommand,
  HeartbeatMemberCommand,
  JoinGroupCommand,
  LeaveGroupCommand,
  NoAnswerException,
  paginateListGroups,
  ResetOffsetsCommand,
  StreamkeeperClient,
} from "../../../client/index.ts";
import type { Consumer, ConsumerOptions, Middleware } from "../../../client/index.ts";
import { seededRandom } from "../coordination/seeded-random.ts";
import { ownService } from "../own-service.ts";
import { textOf } from "./consumer-bed.ts";

const { url, client, newTopic } = await ownService();

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

test("the commands go through a group's life", async () => {
  const topic = await newTopic(1, numbers(10));
  const group = "life";
  const joined = await client.send(new JoinGroupCommand({ group, topics: [topic], clientId: "me" }));
  const { memberId, memberEpoch, assignment: owned } = joined;
  expect(owned).toEqual([{ topic, partitions: [0] }]);
  expect(await client.send(new HeartbeatMemberCommand({ group, memberId, memberEpoch, owned }))).toMatchObject({
    memberEpoch,
  });
  const offsets = [{ topic, partition: 0, offset: 4, metadata: "m" }];
  const committed = await client.send(new CommitOffsetsCommand({ group, memberId, memberEpoch, offsets }));
  expect(committed.results).toEqual([{ topic, partition: 0 }]);
  const stale = new CommitOffsetsCommand({ group, memberId: "somebody else", memberEpoch, offsets });
  await expect(client.send(stale)).rejects.toMatchObject({ name: "UNKNOWN_MEMBER_ID" });
  const read = await client.send(new GetGroupOffsetsCommand({ group, topics: [topic], stable: true }));
  expect(read.offsets).toMatchObject([{ topic, partition: 0, offset: 4, metadata: "m", lag: 6, memberId }]);
  expect(await client.send(new DescribeGroupCommand({ group }))).toMatchObject({
    state: "Stable",
    memberList: [{ memberId, clientId: "me", assignment: owned }],
  });
  const shift = new ResetOffsetsCommand({ group, point: { to: "shift", by: -3 }, topics: [{ topic }] });
  await expect(client.send(shift)).rejects.toMatchObject({ name: "NON_EMPTY_GROUP" });
  await client.send(new LeaveGroupCommand({ group, memberId }));
  await client.send(new LeaveGroupCommand({ group, memberId }));
  expect((await client.send(shift)).results).toEqual([{ topic, partition: 0, from: 4, to: 1 }]);
  const names = [];
  for await (const page of paginateListGroups({ client }, { limit: 1 })) names.push(...page.groups);
  expect(names).toContainEqual({ group, state: "Empty", members: 0, type: "consumer" });
  await client.send(new DeleteGroupCommand({ group }));
  await expect(client.send(new DescribeGroupCommand({ group }))).rejects.toMatchObject({ name: "GROUP_ID_NOT_FOUND" });
});

describe("a consumer", () => {
  test("goes on where another of its group has stopped", async () => {
    const topic = await newTopic(2, numbers(100));
    const readSome = async (count: number): Promise<string[]> => {
      const seen: string[] = [];
      const stop = new AbortController();
      await using consumer = client.consumer({
        group: "goes-on",
        topics: [topic],
        from: "earliest",
        signal: stop.signal,
      });
      await consumer.run({
        eachRecord: ({ record }) => {
          seen.push(textOf(record.value));
          if (seen.length === count) stop.abort();
        },
      });
      await consumer.finished;
      return seen;
    };
    const all = [...(await readSome(30)), ...(await readSome(70))];
    expect(all).toHaveLength(100);
    expect(new Set(all).size).toBe(100);
    const { offsets } = await client.send(new GetGroupOffsetsCommand({ group: "goes-on" }));
    expect(offsets.map(({ lag }) => lag)).toEqual([0, 0]);
  });

  test("that begins at the end skips nothing of a transaction that is open then", async () => {
    const topic = await newTopic(1, ["before"]);
    await using producer = client.transactionalProducer({ transactionalId: "open" });
    const transaction = await producer.begin();
    await transaction.send({ topic, records: [{ value: "undecided" }] });
    const seen: string[] = [];
    await using consumer = client.consumer({ group: "at-the-end", topics: [topic], waitMs: 200 });
    await consumer.run({ eachRecord: ({ record }) => void seen.push(textOf(record.value)) });
    while (consumer.lag.length === 0) await sleep(20);
    await transaction.commit();
    while (seen.length === 0) await sleep(20);
    expect(seen).toEqual(["undecided"]);
  });

  test("whose offset is not in the log goes on at the end, and skips nothing of a transaction that is open then", async () => {
    const topic = await newTopic(1, ["before"]);
    const group = "beyond-the-end";
    const offsets = [{ topic, partition: 0, offset: 99 }];
    await client.send(new CommitOffsetsCommand({ group, offsets }));
    await using producer = client.transactionalProducer({ transactionalId: "open-beyond" });
    const transaction = await producer.begin();
    await transaction.send({ topic, records: [{ value: "undecided" }] });
    const seen: string[] = [];
    await using consumer = client.consumer({ group, topics: [topic], waitMs: 200, from: "latest" });
    await consumer.run({ eachRecord: ({ record }) => void seen.push(textOf(record.value)) });
    while (consumer.lag.length === 0) await sleep(20);
    await transaction.commit();
    while (seen.length === 0) await sleep(20);
    expect(seen).toEqual(["undecided"]);
  });

  test("reads all topics that match its pattern, and iterates", async () => {
    const prefix = await newTopic(1, ["a"]);
    await client.send(new CreateTopicCommand({ name: `${prefix}-more`, partitions: 2 }));
    await using producer = client.producer({ topic: `${prefix}-more` });
    await Promise.all([0, 1].map((partition) => producer.send({ partition, value: `b${partition}` })));
    const seen: string[] = [];
    for await (const { topic, value } of client.consumer({
      group: "p",
      topicPattern: `${prefix}.*`,
      from: "earliest",
    })) {
      seen.push(`${topic.slice(prefix.length)} ${textOf(value)}`);
      if (seen.length === 3) break;
    }
    expect(seen.toSorted()).toEqual([" a", "-more b0", "-more b1"]);
  });
});

/** A consumer in a process of its own, as far as that goes: what it sends can be cut off for good. */
class Worker {
  readonly consumer: Consumer;
  readonly name: string;
  isCrashed = false;
  readonly #client = new StreamkeeperClient({ endpoint: url });

  constructor(name: string, options: ConsumerOptions) {
    this.name = name;
    const cut: Middleware = (next) => async (handlerArguments) => {
      if (this.isCrashed) throw new NoAnswerException("lost", "the process is dead", true);
      const answer = await next(handlerArguments);
      if (this.isCrashed) throw new NoAnswerException("lost", "the process is dead", true);
      return answer;
    };
    this.#client.middlewareStack.add(cut, { step: "deserialize", name: "cut", priority: "low" });
    this.consumer = this.#client.consumer(options);
  }

  async end(): Promise<void> {
    await this.consumer.close();
    this.#client.destroy();
  }
}

test(
  "twelve members that join, leave and crash process each record, with one owner at a time",
  { timeout: 60_000 },
  async () => {
    const [partitions, records, churnMs] = [24, 3_000, 6_000];
    const topic = await newTopic(partitions);
    const seen = new Map<string, number>();
    const atWork = new Map<number, Worker>();
    const doubleOwners: string[] = [];
    const random = seededRandom(7);
    const live: Worker[] = [];
    const gone: Promise<void>[] = [];
    let names = 0;

    const join = async (): Promise<void> => {
      names += 1;
      const worker = new Worker(`w${names}`, {
        group: "twelve",
        topics: [topic],
        from: "earliest",
        sessionTimeoutMs: 2_000,
        rebalanceTimeoutMs: 5_000,
        closeTimeoutMs: 1_500,
        waitMs: 2_000,
        autoCommit: { intervalMs: 200 },
        onProblem: () => {},
      });
      live.push(worker);
      await worker.consumer.run({
        partitionsConsumedConcurrently: 4,
        eachRecord: async ({ partition, record, signal }) => {
          const other = atWork.get(partition);
          if (other !== undefined && !other.isCrashed)
            doubleOwners.push(`${partition}: ${other.name} and ${worker.name}`);
          atWork.set(partition, worker);
          await sleep(1);
          if (atWork.get(partition) === worker) atWork.delete(partition);
          // A process that is dead has done nothing.
          if (worker.isCrashed || signal.aborted) return;
          const value = textOf(record.value);
          seen.set(value, (seen.get(value) ?? 0) + 1);
        },
      });
    };

    await Promise.all(Array.from({ length: 12 }, join));
    const producing = (async () => {
      await using producer = client.producer({ topic });
      for (let index = 0; index < records; index += 1) {
        await producer.enqueue({ partition: index % partitions, value: String(index) });
        if (index % 50 === 0) await sleep(churnMs / (records / 50));
      }
    })();
    const endsAtMs = performance.now() + churnMs;
    while (performance.now() < endsAtMs) {
      await sleep(300 + random() * 500);
      const index = Math.floor(random() * live.length);
      const [worker] = live.splice(index, 1);
      if (worker === undefined) continue;
      if (random() < 0.4) worker.isCrashed = true;
      gone.push(worker.end());
      await join();
    }
    await producing;
    const changedAtMs = performance.now();
    const isSettled = async (): Promise<boolean> => {
      const { state, memberList } = await client.send(new DescribeGroupCommand({ group: "twelve" }));
      const owned = memberList.flatMap(({ assignment }) => assignment.flatMap((part) => part.partitions));
      return state === "Stable" && memberList.length === 12 && new Set(owned).size === partitions;
    };
    await expect.poll(isSettled, { timeout: 15_000, interval: 50 }).toBe(true);
    const settledMs = performance.now() - changedAtMs;
    await expect.poll(() => seen.size, { timeout: 10_000 }).toBe(records);
    expect(doubleOwners).toEqual([]);
    expect(settledMs).toBeLessThan(5_000);
    await Promise.all([...live.map((worker) => worker.end()), ...gone]);
    const { offsets } = await client.send(new GetGroupOffsetsCommand({ group: "twelve" }));
    expect(offsets.reduce((sum, { lag }) => sum + lag, 0)).toBe(0);
  },
);
