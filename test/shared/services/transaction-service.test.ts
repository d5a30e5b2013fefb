import { describe, expect, test } from "vitest";
import { ServiceError } from "../../../shared/api/errors.ts";
import { producerEpochMax, transactionTimeoutMsMax } from "../../../shared/limits/transactions.ts";
import { transactionKey } from "../../../shared/storage/item-keys.ts";
import { group, namespace, type Producer, TransactionWorld } from "./transaction-world.ts";

const transactionalId = "orders 1";
const id = { namespace, transactionalId };
const partitions = [{ topic: "orders", partitions: [0, 1, 2] }];
const offsets = [{ topic: "source", partition: 0, offset: 5 }];

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (cause) {
    return cause instanceof ServiceError ? cause.code : String(cause);
  }
}

/** Begins a transaction with a record in each of three partitions, and offsets. */
async function fill(world: TransactionWorld, producer: Producer, value: string): Promise<void> {
  const { transactions, write } = world.observer;
  await transactions.addPartitions({ ...id, ...producer, partitions });
  for (const partition of [0, 1, 2]) await write(transactionalId, producer, "orders", partition, value);
  await transactions.addOffsets({ ...id, ...producer, group, offsets });
}

function seenEverywhere(world: TransactionWorld): readonly (readonly string[])[] {
  return [0, 1, 2].map((partition) => world.seen("orders", partition));
}

