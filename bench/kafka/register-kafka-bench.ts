/** `npm run bench -- kafka`. */
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { benchedServers, type BenchedServer, runKafkaBench } from "./kafka-bench.ts";
import { kafkaReport, kafkaTable } from "./kafka-report.ts";

interface KafkaOptions {
  readonly json?: boolean;
  readonly rounds: number;
  readonly records: number;
  readonly recordBytes: number;
  readonly rate: number;
  readonly server?: BenchedServer;
  readonly only: string;
  readonly dir: string;
  readonly cpuProf?: string;
  readonly flush: boolean;
}

/** @param note a line for whoever watches, which the next one replaces unless it stays */
export function registerKafkaBench(program: Command, note: (line: string, stays?: boolean) => void): void {
  program
    .command("kafka")
    .description("Kafka's performance tools on Apache Kafka and on streamkeeper serve, in turn (needs Java and Maven)")
    .option("--json", "write JSON")
    .option("--rounds <number>", "how often each server is measured", wholeNumber, 3)
    .option("--records <number>", "records of each run at full speed", wholeNumber, 100_000)
    .option("--record-bytes <number>", "size of a record's value", wholeNumber, 1_024)
    .option("--rate <number>", "records per second of the runs for latency", wholeNumber, 1_000)
    .addOption(new Option("--server <name>", "only one of the servers").choices(benchedServers))
    .option("--only <words>", 'only the cells with all these words, such as "produce x6"', "")
    .option("--dir <folder>", "where the data are written: its disk is measured", tmpdir())
    .option("--cpu-prof <folder>", "write a profile of streamkeeper's process there")
    .option("--no-flush", "Kafka as it comes, which answers before its records are on the disk")
    .action((options: KafkaOptions) => benchKafka(options, note));
}

async function benchKafka(
  { json, dir, server, only, rate, flush, cpuProf, ...options }: KafkaOptions,
  note: (line: string, stays?: boolean) => void,
): Promise<void> {
  await mkdir(dir, { recursive: true });
  const bench = {
    ...options,
    recordsPerSecond: rate,
    folder: dir,
    servers: server === undefined ? benchedServers : [server],
    only: only.split(/[\s,]+/).filter((word) => word !== ""),
    flushes: flush,
    ...(cpuProf === undefined ? {} : { profileFolder: resolve(cpuProf) }),
    onStep: note,
  };
  const report = kafkaReport(await runKafkaBench(bench), bench);
  note("", true);
  process.stdout.write(json === true ? `${JSON.stringify(report, undefined, 2)}\n` : kafkaTable(report));
  if (report.cells.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0)) throw new InvalidArgumentError("It must be a whole number above 0.");
  return value;
}
