/** `npm run simulate`: many seeds of all simulations, on all cores. */
import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { formatCount } from "../../local/console/quantities.ts";
import { interruptedExitCode, onStopSignal } from "../../local/stop-signal.ts";
import { runCrew } from "./crew.ts";
import { failpointNames, reportJson, reportText, Tally } from "./report.ts";
import { runSeed, type SeedResult, type SeedRun } from "./run-seed.ts";
import { type Scenario, scenarioNamed, scenarioOf, scenarios } from "./scenarios.ts";
import { shrink } from "./shrink.ts";

interface Options {
  readonly seeds?: number;
  readonly from: number;
  readonly seed?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly scenario: readonly Scenario[];
  readonly jobs: number;
  readonly off?: readonly string[];
  readonly hitsMax?: number;
  readonly size?: number;
  readonly twice?: boolean;
  readonly everyFailpoint?: boolean;
  readonly shrink: boolean;
  readonly json?: boolean;
}

const seedsDefault = 1_000;
const seedMax = 2 ** 32 - 1;
const seedMsMax = 120_000;
const progressMs = 2_000;
const shrunkMax = 5;
const shrinkMsMax = 30_000;

await new Command("simulate")
  .description(
    "Runs the real services under virtual time, with every fault of the list, and checks their promises.\n" +
      "A seed decides everything: it chooses a scenario, and is the same history each time.",
  )
  .option("--seeds <number>", `how many (default ${seedsDefault}, or as many as --hours or --minutes take)`, count)
  .option("--from <seed>", "the first of them", wholeSeed, 0)
  .addOption(
    new Option("--seed <seed>", "this one alone, with its history if anything is wrong")
      .argParser(wholeSeed)
      .conflicts(["seeds", "from"]),
  )
  .option("--hours <number>", "ends after so many simulated hours", positive)
  .option("--minutes <number>", "ends after so many real minutes", positive)
  .addOption(
    new Option("--scenario <names>", `of ${scenarios.map(({ name }) => name).join(", ")}`)
      .argParser(named)
      .default(scenarios, "all"),
  )
  .option("--jobs <number>", "threads", count, availableParallelism())
  .option("--off <failpoints>", "failpoints that do nothing, as the report names them", failpointList)
  .option("--hits-max <number>", "after so many hits nothing goes wrong any more", wholeSeed)
  .option("--size <fraction>", "the part of its load that a scenario does, where it can do less", part)
  .option("--twice", "runs each seed twice and compares the digests of the histories")
  .option("--every-failpoint", "fails if a failpoint of the list was not hit")
  .option("--no-shrink", "leaves seeds that fail as they are")
  .option("--json", "writes the report as JSON")
  .action(simulate)
  .parseAsync();

async function simulate(options: Options): Promise<void> {
  const stop = new AbortController();
  let isInterrupted = false;
  onStopSignal(["SIGINT", "SIGTERM"], () => {
    process.stderr.write("\nstops when the seeds that run are done; again to stop at once\n");
    isInterrupted = true;
    stop.abort();
  });
  const tally = new Tally();
  const digests = new Map<number, string>();
  const startedMs = Date.now();
  const progress = setInterval(() => showProgress(tally, startedMs), progressMs);
  const onResult = (result: SeedResult): void => {
    if (options.seed !== undefined) process.stderr.write(`the digest of its history is ${result.digest}\n`);
    const checked = options.twice === true ? compared(result, digests) : result;
    if (checked !== undefined) tally.add(checked);
    const isOver =
      tally.simulatedHours >= (options.hours ?? Infinity) ||
      Date.now() - startedMs >= (options.minutes ?? Infinity) * 60_000;
    if (isOver) stop.abort();
  };
  await runCrew(runsOf(options), { jobs: options.jobs, seedMsMax, signal: stop.signal, onResult });
  clearInterval(progress);
  const elapsedMs = Date.now() - startedMs;
  const shrunk = new Map<SeedResult, SeedResult>();
  if (options.shrink) await shrinkFirst(tally, shrunk, () => isInterrupted);
  const summary = { tally, elapsedMs, shrunk };
  process.stdout.write(options.json === true ? reportJson(summary) : reportText(summary));
  const isMissing = options.everyFailpoint === true && tally.missed.length > 0;
  if (isMissing) process.stderr.write(`never hit: ${tally.missed.join(", ")}\n`);
  if (isInterrupted) process.exitCode = interruptedExitCode;
  else if (tally.failed.length > 0 || isMissing || tally.seeds === 0) process.exitCode = 1;
}

