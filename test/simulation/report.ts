/** What a run of the simulator has come to, in words and as JSON. */
import { formatAmount, formatCount } from "../../local/console/quantities.ts";
import type { SeedResult, SeedRun } from "./run-seed.ts";
import { worldFailpoints } from "./scenarios.ts";
import { failpoints as storeFailpoints } from "../../shared/storage/memory/faults.ts";

const hourMs = 3_600_000;
const anomaliesShownMax = 20;
const linesShownMax = 60;

export const failpointNames: readonly string[] = [...storeFailpoints, ...worldFailpoints];

export class Tally {
  readonly failed: SeedResult[] = [];
  readonly hits = new Map<string, number>(failpointNames.map((name) => [name, 0]));
  readonly byScenario = new Map<string, { seeds: number; simulatedMs: number }>();
  seeds = 0;
  simulatedMs = 0;

  add(result: SeedResult): void {
    this.seeds += 1;
    this.simulatedMs += result.simulatedMs;
    const one = this.byScenario.get(result.run.scenario) ?? { seeds: 0, simulatedMs: 0 };
    one.seeds += 1;
    one.simulatedMs += result.simulatedMs;
    this.byScenario.set(result.run.scenario, one);
    for (const [name, count] of Object.entries(result.failpoints)) {
      this.hits.set(name, (this.hits.get(name) ?? 0) + count);
    }
    if (result.anomalies.length > 0) this.failed.push(result);
  }

  get simulatedHours(): number {
    return this.simulatedMs / hourMs;
  }

  /** Failpoints that nothing has hit. */
  get missed(): readonly string[] {
    return [...this.hits].flatMap(([name, count]) => (count === 0 ? [name] : []));
  }
}

/** How to see a history again. */
function commandOf({ scenario, seed, off = [], hitsMax, size }: SeedRun): string {
  const rest = [
    ...(size === undefined ? [] : [`--size ${size}`]),
    ...(hitsMax === undefined ? [] : [`--hits-max ${hitsMax}`]),
    ...(off.length === 0 ? [] : [`--off ${off.join()}`]),
  ];
  return ["npm run simulate -- --scenario", scenario, "--seed", String(seed), ...rest].join(" ");
}

export interface Summary {
  readonly tally: Tally;
  readonly elapsedMs: number;
  /** The shortest history of each of the first seeds that failed. */
  readonly shrunk: ReadonlyMap<SeedResult, SeedResult>;
}

export function reportText({ tally, elapsedMs, shrunk }: Summary): string {
  const perSecond = (tally.seeds * 1_000) / Math.max(1, elapsedMs);
  const scenarioLines = [...tally.byScenario].map(
    ([name, { seeds, simulatedMs }]) =>
      `  ${name.padEnd(16)} ${formatCount(seeds).padStart(8)} ${(simulatedMs / hourMs).toFixed(1).padStart(14)} h`,
  );
  const hitLines = [...tally.hits].map(([name, count]) => `  ${name.padEnd(34)} ${formatCount(count).padStart(12)}`);
  const hitCount = tally.hits.size - tally.missed.length;
  return [
    `${formatAmount(tally.seeds, "seed")} in ${Math.round(elapsedMs / 1_000)} s (${perSecond.toFixed(1)} a second), ` +
      `${formatCount(tally.simulatedHours)} simulated hours`,
    ...scenarioLines,
    "",
    `failpoints hit: ${hitCount} of ${tally.hits.size}`,
    ...hitLines,
    "",
    `seeds with anomalies: ${formatCount(tally.failed.length)}`,
    ...tally.failed.slice(0, anomaliesShownMax).flatMap((failed) => failureLines(failed, shrunk.get(failed))),
    "",
  ].join("\n");
}

function failureLines(failed: SeedResult, shortest: SeedResult | undefined): string[] {
  const lines = ["", `seed ${failed.run.seed} of ${failed.run.scenario}`, ...anomalyLines(failed)];
  lines.push(`  again: ${commandOf(failed.run)}`);
  if (shortest === undefined) return lines;
  lines.push("  the shortest history found:", ...historyLines(shortest), `  again: ${commandOf(shortest.run)}`);
  return lines;
}

function anomalyLines({ anomalies }: SeedResult): string[] {
  return anomalies.slice(0, 5).map((anomaly) => `  ${anomaly.replaceAll("\n", "\n    ")}`);
}

/** True of what is so from the start of a process. */
function isLasting(failpoint: string): boolean {
  return failpoint === "clock/skewed" || failpoint === "clock/drifting" || failpoint === "process/cold-start";
}

/** What went wrong by the simulator's doing, and what clients did. */
function historyLines({ anomalies, hits, steps }: SeedResult): string[] {
  const faultLines = hits
    .filter(({ failpoint }) => !isLasting(failpoint))
    .map(
      ({ atMs, process, failpoint, subject }) => `${atMs.toFixed(1)} ms, process ${process}: ${failpoint} ${subject}`,
    );
  const shown = [...faultLines.slice(0, linesShownMax), ...steps.slice(-linesShownMax), ...anomalies.slice(0, 5)];
  return shown.map((line) => `    ${line}`);
}

export function reportJson({ tally, elapsedMs, shrunk }: Summary): string {
  const anomalies = tally.failed.map((failed) => ({
    ...failed,
    again: commandOf(failed.run),
    shortest: shrunk.get(failed) ?? null,
  }));
  const { seeds, simulatedHours, missed } = tally;
  const failpoints = Object.fromEntries(tally.hits);
  const scenarios = Object.fromEntries(tally.byScenario);
  return `${JSON.stringify({ seeds, simulatedHours, elapsedMs, scenarios, failpoints, missed, anomalies }, undefined, 2)}\n`;
}
