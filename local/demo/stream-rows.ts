import type { PartitionPage, StreamkeeperClient } from "../../client/index.ts";
import { rowHeader } from "./row-checker.ts";
import type { CheckReport, RowChecker, SentRow } from "./row-checker.ts";

export interface Streamed {
  readonly bytes: number;
  readonly elapsedMs: number;
}

export interface StreamTask {
  readonly client: StreamkeeperClient;
  readonly topic: string;
  readonly signal: AbortSignal;
  readonly onProgress: (rows: number, bytes: number) => void;
}

/** Rows between two signs of progress. */
const progressRows = 1_000;

/** Produces the rows in their order, each with its place as a header; ends when all are acknowledged. */
export async function produceRows(task: StreamTask, rows: readonly SentRow[]): Promise<Streamed> {
  const startedAtMs = performance.now();
  const producer = task.client.producer({ topic: task.topic, signal: task.signal });
  let bytes = 0;
  let reported = 0;
  for (const [row, { key, value }] of rows.entries()) {
    await producer.enqueue({ key, value, headers: { [rowHeader]: String(row) } });
    bytes += key.length + value.length;
    if (row % progressRows !== progressRows - 1) continue;
    task.onProgress(progressRows, bytes - reported);
    reported = bytes;
  }
  await producer.close();
  task.onProgress(rows.length % progressRows, bytes - reported);
  return { bytes, elapsedMs: performance.now() - startedAtMs };
}

/** Reads the topic's partitions, side by side, from their beginning to their end. */
export async function readRows(task: StreamTask, partitions: number, checker: RowChecker): Promise<Streamed> {
  const startedAtMs = performance.now();
  const { client, topic, signal } = task;
  const sizes = await Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      let bytes = 0;
      for await (const page of client.readPartition({ topic, partition, stopAtEnd: true, signal }).pages()) {
        const pageBytes = checkPage(page, checker);
        task.onProgress(page.records.length, pageBytes);
        bytes += pageBytes;
      }
      return bytes;
    }),
  );
  return { bytes: sizes.reduce((sum, bytes) => sum + bytes, 0), elapsedMs: performance.now() - startedAtMs };
}

function checkPage(page: PartitionPage, checker: RowChecker): number {
  let bytes = 0;
  for (const record of page.records) {
    checker.check(record);
    bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
  }
  return bytes;
}

/** What the check amounts to, in a line, and the first problems below it. */
export function describeReport({ problems, problemsCount }: CheckReport): string {
  if (problemsCount === 0) return "checked   each row once, unchanged, in order per key\n";
  const more = problemsCount > problems.length ? `\n  ... and ${problemsCount - problems.length} more` : "";
  return `WRONG     ${problemsCount} problems:\n${problems.map((problem) => `  ${problem}`).join("\n")}${more}\n`;
}
