/** What the load generator is asked, and what it answers; it runs in a process of its own (`load-process.ts`). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export const workloads = ["get", "mix", "set", "create"] as const;
/** `mix` is nine reads to one write. */
export type Workload = (typeof workloads)[number];

/** Each connection sends its next request when it has the answer to the one before. */
export interface Load {
  readonly port: number;
  readonly workload: Workload;
  readonly connections: number;
  /** What is measured, after a time that is not. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Root of what is created; must not exist. */
  readonly root: string;
  /** Znodes that are read and set, made before the time begins. */
  readonly znodes: number;
}

export interface LoadFigures {
  readonly operationsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Of one processor, by the generator itself: near 1 it is what was measured. */
  readonly clientCpuShare: number;
  /** Of all that was asked from the first request of the warm-up on. */
  readonly operations: number;
}

const endMsMax = 60_000;

/** Runs a load in another process. @throws Error with what that process wrote, if it fails */
export async function runLoad(load: Load): Promise<LoadFigures> {
  const script = fileURLToPath(new URL("load-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(load)], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => (output[name] += text));
  }
  const timeout = setTimeout(() => child.kill("SIGKILL"), (load.seconds + load.warmUpSeconds) * 1_000 + endMsMax);
  const [status] = (await once(child, "close")) as [number | null];
  clearTimeout(timeout);
  if (status !== 0) throw new Error(`the load ended with ${String(status)}: ${output.stderr.slice(-2_000)}`);
  return JSON.parse(output.stdout) as LoadFigures;
}
