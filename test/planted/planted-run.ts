/** Looks for one planted bug: scenario by scenario, seed by seed, each scenario in a process of its own. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";

export interface SeedSpan {
  readonly scenario: string;
  /** Seeds from 0 on. */
  readonly seedsMax: number;
}

export interface ProbeResult {
  readonly scenario: string;
  /** Seeds that were run to their end. */
  readonly seeds: number;
  /** Absent if no seed showed one. */
  readonly found?: { readonly seed: number; readonly anomaly: string };
  /** Why it ended before its time; that is no find. */
  readonly broken?: string;
  readonly ms: number;
}

/** A seed that has not ended by then will not end. */
const seedMsMax = 120_000;
const errorCharsMax = 2_000;

/** @param folder with the sources that are to be run */
export async function probe(folder: string, { scenario, seedsMax }: SeedSpan): Promise<ProbeResult> {
  const startedMs = performance.now();
  const script = join(folder, "test/planted/probe.ts");
  const child = spawn(process.execPath, [script, scenario, "0", String(seedsMax)], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-errorCharsMax)));
  let seeds = 0;
  let found: ProbeResult["found"];
  let hasStuck = false;
  const giveUp = (): void => {
    hasStuck = true;
    child.kill("SIGKILL");
  };
  let timer = setTimeout(giveUp, seedMsMax);
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer);
    timer = setTimeout(giveUp, seedMsMax);
    const { seed, anomaly } = JSON.parse(line) as { readonly seed: number; readonly anomaly?: string };
    seeds += 1;
    if (anomaly !== undefined) found = { seed, anomaly };
  }
  const code = await ended.finally(() => clearTimeout(timer));
  const result = { scenario, seeds, ms: performance.now() - startedMs };
  if (found !== undefined) return { ...result, found };
  if (hasStuck) return { ...result, broken: `seed ${seeds} did not end` };
  return code === 0 ? result : { ...result, broken: `ended with ${code}: ${errors}` };
}

/** In turn, until one of the scenarios finds something. */
export async function probeAll(folder: string, spans: readonly SeedSpan[]): Promise<readonly ProbeResult[]> {
  const results: ProbeResult[] = [];
  for (const span of spans) {
    const result = await probe(folder, span);
    results.push(result);
    if (result.found !== undefined) break;
  }
  return results;
}
