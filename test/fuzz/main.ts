/** `npm run fuzz -- --inputs 1000000`. */
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { formatBytes, formatCount } from "../../local/console/quantities.ts";
import { formatTable } from "../../local/console/table.ts";
import { targets as allTargets } from "./all-targets.ts";
import { type Failure, type Progress, runCases } from "./run-cases.ts";
import { type JobResult, runJobs } from "./run-jobs.ts";
import type { Target } from "./target.ts";

interface FuzzOptions {
  readonly inputs: number;
  readonly target: string;
  readonly seed: number;
  readonly jobs: number;
  readonly first: number;
  readonly case?: number;
  readonly json?: boolean;
  readonly list?: boolean;
}

const inputsDefault = 1_000_000;
const progressMs = 2_000;

const program = new Command()
  .name("npm run fuzz --")
  .description("Gives bad inputs to every parser, codec and route; the same seed gives the same inputs.")
  .option("--inputs <n>", "inputs over all targets", whole, inputsDefault)
  .option("--target <names>", "only targets whose names begin with one of these, joined by commas", "")
  .option("--seed <n>", "seed of the inputs", whole, 1)
  .option("--jobs <n>", "threads", whole, availableParallelism())
  .option("--first <n>", "number of the first case of each target, to go on with a seed", whole, 0)
  .option("--case <n>", "only this case of one target, as a failure names it", whole)
  .option("--json", "the report as JSON")
  .option("--list", "only tell which targets there are");

await main(program.parse().opts<FuzzOptions>());

async function main(options: FuzzOptions): Promise<void> {
  const wanted = options.target.split(",");
  const targets = allTargets.filter(({ name }) => wanted.some((start) => name.startsWith(start)));
  if (targets.length === 0) program.error(`no target begins with ${options.target}; --list tells which there are`);
  if (options.list === true) {
    process.stdout.write(
      targets.map(({ name, covers }) => `${name}\n${covers.map((one) => `  ${one}\n`).join("")}`).join(""),
    );
    return;
  }
  const result =
    options.case === undefined ? await runAll(options, targets) : await runOne(options, targets, options.case);
  process.stdout.write(options.json === true ? `${JSON.stringify(reportOf(result), null, 2)}\n` : textOf(result));
  process.exitCode = result.failures.length === 0 ? 0 : 1;
}

async function runAll(options: FuzzOptions, targets: readonly Target[]): Promise<JobResult> {
  const stop = new AbortController();
  const onInterrupt = (): void => {
    process.stderr.write("\nstopping; once more stops at once\n");
    process.removeListener("SIGINT", onInterrupt);
    stop.abort();
  };
  process.on("SIGINT", onInterrupt);
  const startedMs = performance.now();
  let toldMs = startedMs;
  const result = await runJobs({
    ...options,
    targets,
    firstCase: options.first,
    signal: stop.signal,
    onProgress: (progress) => {
      const nowMs = performance.now();
      if (nowMs - toldMs < progressMs) return;
      toldMs = nowMs;
      const inputs = sum(progress);
      const perSecond = (inputs * 1_000) / (nowMs - startedMs);
      process.stderr.write(
        `${formatCount(inputs)} of ${formatCount(options.inputs)} inputs, ${formatCount(perSecond)}/s\n`,
      );
    },
  });
  process.removeListener("SIGINT", onInterrupt);
  return result;
}

async function runOne({ seed }: FuzzOptions, targets: readonly Target[], index: number): Promise<JobResult> {
  const [target, ...others] = targets;
  if (target === undefined || others.length > 0) return program.error("--case needs one --target");
  const { progress, failure } = await runCases({ target, seed, from: index, to: index + 1 });
  return { progress: new Map([[target.name, progress]]), failures: failure === undefined ? [] : [failure] };
}

function textOf({ progress, failures }: JobResult): string {
  const rows = [...progress].map(([name, one]) => [
    name,
    formatCount(one.inputs),
    formatCount(one.accepted),
    formatCount(one.declined),
    `${(one.elapsedMs / 1_000).toFixed(1)} s`,
    formatCount((one.inputs * 1_000) / Math.max(1, one.elapsedMs)),
    `${one.caseMsPeak.toFixed(0)} ms`,
    formatBytes(one.heapBytesPeak),
  ]);
  const table = formatTable(["target", "inputs", "accepted", "declined", "time", "per s", "slowest", "heap"], rows);
  const ending = `${formatCount(sum(progress))} inputs, ${formatCount(failures.length)} of ${progress.size} targets failed\n`;
  return `${table}\n${failures.map(failureText).join("")}${ending}`;
}

function failureText({ target, seed, index, problem, input }: Failure): string {
  return `\n${target}: ${problem}\n\n${input}\n\nnpm run fuzz -- --target ${target} --seed ${seed} --case ${index}\n\n`;
}

function reportOf({ progress, failures }: JobResult): object {
  return { inputs: sum(progress), targets: Object.fromEntries(progress), failures };
}

function sum(progress: ReadonlyMap<string, Progress>): number {
  return [...progress.values()].reduce((inputs, one) => inputs + one.inputs, 0);
}

function whole(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A whole number is wanted.");
}
