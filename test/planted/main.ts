/**
 * Plants one bug after the other into a copy of the sources and shows which scenario of the simulation finds it, at which seed.
 *
 *     npm run test:planted [-- --only 01,17 --jobs N --json]
 *
 * Ends with 1 if one is missed, or if the unpatched sources do not pass the seeds that were run.
 */
import { availableParallelism } from "node:os";
import { Command } from "commander";
import { plantedBugs, type PlantedBug } from "./planted-bugs.ts";
import { probe, probeAll, type ProbeResult, type SeedSpan } from "./planted-run.ts";
import { SourceCopy } from "./source-copy.ts";

interface PlantedResult {
  readonly patch: string;
  readonly title: string;
  readonly probes: readonly ProbeResult[];
}

const command = new Command("npm run test:planted --")
  .description(
    "Plants one bug after the other into a copy of the sources, and shows which scenario of the simulation finds it, at which seed.\n" +
      "Ends with 1 if one is missed, or if the unpatched sources do not pass the seeds that were run.",
  )
  .option("--only <numbers>", "these alone, joined by commas, such as 01,17")
  .option("--jobs <number>", "processes at a time", String(Math.min(availableParallelism(), 4)))
  .option("--json", "writes the report as JSON")
  .allowExcessArguments(false)
  .parse();
const options = command.opts<{ readonly only?: string; readonly jobs: string; readonly json?: boolean }>();

const jobs = Number(options.jobs);
if (!(Number.isInteger(jobs) && jobs > 0)) command.error("error: --jobs is a whole number above 0");
const isWanted = ({ patch }: PlantedBug): boolean =>
  options.only === undefined || options.only.split(",").some((number) => patch.startsWith(`${number}-`));
const bugs = await plantedBugs();
const unknown = (options.only?.split(",") ?? []).filter(
  (number) => !bugs.some(({ patch }) => patch.startsWith(`${number}-`)),
);
if (unknown.length > 0) command.error(`error: no planted bug has the number "${unknown.join('", "')}"`);
const wanted = bugs.filter(isWanted);

const say = (line: string): void => {
  if (options.json !== true) process.stdout.write(`${line}\n`);
};

/** Each worker has a copy of its own, so that no two bugs are ever in one. */
async function inCopies<Work>(
  work: readonly Work[],
  act: (copy: SourceCopy, one: Work) => Promise<void>,
): Promise<void> {
  const left = [...work];
  const worker = async (): Promise<void> => {
    const copy = await SourceCopy.make();
    try {
      for (let one = left.shift(); one !== undefined; one = left.shift()) await act(copy, one);
    } finally {
      await copy.remove();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, work.length) }, worker));
}

function foundBy({ probes }: PlantedResult): ProbeResult | undefined {
  return probes.find(({ found }) => found !== undefined);
}

function lineOf(result: PlantedResult): string {
  const found = foundBy(result);
  const seconds = (result.probes.reduce((sum, { ms }) => sum + ms, 0) / 1_000).toFixed(1);
  const name = result.patch.replace(/\.patch$/, "").padEnd(44);
  if (found?.found === undefined) {
    const tried = result.probes.map(
      ({ scenario, seeds, broken }) => `${scenario} ${seeds}${broken === undefined ? "" : ` (${broken})`}`,
    );
    return `MISSED ${name} after ${seconds} s: ${tried.join(", ")}`;
  }
  const { seed, anomaly } = found.found;
  const first = anomaly.split("\n", 1)[0] ?? "";
  return `found  ${name} ${found.scenario} seed ${seed} ${seconds} s: ${first.slice(0, 160)}`;
}

/** Each scenario as far as any of the patches was looked for with it. */
function spansOf(results: readonly PlantedResult[]): readonly SeedSpan[] {
  const spans = new Map<string, number>();
  for (const { scenario, seeds } of results.flatMap(({ probes }) => probes)) {
    spans.set(scenario, Math.max(seeds, spans.get(scenario) ?? 0));
  }
  return [...spans].map(([scenario, seedsMax]) => ({ scenario, seedsMax }));
}

const startedMs = performance.now();
const planted: PlantedResult[] = [];
await inCopies(wanted, async (copy, { patch, title, spans }) => {
  await copy.apply(patch);
  const result = { patch, title, probes: await probeAll(copy.folder, spans) };
  await copy.revert(patch);
  planted.push(result);
  say(lineOf(result));
});

const unpatched: ProbeResult[] = [];
await inCopies(spansOf(planted), async (copy, span) => {
  const result = await probe(copy.folder, span);
  unpatched.push(result);
  const problem = result.found === undefined ? result.broken : `seed ${result.found.seed}: ${result.found.anomaly}`;
  say(
    `without a patch ${span.scenario}: ${problem ?? `${result.seeds} seeds pass`} (${(result.ms / 1_000).toFixed(1)} s)`,
  );
});

const missed = planted.filter((result) => foundBy(result) === undefined);
const failing = unpatched.filter(({ found, broken }) => found !== undefined || broken !== undefined);
const seconds = Math.round((performance.now() - startedMs) / 1_000);
say(`${planted.length - missed.length} of ${planted.length} planted bugs found in ${seconds} s`);
if (options.json === true) process.stdout.write(`${JSON.stringify({ planted, unpatched, seconds }, undefined, 2)}\n`);
process.exitCode = missed.length > 0 || failing.length > 0 || planted.length === 0 ? 1 : 0;
