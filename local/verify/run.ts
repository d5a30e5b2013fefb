/** A run of `streamkeeper verify`: load beside the user's script, then the final phase, then the checks. */
import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";
import { runVerification } from "../../verify/run-verification.ts";
import type { VerificationReport } from "../../verify/run-verification.ts";
import { SeededRandom } from "../../verify/seeded-random.ts";
import type { VerifyTarget } from "../../verify/target.ts";
import type { Tally } from "../../verify/workloads/tally.ts";
import type { WorkloadTiming } from "../../verify/workloads/workload.ts";
import type { WorkloadName } from "../../verify/workloads/workloads.ts";
import type { Terminal } from "../console/terminal.ts";
import type { HistoryFile } from "./history-file.ts";
import { Hurt } from "./hurt.ts";
import type { HurtReport } from "./hurt.ts";
import { LoadProgress } from "./load-progress.ts";

export interface RunOptions {
  readonly target: VerifyTarget;
  readonly runId: string;
  readonly workloads: readonly WorkloadName[];
  readonly clients: number;
  readonly seed: number;
  /** Ends the load after this time... */
  readonly loadMs: number;
  /** ...or when so many records are acknowledged. */
  readonly records: number | undefined;
  readonly hurt: string | undefined;
  readonly history: HistoryFile | undefined;
  readonly timing: WorkloadTiming;
  /** Aborts when the user has seen enough: the load ends, and what it did is checked. */
  readonly signal: AbortSignal;
}

export interface RunOutcome {
  readonly report: VerificationReport;
  readonly loadMs: number;
  readonly checkMs: number;
  readonly hurt: HurtReport | undefined;
}

const lookEveryMs = 50;
const seedMax = 2 ** 32;

export function anySeed(): number {
  return randomInt(seedMax);
}

/** Never rejects for what the target does; that is for the report. */
export async function runVerify(options: RunOptions, terminal: Terminal): Promise<RunOutcome> {
  const { target, runId, workloads, clients, timing, records } = options;
  const { clock, timers } = createNodeEnvironment();
  const load = new AbortController();
  const tallies = new Map<WorkloadName, Tally>();
  const progress = new LoadProgress(terminal.stderr, tallies);
  const startedMs = performance.now();
  const hurt = options.hurt === undefined ? undefined : new Hurt(options.hurt, terminal.stderr);
  let loadEndedMs = startedMs;
  const ending = endOfLoad(options, tallies, progress).then(async () => {
    progress.say("load is over; the script is asked to end", hurt !== undefined);
    const hurtReport = await hurt?.stop();
    loadEndedMs = performance.now();
    progress.say("final phase: everything is read");
    load.abort();
    return hurtReport;
  });
  const startMs = clock.monotonicMs();
  const report = await runVerification({
    target,
    // The times of the report begin with the run.
    clock: { wallMs: () => clock.wallMs(), monotonicMs: () => clock.monotonicMs() - startMs },
    timers,
    random: new SeededRandom(options.seed),
    timing,
    runId,
    workloads,
    clients,
    load: load.signal,
    tallies,
    ...(records === undefined ? {} : { recordsMax: records }),
    onPhase: (phase, workload) => {
      if (phase === "check" && workload !== undefined) progress.say(`checking ${workload}`);
    },
    onHistory: async (workload, history) => await options.history?.write(workload, history),
  });
  const hurtReport = await ending;
  const endedMs = performance.now();
  return { report, loadMs: loadEndedMs - startedMs, checkMs: endedMs - loadEndedMs, hurt: hurtReport };
}

async function endOfLoad(
  { loadMs, records, signal }: RunOptions,
  tallies: ReadonlyMap<WorkloadName, Tally>,
  progress: LoadProgress,
): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    const elapsedMs = performance.now() - startedMs;
    const acknowledged = tallies.get("log")?.acknowledged ?? 0;
    if (signal.aborted || elapsedMs >= loadMs || acknowledged >= (records ?? Infinity)) return;
    progress.draw(elapsedMs, loadMs);
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}
