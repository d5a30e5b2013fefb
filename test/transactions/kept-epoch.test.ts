/**
 * A client that keeps its epoch and its sequences from transaction to transaction (Kafka's before KIP-890), served by several
 * processes: each transaction is its own all the same, and what comes late from one gets into no other.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { ServiceError } from "../../shared/api/errors.ts";
import { producerEpochMax, transactionSkewMs } from "../../shared/limits/transactions.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { Services } from "../../shared/services/services.ts";
import { transactionKey } from "../../shared/storage/item-keys.ts";
import { heldProcess } from "./held-process.ts";
import {
  committedOffset,
  namespace,
  offsetsTo,
  partitions,
  type Producer,
  record,
  see,
  seeAll,
  topic,
  type TransactionBed,
  transactionBed,
} from "./transaction-bed.ts";

const transactionalId = "orders";
const id = { namespace, transactionalId };

let bed: TransactionBed;
let one: Services;
let other: Services;
beforeEach(async () => {
  bed = await transactionBed();
  // Processes of their own, with memories of their own.
  one = createServices(bed.memory.store.process().storage);
  other = createServices(bed.memory.store.process().storage);
});

/** The client: its epoch, and where its sequences stand in each partition. */
class Client {
  readonly producer: Producer;
  readonly #sequences = new Map<number, number>();

  private constructor(producer: Producer) {
    this.producer = producer;
  }

  static async init(services: Services): Promise<Client> {
    return new Client(await services.transactions.init(id));
  }

  add({ transactions }: Services, some: readonly number[] = partitions): Promise<void> {
    return transactions.addPartitions({
      ...id,
      ...this.producer,
      partitions: [{ topic, partitions: some }],
      keepsEpoch: true,
    });
  }

  /** What is not answered leaves the sequence as it is. */
  async write(services: Services, partition: number, value: string): Promise<void> {
    const baseSequence = this.#sequences.get(partition) ?? 0;
    await services.produce.produceRecords({
      namespace,
      topic,
      partition,
      records: [record(value, partition)],
      transactionalId,
      producer: { ...this.producer, baseSequence },
    });
    this.#sequences.set(partition, baseSequence + 1);
  }

  async writeAll(services: Services, value: string): Promise<void> {
    await Promise.all(partitions.map((partition) => this.write(services, partition, value)));
  }

  async end({ transactions }: Services, commit: boolean): Promise<void> {
    await transactions.end({ ...id, ...this.producer, commit, keepsEpoch: true });
  }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (cause) {
    if (cause instanceof ServiceError) return cause.code;
    throw cause;
  }
}

test("its transactions are whole, one after the other, whichever process serves each request", async () => {
  const client = await Client.init(one);
  const committed: string[] = [];
  for (let number = 0; number < 8; number += 1) {
    const [coordinator, leader] = number % 2 === 0 ? [one, other] : [other, one];
    const value = String(number);
    const commit = number % 3 !== 1;
    await client.add(coordinator);
    await client.writeAll(leader, value);
    await client.writeAll(coordinator, value);
    await coordinator.transactions.addGroup({ ...id, ...client.producer, group: "workers", keepsEpoch: true });
    await leader.transactions.addOffsets({ ...id, ...client.producer, ...offsetsTo(number), isAdded: true });
    await client.end(coordinator, commit);
    if (commit) committed.push(value, value);
    expect(await seeAll(bed.services)).toEqual(partitions.map(() => ({ values: committed, undecided: 0 })));
    expect(await committedOffset(bed.services)).toBe(Number(committed.at(-1)));
  }
});

test("its offsets are of the transaction that is open, also where a process remembers the one before", async () => {
  const client = await Client.init(one);
  for (const [offset, commit] of [
    [1, true],
    [2, false],
    [3, true],
  ] as const) {
    await one.transactions.addGroup({ ...id, ...client.producer, group: "workers", keepsEpoch: true });
    await other.transactions.addOffsets({ ...id, ...client.producer, ...offsetsTo(offset), isAdded: true });
    await client.end(one, commit);
    expect(await committedOffset(bed.services)).toBe(commit ? offset : 1);
  }
  expect(
    await codeOf(other.transactions.addOffsets({ ...id, ...client.producer, ...offsetsTo(4), isAdded: true })),
  ).toBe("INVALID_TXN_STATE");
});

