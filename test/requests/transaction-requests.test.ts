import { describe, expect, test } from "vitest";
import { createServices } from "../../shared/services/create-services.ts";
import type { Services } from "../../shared/services/services.ts";
import { countRequests } from "../../shared/storage/count-requests.ts";
import { createMemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import type { RequestName } from "../../shared/storage/request-name.ts";

const namespace = "default";
const topic = "orders";
const transactionalId = "id";
const id = { namespace, transactionalId };

function recordOf(partition: number) {
  return { key: null, value: new Uint8Array(10), headers: [], partition };
}

type Counts = Partial<Record<RequestName, number>>;

/** What the second time costs, in a process that has done it once. */
async function countWarm(k: number, act: (services: Services, first: boolean) => Promise<unknown>): Promise<Counts> {
  const memory = createMemoryStorage();
  const counted = countRequests(memory.storage);
  const services = createServices(counted.storage);
  await services.topics.create(namespace, { name: topic, partitions: k });
  await act(services, true);
  // Two commits of one moment stand in an order by chance, and the one that comes first may have to be written again.
  await memory.storage.timers.sleep(1);
  counted.reset();
  await act(services, false);
  return counted.counts();
}

function transactionOf(k: number) {
  const partitions = Array.from({ length: k }, (_, partition) => partition);
  let producer = { producerId: -1n, producerEpoch: -1 };
  return async (services: Services, first: boolean): Promise<void> => {
    const { transactions, produce } = services;
    if (first) producer = await transactions.init(id);
    await transactions.addPartitions({ ...id, ...producer, partitions: [{ topic, partitions }] });
    await Promise.all(
      partitions.map(async (partition) => {
        const own = { ...producer, baseSequence: 0 };
        const records = [recordOf(partition)];
        await produce.produceRecords({ namespace, topic, partition, records, transactionalId, producer: own });
      }),
    );
    producer = await transactions.end({ ...id, ...producer, commit: true });
  };
}

function atomicOf(k: number, idempotencyKey: boolean) {
  let calls = 0;
  return async ({ transactions }: Services): Promise<void> => {
    calls += 1;
    const produce = [{ topic, records: Array.from({ length: k }, (_, partition) => recordOf(partition)) }];
    const key = idempotencyKey ? { idempotencyKey: `key-${calls}` } : {};
    await transactions.execute({ namespace, produce, offsets: [], ...key });
  };
}

describe.each([2, 3, 8, 40])("a transaction over %i partitions", (k) => {
  test("costs the plain produces and k + 3", async () => {
    const plain = await countWarm(k, ({ produce }) =>
      produce.produce({ namespace, topic, records: Array.from({ length: k }, (_, partition) => recordOf(partition)) }),
    );
    expect(plain).toEqual({ "logs.putIfAbsent": k });
    const designed = { "logs.putIfAbsent": k + k, "items.update": 3 };
    expect(await countWarm(k, transactionOf(k))).toEqual(designed);
    expect(await countWarm(k, atomicOf(k, false))).toEqual(designed);
    expect(await countWarm(k, atomicOf(k, true))).toEqual(designed);
  });
});

test("a group counts as a partition: its staging is its commit, and its decision its marker", async () => {
  const offsets = (offset: number) => [{ group: "workers", offsets: [{ topic, partition: 0, offset }] }];
  const plain = await countWarm(2, async ({ produce, groups }, first) => {
    await produce.produce({ namespace, topic, records: [recordOf(0), recordOf(1)] });
    for (const commit of offsets(first ? 1 : 2)) await groups.commit({ namespace, ...commit });
  });
  expect(plain).toEqual({ "logs.putIfAbsent": 2, "items.update": 1 });
  const atomic = await countWarm(2, async ({ transactions }, first) => {
    const produce = [{ topic, records: [recordOf(0), recordOf(1)] }];
    await transactions.execute({ namespace, produce, offsets: offsets(first ? 1 : 2) });
  });
  expect(atomic).toEqual({ "logs.putIfAbsent": 2 + 2, "items.update": 1 + 1 + 3 });
});

test("a write of one partition in one call costs a plain produce", async () => {
  expect(await countWarm(1, atomicOf(1, false))).toEqual({ "logs.putIfAbsent": 1 });
});
