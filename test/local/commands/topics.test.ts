import { afterAll, beforeAll, expect, test } from "vitest";
import { registerTopics } from "../../../local/commands/topics.ts";
import { CommandBed } from "./command-bed.ts";

let bed: CommandBed;
beforeAll(async () => {
  bed = await CommandBed.start();
});
afterAll(() => bed[Symbol.asyncDispose]());

const topics = (...args: string[]) => bed.run(registerTopics, ["topics", ...args]);

test("a topic is created, listed, described, altered and deleted", async () => {
  expect((await topics("list")).stdout).toBe("no topics\n");
  const created = await topics("create", "orders", "-p", "2", "--config", "retention.ms=60000");
  expect(created.stdout).toMatch(
    /^topic {7}orders\nid {10}\S+\npartitions {2}2\ncreated .*\nconfig\n {2}retention.ms=60000\n$/,
  );
  const listed = await topics("list");
  expect(listed.stdout).toMatch(/^TOPIC +PARTITIONS +ID\norders +2 +\S+\n$/);
  const altered = await topics("alter", "orders", "-p", "3", "--remove-config", "retention.ms");
  expect(altered.stdout).toMatch(/partitions {2}3\n.*config {6}\(defaults\)\n$/s);
  const described = await topics("describe", "orders");
  expect(described.stdout).toMatch(/PARTITION +START +END +OFFSETS\n +0 +0 +0 +0\n +1 +0 +0 +0\n +2 +0 +0 +0\n$/);
  expect(await topics("delete", "orders")).toEqual({ stdout: "deleted orders\n", stderr: "" });
  expect((await topics("describe", "orders")).failure).toContain("UNKNOWN_TOPIC_OR_PARTITION");
});

test("all of it can be had as JSON", async () => {
  const created = JSON.parse((await topics("create", "json", "--json")).stdout) as object;
  expect(created).toMatchObject({ name: "json", topicId: expect.any(String), partitions: 1, config: {} });
  expect(JSON.parse((await topics("list", "--json")).stdout)).toMatchObject([{ name: "json", partitions: 1 }]);
  const described = JSON.parse((await topics("describe", "json", "--json")).stdout) as object;
  expect(described).toMatchObject({ name: "json", offsets: [{ partition: 0, earliest: 0, latest: 0 }] });
  expect(JSON.parse((await topics("delete", "json", "--json")).stdout)).toEqual({ deleted: ["json"] });
});

test.each([
  [["create", "a/b"], "INVALID_TOPIC_EXCEPTION"],
  [["create", "x", "-p", "many"], "--partitions must be a number: many"],
  [["create", "x", "-c", "retention.ms"], "--config must be key=value: retention.ms"],
  [["create", "x", "-c", "no.such.key=1"], "INVALID_CONFIG"],
  [["alter", "x"], "nothing to alter"],
  [["delete", "nowhere"], "UNKNOWN_TOPIC_OR_PARTITION"],
  [["list", "--namespace", "nowhere"], "UNKNOWN_NAMESPACE"],
])("%j fails in one line that says why", async (args, why) => {
  const { failure, stdout } = await topics(...args);
  expect(failure).toContain(why);
  expect(failure).not.toContain("\n");
  expect(stdout).toBe("");
});
