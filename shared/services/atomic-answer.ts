/** What is kept of a write in one call for repeats under its Idempotency-Key: which request it was, and what it answers. */
import { crc32c } from "../record/crc32c.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import type { AtomicWrite } from "./transactions.ts";

const utf8 = new TextEncoder();
const none = new Uint8Array(0);

/** A batch as it was appended: its topic's place in the request, its partition, and its first offset. */
export type AppendedBatch = readonly [topicIndex: number, partition: number, baseOffset: number];

export interface AtomicAnswer {
  /** Of the request. */
  readonly fingerprint: number;
  /** Once it is committed: the time of records that brought none, ms since the epoch. */
  readonly timestamp?: number;
  /** Each topic's number of partitions, by which records were given theirs. */
  readonly partitions?: readonly number[];
  readonly batches?: readonly AppendedBatch[];
}

/** The same for equal requests, different for nearly all others. */
export function fingerprintOf({ produce, offsets }: AtomicWrite): number {
  const records = produce.map((part) => [
    part.topic,
    ...part.records.map(({ key, value, headers, partition, timestamp }) => [
      crc32c(key ?? none),
      crc32c(value ?? none),
      headers.length,
      partition,
      timestamp,
    ]),
  ]);
  return crc32c(utf8.encode(JSON.stringify([records, offsets])));
}

export function encodeAnswer(answer: AtomicAnswer): string {
  return JSON.stringify(answer);
}

/** @throws StorageCorruptError if it is none */
export function decodeAnswer(text: string): AtomicAnswer {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new StorageCorruptError("a transaction's answer is no JSON", { cause });
  }
  if (isAnswer(answer)) return answer;
  throw new StorageCorruptError("a transaction's answer is none");
}

function isAnswer(value: unknown): value is AtomicAnswer {
  if (typeof value !== "object" || value === null) return false;
  const { fingerprint, timestamp, partitions, batches } = value as Readonly<Record<string, unknown>>;
  return (
    isNumber(fingerprint) &&
    (timestamp === undefined || isNumber(timestamp)) &&
    (partitions === undefined || isNumbers(partitions)) &&
    (batches === undefined ||
      (Array.isArray(batches) && batches.every((batch) => isNumbers(batch) && batch.length === 3)))
  );
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isNumber);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}
