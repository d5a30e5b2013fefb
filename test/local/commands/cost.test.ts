import { PassThrough } from "node:stream";
import { Command } from "commander";
import { expect, test } from "vitest";
import { registerCost } from "../../../local/commands/cost.ts";

/** What the command writes to its two streams. */
async function cost(...args: string[]): Promise<{ readonly stdout: string; readonly failure: string }> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  let failure = "";
  const program = new Command("streamkeeper").exitOverride();
  registerCost(program, { stdin, stdout, stderr });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeErr: (text) => (failure += text) });
  }
  await program.parseAsync(["cost", ...args], { from: "user" }).catch(() => {});
  return { stdout: String(stdout.read() ?? ""), failure };
}

test("a bill has a line for each thing that is billed, what it comes to, and what others charge", async () => {
  const { stdout } = await cost("--write-mib-s", "1", "--batch-bytes", "1048576", "--function-urls");
  expect(stdout).toMatch(/^SERVICE +WHAT +QUANTITY +A MONTH\nDynamoDB /);
  expect(stdout).toMatch(/for each GiB written and sealed +\$0\.00\d+/);
  expect(stdout).toMatch(/Kinesis on demand +\$\d/);
  expect(stdout).not.toContain("HTTP API");
});

test("the load, the assumptions and all lines can be had as JSON", async () => {
  const report = JSON.parse((await cost("--sessions", "10", "--json")).stdout) as object;
  expect(report).toMatchObject({ load: { sessions: 10, partitions: 1, push: true }, dollars: expect.any(Number) });
});

test.each([
  ["--partitions", "0"],
  ["--write-mib-s", "fast"],
  ["--retention-days", ""],
])("%s %j is refused with what it may be", async (option, value) => {
  const { failure, stdout } = await cost(option, value);
  expect(failure).toContain("It must be a number from");
  expect(stdout).toBe("");
});
