import { expect, test } from "vitest";
import { readBatchHeader } from "../../../shared/record/record-batch.ts";
import { encodeMarker, isCommit } from "../../../shared/record/transaction-marker.ts";
import { validateBatch } from "../../../shared/record/validate-batch.ts";

const marker = { producerId: 4_000n, producerEpoch: 7, commit: true };

test("a marker is byte for byte the control record that Kafka writes", () => {
  const batch = encodeMarker(marker, 1_700_000_000_000);
  // Records: length 16, attributes 0, timestamp delta 0, offset delta 0, key of 4 bytes, value of 6 bytes, no headers.
  expect(Buffer.from(batch.subarray(61)).toString("hex")).toBe(
    ["20000000", "08", "00000001", "0c", "000000000000", "00"].join(""),
  );
  const header = readBatchHeader(batch);
  expect(header).toMatchObject({
    isTransactional: true,
    isControl: true,
    producerId: 4_000n,
    producerEpoch: 7,
    baseSequence: -1,
    recordsCount: 1,
    compressionType: "none",
  });
});

test.each([true, false])("what it says can be read again: commit %s", (commit) => {
  const batch = encodeMarker({ ...marker, commit }, 5);
  const valid = validateBatch(batch, 0, batch.length, { batchBytesMax: 1_000, recordsMax: 1, origin: "log" });
  expect(valid.ok && isCommit(valid.header, batch)).toBe(commit);
});

test("producers may not send one", () => {
  const batch = encodeMarker(marker, 5);
  const limits = { batchBytesMax: 1_000, recordsMax: 1, origin: "producer" } as const;
  expect(validateBatch(batch, 0, batch.length, limits)).toMatchObject({ ok: false, error: "INVALID_RECORD" });
});
