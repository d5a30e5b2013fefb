/** Runs cases of a target, with an eye on time and memory; a case that fails is made small. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { FuzzCase, Target, Verdict } from "./target.ts";
import { FuzzFailure } from "./target.ts";
import { shrink } from "./shrink.ts";

/** What one target came to, or a part of it. */
export interface Progress {
  readonly inputs: number;
  readonly accepted: number;
  readonly declined: number;
  readonly elapsedMs: number;
  /** Of the process's heap and the bytes beside it. */
  readonly heapBytesPeak: number;
  /** Of one case. */
  readonly caseMsPeak: number;
}

export interface Failure {
  readonly target: string;
  readonly seed: number;
  readonly index: number;
  /** What went wrong, with the stack. */
  readonly problem: string;
  /** The small input. */
  readonly input: string;
}

export const noProgress: Progress = {
  inputs: 0,
  accepted: 0,
  declined: 0,
  elapsedMs: 0,
  heapBytesPeak: 0,
  caseMsPeak: 0,
};

export interface Part {
  readonly target: Target;
  readonly seed: number;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** What the process holds, in bytes, and how it lets go of what nobody needs. */
export interface Memory {
  readonly bytes: () => number;
  readonly collect: () => void;
}

export interface Watch {
  /** Told before each case, so that another thread knows which one hangs. */
  readonly begins?: (index: number) => void;
  readonly isStopped?: () => boolean;
  /** Of this process, unless told. */
  readonly memory?: Memory;
}

/** A case that takes more, or leaves more behind, has no bound. */
const heapBytesMax = 900_000_000;
const casesPerLook = 128;
const slowRunsMin = 3;
const shrinkTriesMax = 3_000;
const shrinkMsMax = 15_000;
const stackLinesMax = 10;

/** @returns how it went, and the first failure if there is one */
export async function runCases(
  part: Part,
  watch: Watch = {},
): Promise<{ readonly progress: Progress; readonly failure?: Failure }> {
  const { target, seed, from, to } = part;
  const { memory = memoryOfProcess } = watch;
  const caseAt = target.open(seed);
  const tally = { inputs: 0, accepted: 0, declined: 0, heapBytesPeak: 0, caseMsPeak: 0 };
  const startedMs = performance.now();
  const progress = (): Progress => ({ ...tally, elapsedMs: performance.now() - startedMs });
  for (let index = from; index < to; index += 1) {
    watch.begins?.(index);
    const beganMs = performance.now();
    const one = caseAt(index);
    try {
      const pending = one.run();
      const verdict = pending instanceof Promise ? await pending : pending;
      const tookMs = performance.now() - beganMs;
      if (tookMs > tally.caseMsPeak) tally.caseMsPeak = tookMs;
      if (tookMs > target.caseMsMax) await checkSlow(target, one);
      count(tally, verdict);
      if (tookMs > 20 || index % casesPerLook === 0) await checkHeap(memory, one, tally);
    } catch (error) {
      return { progress: progress(), failure: await smallFailure(part, index, one, error) };
    }
    if (index % casesPerLook === 0 && watch.isStopped?.() === true) break;
  }
  tally.heapBytesPeak = Math.max(tally.heapBytesPeak, memory.bytes());
  return { progress: progress() };
}

function count(tally: { inputs: number; accepted: number; declined: number }, verdict: Verdict): void {
  if (typeof verdict === "object") {
    tally.inputs += verdict.accepted + verdict.declined;
    tally.accepted += verdict.accepted;
    tally.declined += verdict.declined;
    return;
  }
  tally.inputs += 1;
  tally[verdict] += 1;
}

/**
 * Much of what is held may be what earlier cases, or other tests of the same process, have let go and nobody has collected:
 * that is collected first, and then the case has to take too much by itself or to have left too much behind.
 */
async function checkHeap(memory: Memory, one: FuzzCase, tally: { heapBytesPeak: number }): Promise<void> {
  const bytes = memory.bytes();
  if (bytes > tally.heapBytesPeak) tally.heapBytesPeak = bytes;
  if (bytes <= heapBytesMax) return;
  memory.collect();
  const kept = memory.bytes();
  if (kept > heapBytesMax) throw new FuzzFailure(`${kept} bytes are kept`);
  await one.run();
  const taken = memory.bytes() - kept;
  if (taken > heapBytesMax) throw new FuzzFailure(`the heap has grown by ${taken} bytes`);
}

const memoryOfProcess: Memory = {
  bytes: () => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },
  collect: () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    collect();
  },
};

/** Others use the machine too: only what is slow each time, by the processor's time, is. */
async function checkSlow(target: Target, one: FuzzCase): Promise<void> {
  let leastMs = Number.POSITIVE_INFINITY;
  for (let run = 0; run < slowRunsMin; run += 1) {
    const before = process.threadCpuUsage();
    await one.run();
    const { user, system } = process.threadCpuUsage(before);
    leastMs = Math.min(leastMs, (user + system) / 1_000);
  }
  if (leastMs > target.caseMsMax) throw new FuzzFailure(`took ${Math.round(leastMs)} ms, ${target.caseMsMax} allowed`);
}

async function smallFailure({ target, seed }: Part, index: number, one: FuzzCase, error: unknown): Promise<Failure> {
  // Where inputs come by the million, errors carry no stacks; a failure is worth one.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = stackLinesMax;
  const kind = (await kindOfRun(one)) ?? kindOf(error);
  const small = await shrink(
    one,
    (candidate) => candidate.smaller(),
    async (candidate) => (await kindOfRun(candidate)) === kind,
    { triesMax: shrinkTriesMax, untilMs: performance.now() + shrinkMsMax },
  );
  const failure = { target: target.name, seed, index, problem: await problemOf(small, error), input: small.show() };
  Error.stackTraceLimit = stackTraceLimit;
  return failure;
}

async function kindOfRun(one: FuzzCase): Promise<string | undefined> {
  try {
    await one.run();
    return undefined;
  } catch (error) {
    return kindOf(error);
  }
}

/** Failures of one kind have one cause, as far as can be told. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = error.stack?.split("\n").find((line) => line.trimStart().startsWith("at "));
  return `${error.name} ${error.message.replace(/[^A-Za-z ].*/s, "")} ${place ?? ""}`;
}

async function problemOf(one: FuzzCase, first: unknown): Promise<string> {
  try {
    await one.run();
  } catch (error) {
    return textOf(error);
  }
  return textOf(first);
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `\ncaused by: ${error.cause.stack ?? error.cause.message}` : "";
  return `${error.stack ?? error.message}${cause}`;
}
