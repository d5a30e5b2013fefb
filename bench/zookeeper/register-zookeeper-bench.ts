/** `npm run bench -- zookeeper`. */
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { benchedServers, type BenchedServer, runZooKeeperBench } from "./zookeeper-bench.ts";
import { zooKeeperReport, zooKeeperTable } from "./zookeeper-report.ts";

interface Options {
  readonly json?: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly server?: BenchedServer;
  readonly only: string;
  readonly dir: string;
  readonly cpuProf?: string;
}

/** @param note a line for whoever watches, which the next one replaces unless it stays */
export function registerZooKeeperBench(program: Command, note: (line: string, stays?: boolean) => void): void {
  program
    .command("zookeeper")
    .description("one client on a real ZooKeeper and on streamkeeper serve, in turn (needs Java and Maven)")
    .option("--json", "write JSON")
    .option("--rounds <number>", "how often each server is measured", positiveNumber, 2)
    .option("--seconds <number>", "time for each cell", positiveNumber, 5)
    .addOption(new Option("--server <name>", "only one of the servers").choices(benchedServers))
    .option("--only <words>", 'only the cells with all these words, such as "set x16"', "")
    .option("--dir <folder>", "where the data are written: its disk is measured", tmpdir())
    .option("--cpu-prof <folder>", "write a profile of streamkeeper's process there")
    .action((options: Options) => benchZooKeeper(options, note));
}

async function benchZooKeeper(
  { json, dir, server, only, cpuProf, ...options }: Options,
  note: (line: string, stays?: boolean) => void,
): Promise<void> {
  await mkdir(dir, { recursive: true });
  const bench = {
    ...options,
    folder: dir,
    servers: server === undefined ? benchedServers : [server],
    only: only.split(/[\s,]+/).filter((word) => word !== ""),
    ...(cpuProf === undefined ? {} : { profileFolder: resolve(cpuProf) }),
    onStep: note,
  };
  const report = zooKeeperReport(await runZooKeeperBench(bench), bench);
  note("", true);
  process.stdout.write(json === true ? `${JSON.stringify(report, undefined, 2)}\n` : zooKeeperTable(report));
  if (report.cells.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}
