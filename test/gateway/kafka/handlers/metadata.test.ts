import { afterAll, beforeAll, expect, test, vi } from "vitest";
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

test("the id of a topic that was deleted neither creates its name again nor stands for another topic of that name", async () => {
  const creating = await gatewayBed({ createsTopics: true });
  try {
    const { services, client } = creating;
    const { topicId } = await services.topics.create(namespace, { name: "gone", partitions: 1 });
    const byId = { topics: [{ topicId, name: null }], allowAutoTopicCreation: true };
    expect((await client.send(metadata, byId)).topics).toMatchObject([{ errorCode: 0, name: "gone" }]);
    await services.topics.delete(namespace, "gone");
    expect((await client.send(metadata, byId)).topics).toMatchObject([{ errorCode: 100, topicId }]);
    await expect(services.topics.describe(namespace, "gone")).rejects.toMatchObject({
      code: "UNKNOWN_TOPIC_OR_PARTITION",
    });
    await services.topics.create(namespace, { name: "gone", partitions: 1 });
    expect((await client.send(metadata, byId)).topics).toMatchObject([{ errorCode: 100, topicId }]);
  } finally {
    await creating.close();
  }
});

test("a topic that is asked for several times is told of once", async () => {
  await bed.services.topics.create(namespace, { name: "twice", partitions: 1 });
  const { topics } = await bed.client.send(metadata, { topics: [{ name: "twice" }, { name: "twice" }] });
  expect(topics).toMatchObject([{ errorCode: 0, name: "twice" }]);
});

test("many topics that are asked for by name cost no request each", async () => {
  const names = Array.from({ length: 20 }, (_, index) => `many-${index}`);
  for (const name of names) await bed.services.topics.create(namespace, { name, partitions: 1 });
  const described = vi.spyOn(bed.services.topics, "describe");
  const asked = [...names, "none"].map((name) => ({ name }));
  const { topics } = await bed.client.send(metadata, { topics: asked, allowAutoTopicCreation: false });
  expect(topics.map(({ errorCode }) => errorCode)).toEqual([...names.map(() => 0), 3]);
  expect(described).toHaveBeenCalledTimes(1);
  described.mockRestore();
});
