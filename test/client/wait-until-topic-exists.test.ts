import { expect, test } from "vitest";
import { StreamkeeperClient, waitUntilTopicExists } from "../../client/index.ts";
import { answer, refuse, ScriptedServer } from "./scripted-server.ts";

const unknown = refuse(404, "UNKNOWN_TOPIC_OR_PARTITION", { retriable: true });
const topic = { name: "t", topicId: "id", partitions: 1, config: {}, createdAtMs: 1 };

test("the waiter looks until the topic is there", async () => {
  await using server = await ScriptedServer.start([unknown, unknown, answer(200, topic)]);
  using client = new StreamkeeperClient({ endpoint: server.endpoint });
  const described = await waitUntilTopicExists({ client, maxWaitTime: 5, minDelay: 0.005 }, { topic: "t" });
  expect(described.topicId).toBe("id");
});

test("the waiter gives up after its time", async () => {
  await using server = await ScriptedServer.start(unknown);
  using client = new StreamkeeperClient({ endpoint: server.endpoint });
  const waiting = waitUntilTopicExists({ client, maxWaitTime: 0.05, minDelay: 0.01 }, { topic: "t" });
  await expect(waiting).rejects.toMatchObject({ name: "TimeoutError", message: "topic t is not there after 0.05 s" });
});

test("the waiter does not wait out another failure, nor an abort", async () => {
  await using server = await ScriptedServer.start([refuse(400, "INVALID_TOPIC_EXCEPTION"), unknown]);
  using client = new StreamkeeperClient({ endpoint: server.endpoint });
  const input = { topic: "t" };
  await expect(waitUntilTopicExists({ client, maxWaitTime: 5 }, input)).rejects.toThrow("INVALID_TOPIC_EXCEPTION");
  const abortSignal = AbortSignal.timeout(50);
  const waiting = waitUntilTopicExists({ client, maxWaitTime: 5, minDelay: 3, abortSignal }, input);
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
});
