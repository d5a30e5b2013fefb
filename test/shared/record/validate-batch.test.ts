import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compress } from "../../../shared/compression/compression.ts";
import { crc32c } from "../../../shared/record/crc32c.ts";
import { encodeBatch, type BatchInput } from "../../../shared/record/encode-batch.ts";
import { batchField } from "../../../shared/record/record-batch.ts";
import { validateBatch, type BatchErrorName, type BatchLimits } from "../../../shared/record/validate-batch.ts";
import { anyProducedBatch } from "./batch-arbitraries.ts";
import { fromBase64, readFixture } from "./fixtures.ts";

const limits: BatchLimits = { batchBytesMax: 1_000_000, recordsMax: 100, origin: "producer" };
const logLimits: BatchLimits = { ...limits, origin: "log" };
const text = new TextEncoder().encode("value");
const records = [0, 1, 2].map((index) => ({ key: text, value: text, timestamp: 1_000 + index }));

function make(batch: Partial<BatchInput> = {}): Uint8Array {
  return encodeBatch({ records, ...batch }, compress);
}

function refusal(bytes: Uint8Array, given: BatchLimits = limits): BatchErrorName | "ok" {
  const checked = validateBatch(bytes, 0, bytes.length, given);
  return checked.ok ? "ok" : checked.error;
}

/** The batch with a field changed and the checksum made right again. */
function changed(change: (view: DataView) => void, batch?: Partial<BatchInput>): Uint8Array {
  const bytes = make(batch);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  change(view);
  view.setUint32(batchField.crc, crc32c(bytes, batchField.attributes));
  return bytes;
}

describe("a batch from a producer", () => {
  test("is accepted with its header, whatever it holds", () => {
    fc.assert(
      fc.property(anyProducedBatch, (batch) => {
        const bytes = encodeBatch(batch, compress);
        const checked = validateBatch(bytes, 0, bytes.length, limits);
        expect(checked).toMatchObject({
          ok: true,
          header: { recordsCount: batch.records.length, sizeBytes: bytes.length },
        });
      }),
    );
  });

  test("is refused after any flip of one bit in what the checksum covers, or in the checksum", () => {
    const bytes = make({ compressionType: "gzip", producerId: 7n, producerEpoch: 1, baseSequence: 3 });
    for (let bit = batchField.crc * 8; bit < bytes.length * 8; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(refusal(flipped)).toBe("CORRUPT_MESSAGE");
    }
  });

  test("is refused after any flip of one bit ahead of the checksum but for the leader epoch, which the log sets", () => {
    const bytes = make();
    for (let bit = 0; bit < batchField.crc * 8; bit += 1) {
      const flipped = bytes.slice();
      const at = bit >> 3;
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit & 7));
      const isLeaderEpoch = at >= batchField.leaderEpoch && at < batchField.magic;
      expect(refusal(flipped) === "ok", `bit ${bit}`).toBe(isLeaderEpoch);
    }
  });

  test("is refused at every length to which it may be cut", () => {
    const bytes = make();
    for (let length = 0; length < bytes.length; length += 1) {
      expect(refusal(bytes.subarray(0, length))).toBe("CORRUPT_MESSAGE");
      expect(validateBatch(bytes, 0, length, limits)).toMatchObject({ error: "CORRUPT_MESSAGE" });
    }
  });

  test("is refused by Kafka's name for what is wrong", () => {
    const cases: [BatchErrorName, (view: DataView) => void][] = [
      ["INVALID_RECORD", (view) => view.setBigInt64(batchField.baseOffset, 1n)],
      ["INVALID_RECORD", (view) => view.setBigInt64(batchField.baseOffset, -(2n ** 63n))],
      ["INVALID_RECORD", (view) => view.setInt32(batchField.lastOffsetDelta, 3)],
      ["INVALID_RECORD", (view) => view.setInt32(batchField.lastOffsetDelta, -1)],
      ["INVALID_RECORD", (view) => view.setInt32(batchField.recordsCount, 4)],
      ["INVALID_RECORD", (view) => view.setInt32(batchField.recordsCount, 0)],
      ["INVALID_RECORD", (view) => view.setInt32(batchField.recordsCount, -2_147_483_648)],
      ["INVALID_RECORD", (view) => view.setInt16(batchField.attributes, 0x20)],
      ["INVALID_RECORD", (view) => view.setInt16(batchField.attributes, 0x40)],
      ["INVALID_RECORD", (view) => view.setInt16(batchField.attributes, 0x10)],
      ["INVALID_RECORD", (view) => view.setBigInt64(batchField.producerId, 5n)],
      [
        "INVALID_RECORD",
        (view) => {
          view.setBigInt64(batchField.producerId, 5n);
          view.setInt16(batchField.producerEpoch, 0);
        },
      ],
      [
        "INVALID_RECORD",
        (view) => {
          view.setBigInt64(batchField.producerId, 5n);
          view.setInt32(batchField.baseSequence, 0);
        },
      ],
      ["INVALID_TIMESTAMP", (view) => view.setInt16(batchField.attributes, 0x08)],
      ["INVALID_TIMESTAMP", (view) => view.setBigInt64(batchField.maxTimestamp, 2n ** 53n)],
      ["INVALID_TIMESTAMP", (view) => view.setBigInt64(batchField.baseTimestamp, -2n)],
      ["UNSUPPORTED_COMPRESSION_TYPE", (view) => view.setInt16(batchField.attributes, 5)],
      ["UNSUPPORTED_COMPRESSION_TYPE", (view) => view.setInt16(batchField.attributes, 7)],
      ["CORRUPT_MESSAGE", (view) => view.setInt8(batchField.magic, 3)],
      ["CORRUPT_MESSAGE", (view) => view.setInt32(batchField.batchLength, -1)],
      ["CORRUPT_MESSAGE", (view) => view.setInt32(batchField.batchLength, 2_147_483_647)],
      ["CORRUPT_MESSAGE", (view) => view.setInt32(batchField.batchLength, 48)],
    ];
    for (const [error, change] of cases) expect(refusal(changed(change)), change.toString()).toBe(error);
  });

  test("is refused when it is larger, or has more records, than is allowed", () => {
    const bytes = make();
    expect(refusal(bytes, { ...limits, batchBytesMax: bytes.length })).toBe("ok");
    expect(refusal(bytes, { ...limits, batchBytesMax: bytes.length - 1 })).toBe("MESSAGE_TOO_LARGE");
    expect(refusal(bytes, { ...limits, recordsMax: 3 })).toBe("ok");
    expect(refusal(bytes, { ...limits, recordsMax: 2 })).toBe("INVALID_RECORD");
  });

  test("may come from a producer that is not idempotent but sends epoch and sequence 0, as KafkaJS does", () => {
    expect(refusal(make({ producerId: -1n, producerEpoch: 0, baseSequence: 0 }))).toBe("ok");
  });

  test("of magic 0 or 1 is refused as a format that is not supported", () => {
    for (const { bytes } of readFixture<{ bytes: string }>("legacy.json")) {
      expect(refusal(fromBase64(bytes))).toBe("UNSUPPORTED_FOR_MESSAGE_FORMAT");
    }
  });
});

