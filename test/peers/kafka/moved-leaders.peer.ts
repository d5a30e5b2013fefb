/**
 * Producers of librdkafka and of Java that have several batches in flight, while the gateway that leads is killed, and while it comes
 * back: then partitions move from a gateway that lives, too.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel } from "kafkajs";
import { expect, test, vi } from "vitest";
import { Consumed, startKafkaJsMember } from "../../gateway/kafka/sequenced-load.ts";
import { GatewayProcesses } from "./gateway-processes.ts";
import { requireKcat } from "./kcat.ts";
import { kafkaClassPath, startKafkaTool } from "./real-kafka.ts";

const kills = Number(process.env["STREAMKEEPER_KILLS"] ?? 4);
const awayMs = 3_000;
const togetherMs = 4_000;
const recordsPerSecond = 1_000;
const topic = "orders";

interface Feed {
  /** How many were sent, when all of them are acknowledged. */
  stop(): Promise<number>;
}

/** Numbers from 0 on. */
function startKcatFeed(bootstrap: string): Feed {
  const settings = ["enable.idempotence=true", "linger.ms=5", "topic.metadata.refresh.interval.ms=1000"];
  const options = settings.flatMap((setting) => ["-X", setting]);
  const child = spawn("kcat", ["-P", "-b", bootstrap, "-t", topic, "-p", "0", ...options], {
    stdio: ["pipe", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  const ended = once(child, "close");
  let sent = 0;
  const feeding = setInterval(() => {
    for (let index = 0; index < recordsPerSecond / 20; index += 1) child.stdin.write(`${sent++}\n`);
  }, 50);
  return {
    stop: async () => {
      clearInterval(feeding);
      child.stdin.end();
      const [status] = (await ended) as [number | null];
      if (status !== 0) throw new Error(`kcat ended with ${status}: ${complaint}`);
      return sent;
    },
  };
}

/** Numbers from 0 on, to a topic of their own: Kafka's verifiable producer with its retries, as its producers have them by default. */
function startJavaFeed(bootstrap: string, folder: string): Feed {
  const config = join(folder, "producer.properties");
  const names = ["retries=2147483647", "enable.idempotence=true", "linger.ms=5", "metadata.max.age.ms=1000"];
  writeFileSync(config, names.join("\n"));
  const java = startKafkaTool("org.apache.kafka.tools.VerifiableProducer", [
    "--bootstrap-server",
    bootstrap,
    "--topic",
    "java",
    "--throughput",
    String(recordsPerSecond),
    "--acks",
    "-1",
    "--producer.config",
    config,
  ]);
  return {
    stop: async () => {
      const { stdout, stderr } = await java.kill("SIGTERM");
      const failed = stdout.split("\n").filter((line) => line.includes("producer_send_error"));
      if (failed.length > 0) throw new Error(failed.slice(0, 3).join("\n"));
      const [, sent, acked] = /"name":"tool_data","sent":(\d+),"acked":(\d+)/.exec(stdout) ?? [];
      if (sent === undefined || sent !== acked) throw new Error(`${acked} of ${sent} acknowledged: ${stderr}`);
      return Number(sent);
    },
  };
}

test(`the leader is killed ${kills} times under producers with batches in flight`, { timeout: 600_000 }, async () => {
  requireKcat();
  kafkaClassPath();
  const folder = mkdtempSync(join(tmpdir(), "streamkeeper-moved-"));
  await using gateways = await GatewayProcesses.start(3);
  const retry = { retries: 100, initialRetryTime: 100, maxRetryTime: 1_000 };
  const kafka = new Kafka({ brokers: [...gateways.bootstrap], retry, logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const created = {
    topics: [
      { topic, numPartitions: 1 },
      { topic: "java", numPartitions: 1 },
    ],
    waitForLeaders: true,
  };
  await admin.createTopics(created);
  const bootstrap = gateways.bootstrap.join(",");
  const feeds = new Map([
    [topic, startKcatFeed(bootstrap)],
    ["java", startJavaFeed(bootstrap, folder)],
  ]);
  for (let kill = 0; kill < kills; kill += 1) {
    await sleep(togetherMs);
    const { topics } = await admin.fetchTopicMetadata({ topics: [kill % 2 === 0 ? topic : "java"] });
    const leader = (topics[0]?.partitions[0]?.leader ?? 1) - 1;
    await gateways.kill(leader);
    await sleep(awayMs);
    await gateways.begin(leader);
  }
  await sleep(togetherMs);
  for (const [name, feed] of feeds) {
    const sent = await feed.stop();
    const consumed = new Consumed();
    const member = await startKafkaJsMember(kafka, name, `reader-of-${name}`, consumed);
    await vi.waitFor(() => expect(consumed.count).toBeGreaterThanOrEqual(sent), { timeout: 60_000, interval: 200 });
    const [end] = await admin.fetchTopicOffsets(name);
    const values = Array.from({ length: sent }, (_, offset) => consumed.valueAt(0, offset));
    expect(values.findIndex((value, offset) => value !== String(offset))).toBe(-1);
    expect([name, consumed.problems, Number(end?.high)]).toEqual([name, [], sent]);
    process.stdout.write(`${name}: ${sent} records in order\n`);
    await member.disconnect();
  }
  await admin.disconnect();
  rmSync(folder, { recursive: true });
});
