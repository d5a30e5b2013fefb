/** `npm run bench -- zookeeper-sessions`. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { formatBytes } from "../../local/console/quantities.ts";
import { runZooKeeperSessionsBench, type SessionsReport } from "./zookeeper-sessions-bench.ts";

interface Options {
  readonly json?: boolean;
  readonly sessions: number;
  readonly seconds: number;
  readonly pingMs: number;
  readonly dir: string;
}

/** @param note a line for whoever watches, which the next one replaces unless it stays */
export function registerZooKeeperSessionsBench(program: Command, note: (line: string, stays?: boolean) => void): void {
  program
    .command("zookeeper-sessions")
    .description("idle sessions of ZooKeeper's clients on one server: its memory, processor and lease writes")
    .option("--json", "write JSON")
    .option("--sessions <number>", "each over a connection of its own; ulimit -n must allow it", positiveNumber, 10_000)
    .option("--seconds <number>", "how long they are idle", positiveNumber, 120)
    .option("--ping-ms <number>", "between two pings of a session", positiveNumber, 10_000)
    .option("--dir <folder>", "where the data are written", tmpdir())
    .action(async ({ json, dir, ...options }: Options) => {
      const folder = await mkdtemp(join(dir, "streamkeeper-sessions-"));
      try {
        const report = await runZooKeeperSessionsBench({ ...options, folder, onStep: note });
        note("", true);
        process.stdout.write(json === true ? `${JSON.stringify(report, undefined, 2)}\n` : textOf(report));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
}

function textOf(report: SessionsReport): string {
  const { sessions, rssBytes, rssBytesMax, rssBytesBefore, openMs, cpuShare, leaseWritesPerSecond, lost } = report;
  const each = (rssBytes - rssBytesBefore) / sessions;
  return [
    `${sessions} sessions, opened in ${(openMs / 1_000).toFixed(1)} s; ${lost} lost their connection\n`,
    `RSS ${formatBytes(rssBytesBefore)} before, ${formatBytes(rssBytes)} at the end (${formatBytes(each)} for each), `,
    `${formatBytes(rssBytesMax)} at most while idle\n`,
    `${(cpuShare * 100).toFixed(1)}% of a processor, ${leaseWritesPerSecond.toFixed(1)} lease writes a second\n`,
  ].join("");
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}
