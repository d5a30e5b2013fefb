import { randomBytes } from "node:crypto";
import { Option } from "commander";
import type { Command } from "commander";
import { CreateTopicCommand, DeleteTopicCommand } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";
import { connect, endpointDefault, withConnection } from "../console/connection.ts";
import type { ConnectionOptions } from "../console/connection.ts";
import { Progress } from "../console/progress.ts";
import { formatAmount, formatBytes, formatCount, perSecond } from "../console/quantities.ts";
import { runAction } from "../console/run-action.ts";
import type { Terminal } from "../console/terminal.ts";
import { flightsFile, keyOf, readFlights } from "../demo/flights.ts";
import { startOwnServer } from "../demo/own-server.ts";
import { RowChecker } from "../demo/row-checker.ts";
import type { SentRow } from "../demo/row-checker.ts";
import { describeReport, produceRows, readRows } from "../demo/stream-rows.ts";
import type { Streamed, StreamTask } from "../demo/stream-rows.ts";
import { storeKinds } from "../open-storage.ts";
import type { StoreKind } from "../open-storage.ts";

interface DemoOptions extends ConnectionOptions {
  readonly store: StoreKind;
  readonly rows?: string;
  readonly partitions: string;
  readonly keep?: boolean;
}

const examples = `
Starts a server of its own on a temporary folder, unless --endpoint names one. The store "aws" takes its endpoints and
credentials from the usual variables (AWS_ENDPOINT_URL and so on) and its tables from STREAMKEEPER_LOG_TABLE,
STREAMKEEPER_ITEM_TABLE and STREAMKEEPER_BUCKET; on an emulator it creates what is not named.

Examples:
  $ streamkeeper demo
  $ streamkeeper demo --rows 20000 --partitions 12
  $ streamkeeper demo --endpoint http://127.0.0.1:8080 --keep
  $ streamkeeper demo --store aws`;

/** Adds `streamkeeper demo`. */
export function registerDemo(program: Command, terminal: Terminal = process): void {
  const command = program
    .command("demo")
    .description("stream a real data set through a server, read it back, and check every row");
  withConnection(command)
    .addOption(new Option("--store <kind>", "store of the demo's own server").choices(storeKinds).default("embedded"))
    .option("--rows <number>", "stop after so many rows (default: all)")
    .option("--partitions <number>", "partitions of the topic", "6")
    .option("--keep", "keep the topic afterwards")
    .addHelpText("after", examples)
    .action((options: DemoOptions) => {
      const isNamed = command.getOptionValueSource("endpoint") !== "default" || options.endpoint !== endpointDefault;
      return runAction((signal) => demo(options, isNamed, terminal, signal));
    });
}

async function demo(options: DemoOptions, isNamed: boolean, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const print = (line: string): void => void terminal.stdout.write(`${line}\n`);
  const rows = await rowsToSend(options.rows === undefined ? undefined : parseNumber(options.rows, "--rows"));
  const partitions = parseNumber(options.partitions, "--partitions");
  await using server = isNamed ? undefined : await startOwnServer(options.store);
  const endpoint = server?.url ?? options.endpoint;
  using client = connect({ ...options, endpoint });
  const place = server === undefined ? "" : ` (${server.place})`;
  print(`streaming ${formatCount(rows.length)} rows of ${flightsFile}, keyed by distance, through ${endpoint}${place}`);
  const topic = `demo-flights-${randomBytes(4).toString("hex")}`;
  await client.send(new CreateTopicCommand({ name: topic, partitions }), { abortSignal: signal });
  try {
    const problems = await streamAndCheck({ client, topic, signal }, partitions, rows, terminal);
    if (problems > 0) throw new CommandError(`the demo found ${formatAmount(problems, "problem")}`);
  } finally {
    if (options.keep === true) print(`kept      topic ${topic}`);
    else await client.send(new DeleteTopicCommand({ topic }));
  }
}

/** Answers the number of problems. */
async function streamAndCheck(
  place: Omit<StreamTask, "onProgress">,
  partitions: number,
  rows: readonly SentRow[],
  { stdout, stderr }: Terminal,
): Promise<number> {
  const keys = formatAmount(new Set(rows.map((row) => row.key)).size, "key");
  const produced = await withProgress(
    new Progress("produced", stderr, { total: rows.length, atOnce: true }),
    (onProgress) => produceRows({ ...place, onProgress }, rows),
  );
  stdout.write(
    `produced  ${formatCount(rows.length)} rows, ${keys}, to ${formatAmount(partitions, "partition")} ${rates(rows.length, produced)}\n`,
  );
  const checker = new RowChecker(rows, partitions);
  const read = await withProgress(
    new Progress("consumed", stderr, { total: rows.length, atOnce: true }),
    (onProgress) => readRows({ ...place, onProgress }, partitions, checker),
  );
  const report = checker.finish();
  stdout.write(
    `consumed  ${formatCount(report.rows)} rows, ${formatAmount(report.keys, "key")} ${rates(report.rows, read)}\n`,
  );
  stdout.write(describeReport(report));
  return report.problemsCount;
}

async function rowsToSend(limit: number | undefined): Promise<readonly SentRow[]> {
  const flights = await readFlights();
  return flights.slice(0, limit).map((flight) => ({ key: keyOf(flight), value: JSON.stringify(flight) }));
}

async function withProgress<Result>(
  progress: Progress,
  work: (onProgress: (rows: number, bytes: number) => void) => Promise<Result>,
): Promise<Result> {
  try {
    return await work((rows, bytes) => progress.add(rows, bytes));
  } finally {
    progress.finish();
  }
}

function rates(rows: number, { bytes, elapsedMs }: Streamed): string {
  const seconds = (elapsedMs / 1_000).toFixed(1);
  return `in ${seconds} s: ${formatCount(perSecond(rows, elapsedMs))} rows/s, ${formatBytes(perSecond(bytes, elapsedMs))}/s`;
}

function parseNumber(text: string, name: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new CommandError(`${name} must be a whole number from 1 on: ${text}`);
  return Number(text);
}
