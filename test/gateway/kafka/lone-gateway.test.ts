import { expect, test, vi } from "vitest";
import { startKafkaGateway } from "../../../gateway/kafka/kafka-gateway.ts";
import { metadata } from "../../../gateway/kafka/protocol/apis/metadata.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { WireClient } from "./wire-client.ts";

test("a gateway that has its store to itself writes nothing before its first client comes, and then registers", async () => {
  const memory = createMemoryStorage();
  const counted = countRequests(memory.storage);
  const services = createServices(counted.storage);
  const where = { host: "127.0.0.1", port: 0, namespace: "default" };
  const options = { services, storage: memory.storage, createsTopics: false, log: () => undefined, ...where };
  const anybody = { namespace: "default", identities: [] };
  const childrenOf = async (path: string) => (await services.znodes.getChildren(anybody, path, { limit: 9 })).children;
  const gateway = await startKafkaGateway(options);
  expect(await childrenOf("/")).toEqual(["zookeeper"]);
  const counts = counted.counts();
  expect([counts["logs.putIfAbsent"], counts["items.update"]]).toEqual([undefined, undefined]);

  // All that come while it registers are served.
  const clients = await Promise.all([1, 2, 3].map(() => WireClient.connect(gateway.port)));
  const told = await Promise.all(clients.map((client) => client.send(metadata, { topics: [] }, 9)));
  for (const { brokers, controllerId, clusterId } of told) {
    expect({ brokers, controllerId }).toMatchObject({ brokers: [{ nodeId: 1, port: gateway.port }], controllerId: 1 });
    expect(clusterId).toBe(told[0]?.clusterId);
  }
  expect(await childrenOf("/brokers/ids")).toEqual(["1"]);
  const { data } = await services.znodes.getData(anybody, "/brokers/ids/1");
  expect(JSON.parse(new TextDecoder().decode(data ?? new Uint8Array()))).toMatchObject({
    endpoints: [`PLAINTEXT://127.0.0.1:${gateway.port}`],
    version: 5,
  });

  for (const client of clients) client.close();
  await gateway.close();
  await vi.waitFor(async () => expect(await childrenOf("/brokers/ids")).toEqual([]));
  await memory.close();
});
