/** Batches of the partition's simulation: record i of a send holds its value and i. */
import { compress, decompress } from "../../shared/compression/compression.ts";
import { decodeRecords } from "../../shared/record/decode-records.ts";
import { encodeBatch } from "../../shared/record/encode-batch.ts";
import { readBatchHeader, recordsOf } from "../../shared/record/record-batch.ts";
import type { AppendRequest } from "../../shared/partition/plan-append.ts";
import type { SendOperation } from "./partition-history.ts";

export function requestFor(
  operation: SendOperation,
  producer?: { readonly producerId: bigint; readonly producerEpoch: number; readonly baseSequence: number },
): AppendRequest {
  const records = Array.from({ length: operation.recordCount }, (_, index) => ({
    key: null,
    value: new TextEncoder().encode(`${operation.value}/${index}`),
    timestamp: 1,
  }));
  const bytes = encodeBatch({ records, ...producer }, compress);
  const identity = producer === undefined ? {} : { producer };
  const { expectedOffset, fencingToken } = operation;
  return {
    bytes,
    batches: [{ start: 0, length: bytes.length, recordCount: operation.recordCount, maxTimestamp: 1, ...identity }],
    ...(expectedOffset === undefined ? {} : { expectedOffset }),
    ...(fencingToken === undefined ? {} : { fencingToken }),
  };
}

export function recordsFrom(batches: readonly Uint8Array[], offset: number): (readonly [number, string])[] {
  const records: (readonly [number, string])[] = [];
  for (const batch of batches) {
    const header = readBatchHeader(batch);
    const stored = recordsOf(batch, 0, header);
    const plain = header.compressionType === "none" ? stored : decompress(header.compressionType, stored, 100_000);
    for (const record of decodeRecords(header, plain)) {
      const at = header.baseOffset + record.offsetDelta;
      if (at >= offset) records.push([at, new TextDecoder().decode(record.value ?? new Uint8Array())]);
    }
  }
  return records;
}
