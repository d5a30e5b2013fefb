/** One history of a whole deployment: some of the workloads of `streamkeeper verify`, over servers that everything befalls. */
import { sessionSkewMs } from "../../../shared/limits.ts";
import type { SeededRandom } from "../../../shared/storage/memory/seeded-random.ts";
import { SimulatedStore, type SimulationOptions } from "../../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { runVerification } from "../../../verify/run-verification.ts";
import type { WorkloadHistory, WorkloadTiming } from "../../../verify/workloads/workload.ts";
import { type WorkloadName, workloads } from "../../../verify/workloads/workloads.ts";
import { swarm } from "../swarm.ts";
import { Cluster } from "./cluster.ts";
import { ClusterLog } from "./log-target.ts";
import { stepsOf } from "./steps.ts";
import { ClusterTree } from "./tree-target.ts";

export interface WorldResult {
  readonly anomalies: readonly string[];
  readonly workloads: readonly WorkloadName[];
  /** Of each workload, by outcome, and how many of them were checked. */
  readonly operations: readonly Readonly<Record<"ok" | "fail" | "info" | "checked", number>>[];
  readonly steps: readonly string[];
}

export interface WorldOptions {
  readonly seed: number;
  /** The part of its time that it lives, up to 1. */
  readonly size?: number;
  readonly store?: Partial<SimulationOptions>;
  /** Instead of those that the seed chooses. */
  readonly workloads?: readonly WorkloadName[];
  /** A fault of ours instead of the store's: what stands between servers and storage. */
  readonly mutate?: (storage: Storage) => Storage;
}

const names = Object.keys(workloads) as WorkloadName[];
const workloadsAtOnceMax = 2;
const clientsMin = 2;
/** One in four of the producers does not number its batches. */
const clientsMax = 4;
const lifeMsMin = 15_000;
const lifeMsMax = 45_000;
/** Batches are of a hundred records, and some of thousands: few of them fill a log. */
const recordsMax = 3_000;
const drainMs = 15_000;

const timing: WorkloadTiming = {
  logPauseMs: 400,
  treePauseMs: 250,
  sessionTimeoutMs: 4_000,
  transactionTimeoutMs: 5_000,
  pollWaitMs: 300,
  retryPauseMs: 500,
  holdMs: 600,
  finalPatienceMs: 120_000,
  expiryGraceMs: 60_000,
  // A server that stood still, a request that was applied late, and the sweep after that.
  lateMs: 60_000,
  // Clocks differ, run at different speeds, and step.
  skewMs: 4 * sessionSkewMs,
};

export async function simulateWorld(world: WorldOptions): Promise<WorldResult> {
  const { seed, store: options } = world;
  const store = new SimulatedStore({ seed, ...options, delays: { freezeMsMax: 12_000, ...options?.delays } });
  return await store.time.run(() => live(store, world));
}

async function live(store: SimulatedStore, { size = 1, workloads: asked, mutate }: WorldOptions): Promise<WorldResult> {
  const random = store.random.fork();
  const cluster = new Cluster(store, mutate);
  const drawn = choose(random);
  const chosen = asked ?? drawn;
  const over = new AbortController();
  const histories: WorkloadHistory[] = [];
  swarm(store);
  cluster.live();
  void end(store, cluster, over, size * random.between(lifeMsMin, lifeMsMax));
  const report = await runVerification({
    target: { log: new ClusterLog(cluster, random.fork()), tree: new ClusterTree(cluster, random.fork()) },
    clock: { wallMs: () => Math.floor(cluster.nowMs), monotonicMs: () => cluster.nowMs },
    timers: cluster.timers,
    random: random.fork(),
    timing,
    runId: "world",
    workloads: chosen,
    clients: clientsMin + random.below(clientsMax - clientsMin + 1),
    load: over.signal,
    recordsMax,
    onHistory: (_, history) => Promise.resolve(void histories.push(history)),
  });
  cluster.end();
  const found = report.workloads.flatMap(({ workload, anomalies }) =>
    anomalies.map(({ name, detail }) => `${workload}: ${name}: ${detail}`),
  );
  const operations = report.workloads.map(({ tally, checked }) => ({ ...tally.operations, checked }));
  return { anomalies: [...cluster.problems, ...found], workloads: chosen, operations, steps: stepsOf(histories) };
}

function choose(random: SeededRandom): WorkloadName[] {
  const left = [...names];
  return Array.from({ length: 1 + random.below(workloadsAtOnceMax) }, () => {
    const [one] = left.splice(random.below(left.length), 1);
    if (one === undefined) throw new Error("there are fewer workloads");
    return one;
  });
}

/** The load ends first, then the trouble: at the end of its load a workload reads all that there is. */
async function end(store: SimulatedStore, cluster: Cluster, over: AbortController, lifeMs: number): Promise<void> {
  await cluster.timers.sleep(lifeMs);
  store.setFaults({});
  cluster.calm();
  await cluster.timers.sleep(drainMs);
  over.abort();
}
