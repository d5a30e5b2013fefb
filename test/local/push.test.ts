import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { CreateTopicCommand, CreateZnodeCommand, ProduceCommand, StreamkeeperClient } from "../../client/index.ts";
import { GrowthTap } from "../../local/growth-tap.ts";
import { startServer } from "../../local/server.ts";
import { createServices } from "../../shared/services/create-services.ts";
import { realTimeStorage } from "../functions/real-time-storage.ts";

const open = new AsyncDisposableStack();
const ended = new AbortController();
afterEach(async () => {
  ended.abort();
  await open.disposeAsync();
});

test("a reader and a watch of the client are told by the local server, and send nothing while nothing happens", async () => {
  const storage = realTimeStorage();
  const growth = new GrowthTap(storage.notifier);
  const services = createServices({ ...storage, notifier: growth }, { subscribersCacheMs: 0 });
  const server = await startServer({ services, host: "127.0.0.1", port: 0, push: { storage, growth } });
  open.defer(() => server.close());
  const client = new StreamkeeperClient({ endpoint: server.url });
  open.defer(() => client.destroy());
  const sent: string[] = [];
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (given) => {
        sent.push(commandName);
        return await next(given);
      },
    { step: "initialize", name: "note" },
  );
  await client.send(new CreateTopicCommand({ name: "orders", partitions: 1 }));
  const records = client.readPartition({ topic: "orders", partition: 0, waitMs: 100, signal: ended.signal });
  const nextRecord = records[Symbol.asyncIterator]().next();
  const watch = await client.znodes().watch("/a", { recursive: true, waitMs: 100, signal: ended.signal });
  for (let look = 0; look < 50 && !sent.includes("SubscribeZnodeCommand"); look += 1) await sleep(50);
  await sleep(300);
  sent.length = 0;
  await sleep(500);
  expect(sent).toEqual([]);
  await client.send(new ProduceCommand({ topic: "orders", records: [{ value: "told" }] }));
  expect((await nextRecord).value?.offset).toBe(0);
  await client.send(new CreateZnodeCommand({ path: "/a" }));
  expect((await watch.next()).value).toMatchObject({ type: "NodeCreated", path: "/a" });

  const statusOf = async (path: string, headers: Record<string, string>): Promise<number> => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const upgrade = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
    const key = { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
    const asked = request(`${server.url}${path}`, { headers: { ...upgrade, ...key, ...headers } });
    asked.on("response", (response) => resolve(response.resume().statusCode ?? 0));
    asked.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve(response.statusCode ?? 0);
    });
    asked.end();
    return await promise;
  };
  expect(await statusOf("/v1/push", {})).toBe(101);
  expect(await statusOf("/v1/other", {})).toBe(404);
  expect(await statusOf("/v1/push", { origin: "https://evil.example" })).toBe(403);
  expect(await statusOf("/v1/push", { host: "evil.example" })).toBe(403);
});
