/** Looks for a shorter history that goes wrong in the same way: less load, fewer faults, fewer kinds of them. */
import { runSeed, type SeedResult, type SeedRun } from "./run-seed.ts";

export interface ShrinkOptions {
  /** Real time after which the shortest so far is answered. */
  readonly msMax: number;
  readonly nowMs: () => number;
  readonly run?: (run: SeedRun) => Promise<SeedResult>;
}

const sizes = [0.1, 0.2, 0.35, 0.5, 0.7, 0.85];

export async function shrink(failed: SeedResult, { msMax, nowMs, run = runSeed }: ShrinkOptions): Promise<SeedResult> {
  const untilMs = nowMs() + msMax;
  let shortest = failed;
  /** Whether what is left fails in the same way; then it is the shortest. */
  const fails = async (change: Partial<SeedRun>): Promise<boolean> => {
    if (nowMs() > untilMs) return false;
    const result = await run({ ...shortest.run, ...change });
    if (!isAlike(failed, result)) return false;
    shortest = result;
    return true;
  };
  for (const size of sizes) if (await fails({ size })) break;
  await fewerHits(() => shortest, fails);
  await fewerFailpoints(() => shortest, fails);
  await fewerHits(() => shortest, fails);
  return shortest;
}

/** Many at once first, then fewer: most have nothing to do with it. */
async function fewerFailpoints(
  shortest: () => SeedResult,
  fails: (change: Partial<SeedRun>) => Promise<boolean>,
): Promise<void> {
  for (let atOnce = 32; atOnce >= 1; atOnce /= 2) {
    const names = Object.keys(shortest().failpoints);
    for (let from = 0; from < names.length; from += atOnce) {
      const more = names.slice(from, from + atOnce).filter((name) => shortest().failpoints[name] !== undefined);
      if (more.length > 0) await fails({ off: [...(shortest().run.off ?? []), ...more] });
    }
  }
}

/** As few as it takes, from the first on; one that is in the middle of two that do not fail may be overlooked. */
async function fewerHits(
  shortest: () => SeedResult,
  fails: (change: Partial<SeedRun>) => Promise<boolean>,
): Promise<void> {
  let [low, high] = [0, total(shortest())];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await fails({ hitsMax: middle })) high = middle;
    else low = middle + 1;
  }
  if (high < (shortest().run.hitsMax ?? Infinity)) await fails({ hitsMax: high });
}

function total({ failpoints }: SeedResult): number {
  return Object.values(failpoints).reduce((sum, count) => sum + count, 0);
}

/** The same anomaly but for its names and numbers. */
function isAlike(one: SeedResult, other: SeedResult): boolean {
  const kinds = new Set(one.anomalies.map(kindOf));
  return other.anomalies.some((anomaly) => kinds.has(kindOf(anomaly)));
}

function kindOf(anomaly: string): string {
  return anomaly.replaceAll(/\S*\d\S*/g, "").slice(0, 60);
}
