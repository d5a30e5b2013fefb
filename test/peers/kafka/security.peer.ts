/** Users, access control lists and quotas by Kafka's own tools and librdkafka, over TLS. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type OurKafka, startOurKafka } from "./our-kafka.ts";
import { runKafkaTool } from "./real-kafka.ts";

const timeout = 300_000;
const run = promisify(execFile);
const root = join(import.meta.dirname, "..", "..", "..");
const tls = join(root, "test", "fixtures", "tls");
const cert = join(tls, "localhost.crt");
const configCommand = "kafka.admin.ConfigCommand";
const aclCommand = "org.apache.kafka.tools.AclCommand";

let kafka: OurKafka;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "streamkeeper-security-"));
  const encrypted = ["--kafka-tls-cert", cert, "--kafka-tls-key", join(tls, "localhost.key")];
  kafka = await startOurKafka({
    serveOptions: ["--kafka-sasl", "--kafka-acl", "deny", "--kafka-super-user", "admin", ...encrypted],
  });
  const env = { ...process.env, STREAMKEEPER_USER_PASSWORD: "admin-secret" };
  const server = ["--endpoint", kafka.url, "--data", kafka.dataFolder];
  const users = [join(root, "local", "bin", "streamkeeper.js"), "users", "create", "admin", ...server];
  await run(process.execPath, users, { env });
  for (const user of ["admin", "alice", "bob"]) await writeFile(propertiesOf(user), clientProperties(user));
}, timeout);
afterAll(async () => {
  await kafka.stop();
  await rm(folder, { recursive: true, force: true });
});

function propertiesOf(user: string): string {
  return join(folder, `${user}.properties`);
}

function clientProperties(user: string): string {
  const login = "org.apache.kafka.common.security.scram.ScramLoginModule";
  return [
    "security.protocol=SASL_SSL",
    "sasl.mechanism=SCRAM-SHA-512",
    `sasl.jaas.config=${login} required username="${user}" password="${user}-secret";`,
    "ssl.truststore.type=PEM",
    `ssl.truststore.location=${cert}`,
    "",
  ].join("\n");
}

async function tool(mainClass: string, user: string, args: readonly string[], stdin?: string): Promise<string> {
  const all = ["--bootstrap-server", kafka.bootstrap, "--command-config", propertiesOf(user), ...args];
  const { stdout, stderr } = await runKafkaTool(mainClass, all, {
    logLevel: "error",
    ...(stdin === undefined ? {} : { stdin }),
  });
  return stdout + stderr;
}

describe("Kafka's own tools", { timeout }, () => {
  test("kafka-configs makes users, and tells of them", async () => {
    for (const user of ["alice", "bob"]) {
      const credential = `SCRAM-SHA-512=[iterations=4096,password=${user}-secret]`;
      const entity = ["--entity-type", "users", "--entity-name", user];
      const made = await tool(configCommand, "admin", ["--alter", "--add-config", credential, ...entity]);
      expect(made).toContain(`Completed updating config for user ${user}.`);
    }
    const told = await tool(configCommand, "admin", ["--describe", "--entity-type", "users"]);
    expect(told).toContain("user-principal 'alice' are SCRAM-SHA-512=iterations=4096");
  });

  test("kafka-acls lets alice produce and consume, and nobody else", async () => {
    expect(await tool(aclCommand, "alice", ["--list"])).toContain("ClusterAuthorizationException");
    const alice = ["--add", "--allow-principal", "User:alice", "--topic", "hello"];
    await tool(aclCommand, "admin", [...alice, "--producer"]);
    await tool(aclCommand, "admin", [
      ...alice,
      "--consumer",
      "--group",
      "readers-",
      "--resource-pattern-type",
      "prefixed",
    ]);
    const listed = await tool(aclCommand, "admin", ["--list"]);
    expect(listed).toContain("(principal=User:alice, host=*, operation=WRITE, permissionType=ALLOW)");
    expect(listed).toContain("resourceType=GROUP, name=readers-, patternType=PREFIXED");
    const produce = "org.apache.kafka.tools.ConsoleProducer";
    expect(await tool(produce, "alice", ["--topic", "hello"], "one\ntwo\n")).not.toContain("ERROR");
    expect(await tool(produce, "bob", ["--topic", "hello"], "three\n")).toContain(
      "Not authorized to access topics: [hello]",
    );
    const consume = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    const all = ["--topic", "hello", "--from-beginning", "--max-messages", "2", "--timeout-ms", "60000"];
    expect(await tool(consume, "alice", [...all, "--group", "readers-1"])).toMatch(/^one\ntwo\n/);
    expect(await tool(consume, "alice", [...all, "--group", "others"])).toContain(
      "Not authorized to access group: others",
    );
  });

  test("kafka-configs sets quotas that are enforced, and is refused those that are not", async () => {
    const entity = ["--entity-type", "clients", "--entity-name", "slow"];
    const set = (config: string) => tool(configCommand, "admin", ["--alter", "--add-config", config, ...entity]);
    expect(await set("producer_byte_rate=1048576")).toContain("Completed updating config for client slow");
    expect(await tool(configCommand, "admin", ["--describe", ...entity])).toContain("producer_byte_rate=1048576.0");
    expect(await set("request_percentage=50")).toContain("request_percentage is not enforced here");
  });
});

describe("librdkafka", { timeout }, () => {
  async function list(mechanism: string, password: string): Promise<string> {
    const properties = { "sasl.mechanisms": mechanism, "sasl.username": "admin", "sasl.password": password };
    const all = { "security.protocol": "SASL_SSL", "ssl.ca.location": cert, ...properties };
    const options = Object.entries(all).flatMap(([key, value]) => ["-X", `${key}=${value}`]);
    const end = await run("kcat", ["-b", kafka.bootstrap, "-m", "5", "-L", ...options]).catch((error: unknown) => {
      return error as { readonly stdout: string; readonly stderr: string };
    });
    return end.stdout + end.stderr;
  }

  test.each(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])(
    "gets in by %s, with the right password",
    async (mechanism) => {
      expect(await list(mechanism, "admin-secret")).toContain('topic "hello"');
      expect(await list(mechanism, "wrong")).toContain("invalid credentials");
    },
  );
});
