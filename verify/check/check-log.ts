/** Whether a log kept its promises to its clients, after Jepsen's Kafka workload; and what is worth knowing besides. */
import type { LogHistory } from "../history.ts";
import type { Anomaly } from "./anomaly.ts";
import { AnomalyList } from "./anomaly-list.ts";
import { checkEnds } from "./log-ends.ts";
import { checkLogCycles } from "./log-graph.ts";
import { checkGroups } from "./log-groups.ts";
import { checkPositions } from "./log-positions.ts";
import { checkRecords } from "./log-records.ts";
import { buildLogTables } from "./log-tables.ts";

export interface LogCheckOptions {
  /**
   * Transactions of several calls append as they go, so records of one may stand between those of another: what Kafka calls
   * neither G0 nor a skip is none then. Left out it is one.
   */
  readonly interleaves?: boolean;
  /** Every offset holds a record: there are neither control records, nor compaction, nor aborted transactions. */
  readonly isDense?: boolean;
}

export interface LogVerdict {
  readonly anomalies: readonly Anomaly[];
  readonly sent: number;
  /** Records that somebody was promised. */
  readonly acknowledged: number;
  readonly seen: number;
  /** Records that a process polled again after it had polled them. */
  readonly polledTwice: number;
  /** Longest time, in the history's unit, for which an acknowledged record was there when a poll did not return it. */
  readonly lagMax: number;
}

/** @throws RangeError if the history itself is wrong: a value sent twice, or lists of different lengths. */
export function checkLog(history: LogHistory, options: LogCheckOptions = {}): LogVerdict {
  const { interleaves = false, isDense = false } = options;
  const anomalies = new AnomalyList();
  const tables = buildLogTables(history, anomalies);
  checkRecords(history, tables, { isDense }, anomalies);
  const { polledTwice, lagMax } = checkPositions(tables, { interleaves }, anomalies);
  checkGroups(tables, anomalies);
  checkEnds(tables, anomalies);
  checkLogCycles(tables, { interleaves }, anomalies);
  let [sent, acknowledged, seen] = [0, 0, 0];
  for (const { records } of tables.partitions.values()) {
    sent += records.size;
    for (const { isRequired, isSeen } of records.values()) {
      if (isRequired) acknowledged += 1;
      if (isSeen) seen += 1;
    }
  }
  return { anomalies: anomalies.found(), sent, acknowledged, seen, polledTwice, lagMax };
}