test("an end that is repeated answers as the first time, and nothing is ended the other way", async () => {
  const client = await Client.init(one);
  expect(await codeOf(client.end(one, true))).toBe("INVALID_TXN_STATE");
  for (const commit of [true, false, true]) {
    await client.add(one);
    await client.writeAll(other, "1");
    await client.end(one, commit);
    await client.end(other, commit);
    expect(await codeOf(client.end(one, !commit))).toBe("INVALID_TXN_STATE");
  }
});

test("an earlier owner is fenced, also while the new one is in its later transactions", async () => {
  const zombie = await Client.init(one);
  await zombie.add(one);
  await zombie.writeAll(one, "0");
  await zombie.end(one, true);
  await zombie.add(one);
  await zombie.writeAll(one, "z");
  const client = await Client.init(other);
  for (const value of ["1", "2", "3"]) {
    await client.add(other);
    await client.writeAll(other, value);
    expect(await codeOf(zombie.write(one, 0, "z"))).toMatch(/PRODUCER_FENCED|INVALID_PRODUCER_EPOCH/);
    expect(await codeOf(zombie.add(one))).toBe("PRODUCER_FENCED");
    expect(await codeOf(zombie.end(one, true))).toBe("PRODUCER_FENCED");
    await client.end(other, true);
  }
  expect(await seeAll(bed.services)).toEqual(partitions.map(() => ({ values: ["0", "1", "2", "3"], undecided: 0 })));
});

test("one whose transaction was over its time is fenced, whatever it did before", async () => {
  const client = await Client.init(one);
  await client.add(one);
  await client.writeAll(one, "1");
  await client.end(one, true);
  await client.add(one);
  await client.writeAll(one, "2");
  await bed.memory.time.advance(120_000);
  await other.transactions.sweep(namespace);
  expect(await codeOf(client.write(one, 0, "3"))).toMatch(/PRODUCER_FENCED|INVALID_PRODUCER_EPOCH/);
  expect(await codeOf(client.add(one))).toBe("PRODUCER_FENCED");
  expect(await seeAll(bed.services)).toEqual(partitions.map(() => ({ values: ["1"], undecided: 0 })));
});

test("it may ask for its next epoch, as often as it does not hear of it, but not once another has taken over", async () => {
  const client = await Client.init(one);
  await client.add(one);
  await client.writeAll(one, "1");
  await client.end(one, true);
  await client.add(one);
  await client.writeAll(one, "2");
  const resumes = client.producer;
  const next = await other.transactions.init({ ...id, resumes });
  expect(next.producerId).toBe(resumes.producerId);
  expect(next.producerEpoch).toBeGreaterThan(resumes.producerEpoch);
  expect(await one.transactions.init({ ...id, resumes })).toEqual(next);
  expect(await codeOf(client.add(one))).toBe("PRODUCER_FENCED");
  await one.transactions.init(id);
  expect(await codeOf(one.transactions.init({ ...id, resumes: next }))).toBe("PRODUCER_FENCED");
  expect(await seeAll(bed.services)).toEqual(partitions.map(() => ({ values: ["1"], undecided: 0 })));
});

test("it goes on beyond what its epoch's 16 bits count, and then gets a new producer id", async () => {
  const client = await Client.init(one);
  await client.add(one);
  await client.writeAll(one, "0");
  await client.end(one, true);
  const { items } = bed.memory.storage;
  const key = transactionKey(namespace, transactionalId);
  const set = { producerEpoch: producerEpochMax - 1, endedProducerEpoch: producerEpochMax - 2, attempt: "later" };
  await items.update(key, { set });
  for (const [commit, value] of [
    [true, "1"],
    [false, "2"],
    [true, "3"],
    [true, "4"],
  ] as const) {
    // Of processes that know nothing: what they go by is what is stored.
    const fresh = createServices(bed.memory.store.process().storage);
    await client.add(fresh);
    await client.writeAll(fresh, value);
    await fresh.transactions.addOffsets({ ...id, ...client.producer, ...offsetsTo(Number(value)) });
    await client.end(createServices(bed.memory.store.process().storage), commit);
  }
  const described = await other.transactions.describe(id);
  expect(described).toMatchObject({ ...client.producer, state: "CompleteCommit" });
  expect(await committedOffset(bed.services)).toBe(4);
  expect(await seeAll(bed.services)).toEqual(partitions.map(() => ({ values: ["0", "1", "3", "4"], undecided: 0 })));
  const next = await Client.init(one);
  expect(next.producer).toMatchObject({ producerEpoch: 0 });
  expect(next.producer.producerId).not.toBe(client.producer.producerId);
});

