import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";
import { expectBytes, expectEntry, freshLogId, patternBytes, sampleEntry } from "../shared/storage/contract/samples.ts";
import { dynoxideProgram, startDynalite, startDynamoDb } from "./dynamodb-emulator.ts";
import { createEmulatedResources, openEmulatedStorage } from "./emulated-storage.ts";
import { type Emulators, startEmulators } from "./emulators.ts";
import { startServerProcess } from "./server-process.ts";

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "emulators-"));
  cleanups.push(async () => await rm(folder, { recursive: true }));
  return folder;
}

async function isOpen(endpoint: string): Promise<boolean> {
  const socket = createConnection(Number(new URL(endpoint).port), "127.0.0.1");
  return await new Promise((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  }).then((open) => {
    socket.destroy();
    return open === true;
  });
}

test("starts on free ports of this machine only, and leaves nothing behind", async () => {
  const [left, right] = await Promise.all([startEmulators(), startEmulators({ dynamoDb: startDynalite })]);
  const endpoints = [left, right].flatMap((emulators) => [emulators.endpoints.dynamodb, emulators.endpoints.s3]);
  expect(new Set(endpoints).size).toBe(4);
  for (const endpoint of endpoints) expect(new URL(endpoint).hostname).toBe("127.0.0.1");
  await Promise.all([left.stop(), right.stop()]);
  for (const endpoint of endpoints) expect(await isOpen(endpoint)).toBe(false);
});

test.runIf(dynoxideProgram() !== undefined)("prefers dynoxide", async () => {
  const emulator = await startDynamoDb();
  cleanups.push(emulator.stop);
  expect(emulator.name).toBe("dynoxide");
});

test.runIf(dynoxideProgram() !== undefined)("keeps tables and blobs in a folder", async () => {
  const folder = await freshFolder();
  const environment = createNodeEnvironment();
  const entry = sampleEntry(freshLogId(), 0);
  const start = async (): Promise<Emulators> => await startEmulators({ folder });

  const before = await start();
  const names = await createEmulatedResources(before, environment, "kept");
  const written = openEmulatedStorage(before, environment, names);
  await written.logs.putIfAbsent(entry);
  await written.blobs.put("a/b", [patternBytes(1_000)]);
  await written.close();
  await before.stop();

  const after = await start();
  cleanups.push(after.stop);
  const read = openEmulatedStorage(after, environment, names);
  expectEntry(await read.logs.readLast(entry.logId), entry);
  expectBytes(await read.blobs.get("a/b"), patternBytes(1_000));
  await read.close();
});

test("says what is wrong when a program does not start", async () => {
  const program = process.execPath;
  const failing = startServerProcess({ program, arguments: () => ["-e", 'throw new Error("no luck")'] });
  await expect(failing).rejects.toThrow(/does not listen on port [^]*no luck/);
  const missing = startServerProcess({ program: "/no/such/program", arguments: () => [] });
  await expect(missing).rejects.toThrow(/does not listen on port/);
});

test("takes the servers with it when it is killed", async () => {
  const script = `
    const { startDynamoDb } = await import(${JSON.stringify(join(import.meta.dirname, "dynamodb-emulator.ts"))});
    const { endpoint } = await startDynamoDb();
    console.log(endpoint);
    await new Promise(() => setInterval(() => {}, 1000));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  cleanups.push(async () => child.kill("SIGKILL"));
  const [endpoint] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  expect(await isOpen(endpoint.trim())).toBe(true);
  child.kill("SIGKILL");
  await vi.waitFor(async () => expect(await isOpen(endpoint.trim())).toBe(false), { timeout: 5_000 });
});

test("runs as a program that prints what to set, until it is interrupted", async () => {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, "main.ts"), "--name", "by-hand"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  cleanups.push(async () => child.kill("SIGKILL"));
  let output = "";
  child.stdout?.setEncoding("utf8");
  while (!output.includes("STREAMKEEPER_DUTY_QUEUE_URL=")) {
    const [text] = (await once(child.stdout ?? child, "data")) as [string];
    output += text;
  }
  const variables = new Map(
    output
      .trim()
      .split("\n")
      .map((line) => line.replace("export ", "").split("=", 2) as [string, string]),
  );
  expect(variables.get("STREAMKEEPER_LOG_TABLE")).toBe("by-hand-log");
  const dynamoDb = variables.get("AWS_ENDPOINT_URL_DYNAMODB") ?? "";
  expect(await isOpen(dynamoDb)).toBe(true);
  child.kill("SIGINT");
  const [code] = (await once(child, "exit")) as [number | null];
  expect(code).toBe(0);
  expect(await isOpen(dynamoDb)).toBe(false);
});
