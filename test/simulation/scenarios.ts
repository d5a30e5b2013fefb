/** All simulations, each as what one seed does. */
import fc from "fast-check";
import { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import type { SimulationOptions } from "../../shared/storage/memory/simulated-store.ts";
import { simulateCompaction } from "./compaction-simulation.ts";
import { anySteps as compactionSteps } from "./compaction-steps.ts";
import { simulateDuties } from "./duties-simulation.ts";
import { anySteps as dutiesSteps } from "./duties-steps.ts";
import { simulateExactlyOnce } from "./exactly-once-simulation.ts";
import { simulateFrozenHolders } from "./frozen-holders.ts";
import { simulateGroup } from "./group-simulation.ts";
import { simulateLock } from "./lock-simulation.ts";
import { simulatePartition } from "./partition-simulation.ts";
import { simulateSessions } from "./session-simulation.ts";
import { simulateShareGroup } from "./share-simulation.ts";
import { simulateTransactions } from "./transaction-simulation.ts";
import { simulateTransform } from "./transform-simulation.ts";
import { simulateTree } from "./tree-simulation.ts";
import { clusterFailpoints } from "./world/cluster.ts";
import { simulateWorld } from "./world/world.ts";
import { simulateZnodes } from "./znode-simulation.ts";

export type StoreOptions = Partial<SimulationOptions>;

/** What a simulation tells of itself; all of it goes into the digest. */
export interface ScenarioOutcome {
  /** In words; none if all promises were kept. */
  readonly anomalies: readonly string[];
  /** What clients did and were told, one line each. */
  readonly steps?: readonly string[];
}

export interface Scenario {
  readonly name: string;
  /** Its share of the seeds, among those of the others. */
  readonly weight: number;
  readonly run: (seed: number, store: StoreOptions, size: number) => Promise<ScenarioOutcome>;
}

/** Some of the seeds run without trouble. */
const calmEvery = 5;
const basics = (seed: number) => ({ seed, trouble: seed % calmEvery !== 0 });

export const scenarios: readonly Scenario[] = [
  { name: "world", weight: 80, run: (seed, store, size) => simulateWorld({ seed, store, size }) },
  { name: "partition", weight: 20, run: (seed, store, size) => simulatePartition({ seed, store, size }) },
  { name: "duties", weight: 24, run: runDuties },
  { name: "compaction", weight: 60, run: runCompaction },
  { name: "tree", weight: 10, run: (seed, store, size) => simulateTree(seed, undefined, store, size) },
  { name: "sessions", weight: 10, run: runSessions },
  { name: "lock", weight: 8, run: (seed, store, size) => simulateLock({ seed, fenced: true, store, size }) },
  { name: "frozen-holders", weight: 1, run: runFrozenHolders },
  // A shorter life than in its own test, which takes seconds.
  { name: "groups", weight: 2, run: (seed, store, size) => simulateGroup({ ...basics(seed), store, size: size / 5 }) },
  { name: "share-groups", weight: 8, run: (seed, store, size) => simulateShareGroup({ ...basics(seed), store, size }) },
  { name: "transactions", weight: 12, run: (seed, store) => simulateTransactions({ ...basics(seed), store }) },
  { name: "transform", weight: 8, run: runTransform },
  {
    name: "exactly-once",
    weight: 8,
    run: (seed, store, size) => simulateExactlyOnce({ ...basics(seed), store, size }),
  },
  { name: "znodes", weight: 8, run: (seed, store, size) => simulateZnodes({ ...basics(seed), store, size }) },
];

/** What happens to processes and calls by the doing of a scenario, not of the store. */
export const worldFailpoints: readonly string[] = clusterFailpoints;

/** The one of `among` that a seed runs. */
export function scenarioOf(seed: number, among: readonly Scenario[] = scenarios): Scenario {
  const total = among.reduce((sum, { weight }) => sum + weight, 0);
  let rest = new SeededRandom(seed).fraction() * total;
  for (const scenario of among) {
    rest -= scenario.weight;
    if (rest < 0) return scenario;
  }
  throw new RangeError("no scenario to choose from");
}

/** @throws RangeError if there is none of that name */
export function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  throw new RangeError(`no scenario ${name}: there are ${scenarios.map((scenario) => scenario.name).join(", ")}`);
}

function runFrozenHolders(seed: number, store: StoreOptions): Promise<ScenarioOutcome> {
  return simulateFrozenHolders({ seed, rounds: 20, fenced: true, store });
}

function runSessions(seed: number, store: StoreOptions, size: number): Promise<ScenarioOutcome> {
  return simulateSessions({ ...basics(seed), moves: seed % 2 === 0, store, size });
}

function runTransform(seed: number, store: StoreOptions): Promise<ScenarioOutcome> {
  return simulateTransform({ seed, form: seed % 2 === 0 ? "steps" : "one call", store });
}

async function runDuties(seed: number, store: StoreOptions, size: number): Promise<ScenarioOutcome> {
  const [all = []] = fc.sample(dutiesSteps, { seed, numRuns: 1 });
  const steps = all.slice(0, Math.ceil(all.length * size));
  const anomalies = await simulateDuties({ seed, dropsExpiredEntries: seed % 2 === 0, steps }, store);
  return { anomalies, steps: steps.map((step) => JSON.stringify(step)) };
}

async function runCompaction(seed: number, store: StoreOptions, size: number): Promise<ScenarioOutcome> {
  const [all = []] = fc.sample(compactionSteps, { seed, numRuns: 1 });
  const steps = all.slice(0, Math.ceil(all.length * size));
  return { anomalies: await simulateCompaction(seed, steps, store), steps: steps.map((step) => JSON.stringify(step)) };
}
