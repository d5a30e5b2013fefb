import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compressLz4Block, decompressLz4Block, lz4BlockBound } from "../../../shared/compression/lz4-block.ts";
import { compressLz4, decompressLz4 } from "../../../shared/compression/lz4-frame.ts";
import { xxhash32 } from "../../../shared/compression/xxhash32.ts";
import { DecompressionError } from "../../../shared/record/compression-type.ts";
import { fromBase64, readFixture } from "../record/fixtures.ts";

const text = new TextEncoder().encode("streamkeeper ".repeat(20));

function kindOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error instanceof DecompressionError ? error.kind : error;
  }
  return "ok";
}

function u32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

interface FrameParts {
  flags?: number;
  sizeCode?: number;
  contentSize?: number[];
  blocks?: number[][];
  tail?: number[];
}

/** A frame with a right header checksum around the given parts. */
function frame({ flags = 0x60, sizeCode = 0x40, contentSize = [], blocks = [], tail = [] }: FrameParts): Uint8Array {
  const descriptor = Uint8Array.of(flags, sizeCode, ...contentSize);
  const hash = (xxhash32(descriptor) >>> 8) & 0xff;
  return Uint8Array.from([...u32(0x184d_2204), ...descriptor, hash, ...blocks.flat(), 0, 0, 0, 0, ...tail]);
}

function stored(bytes: number[]): number[] {
  return [...u32((bytes.length | 0x8000_0000) >>> 0), ...bytes];
}

function packed(bytes: number[]): number[] {
  return [...u32(bytes.length), ...bytes];
}

describe("xxhash32", () => {
  test("gives the checksums of the reference implementation", () => {
    const of = (input: string) => xxhash32(new TextEncoder().encode(input));
    expect(of("")).toBe(0x02cc_5d05);
    expect(of("a")).toBe(0x550d_7456);
    expect(of("abc")).toBe(0x32d1_53ff);
    expect(of("Nobody inspects the spammish repetition")).toBe(0xe229_3b2f);
    const padded = new TextEncoder().encode("xxNobody inspects the spammish repetitionyyy");
    expect(xxhash32(padded, 2, padded.length - 3)).toBe(0xe229_3b2f);
  });
});

describe("blocks", () => {
  test("stay within their bound and are read back at any place", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 600, max: 3 }),
      fc
        .tuple(fc.uint8Array({ maxLength: 30 }), fc.nat(2_000))
        .map(([part, zeros]) => new Uint8Array([...part, ...new Uint8Array(zeros), ...part])),
    );
    fc.assert(
      fc.property(bytes, fc.nat(7), (input, at) => {
        const target = new Uint8Array(at + lz4BlockBound(input.length)).fill(0xaa);
        const source = new Uint8Array([...new Uint8Array(at), ...input]);
        const end = compressLz4Block(source, at, source.length, target, at);
        expect(end).toBeLessThanOrEqual(target.length);
        const output = new Uint8Array(at + input.length + 3).fill(0xbb);
        const outEnd = decompressLz4Block(target, at, end, output, at, at + input.length, at);
        expect(outEnd).toBe(at + input.length);
        expect(output.subarray(at, outEnd)).toEqual(input);
        expect([...output.subarray(outEnd)]).toEqual([0xbb, 0xbb, 0xbb]);
      }),
      { numRuns: 300 },
    );
  });

  test("end with 5 literals and start no match in the last 12 bytes, as the format asks", () => {
    for (let length = 0; length < 40; length += 1) {
      const target = new Uint8Array(lz4BlockBound(length));
      const end = compressLz4Block(new Uint8Array(length), 0, length, target, 0);
      // 13 zeros are the first that may hold a match: a literal, a match from it, 5 literals.
      if (length < 13) expect(end).toBe(length < 15 ? length + 1 : length + 2);
      else expect([...target.subarray(end - 6, end)]).toEqual([0x50, 0, 0, 0, 0, 0]);
    }
  });
});

