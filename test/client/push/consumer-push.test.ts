import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Consumer } from "../../../client/index.ts";
import { ConsumerBed, orders, settle, textOf } from "../consumer/consumer-bed.ts";
import { GroupDouble } from "../consumer/group-double.ts";
import { seededRandom } from "../coordination/seeded-random.ts";
import { heardInMs, PushDouble } from "./push-double.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const bed = new ConsumerBed();
let double: GroupDouble;
let service: PushDouble;
let seen: string[];

beforeEach(() => {
  double = new GroupDouble({ orders: 1 });
  service = new PushDouble(double);
  seen = [];
});
afterEach(() => bed.close());

async function start(options: Partial<ConstructorParameters<typeof Consumer>[1]> = {}): Promise<Consumer> {
  const consumer = bed.consumer(double, options);
  await settle(double, consumer.run({ eachRecord: ({ record }) => void seen.push(textOf(record.value)) }));
  return consumer;
}

/** Until it listens: a long poll, the subscription, and a read when that is heard. */
async function idle(): Promise<void> {
  await double.time.pass(minuteMs);
  expect(service.subscriptions).toBe(1);
}

const fetches = () => double.sent("FetchBatches").map(({ input }) => Number(input["waitMs"]));

describe("a consumer that has nothing to read", () => {
  test("sends in an hour no long poll, and looks by itself every five minutes", async () => {
    await start();
    await idle();
    const before = fetches().length;
    await double.time.pass(hourMs);
    const sent = fetches().slice(before);
    expect(sent.filter((waitMs) => waitMs > 0)).toEqual([]);
    expect(sent.length).toBeGreaterThanOrEqual(11);
    expect(sent.length).toBeLessThanOrEqual(16);
    expect([service.handshakes, service.connections]).toEqual([1, 1]);
  });

  test("polls all the time where there are no hints", async () => {
    service.refuses = true;
    await start();
    await double.time.pass(hourMs);
    expect(fetches().filter((waitMs) => waitMs > 0).length).toBeGreaterThanOrEqual(180);
    service.produce(orders(0), "a");
    await double.time.pass(0);
    expect(seen).toEqual(["a"]);
  });

  test("is told of a record at once, and reads it with one request that does not wait", async () => {
    await start();
    await idle();
    const before = fetches().length;
    service.produce(orders(0), "a");
    await double.time.pass(100);
    expect(seen).toEqual(["a"]);
    expect(fetches().slice(before)).toEqual([0, 0]);
  });

  test("does not read for hints of what it has read", async () => {
    await start();
    await idle();
    service.produce(orders(0), "a");
    await double.time.pass(1_000);
    const before = fetches().length;
    for (let times = 0; times < 10; times += 1) service.hint(orders(0), 0);
    await double.time.pass(1_000);
    expect(fetches().slice(before)).toEqual([]);
    expect(seen).toEqual(["a"]);
  });

  test("reads what a lost hint did not tell when it looks by itself, and not later", async () => {
    await start();
    await idle();
    service.losesHints = true;
    service.produce(orders(0), "a");
    await double.time.pass(5 * minuteMs);
    expect(seen).toEqual(["a"]);
  });

  test("misses nothing that comes before its subscription is heard: until then it goes on polling", async () => {
    // Short polls, so that one begins and ends in that time.
    await start({ waitMs: 300 });
    for (let step = 0; step < 50 && service.subscriptions === 0; step += 1) await double.time.pass(100);
    expect(service.subscriptions).toBe(1);
    await double.time.pass(heardInMs - 800);
    service.produce(orders(0), "a");
    await double.time.pass(heardInMs);
    expect(seen).toEqual(["a"]);
  });

  test("misses nothing that comes between its last read and its wait", async () => {
    await start();
    await idle();
    service.produce(orders(0), "a");
    // The read for the first is under way, and so is its answer.
    for (const value of ["b", "c", "d"]) {
      await Promise.resolve();
      service.produce(orders(0), value);
    }
    await double.time.pass(1_000);
    expect(seen).toEqual(["a", "b", "c", "d"]);
  });

  test("polls as before when the connection is lost, and comes back to hints", async () => {
    await start();
    await idle();
    service.isSilent = true;
    service.cutAll();
    service.produce(orders(0), "a");
    await double.time.pass(100);
    expect(seen).toEqual(["a"]);
    const before = fetches().length;
    await double.time.pass(2 * minuteMs);
    expect(
      fetches()
        .slice(before)
        .every((waitMs) => waitMs > 0),
    ).toBe(true);
    service.isSilent = false;
    await double.time.pass(10 * minuteMs);
    expect(service.subscriptions).toBe(1);
    const later = fetches().length;
    await double.time.pass(4 * minuteMs);
    expect(
      fetches()
        .slice(later)
        .filter((waitMs) => waitMs > 0),
    ).toEqual([]);
  });

  test("finds out by a ping that nobody is there any more", async () => {
    await start();
    await idle();
    service.isSilent = true;
    await double.time.pass(5 * minuteMs);
    expect(service.pings).toBeGreaterThan(0);
    expect(service.connections).toBe(0);
  });

  test("closes the connection with its last reader", async () => {
    const consumer = await start();
    await idle();
    await settle(double, consumer.close());
    await double.time.pass(minuteMs);
    expect([service.connections, service.subscriptions]).toEqual([0, 0]);
  });
});

describe("whatever becomes of connections and hints", () => {
  test.each([1, 2, 3, 4, 5])("every record is seen once and in order (seed %i)", async (seed) => {
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    await start();
    const produced: string[] = [];
    for (let step = 0; step < 120; step += 1) {
      await double.time.pass(below(30_000));
      const kind = below(6);
      if (kind === 0) service.cutAll();
      else if (kind === 1) service.losesHints = !service.losesHints;
      else if (kind === 2) service.isSilent = !service.isSilent;
      else if (kind === 3) service.hint(orders(0), below(produced.length + 1));
      else {
        const values = Array.from({ length: 1 + below(3) }, (_, index) => `${step}.${index}`);
        service.produce(orders(0), ...values);
        produced.push(...values);
      }
    }
    await double.time.pass(6 * minuteMs);
    expect(seen).toEqual(produced);
  });
});
