/** Record batches and what is inside them. */
import { compress, decompress } from "../../../shared/compression/compression.ts";
import { checkBatches } from "../../../shared/services/check-batches.ts";
import { decodeBatches } from "../../../shared/services/decode-batches.ts";
import { ServiceError } from "../../../shared/api/errors.ts";
import { batchRecordsMax, entryBatchesMax, recordHeadersMax } from "../../../shared/limits.ts";
import { ByteReader } from "../../../shared/record/byte-reader.ts";
import { ByteWriter } from "../../../shared/record/byte-writer.ts";
import { compressionTypes, DecompressionError } from "../../../shared/record/compression-type.ts";
import { crc32c } from "../../../shared/record/crc32c.ts";
import { decodeRecords } from "../../../shared/record/decode-records.ts";
import { type BatchInput, encodeBatch, type RecordInput } from "../../../shared/record/encode-batch.ts";
import { filterBatch } from "../../../shared/record/filter-batch.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import { batchField, readBatchHeader, recordsOf } from "../../../shared/record/record-batch.ts";
import { encodeMarker, isCommit } from "../../../shared/record/transaction-marker.ts";
import { splitBatches, validateBatch } from "../../../shared/record/validate-batch.ts";
import { validateRecords } from "../../../shared/record/validate-records.ts";
import { batchesFrom } from "../../../shared/partition/read-segment.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import { topicSettings } from "../../../shared/topics/topic-config.ts";
import { CorruptBatchError, decodeBatches as decodeFetched } from "../../../client/reader/decode-batches.ts";
import type { FuzzRandom } from "../fuzz-random.ts";
import { fieldText } from "../mutate-text.ts";
import { bytesTarget, codecTarget, FuzzFailure, type Target } from "../target.ts";

const nowMs = 1_750_000_000_000;
const plainBytesMax = 1 << 20;

function anyBytes(random: FuzzRandom): Uint8Array | null {
  if (random.chance(0.15)) return null;
  const bytes = random.bytes(random.pick([0, 1, 5, 30]));
  return random.chance(0.1)
    ? Uint8Array.from({ length: 4_000 }, (_, index) => bytes[index % (bytes.length + 1)] ?? 7)
    : bytes;
}

function anyRecord(random: FuzzRandom): RecordInput {
  const headers = Array.from({ length: random.pick([0, 0, 0, 1, 3]) }, () => ({
    key: fieldText(random),
    value: anyBytes(random),
  }));
  return { key: anyBytes(random), value: anyBytes(random), headers, timestamp: nowMs + random.below(1_000) };
}

/** A batch as a producer sends it. */
export function anyBatch(random: FuzzRandom): Uint8Array {
  const producer: Partial<BatchInput> = random.chance(0.4)
    ? {
        producerId: BigInt(random.below(4)),
        producerEpoch: random.below(3),
        baseSequence: random.below(5),
        isTransactional: random.chance(0.4),
      }
    : {};
  const records = Array.from({ length: random.between(1, 4) }, () => anyRecord(random));
  return encodeBatch({ records, compressionType: random.pick(compressionTypes), ...producer }, compress);
}

function anyBatches(random: FuzzRandom): Uint8Array {
  return new Uint8Array(Buffer.concat(Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => anyBatch(random))));
}

/** Gives each batch the checksum of its bytes, and the last one the length that there is. */
export function sealBatches(bytes: Uint8Array): Uint8Array {
  const sealed = bytes.slice();
  const view = new DataView(sealed.buffer);
  for (let at = 0; sealed.length - at >= batchField.records;) {
    const announced = view.getInt32(at + batchField.batchLength) + batchField.leaderEpoch;
    const fits = announced >= batchField.records && announced <= sealed.length - at;
    if (!fits) view.setInt32(at + batchField.batchLength, sealed.length - at - batchField.leaderEpoch);
    const end = fits ? at + announced : sealed.length;
    view.setUint32(at + batchField.crc, crc32c(sealed, at + batchField.attributes, end));
    at = end;
  }
  return sealed;
}

