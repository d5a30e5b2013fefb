import { expect, test } from "vitest";
import { startKafkaGateway } from "../../../../gateway/kafka/kafka-gateway.ts";
import { fetch } from "../../../../gateway/kafka/protocol/apis/fetch.ts";
import { createServices } from "../../../../shared/services/create-services.ts";
import { createMemoryStorage } from "../../../../shared/storage/memory/memory-storage.ts";
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
