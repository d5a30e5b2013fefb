import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compress, decompress } from "../../../shared/compression/compression.ts";
import { compressionTypes, DecompressionError, type CompressionType } from "../../../shared/record/compression-type.ts";
import { fromBase64, readFixture } from "../record/fixtures.ts";

interface StreamFixture {
  readonly type: CompressionType;
  readonly name: string;
  readonly bytes: string;
}

const codecs = compressionTypes.filter((type) => type !== "none");
const streams = readFixture<StreamFixture>("streams.json");
const oneToHundred = Array.from({ length: 100 }, (_, index) => `${index + 1}\n`).join("");
const sample = new TextEncoder().encode(oneToHundred.repeat(520));

/** Bytes as records have them: random, repetitive at several distances, and mixed. */
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .tuple(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 5 }),
      fc.nat(3_000),
      fc.nat(),
    )
    .map(([parts, count, seed]) => {
      const pieces = Array.from({ length: count }, (_, index) => parts[(index * index + seed) % parts.length] ?? []);
      return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
    }),
  fc
    .tuple(fc.nat(255), fc.integer({ min: 0, max: 200_000 }))
    .map(([byte, length]) => new Uint8Array(length).fill(byte)),
);

function errorOf(act: () => unknown): DecompressionError {
  try {
    act();
  } catch (error) {
    if (error instanceof DecompressionError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe.each(codecs)("%s", (type) => {
  test("gives back what was compressed, from any place in a larger array", () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(9), (bytes, offset) => {
        const input = new Uint8Array(offset + bytes.length + 5).fill(0xee);
        input.set(bytes, offset);
        const compressed = compress(type, input.subarray(offset, offset + bytes.length));
        const moved = new Uint8Array(offset + compressed.length + 5).fill(0xdd);
        moved.set(compressed, offset);
        const output = decompress(type, moved.subarray(offset, offset + compressed.length), bytes.length);
        expect(Buffer.compare(output, bytes)).toBe(0);
        expect(Object.getPrototypeOf(output)).toBe(Uint8Array.prototype);
      }),
      { numRuns: 60 },
    );
  });

  test("gives back incompressible bytes, and makes them hardly larger", () => {
    let state = 1;
    const bytes = Uint8Array.from(
      { length: 300_000 },
      () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24,
    );
    const compressed = compress(type, bytes);
    expect(compressed.length).toBeLessThan(bytes.length + 1_000);
    expect(Buffer.compare(decompress(type, compressed, bytes.length), bytes)).toBe(0);
  });

  test("makes repetitive bytes much smaller", () => {
    expect(compress(type, sample).length).toBeLessThan(sample.length / 10);
  });

  test("takes output up to the limit and says too-large from one byte more", () => {
    for (const length of [1, 100, 65_536, 300_000]) {
      const compressed = compress(type, new Uint8Array(length));
      expect(decompress(type, compressed, length)).toHaveLength(length);
      expect(errorOf(() => decompress(type, compressed, length - 1)).kind).toBe("too-large");
    }
  });

  test("stops a bomb without the memory that it asks for", () => {
    const bomb = compress(type, new Uint8Array(100_000_000));
    const before = process.memoryUsage();
    expect(errorOf(() => decompress(type, bomb, 1_000_000)).kind).toBe("too-large");
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(10_000_000);
  });

  test("says corrupt at every length to which its output may be cut", () => {
    const compressed = compress(type, sample.subarray(0, 2_000));
    // A stream in snappy-java's format has no end: cut between blocks it is a shorter stream, which record counts reveal.
    const whole = new Set(type === "snappy" ? [16] : []);
    for (let length = 0; length < compressed.length; length += 1) {
      if (whole.has(length)) continue;
      expect(errorOf(() => decompress(type, compressed.subarray(0, length), 10_000)).kind).toBe("corrupt");
    }
  });

  test("throws nothing but DecompressionError for changed or random bytes, and yields no more than the limit", () => {
    const compressed = compress(type, sample.subarray(0, 3_000));
    const changes = fc.array(fc.tuple(fc.nat(compressed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const damaged = changes.map((list) => {
      const bytes = compressed.slice();
      for (const [at, value] of list) bytes[at] = value;
      return bytes;
    });
    const prefixed = fc
      .tuple(fc.nat(20), fc.uint8Array({ maxLength: 60 }))
      .map(([kept, rest]) => new Uint8Array([...compressed.subarray(0, kept), ...rest]));
    fc.assert(
      fc.property(fc.oneof(damaged, prefixed), fc.nat(4_000), (bytes, bytesMax) => {
        try {
          expect(decompress(type, bytes, bytesMax).length).toBeLessThanOrEqual(bytesMax);
        } catch (error) {
          expect(error).toBeInstanceOf(DecompressionError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("streams of the command line tools", () => {
  test.each(streams.map((stream) => [`${stream.type}, ${stream.name}`, stream] as const))(
    "%s",
    (_, { type, bytes }) => {
      const compressed = fromBase64(bytes);
      expect(Buffer.compare(decompress(type, compressed, sample.length), sample)).toBe(0);
      expect(errorOf(() => decompress(type, compressed, sample.length - 1)).kind).toBe("too-large");
      expect(errorOf(() => decompress(type, compressed.subarray(0, -1), sample.length)).kind).toBe("corrupt");
    },
  );

  test("a checksum that does not match is noticed, wherever a bit is flipped", () => {
    for (const { type, bytes } of streams.filter(({ name }) => /checksum|one (frame|member)/.test(name))) {
      const compressed = fromBase64(bytes);
      for (let bit = 0; bit < compressed.length * 8; bit += 7) {
        const flipped = compressed.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        let output: Uint8Array;
        try {
          output = decompress(type, flipped, sample.length);
        } catch (error) {
          expect(error).toBeInstanceOf(DecompressionError);
          continue;
        }
        // Bits that say nothing of the content, such as gzip's modification time.
        expect(Buffer.compare(output, sample), `${type}, bit ${bit}`).toBe(0);
      }
    }
  });
});

describe("none", () => {
  test("gives the same array back, within the limit", () => {
    expect(compress("none", sample)).toBe(sample);
    expect(decompress("none", sample, sample.length)).toBe(sample);
    expect(errorOf(() => decompress("none", sample, sample.length - 1)).kind).toBe("too-large");
  });
});

test("a zstd stream of very many frames is refused rather than decoded frame by frame", () => {
  const frame = compress("zstd", new Uint8Array(0));
  const many = new Uint8Array(frame.length * 1_001);
  for (let index = 0; index < 1_001; index += 1) many.set(frame, index * frame.length);
  expect(decompress("zstd", many.subarray(frame.length), 10)).toHaveLength(0);
  expect(errorOf(() => decompress("zstd", many, 10)).kind).toBe("corrupt");
});
