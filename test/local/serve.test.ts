import { execFile, spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../free-port.ts";

const shim = fileURLToPath(new URL("../../local/bin/streamkeeper.js", import.meta.url));
const hasCurl = spawnSync("curl", ["--version"]).status === 0;
const run = promisify(execFile);

/** Makes the shim believe that it runs on an older Node. */
const olderNode = [
  "--import",
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})',
];

let folder = "";
const started: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "streamkeeper-serve-"));
});

afterAll(async () => {
  for (const child of started) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  /** All that was printed. */
  readonly output: () => string;
  /** Exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
}

/** Starts `serve` and resolves when it has printed its address, or has ended. */
async function serve(args: readonly string[], nodeArgs: readonly string[] = []): Promise<Served> {
  const child = spawn(process.execPath, [...nodeArgs, shim, "serve", "--port", "0", ...args]);
  started.push(child);
  let output = "";
  const ended = new Promise<number | string>((resolve) =>
    child.once("exit", (code, name) => resolve(code ?? String(name))),
  );
  const ready = new Promise<void>((resolve) => {
    const onData = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes("Ctrl-C")) resolve();
    };
    child.stdout.on("data", onData);
    child.stderr.on("data", onData);
  });
  await Promise.race([ready, ended]);
  return { child, url: /http:\/\/[\d.:]+/.exec(output)?.[0] ?? "", output: () => output, ended };
}

describe("streamkeeper serve", () => {
  test("keeps acknowledged records over a restart and a kill, and ends a long poll when one comes", async () => {
    const data = join(folder, "kept");
    const first = await serve(["--data", data]);
    expect(first.output()).toContain(`Data: ${data}`);
    expect(first.output()).toContain("The topic hello, with 1 partition, was created");
    const produce = async ({ url }: Served, value: string): Promise<number> => {
      const answer = await fetch(`${url}/v1/default/topics/hello/records`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ records: [{ value }] }),
      });
      return answer.status;
    };
    const values = async ({ url }: Served): Promise<unknown> => {
      const answer = await fetch(`${url}/v1/default/topics/hello/partitions/0/records`);
      return ((await answer.json()) as { records: { value: string }[] }).records.map(({ value }) => value);
    };
    expect(await produce(first, "one")).toBe(200);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);

    const second = await serve(["--data", data]);
    expect(second.output()).not.toContain("was created");
    expect(await values(second)).toEqual(["one"]);
    expect(await produce(second, "two")).toBe(200);
    second.child.kill("SIGKILL");
    await second.ended;

    const third = await serve(["--data", data]);
    expect(await values(third)).toEqual(["one", "two"]);
    const poll = fetch(`${third.url}/v1/default/topics/hello/partitions/0/records?offset=2&waitMs=20000`);
    expect(await produce(third, "three")).toBe(200);
    expect(await (await poll).json()).toMatchObject({ records: [{ offset: 2, value: "three" }], nextOffset: 3 });
    third.child.kill("SIGINT");
    expect(await third.ended).toBe(0);
  });

  test.runIf(hasCurl)("prints two lines of curl that work when they are pasted", async () => {
    const served = await serve(["--store", "memory"]);
    const lines = served.output().match(/^ {2}curl .*$/gm) ?? [];
    const answers: unknown[] = [];
    for (const line of lines) answers.push(JSON.parse((await run("sh", ["-c", line])).stdout));
    expect(answers).toMatchObject([
      { results: [{ partition: 0, offset: 0 }] },
      { records: [{ offset: 0, key: "greeting", value: "hello, world" }], nextOffset: 1 },
    ]);
    served.child.kill("SIGTERM");
    expect(await served.ended).toBe(0);
  });

  test("on an older Node starts the one of the packages, and passes signals and the exit code on", async () => {
    const served = await serve(["--store", "memory"], olderNode);
    expect((await fetch(`${served.url}/health`)).status).toBe(200);
    served.child.kill("SIGINT");
    expect(await served.ended).toBe(0);
    const failed = await serve(["--port", "http"], olderNode);
    expect([await failed.ended, failed.output()]).toEqual([1, expect.stringContaining("A port is a number")]);
  });

  test("on an older Node does not outlive the process that was started, should it be killed", async () => {
    const served = await serve(["--store", "memory"], olderNode);
    served.child.kill("SIGKILL");
    const answers = (): Promise<boolean> =>
      fetch(`${served.url}/health`).then(
        () => true,
        () => false,
      );
    await expect.poll(answers, { timeout: 10_000 }).toBe(false);
  });

  test("says in one line why it cannot begin, and exits with 1", async () => {
    const data = join(folder, "taken");
    const served = await serve(["--data", data]);
    const file = join(folder, "file");
    await writeFile(file, "");
    const cases: readonly [readonly string[], RegExp][] = [
      [["--data", data], /^streamkeeper: cannot use the data folder \S*taken: it is in use by process \d+\n$/],
      [["--data", file], /^streamkeeper: cannot use the data folder \S*file: it is a file\n$/],
      [
        ["--data", join(file, "below")],
        /^streamkeeper: cannot use the data folder \S*below: a part of its path is a file\n$/,
      ],
      [
        ["--store", "memory", "--data", data],
        /^streamkeeper: --data has no effect with --store memory: only --store embedded keeps its data in a folder\n$/,
      ],
      [["--store", "memory", "--port", new URL(served.url).port], /^streamkeeper: cannot listen on .* is taken; .*\n$/],
      [
        ["--store", "memory", "--host", "192.0.2.1"],
        /^streamkeeper: cannot listen on .* no address of this machine\n$/,
      ],
    ];
    const failures = await Promise.all(cases.map(async ([args]) => serve(args)));
    for (const [index, failure] of failures.entries()) {
      expect([await failure.ended, failure.output()]).toEqual([1, expect.stringMatching(cases[index]?.[1] ?? "")]);
    }
    served.child.kill("SIGTERM");
    expect(await served.ended).toBe(0);
  });

  test("--quiet prints nothing", async () => {
    const port = await freePort();
    const child = spawn(process.execPath, [shim, "serve", "--port", String(port), "--store", "memory", "--quiet"]);
    started.push(child);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const isUp = async (): Promise<boolean> =>
      fetch(`http://127.0.0.1:${port}/health?probe=live`).then(
        ({ ok }) => ok,
        () => false,
      );
    await expect.poll(isUp, { timeout: 20_000, interval: 100 }).toBe(true);
    child.kill("SIGTERM");
    expect([await ended, output]).toEqual([0, ""]);
  });
});
