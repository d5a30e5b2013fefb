import { randomFillSync } from "node:crypto";
import { encodeBatch } from "../../shared/record/encode-batch.ts";

export interface SampleBatch {
  readonly bytes: Uint8Array;
  readonly records: number;
}

/** What a record takes in a batch beside its value, and a batch beside its records; for large records a little more. */
const recordOverheadBytes = 12;
const batchOverheadBytes = 61;

/**
 * A batch of about `batchBytes`, of records with `recordBytes` of random value each, as a producer sends it; one smaller
 * record where not even one fits.
 */
export function sampleBatch(batchBytes: number, recordBytes: number): SampleBatch {
  const room = batchBytes - batchOverheadBytes;
  const count = Math.max(1, Math.floor(room / (recordBytes + recordOverheadBytes)));
  const valueBytes = Math.min(recordBytes, room - recordOverheadBytes);
  const timestamp = Date.now();
  const records = Array.from({ length: count }, () => ({
    key: null,
    value: randomFillSync(new Uint8Array(valueBytes)),
    timestamp,
  }));
  const noCompression = (): never => {
    throw new TypeError("samples are not compressed");
  };
  return { bytes: encodeBatch({ records }, noCompression), records: count };
}
