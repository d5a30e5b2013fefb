import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { advertisedOf, nodeIdFrom, portOf, sessionTimeoutOf } from "../../local/kafka-options.ts";

const shim = fileURLToPath(new URL("../../local/bin/streamkeeper.js", import.meta.url));

test("streamkeeper gateway serves Kafka's clients and its metrics until Ctrl-C", async () => {
  const args = [
    "gateway",
    "--store",
    "memory",
    "--kafka-port",
    "0",
    "--metrics-port",
    "0",
    "--advertised-host",
    "gw.example",
  ];
  const child = spawn(process.execPath, [shim, ...args]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, "exit");
  await expect.poll(() => output, { timeout: 20_000, interval: 20 }).toContain("Ctrl-C");
  expect(output).toMatch(/Kafka's clients connect to gw\.example:\d+\n/);
  const url = /Metrics: (\S+)/.exec(output)?.[1] ?? "";
  expect(await (await fetch(url)).text()).toContain("process_resident_memory_bytes");
  expect((await fetch(new URL("/v1/default/topics", url))).status).toBe(404);
  child.kill("SIGINT");
  expect(await ended).toEqual([0, null]);
});

test("says in one line why it cannot begin", () => {
  const env = { ...process.env, STREAMKEEPER_LOG_TABLE: "" };
  const { status, stderr } = spawnSync(process.execPath, [shim, "gateway"], { env, encoding: "utf8" });
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^streamkeeper: cannot use AWS: .*STREAMKEEPER_LOG_TABLE.*\n$/),
  ]);
});

test("says in one line that it would not look at the folder which it is given", () => {
  const { status, stderr } = spawnSync(process.execPath, [shim, "gateway", "--data", "x"], { encoding: "utf8" });
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^streamkeeper: --data has no effect with --store aws: .*\n$/),
  ]);
});

test("says in one line that the environment's superuser is none, and in its help how ZooKeeper's clients connect", () => {
  const args = [shim, "gateway", "--store", "memory", "--kafka-port", "0", "--zookeeper-port", "0"];
  const env = { ...process.env, STREAMKEEPER_SUPER_DIGEST: "super:secret" };
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8", timeout: 20_000 });
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^streamkeeper: STREAMKEEPER_SUPER_DIGEST .*\n$/)]);
  const help = spawnSync(process.execPath, [...args, "--help"], { encoding: "utf8" });
  expect(help.stdout).toMatch(/\$ zkCli\.sh -server/);
});

test("ends when the port for ZooKeeper's clients is taken", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  const args = ["gateway", "--store", "memory", "--kafka-port", "0", "--zookeeper-port", `${port}`];
  const { status, stderr } = spawnSync(process.execPath, [shim, ...args], { encoding: "utf8", timeout: 20_000 });
  holder.close();
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^streamkeeper: cannot listen on .* is taken; .*\n$/)]);
});

test("options are what they say, or say what they must be", () => {
  expect(advertisedOf("gw.example")).toEqual({ advertisedHost: "gw.example" });
  expect(advertisedOf("gw.example:9094")).toEqual({ advertisedHost: "gw.example", advertisedPort: 9_094 });
  expect(advertisedOf("[2001:db8::1]:9094")).toEqual({ advertisedHost: "2001:db8::1", advertisedPort: 9_094 });
  for (const text of ["", ":9092", "a b", "h:", "h:65536", "PLAINTEXT://h:1"])
    expect(() => advertisedOf(text)).toThrow();
  expect([nodeIdFrom("0"), sessionTimeoutOf("6000"), portOf("0")]).toEqual([0, 6_000, 0]);
  for (const text of ["-1", "1.5", "x", ""]) expect(() => nodeIdFrom(text)).toThrow("from 0 to 2147483647");
  for (const text of ["999", "600001", "x"]) expect(() => sessionTimeoutOf(text)).toThrow("milliseconds");
});
