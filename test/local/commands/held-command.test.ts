/** `streamkeeper lock` and `streamkeeper election campaign`, as processes of their own. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DescribeLockCommand } from "../../../client/index.ts";
import { CommandBed } from "./command-bed.ts";

const main = join(import.meta.dirname, "../../../local/main.ts");
let bed: CommandBed;
let folder: string;
beforeAll(async () => {
  bed = await CommandBed.start();
  folder = await mkdtemp(join(tmpdir(), "streamkeeper-held-"));
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const environment = () => ({ ...process.env, STREAMKEEPER_ENDPOINT: bed.endpoint });

async function run(
  ...args: string[]
): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
  return await new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env: environment() }, (error, out, err) => {
      resolve({ status: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

test("commands under one lock run one after the other, with tokens that grow", { timeout: 60_000 }, async () => {
  const file = join(folder, "order");
  await appendFile(file, "");
  const script = `echo begin $STREAMKEEPER_FENCING_TOKEN >> ${file}; sleep 0.2; echo end >> ${file}`;
  const done = await Promise.all([1, 2, 3].map(() => run("lock", "order", "--", "sh", "-c", script)));
  expect(done.map(({ status }) => status)).toEqual([0, 0, 0]);
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  expect(lines.map((line) => line.split(" ")[0])).toEqual(["begin", "end", "begin", "end", "begin", "end"]);
  const tokens = lines.filter((_, index) => index % 2 === 0).map((line) => Number(line.split(" ")[1]));
  expect(tokens).toEqual(tokens.toSorted((one, other) => one - other));
  expect(new Set(tokens).size).toBe(3);
});

test("the exit status is the command's, or says why there was none", { timeout: 60_000 }, async () => {
  expect(await run("lock", "status", "--", "sh", "-c", "exit 7")).toMatchObject({ status: 7 });
  expect(await run("lock", "status", "--", "no-such-command-anywhere")).toMatchObject({ status: 127 });
  expect(await run("lock", "status", "--", tmpdir())).toMatchObject({ status: 126 });
  expect(await run("lock", "", "--", "true")).toMatchObject({ status: 1, err: "streamkeeper: lock is missing\n" });
  const farAway = await run("lock", "status", "--timeout", "99999999999", "--", "true");
  expect(farAway).toMatchObject({ status: 0, err: "" });
  const holder = spawn(process.execPath, [main, "lock", "status", "--", "sleep", "60"], { env: environment() });
  while ((await bed.client.send(new DescribeLockCommand({ lock: "status" }))).holders.length === 0);
  const refused = await run("lock", "status", "--timeout", "200", "--", "true");
  expect(refused).toMatchObject({ status: 75, err: "streamkeeper: the lock status was not free within 200 ms\n" });
  holder.kill("SIGINT");
  await once(holder, "exit");
  expect(await run("lock", "status", "--timeout", "5000", "--", "true")).toMatchObject({ status: 0 });
});

test("a Ctrl-C that comes twice, from the terminal and passed on, gives the lock up", { timeout: 60_000 }, async () => {
  const holder = spawn(process.execPath, [main, "lock", "twice", "--", "sleep", "60"], { env: environment() });
  while ((await bed.client.send(new DescribeLockCommand({ lock: "twice" }))).holders.length === 0);
  holder.kill("SIGINT");
  holder.kill("SIGINT");
  setTimeout(() => holder.kill("SIGINT"), 10);
  expect(await once(holder, "exit")).toEqual([130, null]);
  expect((await bed.client.send(new DescribeLockCommand({ lock: "twice" }))).holders).toEqual([]);
});

test("who leads without a command leads until Ctrl-C, and then resigns", { timeout: 60_000 }, async () => {
  const leader = spawn(process.execPath, [main, "election", "campaign", "plain"], { env: environment() });
  await once(leader.stdout, "data");
  const early = await Promise.race([once(leader, "exit"), sleep(1_500)]);
  expect(early).toBeUndefined();
  leader.kill("SIGINT");
  expect(await once(leader, "exit")).toEqual([130, null]);
  expect((await run("election", "leader", "plain")).out).toBe("nobody leads\n0 candidate(s)\n");
});

test("a command whose lock is lost is ended, and the status says so", { timeout: 60_000 }, async () => {
  const holder = spawn(process.execPath, [main, "lock", "lost", "--session-timeout", "2000", "--", "sleep", "60"], {
    env: environment(),
  });
  let found = await bed.client.send(new DescribeLockCommand({ lock: "lost" }));
  while (found.holders.length === 0) found = await bed.client.send(new DescribeLockCommand({ lock: "lost" }));
  // A process that stands still sends no heartbeats; its command goes on, and must not when the process wakes.
  holder.kill("SIGSTOP");
  while ((await bed.client.send(new DescribeLockCommand({ lock: "lost" }))).holders.length > 0);
  holder.kill("SIGCONT");
  const [status] = (await once(holder, "exit")) as [number];
  expect(status).toBe(70);
});

test("a candidate leads while its command runs", { timeout: 60_000 }, async () => {
  const led = await run("election", "campaign", "head", "--", "sh", "-c", "echo $STREAMKEEPER_FENCING_TOKEN");
  expect(led.status).toBe(0);
  expect(Number(led.out)).toBeGreaterThan(0);
  expect(await run("election", "leader", "head", "--json")).toMatchObject({
    status: 0,
    out: '{\n  "leader": null,\n  "candidates": 0\n}\n',
  });
});