describe("frames", () => {
  test("have the header of Kafka's Java client, byte for byte", () => {
    const javas = readFixture<{ name: string; bytes: string }>("batches.json").find(({ name }) =>
      name.startsWith("lz4"),
    );
    expect([...compressLz4(text).subarray(0, 7)]).toEqual([...fromBase64(javas?.bytes ?? "").subarray(61, 68)]);
  });

  test("may hold blocks that are stored, compressed or dependent, and a content size", () => {
    const repeatOfBefore = packed([0x0f, 3, 0, 0, 0x10, 0x7a]);
    const blocks = [stored([1, 2, 3]), repeatOfBefore];
    const expected = [1, 2, 3, ...Array.from({ length: 19 }, (_, index) => (index % 3) + 1), 0x7a];
    expect([...decompressLz4(frame({ flags: 0x40, blocks }), 23)]).toEqual(expected);
    const contentSize = [23, 0, 0, 0, 0, 0, 0, 0];
    expect([...decompressLz4(frame({ flags: 0x48, contentSize, blocks }), 23)]).toEqual(expected);
    // The same block reaches back over its start where blocks are independent.
    expect(kindOf(() => decompressLz4(frame({ flags: 0x60, blocks }), 23))).toBe("corrupt");
  });

  test("do not reach back into the frame before", () => {
    const first = frame({ flags: 0x40, blocks: [stored([1, 2, 3])] });
    const second = frame({ flags: 0x40, blocks: [packed([0x0f, 3, 0, 0, 0x10, 0x7a])] });
    expect(kindOf(() => decompressLz4(new Uint8Array([...first, ...second]), 100))).toBe("corrupt");
  });

  test("that announce more than is allowed are refused before they are read", () => {
    const contentSize = [0, 0, 0, 0, 1, 0, 0, 0];
    expect(kindOf(() => decompressLz4(frame({ flags: 0x68, contentSize }), 2 ** 31))).toBe("too-large");
    expect(kindOf(() => decompressLz4(frame({ flags: 0x68, contentSize }), 2 ** 33))).toBe("corrupt");
  });

  test("with flags, sizes or checksums that are wrong are refused", () => {
    const good = { blocks: [stored([1, 2, 3])] };
    expect(kindOf(() => decompressLz4(frame(good), 3))).toBe("ok");
    const bad: Uint8Array[] = [
      frame({ ...good, flags: 0x20 }),
      frame({ ...good, flags: 0xa0 }),
      frame({ ...good, flags: 0x62 }),
      frame({ ...good, flags: 0x61 }),
      frame({ ...good, sizeCode: 0x30 }),
      frame({ ...good, sizeCode: 0x41 }),
      frame({ ...good, sizeCode: 0xc0 }),
      frame({ ...good, tail: [1] }),
      frame({ ...good, flags: 0x64, tail: [1, 2, 3, 4] }),
      frame({ ...good, flags: 0x70 }),
      frame({ blocks: [u32(65_537)] }),
      frame({ blocks: [u32(0xffff_ffff)] }),
      frame({ blocks: [packed([0x00])].slice(1) }).subarray(0, -1),
      frame({ blocks: [packed([0x0f, 0, 0, 0, 0x10, 0x7a])] }),
      frame({ blocks: [packed([0x1f, 1, 2, 0, 0, 0x10, 0x7a])] }),
      frame({ blocks: [packed([0x1f, 1, 1])] }),
      frame({ blocks: [packed([0x1f, 1, 1, 0])] }),
      frame({ blocks: [packed([0x1f, 1, 1, 0, 0xff])] }),
      frame({ blocks: [packed([0x1f, 1, 1, 0, 0])] }),
      frame({ blocks: [packed([0x20, 1])] }),
      frame({ blocks: [packed([0xf0, 0xff, 0xff])] }),
      Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1),
    ];
    for (const [index, bytes] of bad.entries())
      expect(
        kindOf(() => decompressLz4(bytes, 1_000)),
        `case ${index}`,
      ).toBe("corrupt");
    const flipped = frame(good);
    flipped[6] = (flipped[6] ?? 0) ^ 1;
    expect(kindOf(() => decompressLz4(flipped, 3))).toBe("corrupt");
  });

  test("with block checksums are refused when one does not match", () => {
    const block = stored([1, 2, 3]);
    const hash = xxhash32(Uint8Array.of(1, 2, 3));
    expect([...decompressLz4(frame({ flags: 0x70, blocks: [block, u32(hash)] }), 3)]).toEqual([1, 2, 3]);
    expect(kindOf(() => decompressLz4(frame({ flags: 0x70, blocks: [block, u32(hash ^ 1)] }), 3))).toBe("corrupt");
  });

  test("with a block that is larger than the frame's block size are refused", () => {
    const large = stored(Array.from({ length: 65_537 }, () => 0));
    expect(kindOf(() => decompressLz4(frame({ blocks: [large] }), 1_000_000))).toBe("corrupt");
    expect(kindOf(() => decompressLz4(frame({ blocks: [large], sizeCode: 0x50 }), 1_000_000))).toBe("ok");
    // One literal and a match of 65,540 bytes: more than 64 KiB, and within what was allowed.
    const extra = Array.from({ length: 257 }, () => 0xff);
    const block = packed([0x1f, 1, 1, 0, ...extra, 0, 0x10, 0x7a]);
    expect(kindOf(() => decompressLz4(frame({ blocks: [block] }), 1_000_000))).toBe("corrupt");
    expect(kindOf(() => decompressLz4(frame({ blocks: [block], sizeCode: 0x50 }), 1_000_000))).toBe("ok");
    expect(kindOf(() => decompressLz4(frame({ blocks: [block], sizeCode: 0x50 }), 65_000))).toBe("too-large");
  });
});