describe("a transaction", () => {
  test("shows its records and offsets together when it commits, and gives the producer its next epoch", async () => {
    const world = new TransactionWorld();
    await world.run(async () => {
      const { transactions } = world.observer;
      const first = await transactions.init(id);
      await fill(world, first, "a");
      expect(seenEverywhere(world)).toEqual([[], [], []]);
      expect(world.group().committed).toEqual({});
      const second = await transactions.end({ ...id, ...first, commit: true });
      expect(second).toEqual({ producerId: first.producerId, producerEpoch: first.producerEpoch + 1 });
      expect(seenEverywhere(world)).toEqual([["a"], ["a"], ["a"]]);
      expect(world.group()).toEqual({ committed: { "source:0": 5 }, staged: 0 });
      await fill(world, second, "b");
      await transactions.end({ ...id, ...second, commit: true });
      expect(seenEverywhere(world)).toEqual([
        ["a", "b"],
        ["a", "b"],
        ["a", "b"],
      ]);
    });
  });

  test("shows nothing when it aborts", async () => {
    const world = new TransactionWorld();
    await world.run(async () => {
      const { transactions } = world.observer;
      const producer = await transactions.init(id);
      await fill(world, producer, "a");
      await transactions.end({ ...id, ...producer, commit: false });
      expect(seenEverywhere(world)).toEqual([[], [], []]);
      expect(world.group()).toEqual({ committed: {}, staged: 0 });
      expect(world.open("orders", 0)).toBe(0);
    });
  });

  test.each([true, false])(
    "answers a repeated end as the first time, and refuses the other (commit: %s)",
    async (commit) => {
      const world = new TransactionWorld();
      await world.run(async () => {
        const { transactions } = world.observer;
        const producer = await transactions.init(id);
        await fill(world, producer, "a");
        const next = await transactions.end({ ...id, ...producer, commit });
        expect(await transactions.end({ ...id, ...producer, commit })).toEqual(next);
        expect(await world.start().transactions.end({ ...id, ...producer, commit })).toEqual(next);
        expect(await codeOf(transactions.end({ ...id, ...producer, commit: !commit }))).toBe("INVALID_TXN_STATE");
      });
    },
  );

  test("ends without a marker when nothing is in it, or it never began", async () => {
    const world = new TransactionWorld();
    await world.run(async () => {
      const { transactions } = world.observer;
      const first = await transactions.init(id);
      const second = await transactions.end({ ...id, ...first, commit: true });
      await transactions.addPartitions({ ...id, ...second, partitions: [] });
      expect((await transactions.describe(id)).state).toBe("Ongoing");
      world.observer.reset();
      const third = await transactions.end({ ...id, ...second, commit: false });
      expect(world.observer.counts()).toEqual({ "items.update": 1 });
      expect(third.producerEpoch).toBe(first.producerEpoch + 2);
    });
  });

  test("skips the partitions of a topic that was deleted meanwhile", async () => {
    const world = new TransactionWorld();
    await world.run(async () => {
      const { transactions } = world.observer;
      const producer = await transactions.init(id);
      await fill(world, producer, "a");
      await transactions.addPartitions({ ...id, ...producer, partitions: [{ topic: "gone", partitions: [0] }] });
      world.deletedTopics.add("gone");
      await transactions.end({ ...id, ...producer, commit: true });
      expect(seenEverywhere(world)).toEqual([["a"], ["a"], ["a"]]);
      expect(world.store.items.get({ partition: "log:gone-id", sort: "0" })).toBeUndefined();
    });
  });

  test("goes on under a new producer id when the epochs of the old one are used up", async () => {
    const world = new TransactionWorld();
    await world.run(async () => {
      const { producerId } = await world.observer.transactions.init(id);
      const key = transactionKey(namespace, transactionalId);
      world.store.items.update(key, { set: { producerEpoch: producerEpochMax, attempt: "test" } }, []);
      const { transactions } = world.observer;
      await fill(world, { producerId, producerEpoch: producerEpochMax }, "a");
      const next = await transactions.end({ ...id, producerId, producerEpoch: producerEpochMax, commit: true });
      expect(next.producerId).not.toBe(producerId);
      expect(next.producerEpoch).toBe(0);
      await fill(world, next, "b");
      await transactions.end({ ...id, ...next, commit: true });
      expect(world.seen("orders", 2)).toEqual(["a", "b"]);
      const late = transactions.end({ ...id, producerId, producerEpoch: producerEpochMax, commit: true });
      expect(await codeOf(late)).toBe("INVALID_PRODUCER_ID_MAPPING");
    });
  });

  test("is served by any process, each with its own memory of it", async () => {
    const world = new TransactionWorld();
    await world.run(async () => {
      const [one, other] = [world.start(), world.start()];
      let producer: Producer = await one.transactions.init(id);
      for (const value of ["a", "b", "c"]) {
        await one.transactions.addPartitions({ ...id, ...producer, partitions });
        await other.write(transactionalId, producer, "orders", 0, value);
        await one.write(transactionalId, producer, "orders", 1, value);
        await other.transactions.addOffsets({ ...id, ...producer, group, offsets });
        producer = await other.transactions.end({ ...id, ...producer, commit: true });
      }
      expect(world.seen("orders", 0)).toEqual(["a", "b", "c"]);
      expect(world.seen("orders", 1)).toEqual(["a", "b", "c"]);
    });
  });

  test("takes as many partitions at the same time as are added at the same time", async () => {
    const world = new TransactionWorld();
    await world.run(async () => {
      const { transactions } = world.observer;
      const producer = await transactions.init(id);
      const topics = Array.from({ length: 20 }, (_, index) => `topic-${index}`);
      world.observer.reset();
      await Promise.all(
        topics.map((topic) =>
          transactions.addPartitions({ ...id, ...producer, partitions: [{ topic, partitions: [0] }] }),
        ),
      );
      expect((await transactions.describe(id)).partitions).toHaveLength(topics.length);
      expect(world.observer.counts()["items.update"]).toBe(topics.length);
    });
  });
});

