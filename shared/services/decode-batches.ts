/** The records of fetched batches, checked: what was stored is not trusted either. */
import { decompress } from "../compression/compression.ts";
import { batchRecordsMax, decompressedBatchBytesMax, entryPayloadBytesMax } from "../limits.ts";
import type { AbortedTransaction } from "../partition/aborted-transactions.ts";
import { decodeRecords, recordTimestamp } from "../record/decode-records.ts";
import { lastOffset, recordsOf } from "../record/record-batch.ts";
import { validateBatch } from "../record/validate-batch.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import { isAborted } from "./committed-batches.ts";
import type { FetchedRecord } from "./services.ts";

export interface DecodedRecords {
  readonly records: readonly FetchedRecord[];
  /** Where to go on: behind the last record taken, or behind the batches if all were. */
  readonly nextOffset: number;
}

/**
 * The records from `offset` on, at most `recordsMax`; control records and those of `aborted` transactions are left out.
 *
 * @throws StorageCorruptError if a batch is damaged
 * @throws MalformedBytesError | DecompressionError if its records are
 */
export function decodeBatches(
  batches: readonly Uint8Array[],
  offset: number,
  recordsMax: number,
  nextOffset: number,
  aborted: readonly AbortedTransaction[],
): DecodedRecords {
  const records: FetchedRecord[] = [];
  for (const batch of batches) {
    const limits = { batchBytesMax: entryPayloadBytesMax, recordsMax: batchRecordsMax, origin: "log" } as const;
    const valid = validateBatch(batch, 0, batch.length, limits);
    if (!valid.ok) throw new StorageCorruptError(`a stored batch is damaged: ${valid.message}`);
    const { header } = valid;
    if (header.isControl || lastOffset(header) < offset || isAborted(header, aborted)) continue;
    const stored = recordsOf(batch, 0, header);
    const { compressionType } = header;
    const plain = compressionType === "none" ? stored : decompress(compressionType, stored, decompressedBatchBytesMax);
    for (const record of decodeRecords(header, plain)) {
      const at = header.baseOffset + record.offsetDelta;
      if (at < offset) continue;
      if (records.length >= recordsMax) return { records, nextOffset: at };
      const { key, value, headers } = record;
      records.push({ offset: at, timestamp: recordTimestamp(header, record), key, value, headers });
    }
  }
  return { records, nextOffset };
}
