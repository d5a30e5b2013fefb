/** Flink keeps its leaders, jobs and checkpoints in a ZooKeeper: a job goes on, and counts right, whoever is killed. */
import { expect, test } from "vitest";
import { servers } from "../servers.ts";
import { startTwoGateways } from "../two-gateways.ts";
import { FlinkCluster } from "./flink-cluster.ts";

const runMsMax = 10 * 60_000;
const stepMsMax = 120_000;
const numbers = 42_000;
const perSecond = 600;
const keys = 7;

test.each([...servers, ["two gateways of ours", startTwoGateways]] as const)(
  "Flink 2.2 recovers a job from its checkpoint when its job manager is killed, on %s",
  { timeout: runMsMax },
  async (_name, start) => {
    await using server = await start();
    await using flink = await FlinkCluster.create(server.address);
    const leader = await flink.startJobManager();
    await flink.startTaskManager();
    await flink.submit(numbers, perSecond);
    const moreCheckpoints = async (): Promise<void> => {
      const before = await flink.lastCheckpoint();
      await flink.until("two more checkpoints", stepMsMax, async () => (await flink.lastCheckpoint()) >= before + 2);
    };
    const restored = async (): Promise<string[]> =>
      Object.keys(await flink.results()).filter((name) => name.startsWith("restored-"));
    await moreCheckpoints();

    const standby = await flink.startJobManager();
    // It has found who leads by the time that it says where it listens.
    await flink.until("a second job manager", stepMsMax, () => Promise.resolve(isListening(standby.stderr)));
    expect(await restored()).toEqual([]);
    await leader.kill();
    await flink.until("recovered by the standby", stepMsMax, async () => (await restored()).length >= 1);
    await moreCheckpoints();

    await standby.kill();
    const times = (await restored()).length;
    await flink.startJobManager();
    await flink.until("recovered by a new one", stepMsMax, async () => (await restored()).length > times);
    await moreCheckpoints();

    // Of two gateways the other one goes on.
    await server.restart();
    await moreCheckpoints();
    expect(Object.keys(await flink.results()).filter((name) => name.startsWith("key-"))).toEqual([]);

    await flink.until("the end of the job", stepMsMax, async () =>
      Object.keys(await flink.results()).includes("key-6"),
    );
    await flink.until("all keys", stepMsMax, async () => keysOf(await flink.results()).length === keys);
    const results = await flink.results();
    expect(keysOf(results).map((name) => results[name])).toEqual(expectedCounts());
  },
);

function isListening(output: string): boolean {
  return output.includes("Rest endpoint listening at");
}

function keysOf(results: Readonly<Record<string, string>>): string[] {
  return Object.keys(results).filter((name) => name.startsWith("key-"));
}

/** Of each key how many numbers, and their sum. */
function expectedCounts(): string[] {
  return Array.from({ length: keys }, (_, key) => {
    const count = numbers / keys;
    return `${count} ${count * key + (keys * count * (count - 1)) / 2}`;
  });
}