describe("an earlier owner", () => {
  test("is fenced by who takes over, whose transaction it can add nothing to", async () => {
    const world = new TransactionWorld();
    await world.run(async () => {
      const [old, present] = [world.start(), world.start()];
      const before = await old.transactions.init(id);
      await old.transactions.addPartitions({ ...id, ...before, partitions });
      await old.write(transactionalId, before, "orders", 0, "zombie");
      const after = await present.transactions.init(id);
      expect(after.producerEpoch).toBeGreaterThan(before.producerEpoch);
      // Its process remembers the partitions, so the marker has to keep it out.
      expect(await codeOf(old.write(transactionalId, before, "orders", 1, "zombie"))).toBe("INVALID_PRODUCER_EPOCH");
      expect(await codeOf(old.transactions.end({ ...id, ...before, commit: true }))).toBe("PRODUCER_FENCED");
      const more = [{ topic: "orders", partitions: [3] }];
      expect(await codeOf(old.transactions.addPartitions({ ...id, ...before, partitions: more }))).toBe(
        "PRODUCER_FENCED",
      );
      expect(await codeOf(old.write(transactionalId, before, "orders", 3, "zombie"))).toBe("PRODUCER_FENCED");
      expect(await codeOf(old.transactions.addOffsets({ ...id, ...before, group, offsets }))).toBe("PRODUCER_FENCED");
      await present.transactions.addPartitions({ ...id, ...after, partitions });
      await present.write(transactionalId, after, "orders", 0, "a");
      await present.transactions.end({ ...id, ...after, commit: true });
      expect(world.seen("orders", 0)).toEqual(["a"]);
      expect(world.seen("orders", 1)).toEqual([]);
      expect([0, 1, 2, 3].map((partition) => world.open("orders", partition))).toEqual([0, 0, 0, 0]);
    });
  });

  test("cannot write what was not added, nor without a transaction, nor under an id that is another's", async () => {
    const world = new TransactionWorld();
    await world.run(async () => {
      const { transactions, write } = world.observer;
      const producer = await transactions.init(id);
      expect(await codeOf(write(transactionalId, producer, "orders", 0, "a"))).toBe("INVALID_TXN_STATE");
      await transactions.addPartitions({ ...id, ...producer, partitions });
      expect(await codeOf(write(transactionalId, producer, "orders", 3, "a"))).toBe("INVALID_TXN_STATE");
      expect(await codeOf(write("another", producer, "orders", 0, "a"))).toBe("INVALID_PRODUCER_ID_MAPPING");
    });
  });

  test("loses to the last of those who take over at the same time, and they to each other", async () => {
    const world = new TransactionWorld();
    await world.run(async () => {
      await world.observer.transactions.init(id);
      const processes = Array.from({ length: 5 }, () => world.start());
      const owners = await Promise.all(processes.map(({ transactions }) => transactions.init(id)));
      const epochs = owners.map(({ producerEpoch }) => producerEpoch);
      expect(new Set(epochs).size).toBe(epochs.length);
      const best = Math.max(...epochs);
      for (const [index, { transactions }] of processes.entries()) {
        const owner = owners[index] ?? { producerId: -1n, producerEpoch: -1 };
        const code = await codeOf(transactions.addPartitions({ ...id, ...owner, partitions }));
        expect(code).toBe(owner.producerEpoch === best ? "done" : "PRODUCER_FENCED");
      }
    });
  });
});

describe("a transaction that is over its time", () => {
  test("is aborted by its wake-up, and its producer fenced until it begins anew", async () => {
    const world = new TransactionWorld();
    await world.run(async () => {
      world.deliverTo(world.start());
      const { transactions } = world.observer;
      const producer = await transactions.init({ ...id, timeoutMs: 10_000 });
      await fill(world, producer, "a");
      await world.sleep(9_000);
      expect((await transactions.describe(id)).state).toBe("Ongoing");
      await world.sleep(3_000);
      expect((await transactions.describe(id)).state).toBe("CompleteAbort");
      expect(world.open("orders", 1)).toBe(0);
      expect(world.group().staged).toBe(0);
      expect(await codeOf(transactions.end({ ...id, ...producer, commit: true }))).toBe("PRODUCER_FENCED");
      const anew = await transactions.init(id);
      await fill(world, anew, "b");
      await transactions.end({ ...id, ...anew, commit: true });
      expect(seenEverywhere(world)).toEqual([["b"], ["b"], ["b"]]);
    });
  });

  test("is found by a sweep when its wake-up is lost", async () => {
    const world = new TransactionWorld({ faults: { wakeLost: 1 } });
    await world.run(async () => {
      const { transactions } = world.observer;
      await fill(world, await transactions.init({ ...id, timeoutMs: 10_000 }), "a");
      await transactions.sweep(namespace);
      expect((await transactions.describe(id)).state).toBe("Ongoing");
      await world.sleep(11_000);
      await transactions.sweep(namespace);
      expect((await transactions.describe(id)).state).toBe("CompleteAbort");
    });
  });

  test("asks for one wake-up, however many transactions follow each other within the time", async () => {
    const world = new TransactionWorld();
    await world.run(async () => {
      const { transactions } = world.observer;
      let producer: Producer = await transactions.init({ ...id, timeoutMs: 60_000 });
      for (let round = 0; round < 5; round += 1) {
        await transactions.addPartitions({ ...id, ...producer, partitions });
        producer = await transactions.end({ ...id, ...producer, commit: true });
      }
      await world.sleep(120_000);
      expect(world.duties).toEqual([{ kind: "transaction", ...id }]);
    });
  });
});