describe("a produce that comes late", () => {
  const partition = 0;
  const isHeld = (logId: string): boolean => logId.startsWith("partition:") && logId.endsWith(`:${partition}`);

  /** A client in its second transaction, one of whose writes stands still on its way into the partition. */
  async function writeLate() {
    const client = await Client.init(other);
    await client.add(other);
    await client.writeAll(other, "0");
    await client.end(other, true);
    await client.add(other);
    const held = heldProcess(bed.memory.store.process().storage, isHeld);
    const services = createServices(held.storage);
    // From then on the process remembers the transaction.
    await client.write(services, 1, "0");
    const late = codeOf(client.write(services, partition, "late"));
    await held.reached;
    return { client, held, late };
  }

  test("when its transaction has ended is refused, and leaves nothing open", async () => {
    const { client, held, late } = await writeLate();
    await client.end(other, false);
    held.letGo();
    expect(await late).toBe("INVALID_TXN_STATE");
    expect(await see(bed.services, partition)).toEqual({ values: ["0"], undecided: 0 });
  });

  test("when the next transaction is open is refused, and that goes on", async () => {
    const { client, held, late } = await writeLate();
    await client.end(other, false);
    await bed.memory.time.advance(transactionSkewMs + 1);
    await client.add(other);
    held.letGo();
    expect(await late).toBe("CONCURRENT_TRANSACTIONS");
    await client.write(other, partition, "1");
    await client.end(other, true);
    expect(await see(bed.services, partition)).toEqual({ values: ["0", "1"], undecided: 0 });
  });

  test("when the next transaction has written is refused, whatever its sequence", async () => {
    const { client, held, late } = await writeLate();
    await client.end(other, false);
    await bed.memory.time.advance(transactionSkewMs + 1);
    await client.add(other);
    await client.write(other, partition, "1");
    held.letGo();
    expect(await late).toBe("CONCURRENT_TRANSACTIONS");
    await client.end(other, true);
    expect(await see(bed.services, partition)).toEqual({ values: ["0", "1"], undecided: 0 });
  });
});

test("a process whose clock is behind that of the one in which the transaction began asks to be asked again", async () => {
  const { storage } = bed.memory.store.process();
  const behindMs = 10 * transactionSkewMs;
  const clock = { ...storage.clock, wallMs: () => bed.memory.storage.clock.wallMs() - behindMs };
  const late = createServices({ ...storage, clock });
  const client = await Client.init(other);
  for (const value of ["1", "2"]) {
    await client.add(other);
    await other.transactions.addGroup({ ...id, ...client.producer, group: "workers", keepsEpoch: true });
    const offsets = { ...id, ...client.producer, ...offsetsTo(Number(value)), isAdded: true };
    // Only in the second one it is known that the client keeps its epoch.
    if (value === "2") {
      expect(await codeOf(late.transactions.addOffsets(offsets))).toBe("CONCURRENT_TRANSACTIONS");
      expect(await codeOf(client.write(late, 0, value))).toBe("CONCURRENT_TRANSACTIONS");
    }
    await bed.memory.time.advance(behindMs);
    await client.write(late, 0, value);
    await late.transactions.addOffsets(offsets);
    await client.end(other, true);
  }
  expect(await see(bed.services, 0)).toEqual({ values: ["1", "2"], undecided: 0 });
});

test("a marker that comes late ends no later transaction", async () => {
  const partition = 0;
  const client = await Client.init(other);
  await client.add(other, [partition]);
  await client.write(other, partition, "1");
  const held = heldProcess(bed.memory.store.process().storage, (logId) => logId.startsWith("partition:"));
  const late = codeOf(client.end(createServices(held.storage), true));
  await held.reached;
  // The client asks another, which does what the first has left.
  await client.end(other, true);
  await client.add(other, [partition]);
  await client.write(other, partition, "2");
  held.letGo();
  expect(await late).toBe("done");
  expect(await see(bed.services, partition)).toEqual({ values: ["1"], undecided: 1 });
  await client.end(other, false);
  expect(await see(bed.services, partition)).toEqual({ values: ["1"], undecided: 0 });
});
