import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compress, decompress } from "../../../shared/compression/compression.ts";
import { ByteWriter } from "../../../shared/record/byte-writer.ts";
import { DecompressionError } from "../../../shared/record/compression-type.ts";
import { decodeRecords } from "../../../shared/record/decode-records.ts";
import { encodeBatch, type BatchInput } from "../../../shared/record/encode-batch.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import { readBatchHeader, recordsOf, type BatchHeader } from "../../../shared/record/record-batch.ts";
import { validateRecords, type RecordLimits } from "../../../shared/record/validate-records.ts";
import { anyProducedBatch } from "./batch-arbitraries.ts";

const limits: RecordLimits = { decompressedBytesMax: 2_000_000, headersMax: 10, keysRequired: false };
const text = new TextEncoder().encode("value");

function parts(batch: BatchInput): { header: BatchHeader; records: Uint8Array } {
  const bytes = encodeBatch(batch, compress);
  const header = readBatchHeader(bytes);
  return { header, records: recordsOf(bytes, 0, header) };
}

function validate(batch: BatchInput, given: Partial<RecordLimits> = {}) {
  const { header, records } = parts(batch);
  return validateRecords(header, records, decompress, { ...limits, ...given });
}

/** A record's bytes behind a length that is right unless it is given. */
function record(write: (writer: ByteWriter) => void, length?: number): Uint8Array {
  const body = new ByteWriter();
  write(body);
  const whole = new ByteWriter();
  whole.varint(length ?? body.position);
  whole.raw(body.finish());
  return whole.finish();
}

const headerOfOne = readBatchHeader(encodeBatch({ records: [{ key: null, value: null, timestamp: 50 }] }, compress));

function validateBytes(bytes: Uint8Array, header: BatchHeader = headerOfOne) {
  return validateRecords(header, bytes, decompress, limits);
}

