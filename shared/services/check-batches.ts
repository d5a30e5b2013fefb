/** Checks RecordBatches v2 that a producer sent, and tells a partition's writer what it needs of them. */
import { type ErrorDetails, ServiceError } from "../api/errors.ts";
import { decompress } from "../compression/compression.ts";
import {
  batchRecordsMax,
  decompressedBatchBytesMax,
  entryBatchesMax,
  entryPayloadBytesMax,
  recordHeadersMax,
} from "../limits.ts";
import type { RequestBatch } from "../partition/plan-append.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import { recordsOf } from "../record/record-batch.ts";
import { type BatchRange, splitBatches, validateBatch } from "../record/validate-batch.ts";
import { validateRecords } from "../record/validate-records.ts";
import type { TopicSettings } from "../topics/topic-config.ts";
import { checkTimestamps } from "./check-timestamps.ts";

/**
 * Timestamps, lengths, CRC, counts and every record of every batch, within bounds; nothing is re-encoded.
 *
 * @throws ServiceError CORRUPT_MESSAGE | INVALID_RECORD | INVALID_TIMESTAMP | MESSAGE_TOO_LARGE | RECORD_LIST_TOO_LARGE |
 *   UNSUPPORTED_COMPRESSION_TYPE | UNSUPPORTED_FOR_MESSAGE_FORMAT
 */
export function checkBatches(bytes: Uint8Array, settings: TopicSettings, nowMs: number): RequestBatch[] {
  if (bytes.length > entryPayloadBytesMax) {
    const details = { bytes: bytes.length, bytesMax: entryPayloadBytesMax };
    throw new ServiceError("RECORD_LIST_TOO_LARGE", "The batches of one request are too large", { details });
  }
  const batches = splitOrThrow(bytes).map((range) => checkBatch(bytes, range, settings, nowMs));
  if (batches.length > 1 && batches.some((batch) => batch.producer !== undefined)) {
    throw new ServiceError("INVALID_RECORD", "A request of an idempotent producer must contain exactly one batch");
  }
  return batches;
}

function splitOrThrow(bytes: Uint8Array): readonly BatchRange[] {
  try {
    const { ranges, rest } = splitBatches(bytes, entryBatchesMax);
    if (rest === "more") {
      throw new ServiceError("RECORD_LIST_TOO_LARGE", `More than ${entryBatchesMax} batches in one request`);
    }
    if (rest === "partial") throw new ServiceError("CORRUPT_MESSAGE", "The last batch is cut off");
    if (ranges.length === 0) throw new ServiceError("CORRUPT_MESSAGE", "The request holds no batch");
    return ranges;
  } catch (cause) {
    if (cause instanceof MalformedBytesError) throw new ServiceError("CORRUPT_MESSAGE", cause.message, { cause });
    throw cause;
  }
}

function checkBatch(
  bytes: Uint8Array,
  { start, end }: BatchRange,
  settings: TopicSettings,
  nowMs: number,
): RequestBatch {
  const batch = validateBatch(bytes, start, end, {
    batchBytesMax: settings.maxMessageBytes,
    recordsMax: batchRecordsMax,
    origin: "producer",
  });
  if (!batch.ok) throw refused(batch.error, batch.message, { batchStart: start });
  const { header } = batch;
  const records = validateRecords(header, recordsOf(bytes, start, header), decompress, {
    decompressedBytesMax: decompressedBatchBytesMax,
    headersMax: recordHeadersMax,
    keysRequired: settings.compaction !== undefined,
  });
  if (!records.ok) {
    throw refused(records.error, records.message, { batchStart: start, recordIndex: records.recordIndex ?? null });
  }
  checkTimestamps(records.minTimestamp, records.maxTimestamp, settings, nowMs);
  const { producerId, producerEpoch, baseSequence } = header;
  return {
    start,
    length: end - start,
    recordCount: header.recordsCount,
    maxTimestamp: records.maxTimestamp,
    ...(producerId >= 0n ? { producer: { producerId, producerEpoch, baseSequence } } : {}),
    ...(header.isTransactional ? { transaction: { kind: "data" } } : {}),
  };
}

function refused(
  code: ConstructorParameters<typeof ServiceError>[0],
  message: string,
  details: ErrorDetails,
): ServiceError {
  return new ServiceError(code, message, { details });
}
