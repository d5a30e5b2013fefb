import fc from "fast-check";
import { expect, test } from "vitest";
import { entryMetaBytesMax, inlinePayloadBytesMax } from "../../../../shared/limits.ts";
import { decodeLogEntry, encodeLogEntry } from "../../../../shared/storage/aws/log-entry-item.ts";
import type { StoredItem } from "../../../../shared/storage/aws/stored-values.ts";
import { StorageCorruptError } from "../../../../shared/storage/errors.ts";
import type { LogEntry, LogId, Payload } from "../../../../shared/storage/log-store.ts";
import { freshLogId, patternBytes, sampleEntry } from "../contract/samples.ts";

const whole = fc.maxSafeNat();
const bytes = fc.uint8Array({ maxLength: 200 });
const payload: fc.Arbitrary<Payload> = fc.oneof(
  fc.record({ kind: fc.constant("inline" as const), bytes }),
  fc.record({
    kind: fc.constant("blob" as const),
    key: fc.string({ minLength: 1, unit: "grapheme" }),
    lengthBytes: whole,
  }),
);
const logEntry: fc.Arbitrary<LogEntry> = fc
  .record(
    {
      logId: fc.string({ minLength: 1, maxLength: 100, unit: "grapheme" }).map((id) => id as LogId),
      position: fc.nat({ max: Number.MAX_SAFE_INTEGER - 1 }),
      length: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      attempt: fc.string({ minLength: 1 }),
      appendedAtMs: whole,
      meta: bytes,
      payload,
      expiresAtMs: whole,
    },
    { requiredKeys: ["logId", "position", "length", "attempt", "appendedAtMs", "meta", "payload"] },
  )
  .map(({ length, ...entry }) => ({ ...entry, next: Math.min(Number.MAX_SAFE_INTEGER, entry.position + length) }));

test("gives back every entry as it was", () => {
  fc.assert(
    fc.property(logEntry, (entry) => {
      expect(decodeLogEntry(encodeLogEntry(entry), entry.logId)).toEqual(entry);
    }),
  );
});

test("rounds the second of expiry up, so that nothing goes before its time", () => {
  const entry = sampleEntry(freshLogId(), 0, { expiresAtMs: 1_750_000_000_001 });
  expect(encodeLogEntry(entry)).toMatchObject({ x: { N: "1750000000001" }, e: { N: "1750000001" } });
  expect(encodeLogEntry(sampleEntry(freshLogId(), 0))).not.toHaveProperty("e");
});

test("takes the largest entry that the core may make, and none that an item cannot hold", () => {
  const largest = { meta: patternBytes(entryMetaBytesMax), payload: inline(inlinePayloadBytesMax) };
  expect(() => encodeLogEntry(sampleEntry(freshLogId(), 2 ** 53 - 2, largest))).not.toThrow();
  const tooLarge = { payload: inline(409_600) };
  expect(() => encodeLogEntry(sampleEntry(freshLogId(), 0, tooLarge))).toThrow(RangeError);
});

test.each<[string, Partial<LogEntry>]>([
  ["a negative position", { position: -1 }],
  ["a position that is no whole number", { position: 0.5, next: 1 }],
  ["a next position that is not after it", { position: 5, next: 5 }],
  ["a next position beyond 2^53-1", { position: 5, next: 2 ** 53 }],
  ["no attempt id", { attempt: "" }],
  ["no log id", { logId: "" as LogId }],
  ["a log id that is too long for a key", { logId: "é".repeat(1_025) as LogId }],
  ["a time that is no number", { appendedAtMs: Number.NaN }],
  ["an expiry before 1970", { expiresAtMs: -1 }],
  ["a blob without a key", { payload: { kind: "blob", key: "", lengthBytes: 1 } }],
  ["a blob of negative length", { payload: { kind: "blob", key: "k", lengthBytes: -1 } }],
])("refuses to store an entry with %s", (_title, change) => {
  expect(() => encodeLogEntry(sampleEntry(freshLogId(), 0, change))).toThrow(RangeError);
});

const logId = freshLogId();
const stored = encodeLogEntry(sampleEntry(logId, 7));

test.each<[string, StoredItem]>([
  ["of another log", { ...stored, pk: { S: "other" } }],
  ["whose next position is not after it", { ...stored, n: { N: "7" } }],
  ["whose position is no whole number", { ...stored, sk: { N: "7.5" } }],
  ["whose next position does not fit", { ...stored, n: { N: "9007199254740993" } }],
  ["whose attempt is empty", { ...stored, a: { S: "" } }],
  ["whose time is text", { ...stored, t: { S: "1" } }],
  ["whose expiry is text", { ...stored, x: { S: "1" } }],
  ["without meta", without("m")],
  ["without any payload", without("p")],
  ["whose payload is text", { ...stored, p: { S: "text" } }],
  ["with a blob of unknown length", { ...without("p"), b: { S: "key" } }],
])("calls an item corrupt %s", (_title, item) => {
  expect(decodeLogEntry(stored, logId).position).toBe(7);
  expect(() => decodeLogEntry(item, logId)).toThrow(StorageCorruptError);
});

function without(name: string): StoredItem {
  return Object.fromEntries(Object.entries(stored).filter(([key]) => key !== name));
}

function inline(lengthBytes: number): Payload {
  return { kind: "inline", bytes: patternBytes(lengthBytes) };
}
