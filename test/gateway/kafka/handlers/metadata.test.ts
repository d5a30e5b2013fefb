import { afterAll, beforeAll, expect, test } from "vitest";
import { metadata } from "../../../../gateway/kafka/protocol/apis/metadata.ts";
import { zeroUuid } from "../../../../gateway/kafka/protocol/types.ts";
import { type GatewayBed, gatewayBed, namespace } from "../gateway-bed.ts";

let bed: GatewayBed;
beforeAll(async () => {
  bed = await gatewayBed();
});
afterAll(() => bed.close());

test("a topic is found by its id, with a name beside it that is null or empty", async () => {
  const { topicId } = await bed.services.topics.create(namespace, { name: "orders", partitions: 1 });
  for (const name of [null, ""]) {
    const { topics } = await bed.client.send(metadata, { topics: [{ topicId, name }] });
    expect(topics).toMatchObject([{ errorCode: 0, name: "orders", topicId }]);
  }
});

test("an id that no topic has is answered with that id, a name with none", async () => {
  const topicId = "BAAAAAAAAAAAAAAAAAAAAQ";
  const { topics } = await bed.client.send(metadata, { topics: [{ topicId, name: "" }] });
  expect(topics).toMatchObject([{ errorCode: 100, topicId }]);
  const named = await bed.client.send(metadata, { topics: [{ name: "none" }], allowAutoTopicCreation: false });
  expect(named.topics).toMatchObject([{ errorCode: 3, name: "none", topicId: zeroUuid }]);
});
