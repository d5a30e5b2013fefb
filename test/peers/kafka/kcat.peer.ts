/** kcat, as Debian has it: an old librdkafka, which reads only what is committed unless told otherwise. */
import { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StreamkeeperClient } from "../../../client/index.ts";
import { compressionTypes } from "../../../shared/record/compression-type.ts";
import { type Broker, brokers, brokerStartMsMax } from "./brokers.ts";
import { codecsOf } from "./expected-records.ts";
import { kcat, recordsIn, requireKcat, startKcat, waitUntil } from "./kcat.ts";
import { crc32Partition } from "./partitioners.ts";

const timeout = 120_000;
const recordsPerCodec = 20;
const inputBufferBytes = 70_000;

describe.each(brokers)("$name", ({ start }) => {
  let started: Broker | undefined;

  beforeAll(async () => {
    requireKcat();
    started = await start();
  }, brokerStartMsMax);

  afterAll(async () => {
    await started?.stop();
  });

  function broker(): Broker {
    if (started === undefined) throw new Error("the broker did not start");
    return started;
  }

  /** kcat cannot create topics. */
  async function create(topic: string, numPartitions: number): Promise<void> {
    const admin = new Kafka({ brokers: [broker().bootstrap], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
    await admin.disconnect();
  }

  const run = async (args: readonly string[], stdin?: string) => kcat(broker().bootstrap, args, stdin);
  const readAll = async (topic: string, ...more: string[]) =>
    recordsIn(await run(["-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J", ...more]));

  test("lists topics with their partitions and leaders", { timeout }, async () => {
    await create("kcat-listed", 3);
    const listed = JSON.parse(await run(["-L", "-J", "-t", "kcat-listed"])) as {
      brokers: { id: number; name: string }[];
      topics: { topic: string; partitions: { partition: number; leader: number }[] }[];
    };
    expect(listed.brokers.map(({ name }) => name)).toEqual([broker().bootstrap]);
    const [{ id } = { id: -1 }] = listed.brokers;
    const [topic] = listed.topics;
    expect(topic?.partitions.map(({ partition, leader }) => [partition, leader])).toEqual([
      [0, id],
      [1, id],
      [2, id],
    ]);
  });

  test("produces and consumes with every codec, each key where it belongs", { timeout }, async () => {
    const topic = "kcat-codecs";
    await create(topic, 3);
    const valueOf = (codec: string, index: number): string => `${codec} ${index} `.padEnd(300, "0123456789");
    for (const codec of compressionTypes) {
      const indexes = Array.from({ length: recordsPerCodec }, (_, index) => index);
      const lines = indexes.map((index) => `${codec}-${index}|${valueOf(codec, index)}\n`);
      const compress = ["-X", `compression.codec=${codec}`, "-H", `codec=${codec}`];
      await run(["-P", "-t", topic, "-K", "|", "-X", "linger.ms=50", ...compress], lines.join(""));
    }
    const records = await readAll(topic);
    const expected = compressionTypes.flatMap((codec) =>
      Array.from({ length: recordsPerCodec }, (_, index) => ({
        partition: crc32Partition(`${codec}-${index}`, 3),
        key: `${codec}-${index}`,
        value: valueOf(codec, index),
        headers: ["codec", codec],
      })),
    );
    for (let partition = 0; partition < 3; partition += 1) {
      const those = expected.filter((record) => record.partition === partition);
      expect(records.filter((record) => record.partition === partition)).toEqual(
        those.map((record, offset) => ({ ...record, offset })),
      );
    }
    const { url } = broker();
    if (url === undefined) return;
    const client = new StreamkeeperClient({ endpoint: url });
    const codecs = await Promise.all([0, 1, 2].map(async (partition) => codecsOf(client, topic, partition)));
    expect([...new Set(codecs.flat())].toSorted()).toEqual([...compressionTypes].toSorted());
  });

  test("produces idempotently, in order and without doubles", { timeout }, async () => {
    const topic = "kcat-idempotent";
    await create(topic, 1);
    const values = Array.from({ length: 500 }, (_, index) => `${index}`);
    const options = ["-X", "enable.idempotence=true", "-X", "batch.num.messages=10"];
    await run(["-P", "-t", topic, ...options], values.join("\n"));
    const records = await readAll(topic);
    expect(records.map(({ offset, value }) => [offset, value])).toEqual(values.map((value, offset) => [offset, value]));
  });

  test("commits a transaction at the end of its input, and aborts one that is interrupted", { timeout }, async () => {
    const topic = "kcat-transactions";
    await create(topic, 1);
    const transactional = ["-P", "-t", topic, "-X", "transactional.id=kcat", "-m", "30"];
    const uncommitted = ["-X", "isolation.level=read_uncommitted"];
    await run(transactional, "first\nsecond\n");
    const interrupted = startKcat(broker().bootstrap, [...transactional, "-X", "linger.ms=0"]);
    // It sends a line only when it has read much of what comes after.
    interrupted.write(`third\n${"x".repeat(inputBufferBytes)}`);
    let seen: (string | null)[] = [];
    const endMs = Date.now() + timeout / 2;
    while (!seen.includes("third") && Date.now() < endMs) {
      seen = (await readAll(topic, ...uncommitted)).map(({ value }) => value);
    }
    await interrupted.stop("SIGINT");
    await run(transactional, "fourth\n");
    const values = async (...more: string[]) => (await readAll(topic, ...more)).map(({ value }) => value);
    expect(await values()).toEqual(["first", "second", "fourth"]);
    expect(await values(...uncommitted)).toEqual(["first", "second", "third", "fourth"]);
  });

  test("consumes from an offset, from a time, and asks for the offset of a time", { timeout }, async () => {
    const topic = "kcat-time";
    await create(topic, 2);
    const produce = async (first: number): Promise<void> => {
      const lines = [0, 1, 2].map((index) => `${first + index}\n`).join("");
      await run(["-P", "-t", topic, "-p", "0"], lines);
    };
    await produce(0);
    const betweenMs = Date.now() + 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
    await produce(3);
    const valuesFrom = async (...options: string[]) =>
      recordsIn(await run(["-C", "-t", topic, "-p", "0", "-q", "-J", ...options])).map(({ value }) => value);
    expect(await valuesFrom("-o", "2", "-c", "2")).toEqual(["2", "3"]);
    expect(await valuesFrom("-o", "-2", "-e")).toEqual(["4", "5"]);
    expect(await valuesFrom("-o", `s@${betweenMs}`, "-e")).toEqual(["3", "4", "5"]);
    expect(await valuesFrom("-o", "beginning", "-o", `e@${betweenMs}`)).toEqual(["0", "1", "2"]);
    const asked = ["-t", `${topic}:0:${betweenMs}`, "-t", `${topic}:0:${betweenMs + 3_600_000}`];
    expect(await run(["-Q", ...asked.slice(0, 2)])).toBe(`${topic} [0] offset 3\n`);
    expect(await run(["-Q", ...asked.slice(2)])).toBe(`${topic} [0] offset -1\n`);
    expect(await run(["-Q", "-t", `${topic}:0:-2`, "-t", `${topic}:1:-1`])).toBe(
      `${topic} [0] offset 0\n${topic} [1] offset 0\n`,
    );
  });

  test.each(["range", "cooperative-sticky"])("keeps a group going (%s)", { timeout }, async (assignor) => {
    const topic = `kcat-group-${assignor}`;
    await create(topic, 4);
    const produce = async (first: number): Promise<void> => {
      for (const partition of [0, 1, 2, 3]) {
        const lines = [0, 1, 2, 3, 4].map((index) => `${first + partition * 5 + index}\n`);
        await run(["-P", "-t", topic, "-p", `${partition}`], lines.join(""));
      }
    };
    const join = () => {
      const settings = {
        "auto.offset.reset": "earliest",
        "auto.commit.interval.ms": "100",
        "partition.assignment.strategy": assignor,
        "session.timeout.ms": "10000",
        "heartbeat.interval.ms": "500",
      };
      const options = Object.entries(settings).flatMap(([name, value]) => ["-X", `${name}=${value}`]);
      return startKcat(broker().bootstrap, ["-G", topic, ...options, "-J", "-u", topic]);
    };
    const valuesOf = (...members: ReturnType<typeof join>[]) =>
      members.flatMap((member) => member.records().map(({ value }) => Number(value))).toSorted((x, y) => x - y);
    const numbers = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);

    await produce(0);
    const a = join();
    await waitUntil(() => valuesOf(a).length >= 20, "the first values");
    const b = join();
    await waitUntil(() => a.assigned().length === 2 && b.assigned().length === 2, "two partitions each");
    await produce(20);
    await waitUntil(() => valuesOf(a, b).length >= 40, "the values of both");
    expect(valuesOf(b).length).toBe(10);
    await b.stop("SIGTERM");
    await produce(40);
    await waitUntil(() => valuesOf(a, b).length >= 60, "the values of the one that is left");
    await a.stop("SIGTERM");
    expect(valuesOf(a, b)).toEqual(numbers(0, 60));
    await produce(60);
    const later = join();
    await waitUntil(() => valuesOf(later).length >= 20, "the values of a later member");
    await later.stop("SIGTERM");
    expect(valuesOf(later)).toEqual(numbers(60, 20));
  });
});
