import fc from "fast-check";
import * as snappyjs from "snappyjs";
import { describe, expect, test } from "vitest";
import { decompressSnappyBlock, snappyBlockLength } from "../../../shared/compression/snappy-block.ts";
import { compressSnappy, decompressSnappy } from "../../../shared/compression/snappy.ts";
import { crc32c } from "../../../shared/record/crc32c.ts";
import { DecompressionError } from "../../../shared/record/compression-type.ts";
import { fromBase64, readFixture } from "../record/fixtures.ts";

interface RawFixture {
  readonly length: number;
  readonly crc32c: number;
  readonly compressed: string;
}

function corrupt(bytes: number[] | Uint8Array, bytesMax = 1_000_000): void {
  let kind: unknown;
  try {
    decompressSnappy(Uint8Array.from(bytes), bytesMax);
  } catch (error) {
    kind = error instanceof DecompressionError ? error.kind : error;
  }
  expect(kind, String([...bytes])).toBe("corrupt");
}

describe("raw blocks", () => {
  test("of Google's library are read", () => {
    for (const fixture of readFixture<RawFixture>("snappy.json")) {
      const output = decompressSnappy(fromBase64(fixture.compressed), fixture.length);
      expect([output.length, crc32c(output)]).toEqual([fixture.length, fixture.crc32c]);
    }
  });

  test("of snappyjs are read at any place of the output, and write nothing else there", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(5), fc.nat(20), (part, repeats, at) => {
        const bytes = new Uint8Array([...part, ...new Uint8Array(repeats * 10), ...part, ...part]);
        const block = snappyjs.compress(bytes);
        expect(snappyBlockLength(block)).toBe(bytes.length);
        const target = new Uint8Array(at + bytes.length + 8).fill(0xaa);
        expect(decompressSnappyBlock(block, target, at)).toBe(at + bytes.length);
        expect(target.subarray(at, at + bytes.length)).toEqual(bytes);
        expect([...target.subarray(0, at), ...target.subarray(at + bytes.length)].every((byte) => byte === 0xaa)).toBe(
          true,
        );
      }),
    );
  });

  test("with copies of 4-byte offsets and literals of 4-byte lengths are read", () => {
    expect([...decompressSnappy(Uint8Array.of(7, 0xfc, 2, 0, 0, 0, 1, 2, 3, 0x0f, 3, 0, 0, 0), 7)]).toEqual([
      1, 2, 3, 1, 2, 3, 1,
    ]);
  });

  test("that are damaged are refused, also those that keep snappyjs busy for ever or that it takes for good", () => {
    corrupt([]);
    corrupt([0x80]);
    corrupt([0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    corrupt([0xff, 0xff, 0xff, 0xff, 0x0f]);
    // A literal whose length is -15 as an i32 moves snappyjs back to where it came from.
    corrupt([5, 0xfc, 0xf0, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    corrupt([5, 0x00, 0x61]);
    corrupt([1, 0x04, 0x61, 0x62]);
    corrupt([1, 0x04, 0x61]);
    corrupt([5, 0x00, 0x61, 0x01]);
    corrupt([5, 0x00, 0x61, 0x01, 0]);
    corrupt([5, 0x00, 0x61, 0x01, 2]);
    corrupt([4, 0x00, 0x61, 0x01, 1]);
    corrupt([5, 0x01, 1]);
    corrupt([0, 0x00, 0x61]);
    expect([...decompressSnappy(Uint8Array.of(5, 0x00, 0x61, 0x01, 1), 5)]).toEqual([0x61, 0x61, 0x61, 0x61, 0x61]);
  });

  test("do not reach back into the block before", () => {
    const block = Uint8Array.of(5, 0x00, 0x61, 0x01, 2);
    expect(() => decompressSnappyBlock(block, new Uint8Array(20), 10)).toThrow(DecompressionError);
  });

  test("cannot announce more than their size may yield", () => {
    corrupt([0x80, 0x80, 0x80, 0x01, 0x00, 0x61], 100_000_000);
  });
});

describe("snappy-java's stream format", () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * index) >> 9);
  const stream = compressSnappy(bytes);

  test("has its header and blocks of 32 KiB", () => {
    expect([...stream.subarray(0, 16)]).toEqual([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
    const view = new DataView(stream.buffer);
    const lengths: number[] = [];
    for (let at = 16; at < stream.length; at += 4 + view.getInt32(at)) {
      lengths.push(snappyBlockLength(stream.subarray(at + 4, at + 4 + view.getInt32(at))));
    }
    expect(lengths).toEqual([32_768, 32_768, 4_464]);
    expect(decompressSnappy(stream, bytes.length)).toEqual(bytes);
  });

  test("may hold several streams, or nothing", () => {
    const twice = decompressSnappy(new Uint8Array([...stream, ...stream.subarray(0, 16), ...stream]), 140_000);
    expect(twice).toEqual(new Uint8Array([...bytes, ...bytes]));
    expect(decompressSnappy(compressSnappy(new Uint8Array(0)), 0)).toHaveLength(0);
  });

  test("is refused with a block's length that is 0, negative, cut off or too long", () => {
    const header = stream.subarray(0, 16);
    for (const rest of [
      [0, 0, 0, 0],
      [0xff, 0xff, 0xff, 0xff, 0],
      [0, 0, 0],
      [0, 0, 0, 9, 1, 0, 0],
      [0x82, 0x53, 0x4e, 0x41],
    ]) {
      corrupt([...header, ...rest]);
    }
  });
});
