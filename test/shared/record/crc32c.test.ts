import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32c } from "../../../shared/record/crc32c.ts";

function crcBitByBit(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f6_3b78;
  }
  return ~crc >>> 0;
}

describe("crc32c", () => {
  test("gives the checksums of RFC 3720 appendix B.4", () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a91_36aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8_ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd_794e);
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe306_9283);
    expect(crc32c(new Uint8Array(0))).toBe(0);
  });

  test("equals the definition at any length and alignment, whole or in pieces", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), fc.nat(), (bytes, first, second) => {
        const start = first % (bytes.length + 1);
        const middle = start + (second % (bytes.length - start + 1));
        const whole = crc32c(bytes, start);
        expect(whole).toBe(crcBitByBit(bytes.subarray(start)));
        expect(crc32c(bytes.subarray(start), 0)).toBe(whole);
        expect(crc32c(bytes, middle, bytes.length, crc32c(bytes, start, middle))).toBe(whole);
      }),
    );
  });

  test("refuses a range outside of the bytes", () => {
    for (const [start, end] of [
      [-1, 2],
      [0, 4],
      [2, 1],
      [Number.NaN, 2],
    ] as const) {
      expect(() => crc32c(new Uint8Array(3), start, end)).toThrow(RangeError);
    }
  });
});
