import { Failpoints, type FailpointHit, type FailpointSwitches } from "../../shared/storage/memory/failpoints.ts";
import { Journal } from "../../shared/storage/memory/journal.ts";
import type { SimulatedStore } from "../../shared/storage/memory/simulated-store.ts";
import { scenarioNamed } from "./scenarios.ts";

/** One history: what names it, and what is left out of it. */
export interface SeedRun {
  readonly scenario: string;
  readonly seed: number;
  /** Failpoints that do nothing. */
  readonly off?: readonly string[];
  /** After so many hits nothing goes wrong any more. */
  readonly hitsMax?: number;
  /** The part of its load that a scenario does, up to 1; only some can do less. */
  readonly size?: number;
}

export interface SeedResult {
  readonly run: SeedRun;
  readonly anomalies: readonly string[];
  readonly simulatedMs: number;
  readonly events: number;
  /** Hits by failpoint. */
  readonly failpoints: Readonly<Record<string, number>>;
  /** The first of them. */
  readonly hits: readonly FailpointHit[];
  /** What clients did, to be read, where the scenario tells. */
  readonly steps: readonly string[];
  /** Over every event, request and answer. */
  readonly digest: string;
}

const hitsKeptMax = 200;

export async function runSeed(run: SeedRun): Promise<SeedResult> {
  const { scenario, seed, off = [], hitsMax, size = 1 } = run;
  const switches: FailpointSwitches = { off: new Set(off), ...(hitsMax === undefined ? {} : { hitsMax }) };
  const failpoints = new Failpoints(switches, hitsKeptMax);
  const journal = new Journal();
  let store: SimulatedStore | undefined;
  const observe = (created: SimulatedStore): void => {
    store = created;
  };
  const anomalies: string[] = [];
  let steps: readonly string[] = [];
  try {
    const outcome = await scenarioNamed(scenario).run(seed, { failpoints, journal, observe }, size);
    steps = outcome.steps ?? [];
    anomalies.push(...outcome.anomalies);
    journal.note(JSON.stringify(outcome));
  } catch (cause) {
    anomalies.push(`failed: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`);
  }
  return {
    run,
    anomalies,
    simulatedMs: store?.time.nowMs ?? 0,
    events: store?.time.events ?? 0,
    failpoints: Object.fromEntries(failpoints.counts),
    hits: anomalies.length > 0 ? failpoints.hits : [],
    steps: anomalies.length > 0 ? steps : [],
    digest: journal.digest,
  };
}
