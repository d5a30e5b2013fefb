import fc from "fast-check";
import { expect, test } from "vitest";
import { KeyOffsets } from "../../../shared/partition/key-offsets.ts";

const unbounded = { keysMax: 1_000_000, keyBytesMax: 100_000_000 };

test("knows the last offset of every key, like a Map", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 3 }), fc.nat()), { maxLength: 400 }), (writes) => {
      const offsets = new KeyOffsets(unbounded);
      const model = new Map<string, number>();
      for (const [key, offset] of writes) {
        const entry = offsets.entryOf(key);
        if (entry !== undefined) offsets.raise(entry, offset);
        model.set(key.join(), Math.max(offset, model.get(key.join()) ?? -1));
      }
      expect(offsets.size).toBe(model.size);
      for (const [key] of writes) expect(offsets.offsetOf(key)).toBe(model.get(key.join()));
      expect(offsets.offsetOf(new Uint8Array([1, 2, 3, 4]))).toBe(-1);
    }),
  );
});

test("grows with its keys", () => {
  const offsets = new KeyOffsets(unbounded);
  const keyOf = (index: number): Uint8Array => new TextEncoder().encode(`key ${index}`);
  for (let index = 0; index < 50_000; index += 1) offsets.raise(offsets.entryOf(keyOf(index)) ?? -1, index * 2);
  const wrong = Array.from({ length: 50_000 }, (_, index) => index).filter(
    (index) => offsets.offsetOf(keyOf(index)) !== index * 2,
  );
  expect(wrong).toEqual([]);
});

test("has no offset of a key that was only asked for, as of a transaction that was aborted", () => {
  const offsets = new KeyOffsets(unbounded);
  const key = new Uint8Array([1]);
  expect(offsets.entryOf(key)).toBe(0);
  expect(offsets.offsetOf(key)).toBe(-1);
});

test("takes no new key beyond its bounds, and goes on with those that it has", () => {
  const offsets = new KeyOffsets({ keysMax: 2, keyBytesMax: 5 });
  const key = (...bytes: number[]): Uint8Array => new Uint8Array(bytes);
  expect(offsets.entryOf(key(1, 2, 3))).toBe(0);
  expect(offsets.entryOf(key(4, 5, 6))).toBeUndefined();
  expect(offsets.entryOf(key(4))).toBe(1);
  expect(offsets.entryOf(key(7))).toBeUndefined();
  expect(offsets.entryOf(key(1, 2, 3))).toBe(0);
});
