/** The histories that the test of a simulation runs, by their seeds; `npm run simulate` runs thousands. */

/** What a simulation tells of one history. */
type Simulate = (seed: number) => Promise<{ readonly anomalies: readonly string[] }>;

/** From 0 on, so many; `STREAMKEEPER_SEED=n` runs that one history alone, `STREAMKEEPER_SEEDS=n` more of them. */
export function seedsToRun(countDefault: number): readonly number[] {
  const { STREAMKEEPER_SEED: only, STREAMKEEPER_SEEDS: count } = process.env;
  return only === undefined ? firstSeeds(Number(count ?? countDefault)) : [Number(only)];
}

export function firstSeeds(count: number): readonly number[] {
  return Array.from({ length: count }, (_, seed) => seed);
}

/** Each with its seed in front, so that a failure says how to see it again; one that cannot be run is an anomaly too. */
export async function anomaliesOf(seeds: readonly number[], simulate: Simulate): Promise<readonly string[]> {
  const all: string[] = [];
  for (const seed of seeds) all.push(...(await anomaliesOfOne(seed, simulate)));
  return all;
}

/** Those of the first of the seeds that has any. */
export async function firstAnomalies(seeds: readonly number[], simulate: Simulate): Promise<readonly string[]> {
  for (const seed of seeds) {
    const anomalies = await anomaliesOfOne(seed, simulate);
    if (anomalies.length > 0) return anomalies;
  }
  return [];
}

async function anomaliesOfOne(seed: number, simulate: Simulate): Promise<readonly string[]> {
  try {
    const { anomalies } = await simulate(seed);
    return anomalies.map((anomaly) => `seed ${seed}: ${anomaly}`);
  } catch (cause) {
    return [`seed ${seed}: ${String(cause)}`];
  }
}
