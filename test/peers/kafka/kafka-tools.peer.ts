/** Kafka's own command line tools do their work on ours as on Apache Kafka. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOurKafka } from "./our-kafka.ts";
import { kafkaClassPath, runKafkaTool, startKafkaTool, startRealKafka } from "./real-kafka.ts";

const startMsMax = 10 * 60_000;
const testMsMax = 120_000;
const user = "User:alice";

const mainClasses = {
  topics: "org.apache.kafka.tools.TopicCommand",
  configs: "kafka.admin.ConfigCommand",
  "console-producer": "org.apache.kafka.tools.ConsoleProducer",
  "console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
  "consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
  groups: "org.apache.kafka.tools.GroupsCommand",
  acls: "org.apache.kafka.tools.AclCommand",
  "get-offsets": "org.apache.kafka.tools.GetOffsetShell",
  "delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
  transactions: "org.apache.kafka.tools.TransactionsCommand",
  "producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
  "consumer-perf-test": "org.apache.kafka.tools.ConsumerPerformance",
  "verifiable-producer": "org.apache.kafka.tools.VerifiableProducer",
  "verifiable-consumer": "org.apache.kafka.tools.VerifiableConsumer",
  "broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
  cluster: "org.apache.kafka.tools.ClusterTool",
} as const;
type Tool = keyof typeof mainClasses;

interface Server extends AsyncDisposable {
  readonly bootstrap: string;
}

const folder = mkdtempSync(join(tmpdir(), "streamkeeper-tools-"));

beforeAll(() => {
  kafkaClassPath();
}, startMsMax);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const servers: readonly (readonly [string, () => Promise<Server>])[] = [
  [
    "Apache Kafka",
    () =>
      startRealKafka({
        properties: {
          "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
          "allow.everyone.if.no.acl.found": "true",
          "super.users": "User:ANONYMOUS",
        },
      }),
  ],
  ["ours", () => startOurKafka({ serveOptions: ["--kafka-acl", "allow", "--kafka-super-user", "ANONYMOUS"] })],
];

describe.each(servers)("on %s", (_name, start) => {
  let server: Server;

  beforeAll(async () => {
    server = await start();
  }, startMsMax);

  afterAll(() => server[Symbol.asyncDispose]());

  /** What the tool writes. */
  async function run(tool: Tool, args: readonly string[], stdin?: string): Promise<string> {
    const all = ["--bootstrap-server", server.bootstrap, ...args];
    const options = { timeoutMs: testMsMax, ...(stdin === undefined ? {} : { stdin }) };
    const end = await runKafkaTool(mainClasses[tool], all, options);
    if (end.status !== 0) throw new Error(`kafka-${tool} ended with ${end.status}: ${end.stderr}${end.stdout}`);
    return end.stdout + end.stderr;
  }

  async function create(topic: string, partitions: number): Promise<void> {
    await run("topics", ["--create", "--topic", topic, "--partitions", String(partitions)]);
  }

  async function lines(topic: string, count: number): Promise<void> {
    const text = Array.from({ length: count }, (_, index) => `key${index}:value ${index}\n`).join("");
    const keyed = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"];
    expect(await run("console-producer", ["--topic", topic, ...keyed], text)).toBe("");
  }

  test("kafka-topics creates, lists, describes, grows and deletes", { timeout: testMsMax }, async () => {
    expect(
      await run("topics", ["--create", "--topic", "t1", "--partitions", "2", "--config", "retention.ms=60000"]),
    ).toContain("Created topic t1");
    expect((await run("topics", ["--list"])).split("\n")).toContain("t1");
    await run("topics", ["--alter", "--topic", "t1", "--partitions", "3"]);
    const described = await run("topics", ["--describe", "--topic", "t1"]);
    expect(described).toMatch(
      /Topic: t1\s+TopicId: \S{22}\s+PartitionCount: 3\s+ReplicationFactor: 1\s+Configs: .*retention\.ms=60000/,
    );
    expect(described.match(/Partition: \d\s+Leader: \d+\s+Replicas: \d+\s+Isr: \d+/g)).toHaveLength(3);
    await run("topics", ["--delete", "--topic", "t1"]);
    expect((await run("topics", ["--list"])).split("\n")).not.toContain("t1");
    await expect(run("topics", ["--describe", "--topic", "t1"])).rejects.toThrow("does not exist");
  });

  test("kafka-configs describes, sets and removes a topic's settings", { timeout: testMsMax }, async () => {
    await create("settings", 1);
    const topic = ["--entity-type", "topics", "--entity-name", "settings"];
    await run("configs", ["--alter", ...topic, "--add-config", "retention.ms=120000,cleanup.policy=[compact,delete]"]);
    const set = await run("configs", ["--describe", ...topic]);
    expect(set).toMatch(/retention\.ms=120000/);
    expect(set).toMatch(/cleanup\.policy=(compact,delete|delete,compact)/);
    await run("configs", ["--alter", ...topic, "--delete-config", "retention.ms"]);
    expect(await run("configs", ["--describe", ...topic])).not.toContain("retention.ms");
    expect(await run("configs", ["--describe", "--all", ...topic])).toContain("retention.ms=604800000");
    await expect(run("configs", ["--alter", ...topic, "--add-config", "retention.ms=soon"])).rejects.toThrow(
      "retention.ms",
    );
  });

  test("kafka-configs keeps SCRAM credentials of users", { timeout: testMsMax }, async () => {
    const alice = ["--entity-type", "users", "--entity-name", "alice"];
    await run("configs", ["--alter", ...alice, "--add-config", "SCRAM-SHA-256=[iterations=8192,password=secret]"]);
    await run("configs", ["--alter", ...alice, "--add-config", "SCRAM-SHA-512=[password=secret]"]);
    const both = await run("configs", ["--describe", ...alice]);
    expect(both).toContain("SCRAM-SHA-256=iterations=8192");
    expect(both).toContain("SCRAM-SHA-512=iterations=4096");
    await run("configs", ["--alter", ...alice, "--delete-config", "SCRAM-SHA-256"]);
    expect(await run("configs", ["--describe", ...alice])).not.toContain("SCRAM-SHA-256");
  });

  test("kafka-acls adds, lists and removes", { timeout: testMsMax }, async () => {
    const rule = [
      "--allow-principal",
      user,
      "--operation",
      "Read",
      "--topic",
      "secret",
      "--resource-pattern-type",
      "prefixed",
    ];
    await run("acls", ["--add", ...rule]);
    const listed = await run("acls", ["--list", "--topic", "secret", "--resource-pattern-type", "prefixed"]);
    expect(listed).toMatch(/resourceType=TOPIC, name=secret, patternType=PREFIXED/);
    expect(listed).toMatch(/principal=User:alice, host=\*, operation=READ, permissionType=ALLOW/);
    await run("acls", ["--remove", "--force", ...rule]);
    expect(await run("acls", ["--list", "--topic", "secret"])).not.toContain("alice");
  });

  test("kafka-console-producer and kafka-console-consumer pass lines", { timeout: testMsMax }, async () => {
    await create("lines", 2);
    await lines("lines", 20);
    const read = ["--topic", "lines", "--from-beginning", "--max-messages", "20"];
    const output = await run("console-consumer", [...read, "--formatter-property", "print.key=true"]);
    const expected = Array.from({ length: 20 }, (_, index) => `key${index}\tvalue ${index}`);
    expect(
      output
        .split("\n")
        .filter((line) => line.startsWith("key"))
        .toSorted(),
    ).toEqual(expected.toSorted());
    const one = await run("console-consumer", [
      "--topic",
      "lines",
      "--partition",
      "0",
      "--offset",
      "2",
      "--max-messages",
      "1",
    ]);
    expect(one).toMatch(/^value \d+$/m);
  });

  test("kafka-get-offsets and kafka-delete-records agree on what is there", { timeout: testMsMax }, async () => {
    await create("offsets", 2);
    await lines("offsets", 20);
    const offsets = async (time: string): Promise<number[]> => {
      const output = await run("get-offsets", ["--topic", "offsets", "--time", time]);
      return [0, 1].map((partition) => Number(new RegExp(`offsets:${partition}:(\\d*)`).exec(output)?.[1]));
    };
    const [first = 0, second = 0] = await offsets("latest");
    expect(first + second).toBe(20);
    expect(await offsets("earliest")).toEqual([0, 0]);
    const file = join(folder, "delete-records.json");
    writeFileSync(file, JSON.stringify({ version: 1, partitions: [{ topic: "offsets", partition: 0, offset: 3 }] }));
    expect(await run("delete-records", ["--offset-json-file", file])).toContain("low_watermark: 3");
    expect(await offsets("earliest")).toEqual([3, 0]);
  });

  test("kafka-consumer-groups lists, describes, resets and deletes", { timeout: testMsMax }, async () => {
    await create("grouped", 1);
    await lines("grouped", 10);
    const group = ["--group", "readers"];
    await run("console-consumer", ["--topic", "grouped", "--from-beginning", "--max-messages", "4", ...group]);
    expect((await run("consumer-groups", ["--list"])).split("\n")).toContain("readers");
    expect(await run("consumer-groups", ["--describe", ...group])).toMatch(/readers\s+grouped\s+0\s+4\s+10\s+6\s/);
    expect(await run("consumer-groups", ["--describe", "--state", ...group])).toMatch(/readers\s.*Empty\s+0/);
    const reset = ["--reset-offsets", "--topic", "grouped", "--shift-by", "-3", ...group];
    expect(await run("consumer-groups", [...reset, "--execute"])).toMatch(/readers\s+grouped\s+0\s+1/);
    const time = ["--reset-offsets", "--topic", "grouped", "--to-datetime", "2020-01-01T00:00:00.000", ...group];
    expect(await run("consumer-groups", [...time, "--dry-run"])).toMatch(/readers\s+grouped\s+0\s+0/);
    expect(await run("consumer-groups", ["--delete", ...group])).toContain("successful");
    expect((await run("consumer-groups", ["--list"])).split("\n")).not.toContain("readers");
  });

  test("kafka-consumer-groups sees the members of both protocols", { timeout: testMsMax }, async () => {
    await create("watched", 2);
    for (const protocol of ["classic", "consumer"]) {
      const args = ["--bootstrap-server", server.bootstrap, "--topic", "watched", "--group", `watching-${protocol}`];
      args.push("--consumer-property", `group.protocol=${protocol}`);
      await using _consumer = startKafkaTool(mainClasses["console-consumer"], args);
      let members = "";
      for (let tries = 0; tries < 10 && !/watched\(0,1\)|watched:0,1/.test(members); tries += 1) {
        await sleep(500);
        const describeMembers = ["--describe", "--members", "--verbose", "--group", `watching-${protocol}`];
        members = await run("consumer-groups", describeMembers).catch(() => "");
      }
      expect(members).toMatch(/console-consumer\s+2\s/);
      expect(await run("groups", ["--list"])).toMatch(new RegExp(`watching-${protocol}\\s+${protocol}\\s`, "i"));
    }
  });

  test("kafka-verifiable-producer and kafka-verifiable-consumer agree", { timeout: testMsMax }, async () => {
    await create("verified", 3);
    const produced = await run("verifiable-producer", ["--topic", "verified", "--max-messages", "500", "--acks", "-1"]);
    expect(produced).toContain('"name":"tool_data","sent":500,"acked":500');
    const consume = [
      "--topic",
      "verified",
      "--group-id",
      "verifiers",
      "--max-messages",
      "500",
      "--reset-policy",
      "earliest",
    ];
    const consumed = await run("verifiable-consumer", consume);
    const counts = [...consumed.matchAll(/"name":"records_consumed","count":(\d+)/g)].map((match) => Number(match[1]));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(500);
    expect(consumed).toContain('"name":"offsets_committed"');
    expect(consumed).not.toContain('"success":false');
  });

  test("kafka-producer-perf-test and kafka-consumer-perf-test run to their ends", { timeout: testMsMax }, async () => {
    await create("fast", 2);
    const load = ["--topic", "fast", "--num-records", "5000", "--record-size", "200", "--throughput", "-1"];
    expect(await run("producer-perf-test", [...load, "--command-property", "acks=all"])).toMatch(
      /^5000 records sent, /m,
    );
    const transactional = ["--transactional-id", "perf", "--transaction-duration-ms", "100"];
    expect(await run("producer-perf-test", [...load, ...transactional])).toMatch(/^5000 records sent, /m);
    const read = await run("consumer-perf-test", ["--topic", "fast", "--num-records", "10000", "--hide-header"]);
    expect(Number(read.trimEnd().split(", ")[4])).toBeGreaterThanOrEqual(10_000);
  });

  test("kafka-transactions lists, describes and finds none that hang", { timeout: testMsMax }, async () => {
    await create("transacted", 1);
    const load = ["--topic", "transacted", "--num-records", "10", "--record-size", "10", "--throughput", "-1"];
    await run("producer-perf-test", [...load, "--transactional-id", "listed", "--transaction-duration-ms", "50"]);
    expect(await run("transactions", ["list"])).toMatch(/listed\s+\d+\s+\d+\s+CompleteCommit/);
    expect(await run("transactions", ["describe", "--transactional-id", "listed"])).toMatch(
      /listed\s+\d+\s+\d+\s+CompleteCommit/,
    );
    const producers = await run("transactions", ["describe-producers", "--topic", "transacted", "--partition", "0"]);
    expect(producers).toMatch(/^\d+\s+\d+\s+\d+\s+-?\d+\s+\d+\s+None/m);
    const { id } = await brokerOf(server.bootstrap);
    expect(await run("transactions", ["find-hanging", "--broker-id", id])).toMatch(/^Topic\s+Partition\s+ProducerId/m);
  });

  test("kafka-broker-api-versions and kafka-cluster name the server", { timeout: testMsMax }, async () => {
    expect(await run("broker-api-versions", [])).toMatch(/Produce\(0\): \d+ to \d+/);
    const { status, stdout } = await runKafkaTool(mainClasses.cluster, [
      "cluster-id",
      "--bootstrap-server",
      server.bootstrap,
    ]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^Cluster ID: \S+/) });
  });
});

async function brokerOf(bootstrap: string): Promise<{ readonly id: string }> {
  const { stdout } = await runKafkaTool(mainClasses["broker-api-versions"], ["--bootstrap-server", bootstrap]);
  return { id: /\(id: (\d+) /.exec(stdout)?.[1] ?? "" };
}