describe("the records of a produced batch", () => {
  test("are accepted with their timestamps and size, whatever they hold and however they are compressed", () => {
    fc.assert(
      fc.property(anyProducedBatch, (batch) => {
        const timestamps = batch.records.map((each) => each.timestamp ?? -1);
        const plain = parts({ ...batch, compressionType: "none" }).records;
        expect(validate(batch)).toEqual({
          ok: true,
          recordsBytes: plain.length,
          minTimestamp: Math.min(...timestamps),
          maxTimestamp: Math.max(...timestamps),
        });
      }),
    );
  });

  test("are refused when there are fewer or more than the header says", () => {
    const { header, records } = parts({ records: [text, text, text].map((value) => ({ key: null, value })) });
    for (const recordsCount of [0, 1, 2, 4, 1_000_000]) {
      const refused = validateRecords({ ...header, recordsCount }, records, decompress, limits);
      expect(refused).toMatchObject({ ok: false, error: "INVALID_RECORD" });
    }
  });

  test("are refused at every length to which they may be cut", () => {
    const { header, records } = parts({
      records: [
        { key: text, value: text, headers: [{ key: "h", value: text }] },
        { key: null, value: null },
      ],
    });
    for (let length = 0; length < records.length; length += 1) {
      const refused = validateRecords(header, records.subarray(0, length), decompress, limits);
      expect(refused).toMatchObject({ ok: false, error: "INVALID_RECORD" });
    }
  });

  test("are refused when offset deltas leave a gap, go back or repeat", () => {
    for (const second of [2, 0, -1, 1_000]) {
      const bytes = [0, second].map((delta) =>
        record((writer) => writer.raw(Uint8Array.of(0, 0, (delta * 2) & 0xff, 1, 1, 0))),
      );
      const header = { ...headerOfOne, recordsCount: 2, lastOffsetDelta: 10 };
      const whole = new Uint8Array([...(bytes[0] ?? []), ...(bytes[1] ?? [])]);
      expect(validateBytes(whole, header)).toMatchObject({ ok: false, error: "INVALID_RECORD", recordIndex: 1 });
    }
  });

  test("are refused when a length is negative, too long, or does not fit its record", () => {
    const good = [0, 0, 0, 1, 1, 0];
    const bad: [number[], number?][] = [
      [good, 5],
      [good, 7],
      [good, -1],
      [good, 2_147_483_647],
      [[...good, 9]],
      [[0, 0, 0, 3, 1, 0]],
      [[0, 0, 0, 1, 3, 0]],
      [[0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x0f, 1, 0]],
      [[0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x1f, 1, 0]],
      [[0, 0, 0, 1, 1, 1]],
      [[0, 0, 0, 1, 1, 2, 1, 1]],
      [[0, 0, 0, 1, 1, 2, 0, 3]],
      [[0, 0, 0, 1, 1, 22, ...Array.from({ length: 11 }, () => [0, 1]).flat()]],
    ];
    expect(validateBytes(record((writer) => writer.raw(Uint8Array.from(good))))).toMatchObject({ ok: true });
    for (const [body, length] of bad) {
      const bytes = record((writer) => writer.raw(Uint8Array.from(body)), length);
      expect(validateBytes(bytes), String(body)).toMatchObject({ ok: false, error: "INVALID_RECORD", recordIndex: 0 });
      // The limit of 10 headers is this test's, so the last one is well-formed.
      if (body.length < 20) expect(() => [...decodeRecords(headerOfOne, bytes)]).toThrow(MalformedBytesError);
    }
  });

  test("are refused when a timestamp is below -1 or beyond 2^53-1", () => {
    const withDelta = (delta: bigint) =>
      record((writer) => {
        writer.i8(0);
        writer.varlong(delta);
        writer.raw(Uint8Array.of(0, 1, 1, 0));
      });
    expect(validateBytes(withDelta(-51n))).toMatchObject({ ok: true, maxTimestamp: -1, minTimestamp: -1 });
    expect(validateBytes(withDelta(-52n))).toMatchObject({ error: "INVALID_TIMESTAMP" });
    expect(validateBytes(withDelta(2n ** 53n - 51n))).toMatchObject({ ok: true });
    expect(validateBytes(withDelta(2n ** 53n - 50n))).toMatchObject({ error: "INVALID_TIMESTAMP" });
    expect(validateBytes(withDelta(2n ** 62n))).toMatchObject({ error: "INVALID_RECORD" });
  });

  test("need a key where the topic is compacted", () => {
    const batch: BatchInput = {
      records: [
        { key: text, value: null },
        { key: new Uint8Array(), value: null },
        { key: null, value: text },
      ],
    };
    expect(validate(batch)).toMatchObject({ ok: true });
    expect(validate(batch, { keysRequired: true })).toMatchObject({ error: "INVALID_RECORD", recordIndex: 2 });
  });

  test("are refused when they decompress to more than is allowed", () => {
    for (const compressionType of ["none", "gzip", "snappy", "lz4", "zstd"] as const) {
      const batch: BatchInput = { records: [{ key: null, value: new Uint8Array(200_000) }], compressionType };
      const size = parts({ ...batch, compressionType: "none" }).records.length;
      expect(validate(batch, { decompressedBytesMax: size })).toMatchObject({ ok: true, recordsBytes: size });
      expect(validate(batch, { decompressedBytesMax: size - 1 })).toMatchObject({ error: "MESSAGE_TOO_LARGE" });
    }
  });

  test("are refused for good when they do not decompress, and by name when the codec is missing", () => {
    const { header } = parts({ records: [{ key: null, value: text }], compressionType: "lz4" });
    expect(validateBytes(Uint8Array.of(1, 2, 3), header)).toMatchObject({ error: "INVALID_RECORD" });
    const lacking = () => {
      throw new DecompressionError("unsupported", "zstd is missing");
    };
    expect(validateRecords(header, text, lacking, limits)).toMatchObject({ error: "UNSUPPORTED_COMPRESSION_TYPE" });
    const broken = () => {
      throw new TypeError("a bug");
    };
    expect(() => validateRecords(header, text, broken, limits)).toThrow(TypeError);
  });

  test("are refused or accepted, but never thrown over, whatever their bytes are", () => {
    const { header, records } = parts({
      records: [0, 1, 2].map(() => ({ key: text, value: text, headers: [{ key: "trace", value: text }] })),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(records.length - 1), fc.nat(255)), { maxLength: 5 }), (changes) => {
        const changed = records.slice();
        for (const [at, value] of changes) changed[at] = value;
        const checked = validateBytes(changed, header);
        if (checked.ok) expect([...decodeRecords(header, changed, { strict: true })]).toHaveLength(3);
        else {
          const reread = () => [...decodeRecords(header, changed, { strict: true })];
          if (checked.error === "INVALID_RECORD") expect(reread).toThrow(MalformedBytesError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
