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
import { type BatchHeader, recordsOf } from "../record/record-batch.ts";
import { type BatchRange, splitBatches, validateBatch } from "../record/validate-batch.ts";
import { validateRecords } from "../record/validate-records.ts";
import type { TopicSettings } from "../topics/topic-config.ts";
import { checkTimestamps } from "./check-timestamps.ts";
import type { RecordChecks } from "./services.ts";

/**
 * Timestamps, lengths, CRC, counts and every record of every batch, within bounds; nothing is re-encoded. With checks `needed`
 * the records of a compressed batch are left as they are, unless something depends on what they hold.
 *
 * @throws ServiceError CORRUPT_MESSAGE | INVALID_RECORD | INVALID_TIMESTAMP | MESSAGE_TOO_LARGE | RECORD_LIST_TOO_LARGE |
 *   UNSUPPORTED_COMPRESSION_TYPE | UNSUPPORTED_FOR_MESSAGE_FORMAT
 */
export function checkBatches(
  bytes: Uint8Array,
  settings: TopicSettings,
  nowMs: number,
  checks: RecordChecks = "all",
): RequestBatch[] {
  if (bytes.length > entryPayloadBytesMax) {
    const details = { bytes: bytes.length, bytesMax: entryPayloadBytesMax };
    throw new ServiceError("RECORD_LIST_TOO_LARGE", "The batches of one request are too large", { details });
  }
  const batches = splitOrThrow(bytes).map((range) => checkBatch(bytes, range, { settings, nowMs, checks }));
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

interface Checked {
  readonly settings: TopicSettings;
  readonly nowMs: number;
  readonly checks: RecordChecks;
}

function checkBatch(bytes: Uint8Array, { start, end }: BatchRange, checked: Checked): RequestBatch {
  const { settings, nowMs } = checked;
  const batch = validateBatch(bytes, start, end, {
    batchBytesMax: settings.maxMessageBytes,
    recordsMax: batchRecordsMax,
    origin: "producer",
  });
  if (!batch.ok) throw refused(batch.error, batch.message, { batchStart: start });
  const { header } = batch;
  const records = checkRecords(bytes, start, header, checked);
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

/** What is not looked into has the timestamps that its header says. @throws ServiceError as `checkBatches` */
function checkRecords(
  bytes: Uint8Array,
  start: number,
  header: BatchHeader,
  { settings, checks }: Checked,
): { readonly minTimestamp: number; readonly maxTimestamp: number } {
  const keysRequired = settings.compaction !== undefined;
  if (checks === "needed" && header.compressionType !== "none" && !keysRequired) {
    return { minTimestamp: header.baseTimestamp, maxTimestamp: header.maxTimestamp };
  }
  const records = validateRecords(header, recordsOf(bytes, start, header), decompress, {
    decompressedBytesMax: decompressedBatchBytesMax,
    headersMax: recordHeadersMax,
    keysRequired,
  });
  if (records.ok) return records;
  throw refused(records.error, records.message, { batchStart: start, recordIndex: records.recordIndex ?? null });
}

function refused(
  code: ConstructorParameters<typeof ServiceError>[0],
  message: string,
  details: ErrorDetails,
): ServiceError {
  return new ServiceError(code, message, { details });
}
