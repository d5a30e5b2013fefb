/** What `streamkeeper verify` says in the end. */
import type { VerificationReport, WorkloadReport } from "../../verify/run-verification.ts";
import { formatAmount, formatCount } from "../console/quantities.ts";
import { formatTable } from "../console/table.ts";
import type { HurtReport } from "./hurt.ts";

/** Different errors that are shown; the rest is counted. */
const errorsShownMax = 8;

export interface RunFacts {
  readonly runId: string;
  readonly namespace: string;
  readonly seed: number;
  readonly clients: number;
  readonly loadMs: number;
  readonly checkMs: number;
  readonly hurt: HurtReport | undefined;
}

interface RecordCounts {
  readonly acknowledged: number;
  readonly unknown: number;
  readonly failed: number;
  readonly polled: number;
}

function recordsOf(report: VerificationReport): RecordCounts {
  const counts = { acknowledged: 0, unknown: 0, failed: 0, polled: 0 };
  for (const { tally } of report.workloads) {
    counts.acknowledged += tally.acknowledged;
    counts.unknown += tally.unknown;
    counts.failed += tally.failed;
    counts.polled += tally.polled;
  }
  return counts;
}

/** For programs: the same facts. */
export function jsonReport(report: VerificationReport, facts: RunFacts): object {
  return {
    ...facts,
    isClean: report.isClean,
    records: recordsOf(report),
    workloads: report.workloads.map(({ workload, tally, checked, anomalies }) => ({
      workload,
      operations: tally.operations,
      checked,
      crashes: tally.crashes,
      errors: Object.fromEntries(tally.errors),
      anomalies,
    })),
  };
}

/** For people. */
export function textReport(report: VerificationReport, facts: RunFacts): string {
  const rows = report.workloads.map(({ workload, tally, checked, anomalies }) => {
    const { ok, info, fail } = tally.operations;
    return [workload, ok, info, fail, checked, anomalies.length];
  });
  const head = ["workload", "answered", "unknown", "refused", "checked", "anomalies"];
  const { acknowledged, unknown, failed, polled } = recordsOf(report);
  return [
    formatTable(head, rows),
    `Records: ${formatCount(acknowledged)} acknowledged, ${formatCount(unknown)} unknown, ${formatCount(failed)} failed ` +
      `or aborted; ${formatCount(polled)} polled.\n`,
    errorsLine(report.workloads),
    factsLine(facts),
    ...report.workloads.map(anomalyLines),
    report.isClean
      ? "Nothing that was acknowledged is lost, doubled or out of order; all that was read is explained.\n"
      : "NOT CLEAN: see the anomalies above.\n",
  ].join("");
}

function errorsLine(workloads: readonly WorkloadReport[]): string {
  const counts = new Map<string, number>();
  for (const { tally } of workloads) {
    for (const [reason, count] of tally.errors) counts.set(reason, (counts.get(reason) ?? 0) + count);
  }
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a);
  if (sorted.length === 0) return "";
  const shown = sorted.slice(0, errorsShownMax).map(([reason, count]) => `${reason} ${formatCount(count)}`);
  const rest = sorted.length - shown.length;
  return `Errors met: ${shown.join(", ")}${rest > 0 ? `, and ${formatAmount(rest, "other kind")}` : ""}.\n`;
}

function factsLine({ runId, namespace, seed, clients, loadMs, checkMs, hurt }: RunFacts): string {
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  const hurting = hurt === undefined ? "" : ` Hurt ${formatAmount(hurt.runs, "time")}, ${hurt.failures} failed.`;
  return (
    `Run ${runId} in namespace ${namespace}, seed ${seed}, ${formatAmount(clients, "client")} for each workload: ` +
    `load ${seconds(loadMs)}, final phase and checks ${seconds(checkMs)}.${hurting}\n`
  );
}

function anomalyLines({ workload, anomalies }: WorkloadReport): string {
  return anomalies.map(({ name, detail }) => `  ${workload}: ${name}: ${detail}\n`).join("");
}
