/** `npm run bench -- log`, `-- tree`, `-- groups`, `-- kafka`, `-- zookeeper`, `-- zookeeper-sessions`, `-- memory`, `-- checkers` and `-- contention`; also behind `streamkeeper bench`. */
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { formatBytes } from "../local/console/quantities.ts";
import { benchChecker, checkersReport, checkersTable, wantedKinds } from "./checkers/checkers-bench.ts";
import { coldStartReport, coldStartTable, runColdStartBench } from "./cold-start/cold-start-bench.ts";
import { costSizes, runCostBench } from "./cost/cost-bench.ts";
import { costReport, costTable } from "./cost/cost-report.ts";
import { allCells, cellTitle, isWanted } from "./log/cells.ts";
import { cellReport, logReport, logTable } from "./log/report.ts";
import { LogBench } from "./log/log-bench.ts";
import { benchTreeCell, benchTreeLoad, treeCells, treeCellTitle } from "./tree/tree-bench.ts";
import { runGroupsBench } from "./groups/groups-bench.ts";
import { groupsReport, groupsTable } from "./groups/groups-report.ts";
import { registerKafkaBench } from "./kafka/register-kafka-bench.ts";
import { registerZooKeeperBench } from "./zookeeper/register-zookeeper-bench.ts";
import { registerZooKeeperSessionsBench } from "./zookeeper-sessions/register-zookeeper-sessions-bench.ts";
import { treeReport, treeTable } from "./tree/tree-report.ts";
import { memoryTable } from "./memory/memory-report.ts";
import { runMemoryBench } from "./memory/run-memory-bench.ts";
import { runContentionBench } from "./contention/contention-bench.ts";
import { contentionReport, contentionTable } from "./contention/contention-report.ts";

interface LogOptions {
  readonly json?: boolean;
  readonly seconds: number;
  readonly recordBytes: number;
  readonly only: string;
  readonly dir: string;
}

interface TreeOptions {
  readonly json?: boolean;
  readonly seconds: number;
  readonly only: string;
  readonly znodes: number;
  readonly dir: string;
}

interface GroupsOptions {
  readonly json?: boolean;
  readonly seconds: number;
  readonly records: number;
  readonly recordBytes: number;
  readonly dir: string;
}

interface MemoryOptions {
  readonly json?: boolean;
  readonly gigabytes: number;
  readonly dir: string;
}

interface ContentionOptions {
  readonly json?: boolean;
  readonly callers: readonly number[];
  readonly seconds: number;
  readonly pauseMs: number;
  readonly seed: number;
  readonly slowdown: number;
  readonly only: string;
}

interface CheckersOptions {
  readonly json?: boolean;
  readonly operations: number;
  readonly clients: number;
  readonly unsure: number;
  readonly seed: number;
  readonly only: string;
}

const program = new Command("bench").description(
  "measures the log and the tree on the embedded store, on this machine",
);

program
  .command("log")
  .description("produce and fetch, over HTTP and in process, next to what LMDB and the disk can do by themselves")
  .option("--json", "write JSON")
  .option("--seconds <number>", "time for each cell", positiveNumber, 2)
  .option("--record-bytes <number>", "size of a record's value", positiveNumber, 1_000)
  .option("--only <words>", 'only the cells with all these words, such as "http produce 1MB x16"', "")
  .option("--dir <folder>", "where the data are written: its disk is measured", tmpdir())
  .action(benchLog);

program
  .command("tree")
  .description("writes and reads of znodes, over HTTP and in process, and how long a large tree takes to load")
  .option("--json", "write JSON")
  .option("--seconds <number>", "time for each cell", positiveNumber, 2)
  .option("--only <words>", 'only the cells with all these words, such as "process write x128"', "")
  .option("--znodes <number>", "size of the large tree", positiveNumber, 1_000_000)
  .option("--dir <folder>", "where the data are written: its disk is measured", tmpdir())
  .action(benchTree);

