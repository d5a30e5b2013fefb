import { expect, test } from "vitest";
import { startKafkaGateway } from "../../../../gateway/kafka/kafka-gateway.ts";
import { fetch } from "../../../../gateway/kafka/protocol/apis/fetch.ts";
import { createServices } from "../../../../shared/services/create-services.ts";
import { createMemoryStorage } from "../../../../shared/storage/memory/memory-storage.ts";
import { parallelPartsMax } from "../../../../shared/limits/kafka-gateway.ts";
import type { FetchService, Services } from "../../../../shared/services/services.ts";
import { countRequests } from "../../../../shared/storage/count-requests.ts";
import { InProcessNotifier } from "../../../../shared/storage/node/in-process-notifier.ts";
import { nodeClock } from "../../../../shared/storage/node/node-clock.ts";
import { nodeTimers } from "../../../../shared/storage/node/node-timers.ts";
import { WireClient } from "../wire-client.ts";

test("a fetch at the end waits for its time, though clocks tell parts of milliseconds", async () => {
  const memory = createMemoryStorage();
  const services = createServices(memory.storage);
  const clock = { wallMs: () => memory.storage.clock.wallMs(), monotonicMs: () => performance.now() + 0.5 };
  const storage = { ...memory.storage, clock };
  const options = { services, storage, namespace: "default", createsTopics: false, host: "127.0.0.1", port: 0 };
  const gateway = await startKafkaGateway({ ...options, log: () => undefined });
  const client = await WireClient.connect(gateway.port);
  try {
    await services.topics.create("default", { name: "orders", partitions: 1 });
    const topics = [{ topic: "orders", partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }] }];
    const request = { maxWaitMs: 20, minBytes: 1, maxBytes: 1_000, isolationLevel: 0, topics };
    const answer = await client.send(fetch, request);
    expect(answer.responses[0]?.partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 0 });
  } finally {
    client.close();
    await gateway.close();
    await memory.close();
  }
});

interface CountedBed {
  readonly services: Services;
  readonly client: WireClient;
  /** Reads of partitions since it was asked last. */
  reads(): number;
  /** Bytes that were asked for, read by read. */
  readonly askedBytes: readonly number[];
}

async function counted(partitions: number, use: (bed: CountedBed) => Promise<void>): Promise<void> {
  const memory = createMemoryStorage({ wallMs: () => Date.now() });
  const notifier = new InProcessNotifier(nodeTimers);
  const real = { ...memory.storage, clock: nodeClock, timers: nodeTimers, notifier };
  const { storage, counts, reset } = countRequests(real);
  const made = createServices(storage);
  const askedBytes: number[] = [];
  const fetches: FetchService = {
    fetchBatches: (request) => (askedBytes.push(request.maxBytes), made.fetch.fetchBatches(request)),
    fetchMore: (request, seen) => made.fetch.fetchMore(request, seen),
    fetchRecords: (request) => made.fetch.fetchRecords(request),
    listOffset: (...point) => made.fetch.listOffset(...point),
  };
  const services = { ...made, fetch: fetches };
  const options = { services, storage, namespace: "default", createsTopics: false, host: "127.0.0.1", port: 0 };
  const gateway = await startKafkaGateway({ ...options, log: () => undefined });
  const client = await WireClient.connect(gateway.port);
  const reads = (): number => {
    const count = counts()["logs.readFrom"] ?? 0;
    reset();
    return count;
  };
  try {
    await services.topics.create("default", { name: "orders", partitions });
    await use({ services, client, reads, askedBytes });
  } finally {
    client.close();
    await gateway.close();
    await memory.close();
  }
}

function fetchOf(partitions: readonly number[], maxWaitMs: number, maxBytes = 1_000_000) {
  const asked = partitions.map((partition) => ({ partition, fetchOffset: 0, partitionMaxBytes: 1_000_000 }));
  return { maxWaitMs, minBytes: 1, maxBytes, isolationLevel: 0, topics: [{ topic: "orders", partitions: asked }] };
}

test("a fetch that waits reads each of its partitions once, and once more the one that has grown", async () => {
  await counted(40, async ({ services, client, reads }) => {
    const partitions = Array.from({ length: 40 }, (_, partition) => partition);
    await client.send(fetch, fetchOf(partitions, 0));
    reads();
    await client.send(fetch, fetchOf(partitions, 50));
    // And some of the tree.
    expect(reads()).toBeLessThan(50);
    const waiting = client.send(fetch, fetchOf(partitions, 150));
    await services.produce.produceRecords({ ...place, partition: 7, records: [recordOf(10)] });
    const answer = await waiting;
    expect(bytesOf(answer.responses[0]?.partitions[7]?.records)).toBeGreaterThan(0);
    expect(reads()).toBeLessThan(60);
  });
});

test("a fetch asks for no more than its answer has room for, however often it names a partition", async () => {
  await counted(1, async ({ services, client, askedBytes }) => {
    await services.produce.produceRecords({ ...place, partition: 0, records: [recordOf(10_000)] });
    const many = Array.from({ length: 200 }, () => 0);
    const answer = await client.send(fetch, fetchOf(many, 1_000, 25_000));
    const lengths = answer.responses.flatMap((topic) => topic.partitions.map((one) => bytesOf(one.records)));
    expect(lengths.filter((length) => length > 0)).toHaveLength(2);
    const first = askedBytes.slice(0, parallelPartsMax);
    expect(first.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(26_000);
    expect(askedBytes.slice(parallelPartsMax + 20).filter((bytes) => bytes > 5_000)).toEqual([]);
  });
});

/** A client is given them in one piece. */
function bytesOf(records: unknown): number {
  return records instanceof Uint8Array ? records.length : 0;
}

function recordOf(bytes: number) {
  return { key: null, value: new Uint8Array(bytes), headers: [] };
}

const place = { namespace: "default", topic: "orders" };
