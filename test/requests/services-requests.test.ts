import { describe, expect, test } from "vitest";
import { topicCacheMsMax } from "../../shared/limits.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { Services } from "../../shared/services/services.ts";
import { countRequests } from "../../shared/storage/count-requests.ts";
import { topicKey } from "../../shared/storage/item-keys.ts";
import { createMemoryStorage, type MemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import type { RequestName } from "../../shared/storage/request-name.ts";
import { encodeAssignment, topicPath } from "../../shared/topics/topic-znodes.ts";
import { Tree } from "../../shared/tree/tree.ts";
import type { Operation } from "../../shared/tree/tree-request.ts";

type Counts = Partial<Record<RequestName, number>>;

/** Of a process: its first request, the next, and one whose topic has to be looked up again. */
interface Costs {
  readonly cold: Counts;
  readonly warm: Counts;
  readonly later: Counts;
}

const namespace = "default";
const topic = "wanted";
const operationsPerMulti = 500;
const place = { namespace, topic, partition: 0 };

/** A namespace with so many topics beside the wanted one. */
async function createTopics(memory: MemoryStorage, topics: number): Promise<void> {
  await createServices(memory.storage).topics.create(namespace, { name: topic, partitions: 3 });
  const tree = new Tree(memory.storage, namespace);
  for (let start = 1; start < topics; start += operationsPerMulti) {
    const count = Math.min(operationsPerMulti, topics - start);
    const names = Array.from({ length: count }, (_, index) => `filler-${start + index}`);
    const operations = names.map((name): Operation => {
      const data = encodeAssignment({ topicId: name, partitions: 1 });
      return { kind: "create", path: topicPath(name), data, mode: "persistent" };
    });
    const answer = await tree.write({ operations });
    if (answer.kind !== "done") throw new Error(JSON.stringify(answer));
    for (const name of names) {
      const set = { mzxid: answer.result.zxid, topicId: name, partitions: 1, config: "{}", createdAtMs: 0 };
      memory.store.items.update(topicKey(namespace, name), { set }, []);
    }
  }
  await tree.settled();
}

async function costsOf(memory: MemoryStorage, act: (services: Services) => Promise<unknown>): Promise<Costs> {
  const counted = countRequests(memory.storage);
  const services = createServices(counted.storage);
  const count = async (): Promise<Counts> => {
    counted.reset();
    await act(services);
    return counted.counts();
  };
  const cold = await count();
  const warm = await count();
  await memory.time.advance(topicCacheMsMax + 1);
  return { cold, warm, later: await count() };
}

const record = { key: null, value: new Uint8Array(10), headers: [] };

function produce(services: Services): Promise<unknown> {
  return services.produce.produceRecords({ ...place, records: [record] });
}

function produceByReference(services: Services): Promise<unknown> {
  return services.produce.produceRecords({ ...place, records: [{ ...record, value: new Uint8Array(20_000) }] });
}

function produceToAllPartitions(services: Services): Promise<unknown> {
  const records = [0, 1, 2].map((partition) => ({ ...record, partition }));
  return services.produce.produce({ namespace, topic, records });
}

/** A fetch of what is new, of which there is nothing. */
async function fetchAtTail(services: Services, offset: number): Promise<unknown> {
  const bounds = {
    maxBytes: 1_000_000,
    maxRecords: 500,
    minBytes: 1,
    waitMs: 0,
    isolation: "read_uncommitted",
  } as const;
  return await services.fetch.fetchBatches({ ...place, offset, ...bounds });
}

async function measure(topics: number) {
  const memory = createMemoryStorage();
  await createTopics(memory, topics);
  const emptyLogs = await costsOf(memory, produceToAllPartitions);
  const figures = {
    produce: await costsOf(memory, produce),
    produceByReference: await costsOf(memory, produceByReference),
    produceToAllPartitions: await costsOf(memory, produceToAllPartitions),
    fetchAtTail: await costsOf(memory, (services) => fetchAtTail(services, 12)),
  };
  const counted = countRequests(memory.storage);
  const tree = new Tree(counted.storage, namespace);
  const { lastZxid } = await tree.read();
  const count = async (act: () => Promise<unknown>): Promise<Counts> => {
    counted.reset();
    await act();
    return counted.counts();
  };
  const write = (): Promise<unknown> =>
    tree.write({ operations: [{ kind: "setData", path: topicPath(topic), data: null, version: -1 }] });
  const warmTree = {
    write: await count(write),
    hundredWrites: await count(() => Promise.all(Array.from({ length: 100 }, write))),
    linearizableRead: await count(() => tree.read()),
    sessionConsistentRead: await count(() => tree.readAtLeast(lastZxid)),
  };
  return { emptyLogs, ...figures, warmTree };
}

describe("the requests of a service", () => {
  const designed: Awaited<ReturnType<typeof measure>> = {
    emptyLogs: {
      cold: { "items.get": 1, "logs.readLast": 6, "logs.readFrom": 3, "logs.putIfAbsent": 3 },
      warm: { "logs.putIfAbsent": 3 },
      later: { "items.get": 1, "logs.putIfAbsent": 3 },
    },
    produce: {
      cold: { "items.get": 1, "logs.readLast": 1, "logs.putIfAbsent": 1 },
      warm: { "logs.putIfAbsent": 1 },
      later: { "items.get": 1, "logs.putIfAbsent": 1 },
    },
    produceByReference: {
      cold: { "items.get": 1, "logs.readLast": 1, "blobs.put": 1, "logs.putIfAbsent": 1 },
      warm: { "blobs.put": 1, "logs.putIfAbsent": 1 },
      later: { "items.get": 1, "blobs.put": 1, "logs.putIfAbsent": 1 },
    },
    produceToAllPartitions: {
      cold: { "items.get": 1, "logs.readLast": 3, "logs.putIfAbsent": 3 },
      warm: { "logs.putIfAbsent": 3 },
      later: { "items.get": 1, "logs.putIfAbsent": 3 },
    },
    fetchAtTail: {
      cold: { "items.get": 2, "logs.readFrom": 1, "logs.readAt": 1 },
      warm: { "logs.readFrom": 1 },
      later: { "items.get": 2, "logs.readFrom": 1 },
    },
    warmTree: {
      write: { "logs.putIfAbsent": 1 },
      hundredWrites: { "logs.putIfAbsent": 1 },
      linearizableRead: { "logs.readFrom": 1 },
      sessionConsistentRead: {},
    },
  };

  test.each([1, 1_000, 10_000])("are as designed among %i topics", async (topics) => {
    expect(await measure(topics)).toEqual(designed);
  });

  test.each([1, 1_000, 10_000])("a cold process finds one of %i topics with one request", async (topics) => {
    const memory = createMemoryStorage();
    await createTopics(memory, topics);
    const costs = await costsOf(memory, (services) => services.fetch.listOffset(namespace, topic, 0, { at: "latest" }));
    const look = { "logs.readLast": 2 };
    expect(costs).toEqual({ cold: { "items.get": 1, ...look }, warm: look, later: { "items.get": 1, ...look } });
  });
});