program
  .command("groups")
  .description("a consumer group, its rebalances, and transactions, over HTTP")
  .option("--json", "write JSON")
  .option("--seconds <number>", "time for each measurement that has one", positiveNumber, 2)
  .option("--records <number>", "records that pass through the group", positiveNumber, 500_000)
  .option("--record-bytes <number>", "size of a record's value", positiveNumber, 100)
  .option("--dir <folder>", "where the data are written: its disk is measured", tmpdir())
  .action(benchGroups);

registerKafkaBench(program, note);
registerZooKeeperBench(program, note);
registerZooKeeperSessionsBench(program, note);

program
  .command("memory")
  .description("pass gigabytes through a server and look whether its memory stays flat")
  .option("--json", "write JSON")
  .option("--gigabytes <number>", "how much passes", positiveNumber, 2)
  .option("--dir <folder>", "where the data are written", tmpdir())
  .action(benchMemory);

program
  .command("checkers")
  .description("check long histories of clients, as streamkeeper verify does")
  .option("--json", "write JSON")
  .option("--operations <number>", "length of each history", positiveNumber, 1_000_000)
  .option("--clients <number>", "clients at once", positiveNumber, 16)
  .option("--unsure <share>", "share of the operations that are not answered", positiveNumber, 0.01)
  .option("--seed <number>", "decides what the clients do", positiveNumber, 1)
  .option("--only <words>", 'only some checkers, such as "log registers"', "")
  .action(benchCheckers);

program
  .command("contention")
  .description("many callers on one partition and one tree, in virtual time and over an emulated DynamoDB")
  .option("--json", "write JSON")
  .option("--callers <numbers>", "callers at once, each a process of its own", positiveNumbers, [1, 4, 16, 64])
  .option("--seconds <number>", "time for each cell", positiveNumber, 10)
  .option("--pause-ms <number>", "longest pause between an answer and the next append", Number, 0)
  .option("--seed <number>", "decides what happens in virtual time", positiveNumber, 1)
  .option("--slowdown <number>", "times as slow as a region the emulator is made", positiveNumber, 1)
  .option("--only <words>", 'only the cells with all these words, such as "virtual tree"', "")
  .action(benchContention);

program
  .command("cost")
  .description(
    "what writes, reads, sessions and idleness use of DynamoDB, S3 and SQS, in dollars, beside what is predicted",
  )
  .option("--json", "write JSON")
  .action(benchCost);

program
  .command("cold-start")
  .description("size and import time of each function's bundle")
  .option("--json", "write JSON")
  .option("--runs <number>", "imports of each, of which the best counts", positiveNumber, 5)
  .action(benchColdStart);

async function benchLog(options: LogOptions): Promise<void> {
  await mkdir(options.dir, { recursive: true });
  const cells = allCells().filter((cell) => isWanted(cell, options.only));
  if (cells.length === 0) program.error(`no cell is "${options.only}"; words such as "http produce 1MB x16" are known`);
  const reports = [];
  await using bench = new LogBench({ ...options, folder: options.dir });
  for (const [index, cell] of cells.entries()) {
    note(`${index + 1}/${cells.length} ${cellTitle(cell)}`);
    const measured = await bench.run(cell);
    const report = cellReport(cell, measured);
    note(
      `${index + 1}/${cells.length} ${report.title}: ${report.mbPerSecond} MB/s, ${report.operationsPerSecond} ops/s`,
      true,
    );
    reports.push(report);
  }
  const report = logReport(reports, { ...options, folder: options.dir });
  process.stdout.write(options.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : logTable(report));
}

async function benchTree(options: TreeOptions): Promise<void> {
  await mkdir(options.dir, { recursive: true });
  const words = wordsOf(options.only);
  const cells = treeCells().filter((cell) => words.every((word) => treeCellTitle(cell).split(" ").includes(word)));
  if (cells.length === 0) program.error(`no cell is "${options.only}"; words such as "process write x128" are known`);
  const figures = [];
  for (const cell of cells) {
    note(treeCellTitle(cell));
    const measured = await benchTreeCell(cell, options.seconds, options.dir);
    note(
      `${measured.title}: ${measured.operationsPerSecond} ops/s, p50 ${measured.p50Ms} ms, p99 ${measured.p99Ms} ms`,
      true,
    );
    figures.push(measured);
  }
  const loads = [];
  for (const znodes of words.length > 0 ? [] : [...new Set([100, 100_000, options.znodes])]) {
    note(`loading ${znodes} znodes`);
    const load = await benchTreeLoad(znodes, options.dir);
    note(`${znodes} znodes: cold read after ${load.coldReadMs} ms, ${load.heapMb} MB`, true);
    loads.push(load);
  }
  const report = treeReport(figures, loads, options);
  process.stdout.write(options.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : treeTable(report));
}

