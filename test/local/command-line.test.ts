import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DescribeGroupCommand, GetGroupOffsetsCommand, GetOffsetCommand } from "../../client/index.ts";
import { CommandBed } from "./commands/command-bed.ts";

const main = join(import.meta.dirname, "../../local/main.ts");
let bed: CommandBed;
beforeAll(async () => {
  bed = await CommandBed.start();
});
afterAll(() => bed[Symbol.asyncDispose]());

function start(args: readonly string[], endpoint = bed.endpoint): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [main, ...args], { env: { ...process.env, STREAMKEEPER_ENDPOINT: endpoint } });
}

async function finished(child: ChildProcessWithoutNullStreams) {
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { ...output, code };
}

describe.concurrent("a process", () => {
  test("that consumes ends quietly when its reader has seen enough", async () => {
    const topic = await bed.topic(Array.from({ length: 20_000 }, (_, index) => `a line that is long enough ${index}`));
    const child = start(["consume", topic]);
    const ended = finished(child);
    await once(child.stdout, "data");
    child.stdout.destroy();
    expect(await ended).toMatchObject({ code: 0, stderr: "" });
  });

  test("that consumes ends with 130 on Ctrl-C", async () => {
    const topic = await bed.topic(["before"]);
    const child = start(["consume", topic]);
    const ended = finished(child);
    await once(child.stdout, "data");
    child.kill("SIGINT");
    expect(await ended).toEqual({ code: 130, stdout: "before\n", stderr: "" });
  });

  test("that consumes as a member commits what it has written on Ctrl-C, and leaves its group", async () => {
    const topic = await bed.topic(["before"]);
    const child = start(["consume", "-g", "interrupted", topic]);
    const ended = finished(child);
    await once(child.stdout, "data");
    child.kill("SIGINT");
    expect(await ended).toEqual({ code: 130, stdout: "before\n", stderr: `% assigned ${topic}(0)\n` });
    const { members } = await bed.client.send(new DescribeGroupCommand({ group: "interrupted" }));
    expect(members).toBe(0);
    const { offsets } = await bed.client.send(new GetGroupOffsetsCommand({ group: "interrupted" }));
    expect(offsets).toMatchObject([{ topic, partition: 0, offset: 1, lag: 0 }]);
  });

  test("that produces writes on Ctrl-C what it was given before", async () => {
    const topic = await bed.topic();
    const child = start(["produce", topic]);
    const ended = finished(child);
    child.stdin.write("given\nnot yet a li");
    const end = async () => (await bed.client.send(new GetOffsetCommand({ topic, partition: 0, at: "latest" }))).offset;
    await expect.poll(end, { timeout: 20_000 }).toBe(1);
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 130, stdout: "", stderr: expect.stringContaining("1 record to") });
    expect(await end()).toBe(1);
  });

  test("that fails says why in one line, and what to do", async () => {
    const { code, stdout, stderr } = await finished(start(["topics", "list"], "http://127.0.0.1:9"));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^streamkeeper: cannot connect: .* Start one with "streamkeeper serve".*\n$/);
  });
});