const limits = { batchBytesMax: plainBytesMax, recordsMax: batchRecordsMax } as const;
const recordLimits = { decompressedBytesMax: plainBytesMax, headersMax: recordHeadersMax, keysRequired: false };

/** A batch that a producer may write must read in every way in which it is read later. */
function readProduced(bytes: Uint8Array): void {
  for (const { start, end } of splitBatches(bytes, entryBatchesMax).ranges) {
    const valid = validateBatch(bytes, start, end, { ...limits, origin: "producer" });
    if (!valid.ok) continue;
    const { header } = valid;
    const encoded = recordsOf(bytes, start, header);
    const records = validateRecords(header, encoded, decompress, recordLimits);
    if (!records.ok) continue;
    const plain = decompress(header.compressionType, encoded, plainBytesMax);
    const found = [...decodeRecords(header, plain, { strict: true })];
    if (found.length !== header.recordsCount)
      throw new FuzzFailure(`${found.length} of ${header.recordsCount} records`);
    const kept = found.map((_, index) => index % 2 === 0);
    const batch = bytes.slice(start, end);
    const filtered = filterBatch(batch, header, plain, { kept, deleteHorizonMs: undefined }, compress);
    const left = validateBatch(filtered, 0, filtered.length, { ...limits, origin: "log" });
    if (!left.ok) throw new FuzzFailure(`what is left of a batch is refused: ${left.message}`);
    if (decodeFetched(batch, 0, 0).length !== found.length) throw new FuzzFailure("the client reads other records");
  }
}

function readStored(bytes: Uint8Array): void {
  const { ranges } = splitBatches(bytes, entryBatchesMax);
  const batches = ranges.map(({ start, end }) => bytes.subarray(start, end));
  decodeBatches(batches, 0, batchRecordsMax, 1, []);
}

function codecFormat(type: (typeof compressionTypes)[number]): Target {
  return bytesTarget({
    name: `compression.${type}`,
    cost: 3,
    covers: [`shared/compression/compression.ts#decompress`, ...decompressors[type]],
    declared: [DecompressionError],
    // What does not shrink is stored as it is, by a path of its own.
    sample: (random) => compress(type, random.chance(0.4) ? random.bytes(random.below(3_000)) : anyBatches(random)),
    read: (bytes, random) => {
      const bytesMax = random.pick([0, 1, 100, 10_000, plainBytesMax]);
      const plain = decompress(type, bytes, bytesMax);
      if (plain.length > bytesMax) throw new FuzzFailure(`${plain.length} bytes, ${bytesMax} allowed`);
      if (plain.length > 0) checkRefused(type, bytes, plain.length - 1);
      const again = decompress(type, compress(type, plain), Math.max(1, plain.length));
      if (Buffer.compare(again, plain) !== 0) throw new FuzzFailure("compressed and decompressed is something else");
    },
  });
}

/** A byte more than is allowed is too much. */
function checkRefused(type: (typeof compressionTypes)[number], bytes: Uint8Array, bytesMax: number): void {
  let length: number;
  try {
    ({ length } = decompress(type, bytes, bytesMax));
  } catch (error) {
    if (error instanceof DecompressionError && error.kind === "too-large") return;
    throw error;
  }
  throw new FuzzFailure(`${length} bytes, ${bytesMax} allowed`);
}

const decompressors = {
  none: [],
  gzip: ["shared/compression/zlib-codecs.ts#decompressGzip"],
  snappy: ["shared/compression/snappy.ts#decompressSnappy", "shared/compression/snappy-block.ts#decompressSnappyBlock"],
  lz4: ["shared/compression/lz4-frame.ts#decompressLz4", "shared/compression/lz4-block.ts#decompressLz4Block"],
  zstd: ["shared/compression/zlib-codecs.ts#decompressZstd"],
} as const;

