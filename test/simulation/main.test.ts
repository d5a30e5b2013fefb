import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

test("Ctrl-C ends a run after the seeds that it is at, with a report of them", { timeout: 60_000 }, async () => {
  const args = ["--scenario", "lock", "--seeds", "100000", "--jobs", "1", "--json"];
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const report = text(child.stdout);
  // Its progress says that some are done.
  for (let isBegun = false; !isBegun;) {
    const [line]: unknown[] = await once(child.stderr, "data");
    isBegun = !String(line).startsWith("0 seeds");
  }
  child.stderr.resume();
  const closed = once(child, "exit");
  // As npm passes it on, beside the terminal.
  child.kill("SIGINT");
  child.kill("SIGINT");
  expect(await closed).toEqual([130, null]);
  const { seeds, anomalies } = JSON.parse(await report) as { seeds: number; anomalies: readonly unknown[] };
  expect(seeds).toBeGreaterThan(0);
  expect(seeds).toBeLessThan(100_000);
  expect(anomalies).toEqual([]);
});

test("--twice runs each seed two times, and counts it once", { timeout: 60_000 }, async () => {
  const args = ["--scenario", "lock", "--seeds", "3", "--twice", "--jobs", "2", "--json"];
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "ignore"] });
  const { seeds, anomalies } = JSON.parse(await text(child.stdout)) as { seeds: number; anomalies: readonly unknown[] };
  expect([seeds, anomalies]).toEqual([3, []]);
});

test("--seed is one alone: with --seeds or --from it is refused", { timeout: 60_000 }, async () => {
  for (const other of ["--seeds", "--from"]) {
    const child = spawn(process.execPath, [main, "--seed", "1", other, "2"], { stdio: ["ignore", "ignore", "pipe"] });
    const closed = once(child, "exit");
    expect(await text(child.stderr)).toContain("cannot be used with");
    expect(await closed).toEqual([1, null]);
  }
});
