import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeEntry, encodeEntry } from "../../../../shared/storage/embedded/entry-codec.ts";
import { entryKey, itemKeyBytes } from "../../../../shared/storage/embedded/embedded-keys.ts";
import { decodeItem, encodeItem } from "../../../../shared/storage/embedded/item-codec.ts";
import { StorageCorruptError } from "../../../../shared/storage/errors.ts";
import type { LogId, Payload } from "../../../../shared/storage/log-store.ts";
import { itemKey } from "../contract/samples.ts";

const bytes = fc.uint8Array({ maxLength: 40 });
const payload = fc.oneof(
  bytes.map((value): Payload => ({ kind: "inline", bytes: value })),
  fc.record({ kind: fc.constant("blob" as const), key: fc.string(), lengthBytes: fc.maxSafeNat() }),
);
const entry = fc
  .record(
    {
      position: fc.maxSafeNat(),
      length: fc.integer({ min: 1, max: 1_000 }),
      attempt: fc.string({ minLength: 1 }),
      appendedAtMs: fc.maxSafeNat(),
      meta: bytes,
      payload,
      expiresAtMs: fc.maxSafeNat(),
    },
    { requiredKeys: ["position", "length", "attempt", "appendedAtMs", "meta", "payload"] },
  )
  .filter(({ position, length }) => Number.isSafeInteger(position + length))
  .map(({ length, ...rest }) => ({ logId: "partition:x:1" as LogId, next: rest.position + length, ...rest }));
const item = fc.record({
  version: fc.maxSafeNat(),
  attributes: fc.dictionary(
    fc.string().filter((name) => name !== "__proto__"),
    fc.oneof(fc.string(), fc.boolean(), bytes, fc.double({ noNaN: true, noDefaultInfinity: true })),
    { noNullPrototype: true },
  ),
});

describe("entries", () => {
  test("come back as they were", () => {
    fc.assert(
      fc.property(entry, (sample) => {
        const key = entryKey(sample.logId, sample.position);
        expect(decodeEntry(sample.logId, sample.position, key, encodeEntry(key, sample))).toEqual(sample);
      }),
    );
  });

  test("do not come back when a bit has changed, bytes are lacking or the key is another's", () => {
    fc.assert(
      fc.property(entry, fc.nat(), fc.nat(), (sample, place, cut) => {
        const key = entryKey(sample.logId, sample.position);
        const value = encodeEntry(key, sample);
        const decode = (changed: Uint8Array, under: Uint8Array): unknown =>
          decodeEntry(sample.logId, sample.position, under, changed);
        const flipped = Buffer.from(value);
        flipped[place % value.length] = (value[place % value.length] ?? 0) ^ (1 << (place % 8));
        expect(() => decode(flipped, key)).toThrow(StorageCorruptError);
        expect(() => decode(Buffer.from(value.subarray(0, cut % value.length)), key)).toThrow(StorageCorruptError);
        expect(() => decode(value, entryKey(sample.logId, sample.position + 1))).toThrow(StorageCorruptError);
      }),
    );
  });
});

describe("items", () => {
  test("come back as they were, with or without an expiry", () => {
    fc.assert(
      fc.property(item, fc.option(fc.nat(), { nil: undefined }), (sample, expiresAtMs) => {
        const key = itemKey("p");
        const stored = { item: { key, ...sample }, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) };
        const keyBytes = itemKeyBytes(key);
        expect(decodeItem(key, keyBytes, encodeItem(keyBytes, stored))).toEqual(stored);
      }),
    );
  });

  test("do not come back when a bit has changed", () => {
    fc.assert(
      fc.property(item, fc.nat(), (sample, place) => {
        const key = itemKey("p");
        const keyBytes = itemKeyBytes(key);
        const value = encodeItem(keyBytes, { item: { key, ...sample } });
        value[place % value.length] = (value[place % value.length] ?? 0) ^ (1 << (place % 8));
        expect(() => decodeItem(key, keyBytes, value)).toThrow(StorageCorruptError);
      }),
    );
  });
});
