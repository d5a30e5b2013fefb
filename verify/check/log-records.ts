/** What is wrong with single records: lost, never shown, put where they must not be. */
import type { LogHistory } from "../history.ts";
import type { AnomalyList } from "./anomaly-list.ts";
import { type LogRecord, type LogTables, nameOf, type PartitionTable } from "./log-tables.ts";

/** Adds `lost write`, `unseen`, `hole`, `expected offset ignored` and `fence ignored`. */
export function checkRecords(
  history: LogHistory,
  { partitions }: LogTables,
  options: { readonly isDense: boolean },
  anomalies: AnomalyList,
): void {
  const hasEnd = history.operations.some((operation) => operation.kind === "work" && operation.isFinal === true);
  for (const table of partitions.values()) {
    checkLost(table, hasEnd, anomalies);
    checkConditions(table, anomalies);
    if (options.isDense) checkHoles(table, anomalies);
  }
}

function checkLost(
  { partition, records, order, logStartOffset, isCompacted }: PartitionTable,
  hasEnd: boolean,
  anomalies: AnomalyList,
): void {
  let highestRead = -1;
  for (const { offset, isSeen } of order.records) if (isSeen) highestRead = offset;
  const newest = new Map<string, number>();
  if (isCompacted) for (const { key, offset } of order.records) if (key !== undefined) newest.set(key, offset);
  for (const record of records.values()) {
    const { value, offset, isRequired, isSeen, isSeenAtEnd, key, work } = record;
    const isForgotten =
      (offset >= 0 && offset < logStartOffset) || (key !== undefined && (newest.get(key) ?? -1) > offset);
    if (!isRequired || isForgotten) continue;
    if (!isSeen && offset >= 0 && offset < highestRead) {
      anomalies.add(
        "lost write",
        () => `${partition}: nobody read ${describe(record)}, though ${highestRead} was read`,
      );
    } else if (hasEnd && !isSeenAtEnd) {
      anomalies.add("unseen", () => `${partition}: ${value} at ${offset} was not there at the end: ${nameOf(work)}`);
    }
  }
}

function checkHoles({ partition, order, logStartOffset }: PartitionTable, anomalies: AnomalyList): void {
  let expected = logStartOffset;
  for (const { offset, value } of order.records) {
    if (offset > expected) {
      const from = expected;
      anomalies.add("hole", () => `${partition} has nothing from ${from} to before ${value} at ${offset}`);
    }
    expected = offset + 1;
  }
}

/** What was appended on a condition. */
function checkConditions({ partition, order }: PartitionTable, anomalies: AnomalyList): void {
  let highest: LogRecord | undefined;
  for (const record of order.records) {
    const { value, step, offset } = record;
    const { expectedOffset, fencingToken } = step;
    if (value === step.values[0] && expectedOffset !== undefined && offset !== expectedOffset) {
      anomalies.add(
        "expected offset ignored",
        () => `${partition}: ${describe(record)} was to be at ${expectedOffset}`,
      );
    }
    if (fencingToken === undefined) continue;
    const token = highest?.step.fencingToken ?? -1;
    if (fencingToken < token) {
      const before = highest;
      anomalies.add(
        "fence ignored",
        () => `${partition}: ${describe(record)} has token ${fencingToken}, after ${before?.value} with token ${token}`,
      );
    }
    if (fencingToken > token) highest = record;
  }
}

function describe({ value, offset, work }: LogRecord): string {
  return `${value} at ${offset} of the ${nameOf(work)}`;
}
