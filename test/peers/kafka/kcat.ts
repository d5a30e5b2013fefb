/** kcat, a command for Kafka on librdkafka. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { probe, run } from "./peer-program.ts";

const waitMsMax = 60_000;
const runMsMax = 60_000;

/** @throws Error that says what is missing */
export function requireKcat(): void {
  if (probe("kcat", ["-V"]) !== undefined) return;
  throw new Error("the test with kcat needs the command kcat (on Debian the package kcat)");
}

/** Runs kcat to its end. @throws Error with all that it wrote, if it fails */
export async function kcat(bootstrap: string, args: readonly string[], stdin = ""): Promise<string> {
  const end = await run({ command: "kcat", args: ["-b", bootstrap, ...args] }, { stdin, msMax: runMsMax });
  if (end.status !== 0) throw new Error(`kcat ${args.join(" ")} ended with ${end.status}:\n${end.stderr}${end.stdout}`);
  return end.stdout;
}

const recordSchema = z.object({
  partition: z.number(),
  offset: z.number(),
  key: z.string().nullable(),
  payload: z.string().nullable(),
  headers: z.array(z.string()).optional(),
});

export interface KcatRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  /** Names and values in turn. */
  readonly headers: readonly string[];
}

/** What kcat -J prints. */
export function recordsIn(stdout: string): KcatRecord[] {
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const { payload, headers = [], ...record } = recordSchema.parse(JSON.parse(line));
    return { ...record, value: payload, headers };
  });
}

/** A kcat that runs until it is stopped. */
export interface RunningKcat {
  readonly records: () => KcatRecord[];
  /** Its partitions, where it is a member of a group. */
  readonly assigned: () => number[];
  write(text: string): void;
  /** Sends the signal and waits for the end. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

export function startKcat(bootstrap: string, args: readonly string[]): RunningKcat {
  const child = spawn("kcat", ["-b", bootstrap, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  const killAtExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => (written[name] += text));
  }
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    records: () => recordsIn(written.stdout.slice(0, written.stdout.lastIndexOf("\n") + 1)),
    assigned: () => assignedIn(written.stderr),
    write: (text) => void child.stdin.write(text),
    stop: async (signal) => {
      child.kill(signal);
      // A signal does not wake it from reading its input.
      child.stdin.end();
      const timeout = setTimeout(killAtExit, waitMsMax);
      await closed;
      clearTimeout(timeout);
      process.removeListener("exit", killAtExit);
    },
  };
}

/**
 * `% Group g rebalanced (memberid m): assigned: topic [0], topic [1]`, or for cooperative members, who are told what
 * changes, `% Group g rebalanced: incremental assignment of 2 partition(s) (memberid m, ...): topic [0], topic [1]`.
 */
function assignedIn(stderr: string): number[] {
  const assigned = new Set<number>();
  for (const line of stderr.split("\n").filter((each) => each.includes(" rebalanced"))) {
    const changed = [...line.matchAll(/ \[(\d+)\]/g)].map(([, partition]) => Number(partition));
    if (!line.includes("incremental")) assigned.clear();
    for (const partition of changed) {
      if (line.includes("revoke")) assigned.delete(partition);
      else assigned.add(partition);
    }
  }
  return [...assigned];
}

/** @throws Error if it does not come true */
export async function waitUntil(condition: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + waitMsMax;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited ${waitMsMax} ms for ${what}`);
    await sleep(50);
  }
}