async function benchGroups({ dir, json, ...options }: GroupsOptions): Promise<void> {
  await mkdir(dir, { recursive: true });
  const figures = await runGroupsBench({ ...options, folder: dir, onStep: (step) => note(step) });
  note("", true);
  const report = groupsReport(figures, dir);
  process.stdout.write(json === true ? `${JSON.stringify(report, undefined, 2)}\n` : groupsTable(report));
}

async function benchMemory(options: MemoryOptions): Promise<void> {
  await mkdir(options.dir, { recursive: true });
  const report = await runMemoryBench({
    gigabytes: options.gigabytes,
    folder: options.dir,
    onSample: ({ producedBytes, rssBytes }, share) => {
      note(`${Math.floor(share * 100)}% ${formatBytes(producedBytes)} produced, RSS ${formatBytes(rssBytes)}`);
    },
  });
  note("", true);
  process.stdout.write(options.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : memoryTable(report));
}

async function benchCheckers({ json, only, ...options }: CheckersOptions): Promise<void> {
  const kinds = wantedKinds(only);
  if (kinds.length === 0) program.error(`there is no checker "${only}"; "log registers" are known`);
  const checkers = [];
  for (const kind of kinds) {
    note(kind);
    const figures = await benchChecker(kind, options);
    note(`${kind}: ${figures.elapsedMs} ms, RSS at most ${formatBytes(figures.rssBytesMax)}`, true);
    checkers.push(figures);
  }
  const report = checkersReport(checkers, options);
  process.stdout.write(json === true ? `${JSON.stringify(report, undefined, 2)}\n` : checkersTable(report));
  if (checkers.some(({ anomalies }) => anomalies.length > 0)) process.exitCode = 1;
}

async function benchContention({ json, only, ...options }: ContentionOptions): Promise<void> {
  const cells = await runContentionBench({
    ...options,
    durationMs: options.seconds * 1_000,
    pauseMsMax: options.pauseMs,
    only: wordsOf(only),
    onCell: ({ store, log, callers, appendsPerSecond, writesPerAppend }) => {
      note(`${store} ${log} x${callers}: ${appendsPerSecond} appends/s, ${writesPerAppend} writes each`, true);
    },
  });
  if (cells.length === 0) program.error(`no cell is "${only}"; words such as "virtual tree" are known`);
  const report = contentionReport(cells, options);
  process.stdout.write(json === true ? `${JSON.stringify(report, undefined, 2)}\n` : contentionTable(report));
}

async function benchCost({ json }: { readonly json?: boolean }): Promise<void> {
  const report = costReport(await runCostBench(costSizes, (step) => note(step)));
  note("", true);
  process.stdout.write(json === true ? `${JSON.stringify(report, undefined, 2)}\n` : costTable(report));
}

async function benchColdStart({ json, runs }: { readonly json?: boolean; readonly runs: number }): Promise<void> {
  const report = coldStartReport(await runColdStartBench(runs, (step) => note(step)));
  note("", true);
  process.stdout.write(json === true ? `${JSON.stringify(report, undefined, 2)}\n` : coldStartTable(report));
}

/** A line on the terminal that the next one replaces, unless it stays; elsewhere only what stays is written. */
function note(line: string, stays = false): void {
  const { stderr } = process;
  if (stderr.isTTY) stderr.write(`\r\u001B[K${line}${stays && line !== "" ? "\n" : ""}`);
  else if (stays && line !== "") stderr.write(`${line}\n`);
}

function wordsOf(text: string): readonly string[] {
  return text.split(/[\s,/]+/).filter((word) => word !== "");
}

function positiveNumbers(text: string): readonly number[] {
  return text.split(",").map(positiveNumber);
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}

await program.parseAsync();