describe("what stands of transactional ids", () => {
  test("is described and listed by the page, without those of writes in one call", async () => {
    const world = new TransactionWorld();
    await world.run(async () => {
      const { transactions } = world.observer;
      const offsetsOf = { group, offsets };
      await transactions.execute({ namespace, produce: [], offsets: [offsetsOf], idempotencyKey: "key" });
      expect(world.items()).toHaveLength(1);
      for (const name of ["c", "a", "b"]) await transactions.init({ namespace, transactionalId: name });
      const producer = await transactions.init(id);
      await fill(world, producer, "a");
      const described = await transactions.describe(id);
      expect(described).toEqual({
        transactionalId,
        ...producer,
        state: "Ongoing",
        timeoutMs: 60_000,
        startedAtMs: described.startedAtMs,
        partitions,
        groups: [group],
      });
      const first = await transactions.list(namespace, { limit: 3 });
      expect(first.items.map((item) => item.transactionalId)).toEqual(["a", "b", "c"]);
      const { nextToken = "" } = first;
      expect((await transactions.list(namespace, { limit: 3, nextToken })).items).toEqual([described]);
      expect(await codeOf(transactions.describe({ namespace, transactionalId: "none" }))).toBe(
        "TRANSACTIONAL_ID_NOT_FOUND",
      );
    });
  });

  test("is forgotten when nobody has used it for a week, but never while a transaction is undecided", async () => {
    const world = new TransactionWorld({ delays: { expiryLateMsMax: 0 }, faults: { wakeLost: 1 } });
    await world.run(async () => {
      const { transactions } = world.observer;
      const producer = await transactions.init(id);
      await transactions.init({ namespace, transactionalId: "unused" });
      await world.sleep(6 * 86_400_000);
      await fill(world, producer, "a");
      await world.sleep(30 * 86_400_000);
      expect(world.items().map(({ key }) => key.sort)).toEqual([transactionalId]);
    });
  });

  test.each(["", "x".repeat(250), "a\u0001", "\u0001k:key", "\ud800"])("is refused under the id %j", async (wrong) => {
    const world = new TransactionWorld();
    await world.run(async () => {
      const { transactions } = world.observer;
      expect(await codeOf(transactions.init({ namespace, transactionalId: wrong }))).toBe("BAD_ARGUMENTS");
    });
  });

  test.each([0, -1, 1.5, transactionTimeoutMsMax + 1])("is refused with a time-out of %d ms", async (timeoutMs) => {
    const world = new TransactionWorld();
    await world.run(async () => {
      const { transactions } = world.observer;
      expect(await codeOf(transactions.init({ ...id, timeoutMs }))).toBe("INVALID_TRANSACTION_TIMEOUT");
    });
  });

  test("is refused with more partitions than one transaction may have", async () => {
    const world = new TransactionWorld();
    await world.run(async () => {
      const { transactions } = world.observer;
      const producer = await transactions.init(id);
      const many = Array.from({ length: 300 }, (_, index) => ({ topic: `topic-${index}`, partitions: [0, 1, 2, 3] }));
      expect(await codeOf(transactions.addPartitions({ ...id, ...producer, partitions: many }))).toBe(
        "INVALID_REQUEST",
      );
      expect((await transactions.describe(id)).state).toBe("Empty");
    });
  });
});
