/** Runs workloads against a target, all at once, and checks what they saw. */
import type { Clock, Random, Timers } from "../shared/storage/environment.ts";
import type { Anomaly } from "./check/anomaly.ts";
import { checkHistory } from "./check-history.ts";
import { TargetError } from "./target.ts";
import type { VerifyTarget } from "./target.ts";
import { Tally } from "./workloads/tally.ts";
import type { RecordBudget, WorkloadContext, WorkloadHistory, WorkloadTiming } from "./workloads/workload.ts";
import { workloads } from "./workloads/workloads.ts";
import type { WorkloadName } from "./workloads/workloads.ts";

export interface VerificationOptions {
  readonly target: VerifyTarget;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly timing: WorkloadTiming;
  /** Begins every name, so that runs do not meet; letters, digits and hyphens. */
  readonly runId: string;
  readonly workloads: readonly WorkloadName[];
  /** Workers of each workload. */
  readonly clients: number;
  /** Ends the load, so that the final phase begins. */
  readonly load: AbortSignal;
  /** Records of the workload `log`; when as many are written, it only reads on. */
  readonly recordsMax?: number;
  readonly onPhase?: (phase: "load" | "check", workload?: WorkloadName) => void;
  /** Looked at while it runs. */
  readonly tallies?: Map<WorkloadName, Tally>;
  /** Given every history as it was recorded, before it is checked. */
  readonly onHistory?: (workload: WorkloadName, history: WorkloadHistory) => Promise<void>;
}

export interface WorkloadReport {
  readonly workload: WorkloadName;
  readonly tally: Tally;
  /** Operations of the histories that were checked. */
  readonly checked: number;
  readonly anomalies: readonly Anomaly[];
}

export interface VerificationReport {
  readonly workloads: readonly WorkloadReport[];
  /** Nothing was wrong, and nothing was left without a verdict. */
  readonly isClean: boolean;
}

interface Ran {
  readonly workload: WorkloadName;
  readonly tally: Tally;
  readonly histories: readonly WorkloadHistory[];
  readonly failure: Anomaly | undefined;
}

/** Runs until `load` aborts and the final phases are over. Rejects with nothing but a mistake of its own. */
export async function runVerification(options: VerificationOptions): Promise<VerificationReport> {
  const budget: RecordBudget = { left: options.recordsMax ?? Infinity };
  options.onPhase?.("load");
  const ran = await Promise.all(options.workloads.map((workload) => runWorkload(options, workload, budget)));
  const reports: WorkloadReport[] = [];
  for (const { workload, tally, histories, failure } of ran) {
    options.onPhase?.("check", workload);
    const anomalies: Anomaly[] = failure === undefined ? [] : [failure];
    anomalies.push(...tally.problems.map((detail) => ({ name: "unknown", detail })));
    let checked = 0;
    for (const history of histories) {
      await options.onHistory?.(workload, history);
      const verdict = checkHistory(history, options.timing);
      checked += verdict.checked;
      anomalies.push(...verdict.anomalies);
    }
    // Who was only ever refused has seen nothing that could be wrong.
    if (failure === undefined && hasSeenNothing(workload, tally, checked)) {
      anomalies.push({ name: "unknown", detail: "nothing was acknowledged, so there was nothing to check" });
    }
    reports.push({ workload, tally, checked, anomalies });
  }
  return { workloads: reports, isClean: reports.every(({ anomalies }) => anomalies.length === 0) };
}

function hasSeenNothing(workload: WorkloadName, tally: Tally, checked: number): boolean {
  const writesRecords = workload === "log" || workload === "transactions";
  return checked === 0 || tally.operations.ok === 0 || (writesRecords && tally.acknowledged === 0);
}

async function runWorkload(options: VerificationOptions, workload: WorkloadName, budget: RecordBudget): Promise<Ran> {
  const { target, clock, timers, random, timing, runId, clients, load } = options;
  const tally = new Tally();
  options.tallies?.set(workload, tally);
  const context: WorkloadContext = {
    target,
    clock,
    timers,
    random,
    timing,
    runId: `${runId}-${workload}`,
    clients,
    load,
    tally,
    budget,
  };
  try {
    return { workload, tally, histories: await workloads[workload](context), failure: undefined };
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    const name = error.code === "CORRUPT" ? "corrupt" : "unknown";
    const detail = `the workload ended early: ${error.message}`;
    return { workload, tally, histories: [], failure: { name, detail } };
  }
}
