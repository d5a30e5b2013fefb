import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { registerConsume } from "../../../local/commands/consume.ts";
import { CommandBed } from "./command-bed.ts";

let bed: CommandBed;
beforeAll(async () => {
  bed = await CommandBed.start();
});
afterAll(() => bed[Symbol.asyncDispose]());

const consume = (...args: string[]) => bed.run(registerConsume, ["consume", ...args]);
const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

describe("what is read", () => {
  test.each([
    [["-e"], "0 1 2 3 4 "],
    [["-o", "beginning", "-e"], "0 1 2 3 4 "],
    [["-o", "3", "-e"], "3 4 "],
    [["-o", "-2", "-e"], "3 4 "],
    [["-o", "-99", "-e"], "0 1 2 3 4 "],
    [["-o", "end", "-e"], ""],
    [["-o", "1", "-c", "2"], "1 2 "],
    [["-o", "s@0", "-c", "1"], "0 "],
    [["-c", "5", "-u"], "0 1 2 3 4 "],
  ])("with %j is %j", async (args, expected) => {
    const topic = await bed.topic(numbers(5));
    expect(await consume(topic, "-D", " ", ...args)).toEqual({ stdout: expected, stderr: "" });
  });

  test("is every partition, or those that are named", async () => {
    const topic = await bed.topic([], 4);
    await using producer = bed.client.producer({ topic });
    for (const partition of [0, 1, 2, 3]) await producer.send({ partition, key: "k", value: `v${partition}` });
    const lines = async (...args: string[]) =>
      (await consume(topic, "-e", "-f", String.raw`%p:%k=%s\n`, ...args)).stdout.trim().split("\n").toSorted();
    expect(await lines()).toEqual(["0:k=v0", "1:k=v1", "2:k=v2", "3:k=v3"]);
    expect(await lines("-p", "3,1")).toEqual(["1:k=v1", "3:k=v3"]);
    expect(await lines("-p", "0", "-p", "2")).toEqual(["0:k=v0", "2:k=v2"]);
    expect((await consume(topic, "-c", "3", "-D", "")).stdout).toMatch(/^(v\d){3}$/);
  });

  test("waits for what is yet to come", async () => {
    const topic = await bed.topic(["before"]);
    setTimeout(() => {
      const producer = bed.client.producer({ topic });
      void producer.send({ value: "after" });
    }, 100);
    expect((await consume(topic, "-c", "2")).stdout).toBe("before\nafter\n");
  });

  test("is a line of JSON for each record", async () => {
    const topic = await bed.topic(["a"]);
    const { stdout } = await consume(topic, "-e", "-J");
    expect(JSON.parse(stdout)).toMatchObject({ topic, partition: 0, offset: 0, headers: [], key: null, payload: "a" });
  });
});

test.each([
  [["nowhere"], "UNKNOWN_TOPIC_OR_PARTITION"],
  [["t", "-o", "middle"], 'unknown offset "middle"'],
  [["t", "-f", "%q"], "unknown token %q"],
  [["t", "-c", "0"], "--count must be a whole number from 1 on: 0"],
  [["t", "-p", "one"], "--partition must be numbers such as 0,2: one"],
])("%j fails in one line that says why", async (args, why) => {
  const { failure, stdout } = await consume(...args);
  expect(failure).toContain(why);
  expect(failure).not.toContain("\n");
  expect(stdout).toBe("");
});

test("a partition that the topic does not have is told as such", async () => {
  const topic = await bed.topic([], 2);
  expect((await consume(topic, "-p", "2")).failure).toBe(`${topic} has no partition 2: its last is 1`);
  expect((await consume(topic, "-o", "7", "-e", "-p", "0")).failure).toContain("OFFSET_OUT_OF_RANGE");
});
