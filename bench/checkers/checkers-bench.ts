/** How long the checkers of `verify` take for long histories, and in how much memory. */
import { execFile } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as z from "zod";
import { formatBytes } from "../../local/console/quantities.ts";
import { formatTable } from "../../local/console/table.ts";
import { checkerKinds } from "./kinds.ts";

export interface CheckersBenchOptions {
  readonly operations: number;
  readonly clients: number;
  /** Share of the operations that are not answered. */
  readonly unsure: number;
  readonly seed: number;
}

const figures = z.object({
  elapsedMs: z.number(),
  /** Processor time, collecting garbage included. */
  cpuMs: z.number(),
  historyRssBytes: z.number(),
  rssBytesMax: z.number(),
  anomalies: z.array(z.object({ name: z.string(), detail: z.string() })),
});

export interface CheckerFigures extends z.infer<typeof figures> {
  readonly kind: string;
  readonly operationsPerSecond: number;
}

export interface CheckersReport extends CheckersBenchOptions {
  readonly bench: "checkers";
  readonly at: string;
  readonly node: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly checkers: readonly CheckerFigures[];
}

const run = promisify(execFile);

/** One history after the other, each in a process of its own, so that its memory is its own. */
export async function benchChecker(kind: string, options: CheckersBenchOptions): Promise<CheckerFigures> {
  const script = fileURLToPath(new URL("check-kind.ts", import.meta.url));
  const { operations, clients, unsure, seed } = options;
  const { stdout } = await run(process.execPath, [script, kind, ...[operations, clients, unsure, seed].map(String)]);
  const measured = figures.parse(JSON.parse(stdout));
  return { kind, ...measured, operationsPerSecond: Math.round((operations * 1_000) / Math.max(1, measured.elapsedMs)) };
}

export function checkersReport(checkers: readonly CheckerFigures[], options: CheckersBenchOptions): CheckersReport {
  return {
    bench: "checkers",
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cpus: cpus().length,
    ...options,
    checkers,
  };
}

export function checkersTable({ checkers, operations, clients, unsure, ...report }: CheckersReport): string {
  const rows = checkers.map(
    ({ kind, elapsedMs, cpuMs, operationsPerSecond, historyRssBytes, rssBytesMax, anomalies }) => [
      kind,
      `${(elapsedMs / 1_000).toFixed(1)} s`,
      `${(cpuMs / 1_000).toFixed(1)} s`,
      operationsPerSecond,
      formatBytes(historyRssBytes),
      formatBytes(rssBytesMax),
      anomalies.length,
    ],
  );
  return [
    `${report.cpus} x ${report.cpu}, Node ${report.node}\n`,
    `${operations} operations of ${clients} clients, ${(unsure * 100).toFixed(1)}% of them without an answer\n\n`,
    formatTable(["CHECKER", "TIME", "CPU", "OPS/S", "RSS BEFORE", "RSS AT MOST", "ANOMALIES"], rows),
  ].join("");
}

/** Those that were asked for; all if none was. */
export function wantedKinds(words: string): string[] {
  const wanted = words.split(/[\s,]+/).filter((word) => word !== "");
  return Object.keys(checkerKinds).filter((kind) => wanted.length === 0 || wanted.includes(kind));
}
