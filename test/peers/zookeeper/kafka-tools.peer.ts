/** Kafka's tools of before 3.0, which were told of a ZooKeeper, do their work on ours. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchDependencies, requireJava } from "../java-peer.ts";
import { runJava } from "../kafka/java-process.ts";
import { type OurKafka, startOurKafka } from "../kafka/our-kafka.ts";

const startMsMax = 10 * 60_000;
const testMsMax = 180_000;

const mainClasses = {
  topics: "kafka.admin.TopicCommand",
  configs: "kafka.admin.ConfigCommand",
  "console-producer": "kafka.tools.ConsoleProducer",
  "console-consumer": "kafka.tools.ConsoleConsumer",
} as const;
type Tool = keyof typeof mainClasses;

/** Those before 2.8 write no topic ids, and forget those that they find. */
const versions = ["2.8", "2.4", "1.1"] as const;

let server: OurKafka;
let zookeeper = "";

beforeAll(async () => {
  requireJava();
  for (const version of versions) fetchDependencies(join(import.meta.dirname, `tools-${version}`));
  server = await startOurKafka();
  zookeeper = /ZooKeeper's clients connect to (\S+:\d+)/.exec(server.output())?.[1] ?? "";
}, startMsMax);

afterAll(() => server[Symbol.asyncDispose]());

describe.each(versions)("kafka-topics %s with --zookeeper", (version) => {
  const topic = `zookeeper-logs-${version}`;
  const classPath = (): string => fetchDependencies(join(import.meta.dirname, `tools-${version}`));

  async function run(tool: Tool, args: readonly string[], stdin?: string): Promise<string> {
    const program = { mainClass: mainClasses[tool], args, classPath: classPath(), logLevel: "error" } as const;
    const end = await runJava(program, { timeoutMs: testMsMax, ...(stdin === undefined ? {} : { stdin }) });
    if (end.status !== 0) throw new Error(`${tool} ended with ${end.status}: ${end.stderr}${end.stdout}`);
    return end.stdout + end.stderr;
  }

  const topics = (...args: readonly string[]): Promise<string> => run("topics", ["--zookeeper", zookeeper, ...args]);

  async function idOf(name: string): Promise<unknown> {
    const response = await fetch(`${server.url}/v1/default/topics/${name}`);
    return ((await response.json()) as { readonly topicId?: unknown }).topicId;
  }

  const consume = (max: number): Promise<string> => {
    const all = ["--from-beginning", "--max-messages", String(max), "--timeout-ms", "30000"];
    return run("console-consumer", ["--bootstrap-server", server.bootstrap, "--topic", topic, ...all]);
  };

  test("creates a topic that can be produced to and consumed from at once", { timeout: testMsMax }, async () => {
    const created = await topics("--create", "--replication-factor", "1", "--partitions", "1", "--topic", topic);
    expect(created.replaceAll('"', "")).toContain(`Created topic ${topic}.`);
    await run("console-producer", ["--broker-list", server.bootstrap, "--topic", topic], "one\ntwo\nthree\n");
    expect(await consume(3)).toMatch(/^one\ntwo\nthree\n/);
  });

  test("lists and describes it, with a leader that lives", { timeout: testMsMax }, async () => {
    expect((await topics("--list")).split("\n")).toContain(topic);
    const described = await topics("--describe", "--topic", topic);
    expect(described).toMatch(/PartitionCount: ?1\s+ReplicationFactor: ?1/);
    expect(described).toMatch(/Partition: 0\s+Leader: 1\s+Replicas: 1\s+Isr: 1/);
    expect(await topics("--describe", "--unavailable-partitions")).toBe("");
    expect(await topics("--describe", "--under-replicated-partitions")).toBe("");
  });

  test("alters its partitions and its settings, and its records stay", { timeout: testMsMax }, async () => {
    const topicId = await idOf(topic);
    await topics("--alter", "--topic", topic, "--partitions", "3");
    await topics("--alter", "--topic", topic, "--config", "retention.ms=3600000");
    expect(await topics("--describe", "--topic", topic)).toMatch(
      /PartitionCount: ?3.*Configs: ?.*retention\.ms=3600000/,
    );
    const entity = ["--entity-type", "topics", "--entity-name", topic];
    await run("configs", ["--zookeeper", zookeeper, "--alter", ...entity, "--add-config", "max.message.bytes=2000000"]);
    expect(await run("configs", ["--zookeeper", zookeeper, "--describe", ...entity])).toContain(
      "max.message.bytes=2000000",
    );
    expect(await idOf(topic)).toBe(topicId);
    await run("console-producer", ["--broker-list", server.bootstrap, "--topic", topic], "four\n");
    const read = await consume(4);
    expect(["one", "two", "three", "four"].every((line) => read.includes(`${line}\n`))).toBe(true);
  });

  test("alters a topic that others created, and does not take its id", { timeout: testMsMax }, async () => {
    const name = `others-${version}`;
    const body = JSON.stringify({ name, partitions: 1 });
    const headers = { "content-type": "application/json" };
    await fetch(`${server.url}/v1/default/topics`, { method: "POST", headers, body });
    const topicId = await idOf(name);
    await topics("--alter", "--topic", name, "--partitions", "2");
    expect(await idOf(name)).toBe(topicId);
    expect(await topics("--describe", "--topic", name)).toMatch(/Partition: 1\s+Leader: 1\s+Replicas: 1/);
  });

  test("is refused what is not right", { timeout: testMsMax }, async () => {
    const again = topics("--create", "--replication-factor", "1", "--partitions", "1", "--topic", topic);
    await expect(again).rejects.toThrow("already exists");
    await expect(topics("--alter", "--topic", topic, "--partitions", "1")).rejects.toThrow("increased");
    const two = topics("--create", "--replication-factor", "2", "--partitions", "1", "--topic", "two");
    await expect(two).rejects.toThrow("larger than available brokers: 1");
  });

  test("deletes it", { timeout: testMsMax }, async () => {
    expect(await topics("--delete", "--topic", topic)).toContain("marked for deletion");
    const endMs = performance.now() + 1_000;
    while ((await idOf(topic)) !== undefined && performance.now() < endMs)
      await new Promise((done) => setTimeout(done, 20));
    expect(await idOf(topic)).toBeUndefined();
    expect(await topics("--list")).not.toContain(topic);
  });
});
