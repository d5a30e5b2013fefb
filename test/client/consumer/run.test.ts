import { afterEach, describe, expect, test } from "vitest";
import { MembershipLostError, NoAnswerException, PartitionNotOwnedError } from "../../../client/index.ts";
import type { ConsumerProblem } from "../../../client/index.ts";
import { ConsumerBed, orders, settle, textOf } from "./consumer-bed.ts";
import { GroupDouble } from "./group-double.ts";

const bed = new ConsumerBed();
afterEach(() => bed.close());
const consumerOf = bed.consumer;

describe("eachRecord", () => {
  test("gets every record of a partition in order, and commits behind the last", async () => {
    const double = new GroupDouble({ orders: 2 });
    double.produce(orders(0), "a", "b");
    double.produce(orders(1), "c");
    const seen: string[] = [];
    const consumer = consumerOf(double);
    await settle(
      double,
      consumer.run({ eachRecord: ({ partition, record }) => void seen.push(`${partition}${textOf(record.value)}`) }),
    );
    await double.time.pass(100);
    expect(seen.toSorted()).toEqual(["0a", "0b", "1c"]);
    expect(double.commits).toEqual([]);
    await double.time.pass(5_000);
    expect([...double.committed]).toEqual([
      ["orders/0", 2],
      ["orders/1", 1],
    ]);
    double.produce(orders(0), "d");
    await double.time.pass(0);
    expect(seen.at(-1)).toBe("0d");
    expect(consumer.lag).toContainEqual({ ...orders(0), offset: 3, highWatermark: 3, lag: 0 });
  });

  test("is called again with the record at which it failed, later and later, while other partitions go on", async () => {
    const double = new GroupDouble({ orders: 2 });
    double.produce(orders(0), "good", "bad", "after");
    const problems: ConsumerProblem[] = [];
    const calls: string[] = [];
    let isMended = false;
    const consumer = consumerOf(double, { onProblem: (problem) => problems.push(problem) });
    await settle(
      double,
      consumer.run({
        eachRecord: ({ record }) => {
          const value = textOf(record.value);
          calls.push(value);
          if (value === "bad" && !isMended) throw new Error("not now");
        },
      }),
    );
    await double.time.pass(5_200);
    expect(double.committed.get("orders/0")).toBe(1);
    double.produce(orders(1), "elsewhere");
    await double.time.pass(0);
    expect(calls).toContain("elsewhere");
    expect(calls).not.toContain("after");
    expect(calls.filter((value) => value === "good")).toHaveLength(1);
    expect(problems[0]).toMatchObject({ during: "handler", partition: orders(0), offset: 1, attempts: 1 });
    const pauses = problems.map(({ retryInMs }) => retryInMs ?? 0);
    expect(pauses.length).toBeGreaterThan(3);
    expect(pauses).toEqual(pauses.toSorted((one, other) => one - other));
    isMended = true;
    await double.time.pass(30_000);
    expect(calls.at(-1)).toBe("after");
    expect(double.committed.get("orders/0")).toBe(3);
  });

  test("runs for as many partitions at once as it may, and for each once", async () => {
    const double = new GroupDouble({ orders: 4 });
    for (const partition of [0, 1, 2, 3]) double.produce(orders(partition), "a", "b");
    let [atWork, mostAtWork] = [0, 0];
    const working = new Set<number>();
    const consumer = consumerOf(double);
    const eachRecord = async ({ partition }: { readonly partition: number }) => {
      expect(working.has(partition)).toBe(false);
      working.add(partition);
      atWork += 1;
      mostAtWork = Math.max(mostAtWork, atWork);
      await double.time.sleep(10, new AbortController().signal);
      atWork -= 1;
      working.delete(partition);
    };
    await settle(double, consumer.run({ eachRecord, partitionsConsumedConcurrently: 3 }));
    await double.time.pass(200);
    expect(mostAtWork).toBe(3);
    await settle(double, consumer.close());
    expect([...double.committed.values()]).toEqual([2, 2, 2, 2]);
  });

  test("finishes the record at work when the consumer closes, commits it, and leaves", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "slow", "never begun");
    const seen: string[] = [];
    const consumer = consumerOf(double);
    const eachRecord = async ({ record }: { readonly record: { readonly value: Uint8Array | null } }) => {
      await double.time.sleep(3_000, new AbortController().signal);
      seen.push(textOf(record.value));
    };
    await settle(double, consumer.run({ eachRecord }));
    await double.time.pass(100);
    await settle(double, consumer.close());
    expect(seen).toEqual(["slow"]);
    expect(double.committed.get("orders/0")).toBe(1);
    expect(double.members.size).toBe(0);
    const sentBefore = double.requests.length;
    await double.time.pass(60_000);
    expect(double.requests.length).toBe(sentBefore);
    await expect(consumer.finished).resolves.toBeUndefined();
  });
});

