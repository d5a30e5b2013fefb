import { afterAll, beforeAll, expect, test } from "vitest";
import { CreateTopicCommand, JoinGroupCommand, ProduceCommand } from "../../../client/index.ts";
import { registerConsume } from "../../../local/commands/consume.ts";
import { registerGroups } from "../../../local/commands/groups.ts";
import { CommandBed } from "./command-bed.ts";

let bed: CommandBed;
beforeAll(async () => {
  bed = await CommandBed.start();
});
afterAll(() => bed[Symbol.asyncDispose]());

const groups = (...args: string[]) => bed.run(registerGroups, ["groups", ...args]);
const consume = (...args: string[]) => bed.run(registerConsume, ["consume", ...args]);
const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

test("a group goes on where it was, is described, reset and deleted", async () => {
  expect((await groups("ls")).stdout).toBe("no groups\n");
  const topic = await bed.topic(numbers(5));
  const first = await consume("-g", "g", topic, "-c", "2", "-D", " ");
  expect(first).toEqual({ stdout: "0 1 ", stderr: `% assigned ${topic}(0)\n` });
  expect((await groups("ls")).stdout).toBe("GROUP  STATE  MEMBERS\ng      Empty        0\n");
  const described = (await groups("describe", "g")).stdout;
  expect(described).toContain("state     Empty (no active members)\n");
  expect(described).toMatch(/TOPIC +PARTITION +CURRENT-OFFSET +LOG-END-OFFSET +LAG +CONSUMER-ID +CLIENT-ID\n/);
  expect(described).toMatch(new RegExp(`${topic} +0 +2 +5 +3 +- +-\n$`));
  expect((await groups("describe", "g", "--members")).stdout).toContain("no members");
  expect((await consume("-g", "g", topic, "-e", "-D", " ")).stdout).toBe("2 3 4 ");

  const dry = (await groups("reset", "g", "--topic", topic, "--shift-by", "-4")).stdout;
  expect(dry).toMatch(/ 5 +1\n\nnothing was changed: say --execute to do it\n$/);
  expect((await consume("-g", "g", topic, "-e", "-D", " ")).stdout).toBe("");
  const done = (await groups("reset", "g", "--topic", `${topic}:0`, "--to-offset", "3", "--execute")).stdout;
  expect(done).toMatch(/TOPIC +PARTITION +CURRENT-OFFSET +NEW-OFFSET\n.* 5 +3\n$/);
  expect((await consume("-g", "g", topic, "-e", "-D", " ")).stdout).toBe("3 4 ");
  expect(await groups("delete", "g")).toEqual({ stdout: "deleted g\n", stderr: "" });
  expect((await groups("describe", "g")).failure).toContain("GROUP_ID_NOT_FOUND");
});

test("all of it can be had as JSON", async () => {
  const topic = await bed.topic(["a"]);
  await consume("-g", "j", topic, "-c", "1");
  expect(JSON.parse((await groups("ls", "--json")).stdout)).toEqual([
    { group: "j", state: "Empty", members: 0, type: "consumer" },
  ]);
  expect(JSON.parse((await groups("describe", "j", "--json")).stdout)).toMatchObject({
    group: "j",
    memberList: [],
    offsets: [{ topic, partition: 0, offset: 1, lag: 0 }],
  });
  const reset = await groups("reset", "j", "--to-earliest", "--json");
  expect(JSON.parse(reset.stdout)).toEqual([{ topic, partition: 0, from: 1, to: 0 }]);
  expect(JSON.parse((await groups("delete", "j", "--json")).stdout)).toEqual({ deleted: ["j"] });
});

test("a member is shown with what it owns, and its group is neither reset nor deleted", async () => {
  const topic = await bed.topic(["a"], 2);
  await using consumer = bed.client.consumer({ group: "live", topics: [topic], clientId: "tester" });
  await consumer.start();
  await expect.poll(() => consumer.assignment).toEqual([{ topic, partitions: [0, 1] }]);
  const described = (await groups("describe", "live")).stdout;
  expect(described).toContain("state     Stable\n");
  expect(described).toMatch(new RegExp(`${topic} +0 +-? ?.*tester\n${topic} +1 .*tester\n$`));
  expect((await groups("describe", "live", "--members")).stdout).toMatch(new RegExp(`tester .*${topic}\\(0,1\\)\n$`));
  expect((await groups("reset", "live", "--to-latest")).failure).toBe(
    "the group live has members: offsets are moved when all have left",
  );
  expect((await groups("delete", "live")).failure).toContain("NON_EMPTY_GROUP");
});

test.concurrent("a member tells that others have all partitions, and takes over what they leave", async () => {
  const topic = await bed.topic(["a"]);
  const member = { group: "busy", memberId: "first" };
  await bed.client.send(new JoinGroupCommand({ ...member, topics: [topic], sessionTimeoutMs: 4_000 }));
  const { stdout, stderr } = await consume("-g", "busy", topic, "-c", "1");
  expect(stdout).toBe("a\n");
  const waiting = "no partition of group busy is free yet; see streamkeeper groups describe busy";
  expect(stderr).toBe(`% ${waiting}\n% assigned ${topic}(0)\n`);
});

test.concurrent("a topic that is not there is told of, and read once it comes; with --exit it is an error", async () => {
  const coming = consume("-g", "early", "to-come", "-c", "1");
  const { failure } = await consume("-g", "early", "to-come", "-e");
  expect(failure).toContain("UNKNOWN_TOPIC_OR_PARTITION: There is no topic to-come");
  await bed.client.send(new CreateTopicCommand({ name: "to-come" }));
  await bed.client.send(new ProduceCommand({ topic: "to-come", records: [{ value: "x" }] }));
  expect(await coming).toEqual({
    stdout: "x\n",
    stderr: "% there is no topic to-come; waiting for it\n% assigned to-come(0)\n",
  });
});

test("a group reads several topics, and all partitions of each", async () => {
  const [one, two] = [await bed.topic(["a"], 3), await bed.topic(["b"], 2)];
  const { stdout } = await consume("-g", "several", one, two, "-e", "-f", String.raw`%t=%s\n`);
  expect(stdout.trim().split("\n").toSorted()).toEqual([`${one}=a`, `${two}=b`].toSorted());
});

test.each([
  [["reset", "x"], "say where to: exactly one of"],
  [["reset", "x", "--to-latest", "--execute", "--dry-run"], "either --execute or --dry-run"],
  [["reset", "x", "--to-latest", "--topic", "t", "--all-topics"], "either --topic or --all-topics"],
  [["reset", "nowhere", "--to-latest"], "GROUP_ID_NOT_FOUND"],
  [["delete", "nowhere"], "GROUP_ID_NOT_FOUND"],
])("groups %j fails in one line that says why", async (args, why) => {
  const { failure, stdout } = await groups(...args);
  expect(failure).toContain(why);
  expect(failure).not.toContain("\n");
  expect(stdout).toBe("");
});

test.each([
  [["a", "b"], "only a group (-g) consumes more than one topic"],
  [["-g", "g", "t", "-p", "0"], "--partition is of no use with --group"],
  [["-g", "g", "t", "-o", "7"], "beginning or end, not 7"],
  [["-g", "g", "t", "-c", "0"], "--count must be a whole number from 1 on: 0"],
])("consume %j fails in one line that says why", async (args, why) => {
  const { failure, stdout } = await consume(...args);
  expect(failure).toContain(why);
  expect(failure).not.toContain("\n");
  expect(stdout).toBe("");
});
