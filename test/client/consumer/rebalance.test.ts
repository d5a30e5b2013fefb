import { afterEach, describe, expect, test } from "vitest";
import { MembershipLostError, NoAnswerException, PartitionNotOwnedError } from "../../../client/index.ts";
import type { Consumer, ConsumerProblem } from "../../../client/index.ts";
import { ConsumerBed, orders, settle, textOf } from "./consumer-bed.ts";
import { GroupDouble, heartbeatIntervalMs, refusal } from "./group-double.ts";

const bed = new ConsumerBed();
afterEach(() => bed.close());
const consumerOf = bed.consumer;
const countOf = (consumer: Consumer) => consumer.assignment.flatMap(({ partitions }) => partitions).length;

describe("two consumers", () => {
  test("share the partitions, never with two owners, and every record is processed", async () => {
    const double = new GroupDouble({ orders: 4 });
    const seen: string[] = [];
    const owners = new Map<number, string>();
    const run = (consumer: Consumer, name: string) =>
      consumer.run({
        partitionsConsumedConcurrently: 4,
        eachRecord: async ({ partition, record }) => {
          expect(owners.get(partition) ?? name).toBe(name);
          owners.set(partition, name);
          await double.time.sleep(30, new AbortController().signal);
          owners.delete(partition);
          seen.push(textOf(record.value));
        },
      });
    const produce = (prefix: string) => {
      for (const partition of [0, 1, 2, 3])
        double.produce(orders(partition), ...[0, 1, 2].map((n) => `${prefix}-${partition}-${n}`));
    };
    produce("early");
    const one = consumerOf(double, {}, "one");
    await settle(double, run(one, "one"));
    expect(countOf(one)).toBe(4);
    const two = consumerOf(double, {}, "two");
    await settle(double, run(two, "two"));
    await double.time.pass(3 * heartbeatIntervalMs);
    produce("late");
    await double.time.pass(1_000);
    expect([countOf(one), countOf(two)]).toEqual([2, 2]);
    expect(new Set(seen).size).toBe(24);
    // The records at work were finished and committed before their partition went over.
    expect(seen.length).toBe(24);
    await settle(double, two.close());
    await double.time.pass(2 * heartbeatIntervalMs);
    expect(countOf(one)).toBe(4);
  });

  test("settle sooner than by the interval: what was given up is told at once", async () => {
    const double = new GroupDouble({ orders: 2 });
    const one = consumerOf(double, {}, "one");
    await settle(double, one.start());
    const two = consumerOf(double, {}, "two");
    await settle(double, two.start());
    await double.time.pass(heartbeatIntervalMs);
    const beats = double.sent("HeartbeatMember").filter(({ client }) => client === "one");
    const [givingUp, givenUp] = beats.slice(-2);
    expect(givingUp?.input["owned"]).toEqual([{ topic: "orders", partitions: [0, 1] }]);
    expect(givenUp?.input["owned"]).toMatchObject([{ topic: "orders", partitions: [expect.any(Number)] }]);
    await double.time.pass(heartbeatIntervalMs);
    expect([countOf(one), countOf(two)]).toEqual([1, 1]);
  });
});

