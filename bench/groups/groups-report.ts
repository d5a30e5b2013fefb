import { cpus } from "node:os";
import { formatTable } from "../../local/console/table.ts";
import type { GroupsFigures } from "./groups-bench.ts";

export interface GroupsReport extends GroupsFigures {
  readonly bench: "groups";
  readonly at: string;
  readonly node: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly folder: string;
}

export function groupsReport(figures: GroupsFigures, folder: string): GroupsReport {
  return {
    bench: "groups",
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cpus: cpus().length,
    folder,
    ...figures,
  };
}

export function groupsTable({ consume, rebalance, emptyPoll, transactions, ...report }: GroupsReport): string {
  const rows = transactions.map(({ form, producers, transactionsPerSecond, p50Ms, p99Ms }) => [
    form,
    producers,
    transactionsPerSecond,
    p50Ms,
    p99Ms,
  ]);
  return [
    `${report.cpus} x ${report.cpu}, Node ${report.node}, data in ${report.folder}\n`,
    `a group of 4 over 8 partitions: ${consume.recordsPerSecond} records/s of ${consume.recordBytes} bytes\n`,
    `a rebalance: ${rebalance.joinMs} ms after one joined, ${rebalance.leaveMs} ms after one left\n`,
    `an empty poll: p50 ${emptyPoll.p50Ms} ms, p99 ${emptyPoll.p99Ms} ms\n\n`,
    formatTable(["TRANSACTIONS", "PRODUCERS", "PER SECOND", "P50 MS", "P99 MS"], rows),
  ].join("");
}
