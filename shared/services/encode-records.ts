/** Builds the RecordBatches v2 of records that came as JSON (or from any caller that has no batches). */
import { ServiceError } from "../api/errors.ts";
import { compress } from "../compression/compression.ts";
import { entryBatchesMax, entryPayloadBytesMax, recordHeadersMax } from "../limits.ts";
import type { RequestBatch } from "../partition/plan-append.ts";
import { encodeBatch, type RecordInput } from "../record/encode-batch.ts";
import { batchHeaderBytes } from "../record/record-batch.ts";
import type { TopicSettings } from "../topics/topic-config.ts";
import { checkTimestamps } from "./check-timestamps.ts";
import type { ProducerIdentity, ProduceRecord } from "./services.ts";

/** Whose records they are, and whether they belong to its transaction. */
export interface RecordsProducer extends ProducerIdentity {
  readonly isTransactional: boolean;
}

/** A record's lengths, deltas and attributes beside its key, value and headers, at most. */
const recordOverheadBytes = 32;
const headerOverheadBytes = 10;
const utf8BytesPerChar = 3;

export interface EncodedRecords {
  /** The batches, one after the other. */
  readonly bytes: Uint8Array;
  readonly batches: readonly RequestBatch[];
}

/**
 * As many batches as `max.message.bytes` asks for; exactly one for an idempotent producer.
 *
 * @param nowMs timestamp of the records that have none
 * @throws ServiceError MESSAGE_TOO_LARGE | RECORD_LIST_TOO_LARGE | INVALID_RECORD | INVALID_TIMESTAMP
 */
export function encodeRecords(
  records: readonly ProduceRecord[],
  settings: TopicSettings,
  nowMs: number,
  producer: RecordsProducer | undefined,
): EncodedRecords {
  const parts = producer === undefined ? splitBySize(records, settings.maxMessageBytes) : [records];
  if (parts.length > entryBatchesMax) throw tooMany(`${parts.length} batches`);
  const encoded = parts.map((part) => encodePart(part, settings, nowMs, producer));
  const length = encoded.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (length > entryPayloadBytesMax) throw tooMany(`${length} bytes`);
  const [only] = encoded;
  if (only !== undefined && encoded.length === 1) return { bytes: only.bytes, batches: [only.batch] };
  const bytes = new Uint8Array(length);
  const batches: RequestBatch[] = [];
  let start = 0;
  for (const part of encoded) {
    bytes.set(part.bytes, start);
    batches.push({ ...part.batch, start });
    start += part.bytes.length;
  }
  return { bytes, batches };
}

function tooMany(what: string): ServiceError {
  return new ServiceError("RECORD_LIST_TOO_LARGE", `The records of one request for one partition make ${what}`, {
    details: { bytesMax: entryPayloadBytesMax, batchesMax: entryBatchesMax },
  });
}

function splitBySize(records: readonly ProduceRecord[], bytesMax: number): ProduceRecord[][] {
  const parts: ProduceRecord[][] = [];
  let part: ProduceRecord[] = [];
  let bytes = batchHeaderBytes;
  for (const record of records) {
    const size = sizeMax(record);
    if (part.length > 0 && bytes + size > bytesMax) {
      parts.push(part);
      part = [];
      bytes = batchHeaderBytes;
    }
    part.push(record);
    bytes += size;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

function sizeMax({ key, value, headers }: ProduceRecord): number {
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
  for (const header of headers) {
    bytes += headerOverheadBytes + header.key.length * utf8BytesPerChar + (header.value?.length ?? 0);
  }
  return bytes;
}

function encodePart(
  records: readonly ProduceRecord[],
  settings: TopicSettings,
  nowMs: number,
  producer: RecordsProducer | undefined,
): { readonly bytes: Uint8Array; readonly batch: RequestBatch } {
  let minTimestamp = nowMs;
  let maxTimestamp = -1;
  const inputs: RecordInput[] = records.map((record) => {
    if (record.headers.length > recordHeadersMax) {
      throw new ServiceError("INVALID_RECORD", `A record has ${record.headers.length} headers`, {
        details: { headersMax: recordHeadersMax },
      });
    }
    if (record.key === null && settings.compaction !== undefined) {
      throw new ServiceError("INVALID_RECORD", "A compacted topic takes no record without a key");
    }
    const timestamp = record.timestamp ?? nowMs;
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    if (timestamp < minTimestamp) minTimestamp = timestamp;
    return { key: record.key, value: record.value, headers: record.headers, timestamp };
  });
  checkTimestamps(minTimestamp, maxTimestamp, settings, nowMs);
  const compressionType = settings.compressionType === "producer" ? "none" : settings.compressionType;
  const bytes = encodeOrThrow(inputs, compressionType, producer);
  if (bytes.length > settings.maxMessageBytes) {
    throw new ServiceError("MESSAGE_TOO_LARGE", `A batch of ${bytes.length} bytes is larger than max.message.bytes`, {
      details: { bytes: bytes.length, maxMessageBytes: settings.maxMessageBytes },
    });
  }
  const identity = producer === undefined ? {} : identityOf(producer);
  return { bytes, batch: { start: 0, length: bytes.length, recordCount: records.length, maxTimestamp, ...identity } };
}

function identityOf({ isTransactional, ...producer }: RecordsProducer): Pick<RequestBatch, "producer" | "transaction"> {
  return { producer, ...(isTransactional ? { transaction: { kind: "data" } } : {}) };
}

function encodeOrThrow(
  records: readonly RecordInput[],
  compressionType: Exclude<TopicSettings["compressionType"], "producer">,
  producer: RecordsProducer | undefined,
): Uint8Array {
  try {
    return encodeBatch({ records, compressionType, ...producer }, compress);
  } catch (cause) {
    if (cause instanceof RangeError) throw new ServiceError("INVALID_RECORD", cause.message, { cause });
    throw cause;
  }
}
