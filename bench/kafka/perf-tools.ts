/** Kafka's own performance tools, and what their lines say. */
import { type JavaEnd, runJava } from "../../test/peers/kafka/java-process.ts";
import { kafkaClassPath } from "../../test/peers/kafka/real-kafka.ts";

const toolMsMax = 10 * 60_000;
const clientOptions = ["-Xmx512m"];

export interface ProduceFigures {
  readonly mbPerSecond: number;
  readonly recordsPerSecond: number;
  /** From `send` to the answer, so with the wait in the client's own buffer where records are sent without a limit. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface ConsumeFigures {
  /** From the first fetch to the last record, without the time to join the group. */
  readonly mbPerSecond: number;
  readonly recordsPerSecond: number;
}

export interface RoundTripFigures {
  /** From `send` until a consumer has the record, one at a time. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Target {
  readonly bootstrap: string;
  readonly topic: string;
}

export interface PerfLoad extends Target {
  readonly records: number;
  readonly recordBytes: number;
}

/** Waits for the end of `kafka-producer-perf-test`. @param recordsPerSecond absent: as many as can be */
export async function producePerf({
  recordsPerSecond,
  ...load
}: PerfLoad & { readonly recordsPerSecond?: number }): Promise<ProduceFigures> {
  const rate = String(recordsPerSecond ?? -1);
  const args = ["--num-records", String(load.records), "--record-size", String(load.recordBytes), "--throughput", rate];
  const settings = ["--command-property", "acks=all"];
  const end = await runTool("org.apache.kafka.tools.ProducerPerformance", [...targetOf(load), ...args, ...settings]);
  return parseProduceFigures(end.stdout);
}

/** Waits for the end of `kafka-consumer-perf-test`, which reads from the start as a member of a new group. */
export async function consumePerf({ records, ...target }: PerfLoad): Promise<ConsumeFigures> {
  const args = ["--num-records", String(records), "--hide-header", "--timeout", "30000"];
  const end = await runTool("org.apache.kafka.tools.ConsumerPerformance", [...targetOf(target), ...args]);
  return parseConsumeFigures(end.stdout, records);
}

/** Waits for the end of `kafka-e2e-latency`: a record is sent when the one before has been read. */
export async function roundTripPerf({ bootstrap, topic, records, recordBytes }: PerfLoad): Promise<RoundTripFigures> {
  const args = [bootstrap, topic, String(records), "all", String(recordBytes)];
  return parseRoundTripFigures((await runTool("org.apache.kafka.tools.EndToEndLatency", args)).stdout);
}

export async function createTopic(target: Target, partitions: number): Promise<void> {
  const args = [...targetOf(target), "--create", "--partitions", String(partitions)];
  await runTool("org.apache.kafka.tools.TopicCommand", args);
}

/** @throws Error if the last line is not that of a run that ended */
export function parseProduceFigures(stdout: string): ProduceFigures {
  const line = stdout.trimEnd().split("\n").at(-1) ?? "";
  const found =
    /^\d+ records sent, ([\d.]+) records\/sec \(([\d.]+) MB\/sec\), .* (\d+) ms 50th, \d+ ms 95th, (\d+) ms 99th/.exec(
      line,
    );
  if (found === null) throw new Error(`kafka-producer-perf-test did not end as it should: ${stdout}`);
  const [recordsPerSecond = 0, mbPerSecond = 0, p50Ms = 0, p99Ms = 0] = found.slice(1).map(Number);
  return { mbPerSecond, recordsPerSecond, p50Ms, p99Ms };
}

/** @throws Error if there were fewer than `records` */
export function parseConsumeFigures(stdout: string, records: number): ConsumeFigures {
  const columns = (stdout.trimEnd().split("\n").at(-1) ?? "").split(", ");
  const read = Number(columns[4]);
  const mbPerSecond = Number(columns[8]);
  const recordsPerSecond = Number(columns[9]);
  const isWhole = columns.length === 10 && read >= records;
  if (!isWhole || !(mbPerSecond > 0)) throw new Error(`kafka-consumer-perf-test did not read everything: ${stdout}`);
  return { mbPerSecond, recordsPerSecond };
}

/** @throws Error if there is no line of percentiles */
export function parseRoundTripFigures(stdout: string): RoundTripFigures {
  const found = /Percentiles: 50th = (\d+), 99th = (\d+)/.exec(stdout);
  if (found === null) throw new Error(`kafka-e2e-latency did not end as it should: ${stdout}`);
  return { p50Ms: Number(found[1]), p99Ms: Number(found[2]) };
}

function targetOf({ bootstrap, topic }: Target): string[] {
  return ["--bootstrap-server", bootstrap, "--topic", topic];
}

async function runTool(mainClass: string, args: readonly string[]): Promise<JavaEnd> {
  const run = { mainClass, args, classPath: kafkaClassPath(), options: clientOptions, logLevel: "error" } as const;
  const end = await runJava(run, { timeoutMs: toolMsMax });
  if (end.status !== 0) throw new Error(`${mainClass} ended with ${end.status}: ${end.stderr}${end.stdout}`);
  return end;
}
