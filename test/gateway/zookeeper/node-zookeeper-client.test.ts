import { CreateMode } from "node-zookeeper-client";
import { expect, test, vi } from "vitest";
import { TcpProxy } from "../../tcp-proxy.ts";
import { describeNodeZooKeeperClient, type SuiteServer } from "./node-zookeeper-client-suite.ts";
import { PromisedClient } from "./promised-client.ts";
import { zookeeperBed } from "./zookeeper-bed.ts";

describeNodeZooKeeperClient("our gateway", start, 10_000);

async function start(): Promise<SuiteServer> {
  const bed = await zookeeperBed();
  return { port: bed.port, [Symbol.asyncDispose]: () => bed.close() };
}

test("moves between gateways with its session, and hears of all that happened meanwhile", async () => {
  const bed = await zookeeperBed();
  const ports = [bed.port, await bed.another()];
  const proxies = await Promise.all(ports.map((port) => TcpProxy.start(port)));
  const client = await PromisedClient.connect(proxies.map(({ port }) => port));
  const neighbours = await Promise.all(ports.map((port) => PromisedClient.connect(port)));
  const { sessionId } = client.session;
  await client.create("/mine", "0", CreateMode.EPHEMERAL);
  for (const [round, neighbour] of [...neighbours, ...neighbours].entries()) {
    const at = proxies.find(({ connections }) => connections > 0);
    await client.getData("/mine", true);
    const parted = client.reached("disconnected");
    // It may be back before the neighbour has written.
    const back = client.reached("connected");
    at?.refuse();
    await parted;
    await neighbour.setData("/mine", String(round + 1));
    await back;
    await vi.waitUntil(() => client.events.length === 1, { timeout: 10_000, interval: 2 });
    expect(client.takeEvents()).toEqual(["data NODE_DATA_CHANGED /mine"]);
    expect(await client.getData("/mine")).toBe(String(round + 1));
    expect((await client.stat("/mine"))?.ephemeralOwner).toEqual(sessionId);
    at?.heal();
  }
  expect(client.session.sessionId).toEqual(sessionId);
  await Promise.all([client, ...neighbours].map((each) => each.close()));
  for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
  await bed.close();
});