describe("a revocation", () => {
  test("finishes the record, commits, calls back, and only then gives the partition up", async () => {
    const double = new GroupDouble({ orders: 2 });
    double.produce(orders(0), "a", "b");
    double.produce(orders(1), "c", "d");
    const order: string[] = [];
    const one = consumerOf(
      double,
      {
        onAssigned: (partitions) => void order.push(`assigned ${JSON.stringify(partitions)}`),
        onRevoked: async ([revoked]) => {
          const partition = revoked?.partitions[0] ?? -1;
          await double.time.sleep(2_000, new AbortController().signal);
          order.push(`revoked, committed ${double.committed.get(`orders/${partition}`)}`);
          order.push(double.ownerOf(orders(partition)) === undefined ? "given up too early" : "still owned");
        },
      },
      "one",
    );
    await settle(
      double,
      one.run({
        partitionsConsumedConcurrently: 2,
        eachRecord: async ({ record, signal }) => {
          await double.time.sleep(3_500, new AbortController().signal);
          // What is finished before the partition goes still counts.
          order.push(`${signal.aborted ? "interrupted" : "processed"} ${textOf(record.value)}`);
        },
      }),
    );
    const two = consumerOf(double, {}, "two");
    await settle(double, two.start());
    await double.time.pass(6_500);
    expect(order[0]).toBe('assigned [{"topic":"orders","partitions":[0,1]}]');
    expect(order.slice(1, 3).toSorted()).toEqual(["processed a", "processed c"]);
    expect(order.slice(3, 5)).toEqual(["revoked, committed 1", "still owned"]);
    await double.time.pass(1_000);
    expect([countOf(one), countOf(two)]).toEqual([1, 1]);
  });

  test("waits for a handler that takes too long no longer than the rebalance timeout; its record comes again", async () => {
    const double = new GroupDouble({ orders: 2 });
    double.produce(orders(0), "a");
    double.produce(orders(1), "c");
    const ends: boolean[] = [];
    const problems: unknown[] = [];
    const onProblem = ({ error }: { readonly error: unknown }) => void problems.push(error);
    const one = consumerOf(double, { rebalanceTimeoutMs: 4_000, onProblem }, "one");
    await settle(
      double,
      one.run({
        partitionsConsumedConcurrently: 2,
        eachRecord: async ({ signal, heartbeat }) => {
          await double.time.sleep(60_000, new AbortController().signal);
          ends.push(signal.aborted);
          await heartbeat();
        },
      }),
    );
    await double.time.pass(100);
    const two = consumerOf(double, {}, "two");
    const seen: string[] = [];
    await settle(double, two.run({ eachRecord: ({ record }) => void seen.push(textOf(record.value)) }));
    await double.time.pass(4_000 + 2 * heartbeatIntervalMs);
    expect([countOf(one), countOf(two)]).toEqual([1, 1]);
    expect(seen).toHaveLength(1);
    await double.time.pass(60_000);
    expect(problems).toEqual([expect.any(PartitionNotOwnedError)]);
    expect(ends.filter((isGone) => isGone)).toHaveLength(1);
  });

  test("tells eachBatch that its batch is stale, and keeps what it had resolved", async () => {
    const double = new GroupDouble({ orders: 2 });
    for (const partition of [0, 1]) double.produce(orders(partition), "a", "b", "c", "d", "e", "f");
    const one = consumerOf(double, { autoCommit: { intervalMs: 60_000 } }, "one");
    const broken: number[] = [];
    await settle(
      double,
      one.run({
        partitionsConsumedConcurrently: 2,
        eachBatch: async ({ batch, resolveOffset, isStale }) => {
          for (const { offset } of batch.records) {
            if (isStale()) {
              broken.push(offset);
              return;
            }
            await double.time.sleep(1_000, new AbortController().signal);
            resolveOffset(offset);
          }
        },
      }),
    );
    await double.time.pass(1_500);
    const two = consumerOf(double, {}, "two");
    await settle(double, two.start());
    await double.time.pass(2_500);
    expect(broken).toHaveLength(1);
    expect([...double.committed.values()]).toEqual(broken);
  });
});

