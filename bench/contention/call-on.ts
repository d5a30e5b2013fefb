/** Callers that each append again as soon as the last append is answered, and what that cost. */
import { countRequests } from "../../shared/storage/count-requests.ts";
import type { RequestName } from "../../shared/storage/request-name.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { type ContendedLog, openContended } from "./contended-log.ts";

export interface CallerReport {
  readonly acknowledged: number;
  readonly failed: number;
  /** From the call to the answer, of each acknowledged append. */
  readonly waitsMs: readonly number[];
  readonly requests: Partial<Record<RequestName, number>>;
}

export interface CallerPlan {
  readonly log: ContendedLog;
  readonly name: string;
  /** By the monotonic clock of the storage. */
  readonly durationMs: number;
  /** Longest pause between an answer and the next append; uniform from 0. */
  readonly pauseMsMax: number;
}

export async function callOn(storage: Storage, plan: CallerPlan): Promise<CallerReport> {
  const counted = countRequests(storage);
  const append = openContended(plan.log, counted.storage, plan.name);
  const { clock, timers, random } = storage;
  const endMs = clock.monotonicMs() + plan.durationMs;
  const waitsMs: number[] = [];
  let failed = 0;
  while (clock.monotonicMs() < endMs) {
    if (plan.pauseMsMax > 0) await timers.sleep((random.uint32() / 0x1_0000_0000) * plan.pauseMsMax);
    const begunMs = clock.monotonicMs();
    if (await append()) waitsMs.push(clock.monotonicMs() - begunMs);
    else failed += 1;
  }
  return { acknowledged: waitsMs.length, failed, waitsMs, requests: counted.counts() };
}

export interface ContentionFigures {
  readonly callers: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly appendsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Conditional puts, changed items and blobs. */
  readonly writesPerAppend: number;
  readonly queriesPerAppend: number;
  /** Puts beyond the first. */
  readonly retriesPerAppend: number;
  /** Billed for puts that lost, each by the size of the entry that stood there: 1 unit for one below 1 KB. */
  readonly wastedWriteUnitsPerAppend: number;
  /** Of the caller that had the fewest appends acknowledged, as a share of the mean. */
  readonly fewestShare: number;
}

export function figuresOf(reports: readonly CallerReport[], durationMs: number): ContentionFigures {
  const sum = (of: (report: CallerReport) => number): number => reports.reduce((total, one) => total + of(one), 0);
  const count = (...names: readonly RequestName[]): number =>
    sum(({ requests }) => names.reduce((total, name) => total + (requests[name] ?? 0), 0));
  const acknowledged = sum((report) => report.acknowledged);
  const waitsMs = reports.flatMap((report) => report.waitsMs).toSorted((a, b) => a - b);
  const puts = count("logs.putIfAbsent");
  const retries = Math.max(0, puts - acknowledged);
  const per = (total: number): number => Math.round((total / acknowledged) * 1_000) / 1_000;
  const at = (share: number): number =>
    Math.round((waitsMs[Math.min(waitsMs.length - 1, Math.floor(waitsMs.length * share))] ?? 0) * 10) / 10;
  return {
    callers: reports.length,
    acknowledged,
    failed: sum((report) => report.failed),
    appendsPerSecond: Math.round((acknowledged * 1_000) / durationMs),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    writesPerAppend: per(puts + count("items.update", "items.delete", "blobs.put", "blobs.delete", "logs.trim")),
    queriesPerAppend: per(count("logs.readFrom", "logs.readLast", "logs.readAt", "items.get", "items.query")),
    retriesPerAppend: per(retries),
    wastedWriteUnitsPerAppend: per(retries),
    fewestShare:
      Math.round((Math.min(...reports.map((one) => one.acknowledged)) / (acknowledged / reports.length)) * 100) / 100,
  };
}
