/**
 * `npm run test:models`: checks every model and shows that each of its mutants is caught.
 *
 *     node models/main.ts [part of a model's or a check's name]
 *
 * Ends with 1 if anything is otherwise than it should be, with 2 if the checker cannot be had: it never passes by skipping.
 */
import { availableParallelism } from "node:os";
import { type Checked, CheckerMissingError, findJava, getChecker, runCheck } from "./checker.ts";
import { type Check, checks, type Model, models } from "./checks.ts";
import { idleSteps, problemOf } from "./judge.ts";

/** Each needs up to 1.5 GB. */
const runsAtOnceMax = 4;
/** Lines of what the checker printed that are shown of a run that failed: a history of 20 states or more. */
const shownLinesMax = 400;

interface Done extends Checked {
  readonly check: Check;
  readonly problem: string | undefined;
}

async function main(part: string | undefined): Promise<number> {
  const chosen = checks.filter(({ model, name }) => part === undefined || `${model}: ${name}`.includes(part));
  if (chosen.length === 0) refuse(`no check has "${String(part)}" in its name`);
  const java = await findJava(process.env);
  const jar = await getChecker();
  // What takes longest begins first.
  const waiting = chosen.toSorted((a, b) => statesOf(b) - statesOf(a));
  const done: Done[] = [];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const checked = await runCheck(java, jar, modelOf(check), check);
      const one = { ...checked, check, problem: problemOf(check, checked.outcome) };
      done.push(one);
      show(one);
    }
  };
  await Promise.all(Array.from({ length: Math.min(runsAtOnceMax, availableParallelism()) }, work));
  const idle = part === undefined ? models.flatMap((model) => idleOf(model, done)) : [];
  for (const line of idle) console.log(line);
  const failed = done.filter(({ problem }) => problem !== undefined).length + idle.length;
  const mutants = done.filter(({ check }) => "breaks" in check.expected);
  const caught = mutants.filter(({ problem }) => problem === undefined).length;
  const left = checks.length - chosen.length;
  console.log(
    `${done.length - mutants.length} runs of models, ${caught} of ${mutants.length} mutants caught, ${failed} failed` +
      (left === 0 ? "" : `; ${left} checks were left out`),
  );
  return failed === 0 ? 0 : 1;
}

function statesOf({ expected }: Check): number {
  return "states" in expected ? expected.states : 0;
}

function modelOf({ model }: Check): Model {
  const found = models.find(({ name }) => name === model);
  if (found === undefined) throw new RangeError(`there is no model ${model}`);
  return found;
}

function idleOf(model: Model, done: readonly Done[]): readonly string[] {
  const outcomes = done.filter(({ check }) => check.model === model.name).map(({ outcome }) => outcome);
  return idleSteps(model, outcomes).map((step) => `FAILED  ${model.name}: no run takes the step ${step}`);
}

function show({ check, outcome, printed, seconds, problem }: Done): void {
  const what =
    outcome.kind === "holds"
      ? `holds, ${outcome.states} states`
      : outcome.kind === "breaks"
        ? `${outcome.property} breaks after ${outcome.steps} states`
        : "not finished";
  console.log(
    `${problem === undefined ? "ok    " : "FAILED"}  ${check.model}: ${check.name}: ${what}, ${seconds.toFixed(1)} s`,
  );
  if (problem === undefined) return;
  console.log(`        ${problem}`);
  if (outcome.kind !== "holds") console.log(historyOf(printed));
}

/** The error and the history that leads to it, without what is counted. */
function historyOf(printed: string): string {
  const lines = printed.split("\n").filter((line) => !/^ *\|*(?:line \d|<\w)/.test(line));
  const error = lines.findIndex((line) => line.startsWith("Error:"));
  return lines.slice(Math.max(error, 0)).slice(0, shownLinesMax).join("\n");
}

const usage = `Usage: npm run test:models -- [part]

Checks every formal model in all its states, and shows that each of its mutants is caught.

Arguments:
  part        of the names of a model and of a check, such as "sealing" or
              "sessions: NoSweep"; without it, all

Ends with 1 if anything is otherwise than it should be, with 2 if the checker
cannot be had.`;

/** What is asked for; ends the process if that is nothing to be checked. */
function partAsked([part, ...more]: readonly string[]): string | undefined {
  if (part === "--help" || part === "-h") {
    console.log(usage);
    process.exit(0);
  }
  if (part?.startsWith("-") === true) return refuse(`unknown option '${part}'`);
  if (more.length > 0) return refuse(`there is one argument, not ${more.length + 1}`);
  return part;
}

function refuse(why: string): never {
  console.error(`error: ${why}`);
  process.exit(1);
}

try {
  process.exitCode = await main(partAsked(process.argv.slice(2)));
} catch (cause) {
  if (!(cause instanceof CheckerMissingError)) throw cause;
  console.error(`${cause.message}\nNothing was checked.`);
  process.exitCode = 2;
}