export const recordTargets: readonly Target[] = [
  bytesTarget({
    name: "record.header",
    covers: ["shared/record/record-batch.ts#readBatchHeader"],
    declared: [MalformedBytesError],
    sample: anyBatch,
    read: (bytes) => void readBatchHeader(bytes),
  }),
  bytesTarget({
    name: "record.produced",
    covers: [
      "shared/record/validate-batch.ts#splitBatches",
      "shared/record/validate-batch.ts#validateBatch",
      "shared/record/validate-records.ts#validateRecords",
      "shared/record/decode-records.ts#decodeRecords",
      "shared/record/decode-records.ts#checkOffsetDelta",
      "client/reader/decode-batches.ts#decodeBatches",
    ],
    declared: [MalformedBytesError],
    sample: anyBatches,
    seal: sealBatches,
    read: readProduced,
  }),
  bytesTarget({
    name: "record.stored",
    covers: ["shared/services/decode-batches.ts#decodeBatches"],
    declared: [MalformedBytesError, DecompressionError, StorageCorruptError],
    sample: anyBatches,
    seal: sealBatches,
    read: readStored,
  }),
  bytesTarget({
    name: "record.request",
    covers: ["shared/services/check-batches.ts#checkBatches", "shared/services/check-timestamps.ts#checkTimestamps"],
    declared: [ServiceError],
    sample: anyBatches,
    seal: sealBatches,
    read: (bytes) => void checkBatches(bytes, topicSettings({}), nowMs),
  }),
  bytesTarget({
    name: "record.segment",
    covers: ["shared/partition/read-segment.ts#batchesFrom"],
    declared: [StorageCorruptError],
    sample: anyBatches,
    seal: sealBatches,
    read: (bytes, random) => {
      const { batches } = batchesFrom(bytes, "key", random.whole(), {
        bytesMax: random.whole(),
        recordsMax: random.whole(),
      });
      if (batches.some((batch) => batch.length > bytes.length))
        throw new FuzzFailure("a batch is larger than the segment");
    },
  }),
  bytesTarget({
    name: "record.fetched",
    covers: ["client/reader/decode-batches.ts#decodeBatches"],
    declared: [CorruptBatchError],
    sample: anyBatches,
    seal: sealBatches,
    read: (bytes, random) => void decodeFetched(bytes, 0, random.whole()),
  }),
  bytesTarget({
    name: "record.marker",
    covers: ["shared/record/transaction-marker.ts#isCommit"],
    declared: [MalformedBytesError],
    sample: (random) => encodeMarker({ producerId: 1n, producerEpoch: 1, commit: random.chance(0.5) }, nowMs),
    seal: sealBatches,
    read: (bytes) => void isCommit(readBatchHeader(bytes), bytes),
  }),
  codecTarget<readonly (number | bigint | string | null)[]>({
    name: "record.numbers",
    covers: ["shared/record/byte-reader.ts#ByteReader"],
    declared: [MalformedBytesError],
    value: (random) => [
      random.whole(),
      -1 - random.below(1_000),
      random.word() | 0,
      BigInt.asIntN(64, (BigInt(random.uint32()) << 32n) | BigInt(random.word())),
      random.word(),
      random.chance(0.5) ? null : fieldText(random),
      random.chance(0.5) ? 1 : 0,
    ],
    encode: (values) => {
      const [whole, safe, small, large, word, text, flag] = values;
      const out = new ByteWriter(64);
      out.unsignedVarlongSafe(Number(whole));
      out.varlongSafe(Number(safe));
      out.varint(Number(small));
      out.varlong(BigInt(large ?? 0));
      out.unsignedVarint(Number(word));
      out.nullablePrefixedString(text === null ? null : String(text));
      out.boolean(flag === 1);
      return out.finish();
    },
    decode: (bytes) => {
      const from = new ByteReader(bytes);
      const numbers = [
        from.unsignedVarlongSafe(),
        from.varlongSafe(),
        from.varint(),
        from.varlong(),
        from.unsignedVarint(),
      ];
      const values = [...numbers, from.nullablePrefixedString(), from.boolean() ? 1 : 0];
      from.expectEnd();
      return values;
    },
  }),
  ...compressionTypes.map(codecFormat),
];
