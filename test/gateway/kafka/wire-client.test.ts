import { afterAll, beforeAll, expect, test } from "vitest";
import { apiVersions } from "../../../gateway/kafka/protocol/apis/api-versions.ts";
import { metadata } from "../../../gateway/kafka/protocol/apis/metadata.ts";
import { type GatewayBed, gatewayBed, namespace } from "./gateway-bed.ts";

let bed: GatewayBed;
beforeAll(async () => {
  bed = await gatewayBed();
});
afterAll(() => bed.close());

test("every version of ApiVersions and Metadata is answered, requests in flight beside each other", async () => {
  await bed.services.topics.create(namespace, { name: "orders", partitions: 2 });
  const versions = await Promise.all([0, 1, 2, 3, 4].map((version) => bed.client.send(apiVersions, {}, version)));
  for (const { apiKeys } of versions) expect(apiKeys).toEqual(versions[0]?.apiKeys);
  const topics = Array.from({ length: 12 }, async (_, version) => {
    const asked = { topics: [{ topicId: undefined, name: "orders" }] };
    return (await bed.client.send(metadata, asked, version)).topics;
  });
  for (const [topic] of await Promise.all(topics)) expect(topic?.partitions).toHaveLength(2);
  expect(bed.failures).toEqual([]);
});
