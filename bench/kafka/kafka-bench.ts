/** Apache Kafka and Streamkeeper on this machine, one after the other, under Kafka's own performance tools. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { startOurKafka } from "../../test/peers/kafka/our-kafka.ts";
import { startRealKafka } from "../../test/peers/kafka/real-kafka.ts";
import { consumePerf, createTopic, type PerfLoad, producePerf, roundTripPerf } from "./perf-tools.ts";

export const benchedServers = ["kafka", "streamkeeper"] as const;
export type BenchedServer = (typeof benchedServers)[number];

export interface KafkaBenchOptions {
  /** Each server is started anew in each round; which comes first alternates. */
  readonly rounds: number;
  readonly records: number;
  readonly recordBytes: number;
  /** Rate of the runs that show latency and not throughput. */
  readonly recordsPerSecond: number;
  readonly folder: string;
  readonly servers: readonly BenchedServer[];
  /** Words, all of which a cell's title must have. */
  readonly only: readonly string[];
  /** Where profiles of our server go. */
  readonly profileFolder?: string;
  /** Whether Kafka forces every append to the disk before it answers. */
  readonly flushes: boolean;
  readonly onStep: (step: string, isResult: boolean) => void;
}

export type Figures = Readonly<Record<string, number>>;

/** What one run on one server measured, or why it could not. */
export interface Measured {
  readonly server: BenchedServer;
  readonly round: number;
  readonly cell: string;
  readonly figures?: Figures;
  readonly failure?: string;
}

interface Cell {
  readonly title: string;
  readonly partitions: number;
  run(load: PerfLoad): Promise<object>;
}

interface Started {
  readonly bootstrap: string;
  stop(): Promise<void>;
}

const partitionCounts = [1, 6];

/** @throws Error that says what is missing on this machine */
export async function runKafkaBench(options: KafkaBenchOptions): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    const order = round % 2 === 1 ? options.servers : options.servers.toReversed();
    for (const server of order) measured.push(...(await runRound(server, round, options)));
  }
  return measured;
}

/** What is produced is then consumed: a cell that reads comes after the one that wrote its topic. */
function cellsOf({ recordsPerSecond, only }: KafkaBenchOptions): readonly Cell[] {
  const cells = partitionCounts.flatMap((partitions): Cell[] => [
    { title: `produce x${partitions}`, partitions, run: producePerf },
    { title: `consume x${partitions}`, partitions, run: consumePerf },
    {
      title: `latency x${partitions}`,
      partitions,
      run: (load) =>
        producePerf({ ...load, topic: `slow-${load.topic}`, records: recordsPerSecond * 5, recordsPerSecond }),
    },
  ]);
  const roundTrip: Cell = {
    title: "round trip",
    partitions: 1,
    run: (load) => roundTripPerf({ ...load, topic: `slow-${load.topic}`, records: 1_000 }),
  };
  return [...cells, roundTrip].filter(({ title }) => only.every((word) => title.split(" ").includes(word)));
}

async function runRound(server: BenchedServer, round: number, options: KafkaBenchOptions): Promise<Measured[]> {
  const { onStep, records, recordBytes } = options;
  const folder = await mkdtemp(join(options.folder, "streamkeeper-kafka-bench-"));
  onStep(`round ${round}: ${server} starts`, false);
  const started = await start(server, folder, options);
  const measured: Measured[] = [];
  try {
    for (const partitions of partitionCounts) {
      for (const topic of [`p${partitions}`, `slow-p${partitions}`]) {
        await createTopic({ bootstrap: started.bootstrap, topic }, partitions);
      }
    }
    for (const cell of cellsOf(options)) {
      onStep(`round ${round}: ${server}, ${cell.title}`, false);
      const load = { bootstrap: started.bootstrap, topic: `p${cell.partitions}`, records, recordBytes };
      const result = await measure(cell, load);
      onStep(`round ${round}: ${server}, ${cell.title}: ${JSON.stringify(result.figures ?? result.failure)}`, true);
      measured.push({ server, round, cell: cell.title, ...result });
    }
  } finally {
    await started.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return measured;
}

/** One run that fails is told of and hides no other. */
async function measure(cell: Cell, load: PerfLoad): Promise<Pick<Measured, "figures" | "failure">> {
  try {
    return { figures: { ...(await cell.run(load)) } };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

async function start(server: BenchedServer, dataFolder: string, options: KafkaBenchOptions): Promise<Started> {
  if (server === "kafka")
    return startRealKafka({ flushesEveryAppend: options.flushes, heap: "1g", parentFolder: dataFolder });
  const { profileFolder } = options;
  if (profileFolder !== undefined) await mkdir(profileFolder, { recursive: true });
  const nodeOptions = profileFolder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`];
  return startOurKafka({ dataFolder, nodeOptions });
}
