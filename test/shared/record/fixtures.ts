import { readFileSync } from "node:fs";
import { decompress } from "../../../shared/compression/compression.ts";
import { crc32c } from "../../../shared/record/crc32c.ts";
import { decodeRecords, recordTimestamp } from "../../../shared/record/decode-records.ts";
import { lastOffset, readBatchHeader, recordsOf } from "../../../shared/record/record-batch.ts";
import { splitBatches } from "../../../shared/record/validate-batch.ts";

/** What Kafka's Java client reads from a batch; the shape of test/peers/java's BatchJson. */
export interface BatchDescription {
  readonly baseOffset: number;
  readonly compressionType: string;
  readonly recordsCount: number;
  readonly records: readonly unknown[];
}

/** Bytes that Kafka's Java client made, and what it reads from them. */
export interface BatchFixture {
  readonly name: string;
  readonly bytes: string;
  readonly batches: readonly BatchDescription[];
}

const folder = new URL("../../fixtures/record/", import.meta.url);
const bytesInFullMax = 40;
const batchesMax = 100;
const decompressedBytesMax = 10_000_000;

/** The array of a fixture file. */
export function readFixture<Item>(name: string): Item[] {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Item[];
}

export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

/** What we read from batches, in the words of BatchJson. */
export function describeBatches(bytes: Uint8Array): BatchDescription[] {
  return splitBatches(bytes, batchesMax).ranges.map(({ start }) => {
    const header = readBatchHeader(bytes, start);
    const plain = decompress(header.compressionType, recordsOf(bytes, start, header), decompressedBytesMax);
    const records = [...decodeRecords(header, header.recordsCount === 0 ? new Uint8Array() : plain)];
    return {
      baseOffset: header.baseOffset,
      lastOffset: lastOffset(header),
      sizeBytes: header.sizeBytes,
      leaderEpoch: header.leaderEpoch,
      crc: header.crc,
      compressionType: header.compressionType,
      timestampType: header.timestampType,
      isTransactional: header.isTransactional,
      isControl: header.isControl,
      deleteHorizonMs: header.hasDeleteHorizon ? header.baseTimestamp : null,
      maxTimestamp: header.maxTimestamp,
      producerId: String(header.producerId),
      producerEpoch: header.producerEpoch,
      baseSequence: header.baseSequence,
      recordsCount: header.recordsCount,
      records: records.map((record) => [
        header.baseOffset + record.offsetDelta,
        recordTimestamp(header, record),
        describeBytes(record.key),
        describeBytes(record.value),
        record.headers.map(({ key, value }) => [key, describeBytes(value)]),
      ]),
    };
  });
}

function describeBytes(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null;
  if (bytes.length <= bytesInFullMax) return Buffer.from(bytes).toString("base64");
  return `${bytes.length} bytes, CRC-32C ${crc32c(bytes)}`;
}