describe("a member that is lost", () => {
  test("hears of it, commits nothing more, and gets its partitions again under a new id", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "a", "b");
    const lost: Error[] = [];
    const seen: string[] = [];
    const consumer = consumerOf(double, { onLost: (_, reason) => void lost.push(reason) });
    await settle(double, consumer.run({ eachRecord: ({ record }) => void seen.push(textOf(record.value)) }));
    await double.time.pass(100);
    const [first = ""] = double.members.keys();
    double.expel(first);
    await double.time.pass(2 * heartbeatIntervalMs);
    expect(lost).toEqual([expect.any(MembershipLostError)]);
    expect(seen).toEqual(["a", "b", "a", "b"]);
    expect([...double.members.keys()]).not.toContain(first);
    await double.time.pass(6_000);
    expect(double.committed.get("orders/0")).toBe(2);
  });

  test("also when no heartbeat was answered for as long as its session: others may own what it has", async () => {
    const double = new GroupDouble({ orders: 1 });
    const lost: string[] = [];
    const stale: boolean[] = [];
    double.produce(orders(0), "a");
    const consumer = consumerOf(double, { onLost: (_, reason) => void lost.push(reason.message) });
    let atWork = 0;
    await settle(
      double,
      consumer.run({
        partitionsConsumedConcurrently: 2,
        eachRecord: async ({ signal }) => {
          atWork += 1;
          // The handler of the first time has to be over before the second begins.
          expect(atWork).toBe(1);
          await double.time.sleep(9_000, new AbortController().signal);
          stale.push(signal.aborted);
          atWork -= 1;
        },
      }),
    );
    double.fate = ({ name }) => (name === "HeartbeatMember" ? "never" : undefined);
    await double.time.pass(5_800);
    expect(lost).toEqual([]);
    await double.time.pass(1_000);
    expect(lost).toEqual([expect.stringContaining("no heartbeat was answered")]);
    double.fate = () => undefined;
    await double.time.pass(30_000);
    expect(stale).toEqual([true, false]);
    expect(double.committed.get("orders/0")).toBe(1);
  });

  test("also when all heartbeats are answered, at the time up to which the last answer holds", async () => {
    const double = new GroupDouble({ orders: 1 });
    const lost: number[] = [];
    const consumer = consumerOf(double, { onLost: () => void lost.push(double.time.nowMs()) });
    await settle(double, consumer.start());
    await double.time.pass(3_500);
    const endsMs = double.time.nowMs() + 2_500;
    double.fate = ({ name }) => {
      if (name === "HeartbeatMember") double.holdsMs = endsMs - double.time.nowMs();
      return name === "JoinGroup" ? refusal("KAFKA_STORAGE_ERROR") : undefined;
    };
    await double.time.pass(2_400);
    expect(lost).toEqual([]);
    await double.time.pass(200);
    expect(lost).toEqual([endsMs]);
  });

  test("takes nothing by an answer that comes when its time is over", async () => {
    const double = new GroupDouble({ orders: 2 });
    const seen: unknown[] = [];
    const consumer = consumerOf(double, {
      onAssigned: (partitions) => void seen.push(partitions),
      onLost: () => void seen.push("lost"),
    });
    double.members.set("~", { epoch: 1, assignment: [], leaseEndsMs: Infinity, topics: ["orders"], instanceId: "~" });
    await settle(double, consumer.start());
    expect(seen).toEqual([[{ topic: "orders", partitions: [0] }]]);
    double.expel("~");
    double.holdsMs = 0;
    double.fate = ({ name }) => (name === "JoinGroup" ? refusal("KAFKA_STORAGE_ERROR") : undefined);
    await double.time.pass(2 * heartbeatIntervalMs);
    expect(seen.slice(1)).toEqual(["lost"]);
  });

  test.each(["eachRecord", "iteration"])("not by handlers that leave no time for anything else, %s", async (way) => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), ...Array.from({ length: 100 }, (_, index) => String(index)));
    const lost: unknown[] = [];
    const seen: string[] = [];
    const consumer = consumerOf(double, { onLost: (partitions) => void lost.push(partitions) });
    // All of them together take longer than the session.
    const handle = (value: Uint8Array | null): void => {
      double.time.standStill(100);
      seen.push(textOf(value));
    };
    if (way === "eachRecord") {
      await settle(double, consumer.run({ eachRecord: ({ record }) => handle(record.value) }));
    } else {
      void (async () => {
        for await (const { value } of consumer) handle(value);
      })();
    }
    for (let round = 0; round < 50 && seen.length < 100; round += 1) await double.time.pass(100);
    await double.time.pass(1_000);
    expect(lost).toEqual([]);
    expect(seen).toHaveLength(100);
  });

  test("not by a heartbeat whose answer was lost", async () => {
    const double = new GroupDouble({ orders: 1 });
    const lost: unknown[] = [];
    const consumer = consumerOf(double, { onLost: (...loss) => void lost.push(loss) });
    await settle(double, consumer.start());
    let requests = 0;
    double.fate = ({ name }) => (name === "HeartbeatMember" && (requests += 1) % 2 === 1 ? "answer lost" : undefined);
    await double.time.pass(20_000);
    expect(lost).toEqual([]);
    expect(countOf(consumer)).toBe(1);
  });
});

