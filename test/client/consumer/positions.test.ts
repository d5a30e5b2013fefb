import { afterEach, describe, expect, test } from "vitest";
import { PartitionNotOwnedError } from "../../../client/index.ts";
import type { Consumer } from "../../../client/index.ts";
import { ConsumerBed, orders, settle, textOf } from "./consumer-bed.ts";
import { GroupDouble, refusal } from "./group-double.ts";

const bed = new ConsumerBed();
afterEach(() => bed.close());
const consumerOf = bed.consumer;

describe("where it begins", () => {
  test("is behind what the group has committed, else where `from` says", async () => {
    const double = new GroupDouble({ orders: 2 });
    double.produce(orders(0), "a", "b");
    double.produce(orders(1), "c", "d");
    double.committed.set("orders/0", 1);
    const seen: string[] = [];
    const consumer = consumerOf(double, { from: "latest" });
    await settle(double, consumer.run({ eachRecord: ({ record }) => void seen.push(textOf(record.value)) }));
    await double.time.pass(100);
    expect(seen).toEqual(["b"]);
    double.produce(orders(1), "e");
    await double.time.pass(6_000);
    expect(seen).toEqual(["b", "e"]);
  });

  test("of the end is committed as well, so that nobody skips what comes before the next one looks", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "a", "b");
    const consumer = consumerOf(double, { from: "latest" });
    await settle(double, consumer.run({ eachRecord: () => {} }));
    await double.time.pass(100);
    await settle(double, consumer.close());
    expect(double.committed.get("orders/0")).toBe(2);
  });

  test("waits while a transaction's offsets are undecided", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "a");
    let undecided = 5;
    double.fate = ({ name }) =>
      name === "GetGroupOffsets" && (undecided -= 1) >= 0 ? refusal("UNSTABLE_OFFSET_COMMIT") : undefined;
    const seen: string[] = [];
    const consumer = consumerOf(double);
    await settle(double, consumer.run({ eachRecord: ({ record }) => void seen.push(textOf(record.value)) }));
    await double.time.pass(5_000);
    expect(seen).toEqual(["a"]);
  });

  test("is the start of the log when what was committed has been deleted", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "a", "b", "c");
    double.committed.set("orders/0", 0);
    double.logStart = 2;
    const seen: number[] = [];
    const consumer = consumerOf(double);
    await settle(double, consumer.run({ eachRecord: ({ record }) => void seen.push(record.offset) }));
    await double.time.pass(1_000);
    expect(seen).toEqual([2]);
  });
});

describe("pause, resume and seek", () => {
  test("hold a partition back behind the record at work, and go on where it stopped", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "a", "b", "c");
    const seen: string[] = [];
    let resume = () => {};
    const consumer = consumerOf(double);
    await settle(
      double,
      consumer.run({
        eachRecord: ({ record, pause }) => {
          seen.push(textOf(record.value));
          if (seen.length === 2) resume = pause();
        },
      }),
    );
    await double.time.pass(30_000);
    expect(seen).toEqual(["a", "b"]);
    expect(consumer.paused).toEqual([{ topic: "orders", partitions: [0] }]);
    expect(double.committed.get("orders/0")).toBe(2);
    const fetches = double.sent("FetchBatches").length;
    await double.time.pass(30_000);
    expect(double.sent("FetchBatches").length).toBe(fetches);
    resume();
    await double.time.pass(0);
    expect(seen).toEqual(["a", "b", "c"]);
    expect(consumer.paused).toEqual([]);
  });

  test("go to another offset at once, and a record at work no longer counts", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "a", "b", "c");
    const seen: string[] = [];
    const consumer = consumerOf(double);
    await settle(
      double,
      consumer.run({
        eachRecord: ({ record, signal }) => {
          seen.push(textOf(record.value));
          if (seen.length !== 3) return;
          consumer.seek({ ...orders(0), offset: 1 });
          expect(signal.aborted).toBe(true);
        },
      }),
    );
    await double.time.pass(100);
    expect(seen).toEqual(["a", "b", "c", "b", "c"]);
    consumer.seek({ ...orders(0), offset: 0 });
    consumer.pause([{ topic: "orders", partitions: [0] }]);
    await settle(double, consumer.commit());
    expect(double.committed.get("orders/0")).toBe(0);
    expect(() => consumer.seek({ ...orders(7), offset: 0 })).toThrow(PartitionNotOwnedError);
    expect(() => consumer.seek({ ...orders(0), offset: -1 })).toThrow(TypeError);
  });

  test("in onAssigned decide where a partition begins", async () => {
    const double = new GroupDouble({ orders: 1 });
    double.produce(orders(0), "a", "b", "c");
    double.committed.set("orders/0", 1);
    const seen: string[] = [];
    const consumer: Consumer = consumerOf(double, { onAssigned: () => consumer.seek({ ...orders(0), offset: 2 }) });
    await settle(double, consumer.run({ eachRecord: ({ record }) => void seen.push(textOf(record.value)) }));
    await double.time.pass(100);
    expect(seen).toEqual(["c"]);
  });
});
