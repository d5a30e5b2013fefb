import { describe, expect, test } from "vitest";
import { Membership } from "../../../gateway/kafka/membership.ts";
import { metadata } from "../../../gateway/kafka/protocol/apis/metadata.ts";
import { TopicCaretaker } from "../../../gateway/kafka/topic-caretaker.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import type { Services } from "../../../shared/services/services.ts";
import { clusterParents } from "../../../shared/topics/broker-znodes.ts";
import { SimulatedStore } from "../../../shared/storage/memory/simulated-store.ts";
import { ZooKeeperTools } from "../../shared/topics/zookeeper-tools.ts";
import { gatewayBed } from "./gateway-bed.ts";

const namespace = "default";

/** Gateways that look after the topics of one store, under virtual time. */
async function withGateways(
  count: number,
  main: (gateways: readonly { readonly services: Services; stop(): void }[], world: SimulatedStore) => Promise<void>,
  logged: string[] = [],
): Promise<void> {
  const store = new SimulatedStore({ seed: 1 });
  await store.time.run(async () => {
    const gateways = [];
    for (let number = 1; number <= count; number += 1) {
      const { storage } = store.process();
      const { clock, random, timers } = storage;
      const services = createServices(storage);
      const log = (_level: string, message: string, fields: object = {}): void => {
        logged.push(`${message} ${JSON.stringify(fields)}`);
      };
      const membership = await Membership.join({
        services,
        clock,
        random,
        timers,
        log,
        namespace,
        protocol: "PLAINTEXT",
        isAlone: false,
        endpoint: { host: "127.0.0.1", port: 9_000 + number },
        sessionTimeoutMs: 6_000,
      });
      const stopped = new AbortController();
      const isController = (): boolean => membership.members.controllerId === membership.members.self.nodeId;
      const caretaker = new TopicCaretaker({ services, namespace, timers, log, isController });
      await caretaker.showLeaders();
      const running = caretaker.run(stopped.signal);
      const close = async (): Promise<void> => {
        stopped.abort();
        await running;
        await membership.close();
      };
      gateways.push({ services, stop: () => stopped.abort(), close });
    }
    await store.process().storage.timers.sleep(1_500);
    await main(gateways, store);
    for (const { close } of gateways) await close();
  });
}

async function until(store: SimulatedStore, isSo: () => Promise<boolean>): Promise<number> {
  const { timers } = store.process().storage;
  const beganMs = store.time.nowMs;
  while (!(await isSo())) {
    if (store.time.nowMs - beganMs > 10_000) throw new Error("not so after 10 s");
    await timers.sleep(20);
  }
  return store.time.nowMs - beganMs;
}

async function isTopic({ topics }: Services, name: string): Promise<boolean> {
  return await topics.describe(namespace, name).then(
    () => true,
    () => false,
  );
}

describe("gateways", () => {
  test("make topics of what somebody else writes within a second, also while none is the controller", async () => {
    await withGateways(3, async ([one, two, three], store) => {
      if (one === undefined || two === undefined || three === undefined) throw new Error("there are three");
      const tools = new ZooKeeperTools(createServices(store.process().storage), namespace);
      await tools.createTopic("logs", { "0": [1_001], "1": [1_002] });
      expect(await until(store, () => isTopic(three.services, "logs"))).toBeLessThan(1_000);
      one.stop();
      await tools.createTopic("more", { "0": [1_001] });
      expect(await until(store, () => isTopic(three.services, "more"))).toBeLessThan(1_500);
      const isLed = async (): Promise<boolean> =>
        (await tools.read("/brokers/topics/more/partitions/0/state")) !== undefined;
      await until(store, isLed);
      await tools.deleteTopic("logs");
      expect(await until(store, async () => !(await isTopic(three.services, "logs")))).toBeLessThan(1_500);
      await until(store, async () => (await tools.read("/admin/delete_topics/logs")) === undefined);
    });
  });

  test("say once what is wrong with a topic", async () => {
    const logged: string[] = [];
    const work: Parameters<typeof withGateways>[1] = async (_gateways, store) => {
      const tools = new ZooKeeperTools(createServices(store.process().storage), namespace);
      await tools.createTopic("none", {});
      await tools.createTopic("good", { "0": [1_001] });
      await store.process().storage.timers.sleep(5_000);
      await tools.setConfig("none", {});
      await store.process().storage.timers.sleep(5_000);
    };
    await withGateways(1, work, logged);
    expect(logged.filter((line) => line.includes('"none"'))).toHaveLength(1);
  });

  test("make what Kafka makes when it starts", async () => {
    await withGateways(1, async (_gateways, store) => {
      const tools = new ZooKeeperTools(createServices(store.process().storage), namespace);
      for (const path of clusterParents) expect([path, await tools.read(path)]).toEqual([path, null]);
      expect(await tools.read("/feature")).toEqual({ version: 1, status: 1, features: {} });
    });
  });
});

test("a client of Kafka's protocol finds a topic that a client of ZooKeeper created", async () => {
  const bed = await gatewayBed({ isRealTime: true });
  try {
    await bed.client.send(metadata, { topics: [] });
    await new ZooKeeperTools(bed.services, namespace).createTopic("zookeeper-logs", { "0": [1] });
    const asked = { topics: [{ name: "zookeeper-logs" }], allowAutoTopicCreation: false };
    for (let tries = 0; tries < 50; tries += 1) {
      const { topics } = await bed.client.send(metadata, asked);
      if (topics[0]?.errorCode === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { topics } = await bed.client.send(metadata, asked);
    expect(topics[0]).toMatchObject({ errorCode: 0, partitions: [{ partitionIndex: 0, leaderId: 1 }] });
  } finally {
    await bed.close();
  }
});
