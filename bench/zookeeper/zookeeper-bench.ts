/** ZooKeeper and Streamkeeper on this machine under the same client, one run each in turn. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startZooKeeper } from "../../test/peers/zookeeper/server.ts";
import { type Load, type LoadFigures, runLoad, type Workload, workloads } from "./load.ts";
import { startOurs } from "./start-ours.ts";

export const benchedServers = ["zookeeper", "streamkeeper"] as const;
export type BenchedServer = (typeof benchedServers)[number];

export interface ZooKeeperBenchOptions {
  /** Both servers are started anew in each round; which is measured first alternates. */
  readonly rounds: number;
  /** Measured in each cell. */
  readonly seconds: number;
  readonly folder: string;
  readonly servers: readonly BenchedServer[];
  /** Words, all of which a cell's title must have. */
  readonly only: readonly string[];
  /** Where profiles of our server go. */
  readonly profileFolder?: string;
  readonly onStep: (step: string, isResult: boolean) => void;
}

/** What one run on one server measured, or why it could not. */
export interface Measured {
  readonly server: BenchedServer | "client";
  readonly round: number;
  readonly cell: string;
  readonly figures?: LoadFigures & {
    /** Processor time of the server for each request; 0 where it is not known. */
    readonly serverCpuUs: number;
  };
  /** Processes that wanted a processor in the minute before, on the whole machine. */
  readonly loadBefore: number;
  readonly failure?: string;
}

interface Cell {
  readonly workload: Workload;
  readonly connections: number;
}

interface Started {
  readonly port: number;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

const connectionCounts = [1, 16, 128] as const;
const warmUpSeconds = 1.5;
/** Before the first cell of a server: a virtual machine compiles what it has seen often. */
const firstWarmUpSeconds = 8;
const znodes = 1_000;
const clockTicksPerSecond = 100;

/** @throws Error that says what is missing on this machine */
export async function runZooKeeperBench(options: ZooKeeperBenchOptions): Promise<Measured[]> {
  const measured: Measured[] = [...(await measureClient(options))];
  for (let round = 1; round <= options.rounds; round += 1) measured.push(...(await runRound(round, options)));
  return measured;
}

function titleOf({ workload, connections }: Cell): string {
  return `${workload} x${connections}`;
}

function cellsOf({ only }: ZooKeeperBenchOptions): readonly Cell[] {
  return workloads
    .flatMap((workload) => connectionCounts.map((connections) => ({ workload, connections })))
    .filter((cell) => only.every((word) => titleOf(cell).split(" ").includes(word)));
}

/** What the generator gets from a server that does nothing: more than that it can show of no server. */
async function measureClient(options: ZooKeeperBenchOptions): Promise<Measured[]> {
  const script = fileURLToPath(new URL("echo-server.ts", import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [port] = (await once(child.stdout, "data")) as [Buffer];
    const echo = { port: Number(port.toString()), pid: child.pid, stop: () => Promise.resolve() };
    const measured: Measured[] = [];
    for (const connections of connectionCounts) {
      const cell = { workload: "get", connections } as const;
      if (cellsOf(options).some((one) => one.connections === connections)) {
        measured.push(await measure(echo, { server: "client", round: 1, cell }, options));
      }
    }
    return measured;
  } finally {
    child.kill("SIGKILL");
  }
}

async function runRound(round: number, options: ZooKeeperBenchOptions): Promise<Measured[]> {
  const order = round % 2 === 1 ? options.servers : options.servers.toReversed();
  const folder = await mkdtemp(join(options.folder, "streamkeeper-zookeeper-bench-"));
  const started = new Map<BenchedServer, Started>();
  const measured: Measured[] = [];
  try {
    for (const server of order) {
      options.onStep(`round ${round}: ${server} starts`, false);
      const { port, ...one } = await start(server, folder, options);
      started.set(server, { port, ...one });
      await runLoad(loadOf(port, { workload: "mix", connections: 16 }, "/warm-up", { seconds: firstWarmUpSeconds }));
    }
    for (const cell of cellsOf(options)) {
      for (const server of order) {
        const running = started.get(server);
        if (running !== undefined) measured.push(await measure(running, { server, round, cell }, options));
      }
    }
  } finally {
    for (const server of started.values()) await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return measured;
}

async function measure(
  { port, pid }: Started,
  { server, round, cell }: { readonly server: Measured["server"]; readonly round: number; readonly cell: Cell },
  { seconds, onStep }: ZooKeeperBenchOptions,
): Promise<Measured> {
  const title = titleOf(cell);
  onStep(`round ${round}: ${server}, ${title}`, false);
  const run = { server, round, cell: title, loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100 };
  const cpuBefore = await cpuSeconds(pid);
  try {
    const load = await runLoad(loadOf(port, cell, `/${title.replace(" ", "-")}`, { seconds }));
    const serverCpuUs = (((await cpuSeconds(pid)) - cpuBefore) * 1_000_000) / Math.max(load.operations, 1);
    onStep(`round ${round}: ${server}, ${title}: ${JSON.stringify({ ...load, serverCpuUs })}`, true);
    return { ...run, figures: { ...load, serverCpuUs } };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    onStep(`round ${round}: ${server}, ${title}: ${failure}`, true);
    return { ...run, failure };
  }
}

function loadOf(port: number, cell: Cell, root: string, { seconds }: Pick<Load, "seconds">): Load {
  return { port, ...cell, seconds, warmUpSeconds, root, znodes };
}

/** Processor time of a process so far, where the system tells of it. */
async function cpuSeconds(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // After the name, which may hold anything, in brackets.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / clockTicksPerSecond;
}

async function start(server: BenchedServer, folder: string, options: ZooKeeperBenchOptions): Promise<Started> {
  if (server === "zookeeper") {
    const running = await startZooKeeper("", { forcesSync: true, parentFolder: folder });
    return { port: running.port, pid: running.pid(), stop: async () => running[Symbol.asyncDispose]() };
  }
  const { profileFolder } = options;
  if (profileFolder !== undefined) await mkdir(profileFolder, { recursive: true });
  const nodeOptions = profileFolder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`];
  return await startOurs({ dataFolder: join(folder, "streamkeeper"), nodeOptions });
}
