import fc from "fast-check";
import { expect, test } from "vitest";
import {
  afterEntries,
  afterItems,
  beforeEntries,
  entryKey,
  firstItem,
  itemKeyBytes,
  itemKeyOf,
  positionOf,
} from "../../../../shared/storage/embedded/embedded-keys.ts";
import type { LogId } from "../../../../shared/storage/log-store.ts";

const position = fc.oneof(fc.nat(), fc.maxSafeNat());
const name = fc.string({
  unit: fc.constantFrom("a", "b", ":", "1", "\u0001", "\u00e9", "\uff5e", "\u{1f600}"),
  minLength: 1,
  maxLength: 6,
});
const logId = name.map((text) => text as LogId);

test("sorts entries by log, then by position as a number", () => {
  fc.assert(
    fc.property(logId, position, position, (id, a, b) => {
      const [left, right] = [entryKey(id, a), entryKey(id, b)];
      expect(Buffer.compare(left, right)).toBe(Math.sign(a - b));
      expect(positionOf(left)).toBe(a);
      expect(Buffer.compare(beforeEntries(id), left)).toBe(-1);
      expect(Buffer.compare(left, afterEntries(id))).toBe(-1);
    }),
  );
});

test("keeps the entries of different logs apart", () => {
  fc.assert(
    fc.property(logId, logId, position, (id, other, at) => {
      fc.pre(id !== other);
      const key = entryKey(other, at);
      const inside = Buffer.compare(beforeEntries(id), key) < 0 && Buffer.compare(key, afterEntries(id)) < 0;
      expect(inside).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

test("sorts items by partition, then by the bytes of the sort key", () => {
  fc.assert(
    fc.property(name, name, name, name, (partition, a, b, other) => {
      const [left, right] = [itemKeyBytes({ partition, sort: a }), itemKeyBytes({ partition, sort: b })];
      expect(Buffer.compare(left, right)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(itemKeyOf(left)).toEqual({ partition, sort: a });
      fc.pre(other !== partition);
      const stranger = itemKeyBytes({ partition: other, sort: a });
      const inside =
        Buffer.compare(firstItem(partition, "", undefined), stranger) <= 0 &&
        Buffer.compare(stranger, afterItems(partition)) < 0;
      expect(inside).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

test("begins after the key given, within the prefix", () => {
  fc.assert(
    fc.property(name, name, name, name, (partition, prefix, after, rest) => {
      const sort = prefix + rest;
      const isFrom = Buffer.compare(firstItem(partition, prefix, after), itemKeyBytes({ partition, sort })) <= 0;
      expect(isFrom).toBe(Buffer.compare(Buffer.from(sort), Buffer.from(after)) > 0);
    }),
    { numRuns: 1_000 },
  );
});

test("takes no key that is longer than LMDB's", () => {
  expect(() => itemKeyBytes({ partition: "\u{1f600}".repeat(256), sort: "\u{1f600}".repeat(256) })).toThrow(RangeError);
  expect(() => itemKeyOf(new Uint8Array([1, 2]))).toThrow(RangeError);
  expect(() => positionOf(new Uint8Array(3))).toThrow(RangeError);
  expect(() => positionOf(new Uint8Array(8).fill(255))).toThrow(RangeError);
});
