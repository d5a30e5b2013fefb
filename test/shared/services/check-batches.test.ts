import { expect, test } from "vitest";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import { checkBatches } from "../../../shared/services/check-batches.ts";
import { topicSettings } from "../../../shared/topics/topic-config.ts";

const nowMs = 1_700_000_000_000;
const records = [{ key: null, value: Uint8Array.of(1), timestamp: nowMs }];
/** A batch whose compressed bytes are none, with a checksum that holds. */
const hollow = encodeBatch({ records, compressionType: "gzip" }, () => Uint8Array.of(1, 2, 3));
/** Its records are cut off. */
const broken = encodeBatch({ records, compressionType: "gzip" }, (_type, bytes) => bytes.subarray(0, 2));

test("every record is looked at, unless only what is needed is to be", () => {
  expect(() => checkBatches(hollow, topicSettings({}), nowMs)).toThrow(
    expect.objectContaining({ code: "INVALID_RECORD" }),
  );
  for (const bytes of [hollow, broken]) {
    expect(checkBatches(bytes, topicSettings({}), nowMs, "needed")).toMatchObject([
      { recordCount: 1, maxTimestamp: nowMs },
    ]);
  }
});

test("a compacted topic needs to see the keys of compressed records too", () => {
  const compacted = topicSettings({ "cleanup.policy": "compact" });
  expect(() => checkBatches(hollow, compacted, nowMs, "needed")).toThrow(
    expect.objectContaining({ code: "INVALID_RECORD" }),
  );
});

test("records that are not compressed, checksums and timestamps are checked either way", () => {
  const plain = encodeBatch({ records: [...records, ...records] }, () => new Uint8Array());
  const tooMany = Uint8Array.from(plain);
  tooMany[tooMany.length - 1] = 9;
  expect(() => checkBatches(tooMany, topicSettings({}), nowMs, "needed")).toThrow(
    expect.objectContaining({ code: "CORRUPT_MESSAGE" }),
  );
  const late = { "message.timestamp.after.max.ms": "1000" };
  expect(() => checkBatches(hollow, topicSettings(late), nowMs - 2000, "needed")).toThrow(
    expect.objectContaining({ code: "INVALID_TIMESTAMP" }),
  );
});
