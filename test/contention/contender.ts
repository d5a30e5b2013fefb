/** One of many writers on one partition: what it sends, and what it is told. */
import { compress } from "../../shared/compression/compression.ts";
import { type PartitionWriter, partitionWriter } from "../../shared/partition/partition-writer.ts";
import type { AppendRequest } from "../../shared/partition/plan-append.ts";
import type { PartitionName } from "../../shared/partition/recover-partition.ts";
import { encodeBatch } from "../../shared/record/encode-batch.ts";
import { countRequests } from "../../shared/storage/count-requests.ts";
import type { RequestName } from "../../shared/storage/request-name.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import type { SendOperation } from "../simulation/partition-history.ts";

export interface ContenderPlan {
  readonly writer: number;
  readonly appends: number;
  /** Appends that are sent before the first of them is answered. */
  readonly burst: number;
  /** Sends each batch again until it is acknowledged, and now and then once more. */
  readonly idempotent: boolean;
  /** Payloads above the inline limit. */
  readonly byReference: boolean;
  /** Some of its answers from DynamoDB are lost. */
  readonly lossy: boolean;
}

export interface ContenderReport {
  readonly plan: ContenderPlan;
  readonly sends: readonly SendOperation[];
  /** What was told instead of an acknowledgement. */
  readonly complaints: readonly string[];
  /** Repeats of acknowledged batches that were answered with another offset than at first, or as if they were new. */
  readonly wrongRepeats: readonly string[];
  /** Requests at the storage ports. */
  readonly requests: Partial<Record<RequestName, number>>;
}

export const inlineBytesMax = 16_384;
const recordsPerBatchMax = 3;
const largeKey = new Uint8Array(20_000).fill(120);
/** Times that an idempotent producer sends one batch. */
const triesMax = 50;

export async function contend(storage: Storage, name: PartitionName, plan: ContenderPlan): Promise<ContenderReport> {
  const counted = countRequests(storage);
  const writer = partitionWriter(counted.storage, name, () => inlineBytesMax);
  const sends: SendOperation[] = [];
  const complaints: string[] = [];
  const wrongRepeats: string[] = [];
  let sequence = 0;
  for (let index = 0; index < plan.appends;) {
    const count = Math.min(plan.burst, plan.appends - index);
    const operations = Array.from({ length: count }, (_, at) => operationOf(plan.writer, index + at));
    sends.push(...operations);
    index += count;
    if (!plan.idempotent) {
      await Promise.all(operations.map((operation) => send(writer, operation, requestOf(operation, plan), complaints)));
      continue;
    }
    for (const operation of operations) {
      const request = requestOf(operation, plan, sequence);
      await sendUntilKnown(writer, operation, request, complaints);
      sequence += operation.recordCount;
      if (operation.offset % 3 === 0) wrongRepeats.push(...(await repeat(writer, operation, request)));
    }
  }
  return { plan, sends, complaints, wrongRepeats, requests: counted.counts() };
}

function operationOf(writer: number, index: number): SendOperation {
  return {
    value: valueOf(writer, index),
    recordCount: 1 + ((writer + index) % recordsPerBatchMax),
    invokedMs: nowMs(),
    completedMs: Infinity,
    outcome: "info",
    offset: -1,
  };
}

export function valueOf(writer: number, index: number): string {
  return `w${writer}-${index}`;
}

/** One clock for all processes of a machine, which never steps. */
function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function requestOf(operation: SendOperation, plan: ContenderPlan, baseSequence?: number): AppendRequest {
  const { value, recordCount } = operation;
  const producer =
    baseSequence === undefined ? undefined : { producerId: BigInt(plan.writer), producerEpoch: 0, baseSequence };
  const records = Array.from({ length: recordCount }, (_, index) => ({
    key: plan.byReference ? largeKey : null,
    value: new TextEncoder().encode(`${value}/${index}`),
    timestamp: 1,
  }));
  const bytes = encodeBatch({ records, ...producer }, compress);
  const identity = producer === undefined ? {} : { producer };
  return { bytes, batches: [{ start: 0, length: bytes.length, recordCount, maxTimestamp: 1, ...identity }] };
}

async function send(
  writer: PartitionWriter,
  operation: SendOperation,
  request: AppendRequest,
  complaints: string[],
): Promise<void> {
  const answer = await writer.append(request);
  operation.completedMs = nowMs();
  switch (answer.kind) {
    case "done":
      operation.outcome = "ok";
      operation.offset = answer.result.baseOffset;
      return;
    case "refused":
      operation.outcome = "fail";
      complaints.push(`${operation.value} was refused: ${answer.refusal.code}`);
      return;
    case "failed":
      operation.outcome = "fail";
      complaints.push(`${operation.value} failed: ${answer.reason}, ${String(answer.cause)}`);
      return;
    case "unknown":
      operation.outcome = "info";
      complaints.push(`${operation.value} is unknown: ${String(answer.cause)}`);
  }
}

async function sendUntilKnown(
  writer: PartitionWriter,
  operation: SendOperation,
  request: AppendRequest,
  complaints: string[],
): Promise<void> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    await send(writer, operation, request, complaints);
    if (operation.outcome === "ok") return;
  }
  throw new Error(`${operation.value} was not acknowledged in ${triesMax} tries: ${complaints.at(-1)}`);
}

async function repeat(writer: PartitionWriter, operation: SendOperation, request: AppendRequest): Promise<string[]> {
  const answer = await writer.append(request);
  if (answer.kind !== "done") return [];
  const { baseOffset, duplicate } = answer.result;
  if (duplicate && baseOffset === operation.offset) return [];
  const told = duplicate ? "a repeat" : "new";
  return [`${operation.value}, acknowledged at ${operation.offset}, was ${told} at ${baseOffset}`];
}