describe("joining", () => {
  test("is tried again while the network fails, or another holds the instance id; under one member id", async () => {
    const double = new GroupDouble({ orders: 1 });
    const one = consumerOf(double, { instanceId: "i" }, "one");
    await settle(double, one.start());
    let failures = 3;
    double.fate = ({ name, client }) =>
      name === "JoinGroup" && client === "two" && (failures -= 1) >= 0
        ? new NoAnswerException("lost", "x", true)
        : undefined;
    const two = consumerOf(double, { instanceId: "i" }, "two");
    const starting = two.start();
    await double.time.pass(3_000);
    await settle(double, one.close());
    await settle(double, starting);
    await double.time.pass(1_000);
    expect(countOf(two)).toBe(1);
    const ids = double
      .sent("JoinGroup")
      .filter(({ client }) => client === "two")
      .map(({ input }) => input["memberId"]);
    expect(ids.length).toBeGreaterThan(4);
    expect(new Set(ids).size).toBe(1);
  });

  test("tells of a service that cannot be reached, which then need not be left", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.fate = ({ name }) => (name === "JoinGroup" ? new NoAnswerException("connect", "x", false) : undefined);
    const problems: ConsumerProblem[] = [];
    const consumer = consumerOf(double, { onProblem: (problem) => problems.push(problem) });
    const starting = consumer.start();
    starting.catch(() => undefined);
    await double.time.pass(10_000);
    expect(problems[0]).toMatchObject({ during: "join", attempts: 5, error: { name: "ConnectionError" } });
    expect(problems.length).toBeGreaterThan(3);
    await settle(double, consumer.close());
    await expect(starting).rejects.toThrow("closed");
    expect(double.sent("LeaveGroup")).toHaveLength(0);
  });

  test("that is refused fails whoever runs, or iterates", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.fate = ({ name }) => (name === "JoinGroup" ? refusal("GROUP_MAX_SIZE_REACHED") : undefined);
    const running = consumerOf(double).run({ eachRecord: () => {} });
    await expect(settle(double, running)).rejects.toThrow("GROUP_MAX_SIZE_REACHED");
    const iterate = async () => {
      for await (const _ of consumerOf(double).batches());
    };
    await expect(settle(double, iterate())).rejects.toThrow("GROUP_MAX_SIZE_REACHED");
  });

  test("ends when the consumer is closed meanwhile, and the service is told, as it may have joined", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.fate = ({ name }) => (name === "JoinGroup" ? "never" : undefined);
    const consumer = consumerOf(double);
    const starting = consumer.start();
    starting.catch(() => undefined);
    await double.time.pass(100);
    await settle(double, consumer.close());
    await expect(starting).rejects.toThrow("closed");
    expect(double.sent("LeaveGroup")).toHaveLength(1);
  });
});

test("with more partitions than fetches at once all of them get their turn, with shorter waits", async () => {
  const double = new GroupDouble({ orders: 40 });
  const seen = new Set<string>();
  const consumer = consumerOf(double, { maxInFlightFetches: 4 });
  await settle(double, consumer.run({ eachRecord: ({ record }) => void seen.add(textOf(record.value)) }));
  await double.time.pass(100);
  for (let partition = 0; partition < 40; partition += 1) double.produce(orders(partition), `v${partition}`);
  await double.time.pass(3_000);
  expect(seen.size).toBe(40);
  const waits = double.sent("FetchBatches").map(({ input }) => Number(input["waitMs"]));
  expect(Math.max(...waits)).toBe(100);
});

test("no fetch begins while what is buffered fills the buffer", async () => {
  const double = new GroupDouble({ orders: 4 });
  for (let partition = 0; partition < 4; partition += 1) double.produce(orders(partition), "x".repeat(1_000));
  const consumer = consumerOf(double, { maxBufferedBytes: 1_500, maxInFlightFetches: 1 });
  await settle(double, consumer.start());
  await double.time.pass(20_000);
  expect(double.sent("FetchBatches")).toHaveLength(2);
  const seen: number[] = [];
  await settle(double, consumer.run({ eachRecord: ({ partition }) => void seen.push(partition) }));
  await double.time.pass(20_000);
  expect(new Set(seen)).toEqual(new Set([0, 1, 2, 3]));
});