function* runsOf(options: Options): Generator<SeedRun, void> {
  const { seed, from, hours, minutes, off, hitsMax, size } = options;
  const isBounded = hours !== undefined || minutes !== undefined;
  const seeds = seed === undefined ? (options.seeds ?? (isBounded ? seedMax - from : seedsDefault)) : 1;
  const change = {
    ...(off === undefined ? {} : { off }),
    ...(hitsMax === undefined ? {} : { hitsMax }),
    ...(size === undefined ? {} : { size }),
  };
  for (let index = 0; index < seeds; index += 1) {
    const one = (seed ?? from + index) >>> 0;
    const run: SeedRun = { scenario: scenarioOf(one, options.scenario).name, seed: one, ...change };
    yield run;
    if (options.twice === true) yield run;
  }
}

/** The second time: with an anomaly more if it is another history, undefined if it is the same, which counts once. */
function compared(result: SeedResult, digests: Map<number, string>): SeedResult | undefined {
  const { seed } = result.run;
  const first = digests.get(seed);
  digests.set(seed, result.digest);
  if (first === undefined) return result;
  // What was given up has none, and is an anomaly already.
  if (first === "" || first === result.digest) return undefined;
  if (result.digest === "") return result;
  const anomaly = `not deterministic: the digests are ${first} and ${result.digest}`;
  return { ...result, anomalies: [...result.anomalies, anomaly] };
}

async function shrinkFirst(
  { failed }: Tally,
  shrunk: Map<SeedResult, SeedResult>,
  isInterrupted: () => boolean,
): Promise<void> {
  const nowMs = (): number => (isInterrupted() ? Infinity : Date.now());
  const run = async (seed: SeedRun): Promise<SeedResult> => {
    // A seed lets nothing else of this thread happen: not even a signal would be heard.
    await setImmediate();
    return await runSeed(seed);
  };
  for (const result of failed.slice(0, shrunkMax)) {
    if (isInterrupted()) return;
    if (result.digest === "") continue;
    process.stderr.write(`looks for a shorter history of seed ${result.run.seed}\n`);
    shrunk.set(result, await shrink(result, { msMax: shrinkMsMax, nowMs, run }));
  }
}

function showProgress(tally: Tally, startedMs: number): void {
  const perSecond = (tally.seeds * 1_000) / (Date.now() - startedMs);
  const failed = tally.failed.length > 0 ? `, ${formatCount(tally.failed.length)} with anomalies` : "";
  process.stderr.write(
    `${formatCount(tally.seeds)} seeds, ${perSecond.toFixed(1)} a second, ` +
      `${formatCount(tally.simulatedHours)} simulated hours${failed}\n`,
  );
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}

function part(text: string): number {
  const value = positive(text);
  if (value > 1) throw new InvalidArgumentError("It must be above 0, and at most 1.");
  return value;
}

function count(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0)) throw new InvalidArgumentError("It must be a whole number above 0.");
  return value;
}

function wholeSeed(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || value >>> 0 !== value) throw new InvalidArgumentError(`It must be 0 to ${seedMax}.`);
  return value;
}

function named(text: string): readonly Scenario[] {
  try {
    return text.split(",").map((name) => scenarioNamed(name.trim()));
  } catch (cause) {
    throw new InvalidArgumentError(cause instanceof Error ? cause.message : String(cause));
  }
}

function failpointList(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.filter((name) => !failpointNames.includes(name));
  if (unknown.length > 0) throw new InvalidArgumentError(`Not in the list: ${unknown.join(", ")}.`);
  return names;
}