describe("a batch of the log", () => {
  test("may have an offset, control records, a delete horizon, the log's timestamp, and gaps from compaction", () => {
    const gaps = records.map((record, index) => ({ ...record, offsetDelta: index * 10 }));
    const batch: BatchInput = {
      records: gaps,
      baseOffset: 500,
      isControl: true,
      hasDeleteHorizon: true,
      timestampType: "LogAppendTime",
      lastOffsetDelta: 30,
    };
    expect(refusal(make(batch), logLimits)).toBe("ok");
    expect(refusal(make(batch), limits)).toBe("INVALID_RECORD");
    expect(refusal(make({ records: [], lastOffsetDelta: 0 }), logLimits)).toBe("ok");
  });

  test("is refused when its records cannot fit its offsets, or its offsets a number", () => {
    expect(
      refusal(
        changed((view) => view.setInt32(batchField.lastOffsetDelta, 1)),
        logLimits,
      ),
    ).toBe("INVALID_RECORD");
    expect(refusal(make({ baseOffset: Number.MAX_SAFE_INTEGER - 1 }), logLimits)).toBe("CORRUPT_MESSAGE");
    expect(
      refusal(
        changed((view) => view.setBigInt64(0, 2n ** 60n)),
        logLimits,
      ),
    ).toBe("CORRUPT_MESSAGE");
    expect(
      refusal(
        changed((view) => view.setBigInt64(0, -1n)),
        logLimits,
      ),
    ).toBe("CORRUPT_MESSAGE");
  });
});

test("random bytes are refused and never thrown over", () => {
  const header = fc.uint8Array({ minLength: 0, maxLength: 120 });
  fc.assert(
    fc.property(header, fc.boolean(), fc.constantFrom(limits, logLimits), (bytes, hasMagic, given) => {
      const batch = bytes.slice();
      if (hasMagic && batch.length >= 61) {
        const view = new DataView(batch.buffer);
        view.setInt32(batchField.batchLength, batch.length - 12);
        view.setInt8(batchField.magic, 2);
        view.setUint32(batchField.crc, crc32c(batch, batchField.attributes));
      }
      refusal(batch, given);
    }),
    { numRuns: 500 },
  );
});