describe("eachBatch", () => {
  test("counts what it resolves, also when it fails behind that", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "a", "b", "c");
    const batches: string[][] = [];
    const consumer = consumerOf(double, { onProblem: () => {} });
    await settle(
      double,
      consumer.run({
        eachBatch: async ({
          batch,
          resolveOffset,
          uncommittedOffsets,
          commitOffsetsIfNecessary,
          heartbeat,
          isRunning,
        }) => {
          batches.push(batch.records.map(({ value }) => textOf(value)));
          expect(isRunning()).toBe(true);
          await heartbeat();
          if (batches.length > 1) return;
          resolveOffset(batch.firstOffset);
          expect(uncommittedOffsets()).toEqual([{ ...orders(0), offset: 1 }]);
          await commitOffsetsIfNecessary();
          await commitOffsetsIfNecessary([{ ...orders(0), offset: 1, metadata: "m" }]);
          throw new Error("behind the first");
        },
      }),
    );
    await double.time.pass(500);
    expect(batches).toEqual([
      ["a", "b", "c"],
      ["b", "c"],
    ]);
    expect(double.commits).toMatchObject([{ offset: 1 }]);
    await double.time.pass(5_000);
    expect(double.committed.get("orders/0")).toBe(3);
  });

  test("without auto resolve gets again what it has not resolved, though not at once", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "a", "b");
    const firsts: number[] = [];
    const consumer = consumerOf(double);
    const eachBatch = ({
      batch,
      resolveOffset,
    }: {
      batch: { firstOffset: number };
      resolveOffset(offset: number): void;
    }) => {
      firsts.push(batch.firstOffset);
      if (firsts.length === 1) resolveOffset(0);
    };
    await settle(double, consumer.run({ eachBatch, eachBatchAutoResolve: false }));
    await double.time.pass(1_000);
    expect(firsts.slice(0, 3)).toEqual([0, 1, 1]);
    expect(firsts.length).toBeLessThan(10);
  });
});

describe("an iteration", () => {
  test("counts a record when the next is asked for, and not the one at which it breaks off", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "a", "b", "c");
    const consumer = consumerOf(double);
    const seen: string[] = [];
    const iterate = async () => {
      for await (const { topic, value } of consumer) {
        seen.push(`${topic} ${textOf(value)}`);
        if (seen.length === 2) break;
      }
      await consumer.close();
    };
    await settle(double, iterate());
    expect(seen).toEqual(["orders a", "orders b"]);
    expect(double.committed.get("orders/0")).toBe(1);
  });

  test("ends when its signal aborts, and may close the consumer itself", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "a");
    const stop = new AbortController();
    const consumer = consumerOf(double, { signal: stop.signal });
    const sizes: number[] = [];
    const iterate = async () => {
      for await (const { records } of consumer.batches()) sizes.push(records.length);
    };
    const iterating = iterate();
    await double.time.pass(100);
    stop.abort();
    await settle(double, iterating);
    expect(sizes).toEqual([1]);
    expect([...double.committed.values()]).toEqual([1]);
    expect(double.members.size).toBe(0);

    const other = consumerOf(double, { from: "earliest", group: "g" });
    double.produce(orders(0), "b");
    const closing = async () => {
      for await (const _ of other) await other.close();
    };
    await settle(double, closing());
    expect(double.members.size).toBe(0);
  });

  test("throws what the consumer cannot go on from", async () => {
    const double = new GroupDouble({ orders: 1 });
    const consumer = consumerOf(double, { from: "error" });
    const iterate = async () => {
      for await (const _ of consumer);
    };
    await expect(settle(double, iterate())).rejects.toThrow(
      "the group g has committed no offset of partition orders/0",
    );
    await expect(consumer.finished).rejects.toThrow("committed no offset");
  });
});

describe("commits", () => {
  test("that find a newer epoch ask for it by a heartbeat, and come again", async () => {
    const double = new GroupDouble({ orders: 2 });
    double.produce(orders(0), "a");
    const consumer = consumerOf(double, { autoCommit: false });
    await settle(double, consumer.run({ eachRecord: () => {} }));
    await double.time.pass(100);
    for (const member of double.members.values()) member.epoch += 5;
    await settle(double, consumer.commit());
    expect(double.commits.map(({ key }) => key)).toContain("orders/0");
    expect(double.sent("CommitOffsets").length).toBe(2);
  });

  test("that fail for a moment come again; of what is not owned they are refused before they are sent", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "a");
    const consumer = consumerOf(double, { autoCommit: false });
    await settle(double, consumer.run({ eachRecord: () => {} }));
    await double.time.pass(100);
    let failures = 4;
    double.fate = ({ name }) =>
      name === "CommitOffsets" && (failures -= 1) >= 0 ? new NoAnswerException("lost", "x", true) : undefined;
    await settle(double, consumer.commit());
    expect(double.committed.get("orders/0")).toBe(1);
    const sent = double.sent("CommitOffsets").length;
    await expect(consumer.commit([{ ...orders(5), offset: 1 }])).rejects.toThrow(PartitionNotOwnedError);
    expect(double.sent("CommitOffsets").length).toBe(sent);
    await settle(double, consumer.commit());
    expect(double.sent("CommitOffsets").length).toBe(sent);
  });

  test("are not made without automatic commits, not even at the end", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "a");
    const consumer = consumerOf(double, { autoCommit: false });
    await settle(double, consumer.run({ eachRecord: () => {} }));
    await double.time.pass(20_000);
    await settle(double, consumer.close());
    expect(double.sent("CommitOffsets")).toEqual([]);
    await expect(consumer.commit()).rejects.toThrow("closed");
  });

  test("of a member that was expelled fail, and the consumer joins again under a new id", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "a");
    const lost: unknown[] = [];
    const seen: string[] = [];
    const consumer = consumerOf(double, {
      autoCommit: false,
      onLost: (partitions, reason) => void lost.push(partitions, reason),
    });
    await settle(double, consumer.run({ eachRecord: ({ record }) => void seen.push(textOf(record.value)) }));
    await double.time.pass(100);
    const [first] = double.members.keys();
    double.expel(first ?? "");
    await expect(settle(double, consumer.commit())).rejects.toThrow(MembershipLostError);
    await double.time.pass(100);
    expect(lost).toEqual([[{ topic: "orders", partitions: [0] }], expect.any(MembershipLostError)]);
    expect([...double.members.keys()]).not.toContain(first);
    expect(consumer.assignment).toEqual([{ topic: "orders", partitions: [0] }]);
    expect(seen).toEqual(["a", "a"]);
  });
});
