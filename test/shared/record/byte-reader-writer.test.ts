import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader } from "../../../shared/record/byte-reader.ts";
import { ByteWriter } from "../../../shared/record/byte-writer.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";

type Value =
  | { kind: "i8" | "i16" | "i32" | "u8" | "u16" | "u32" | "f64"; value: number }
  | { kind: "i64Safe" | "varlongSafe" | "unsignedVarlongSafe"; value: number }
  | { kind: "varint" | "unsignedVarint"; value: number }
  | { kind: "i64" | "varlong"; value: bigint }
  | { kind: "boolean"; value: boolean }
  | { kind: "prefixedBytes"; value: Uint8Array }
  | { kind: "nullablePrefixedBytes"; value: Uint8Array | null }
  | { kind: "prefixedString"; value: string }
  | { kind: "nullablePrefixedString"; value: string | null };

const i64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ minLength: 30, maxLength: 200 }),
);

function of<Kind extends string, Item>(kind: Kind, value: fc.Arbitrary<Item>) {
  return value.map((item) => ({ kind, value: item }));
}

const anyValue: fc.Arbitrary<Value> = fc.oneof(
  of("i8", fc.integer({ min: -128, max: 127 })),
  of("u8", fc.integer({ min: 0, max: 255 })),
  of("i16", fc.integer({ min: -32768, max: 32767 })),
  of("u16", fc.integer({ min: 0, max: 65535 })),
  of("i32", fc.integer()),
  of("u32", fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  of("f64", fc.double({ noNaN: true })),
  of("i64", fc.bigInt(i64)),
  of("i64Safe", fc.maxSafeInteger()),
  of("varint", fc.integer()),
  of("varlong", fc.bigInt(i64)),
  of("varlongSafe", fc.maxSafeInteger()),
  of("unsignedVarint", fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  of("unsignedVarlongSafe", fc.maxSafeNat()),
  of("boolean", fc.boolean()),
  of("prefixedBytes", fc.uint8Array({ maxLength: 200 })),
  of("nullablePrefixedBytes", fc.option(fc.uint8Array())),
  of("prefixedString", text),
  of("nullablePrefixedString", fc.option(text)),
);

function write(writer: ByteWriter, item: Value): void {
  const method = writer[item.kind] as (value: unknown) => void;
  method.call(writer, item.value);
}

function reader(...bytes: number[]): ByteReader {
  return new ByteReader(Uint8Array.from(bytes));
}

function written(act: (writer: ByteWriter) => void): number[] {
  const writer = new ByteWriter();
  act(writer);
  return [...writer.finish()];
}

describe("round trip", () => {
  test("reads back every sequence of values, and nothing is left over", () => {
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 40 }), fc.integer({ min: 0, max: 9 }), (items, offset) => {
        const writer = new ByteWriter(1);
        for (let index = 0; index < offset; index += 1) writer.u8(0xff);
        for (const item of items) write(writer, item);
        const bytes = new Uint8Array(writer.position + 7);
        bytes.set(writer.finish(), 7);
        const input = new ByteReader(bytes.subarray(7), offset);
        for (const item of items) expect(input[item.kind]()).toEqual(item.value);
        input.expectEnd();
      }),
    );
  });

  test("throws nothing but MalformedBytesError on a truncated or random input, and never leaves the range", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(anyValue, { maxLength: 20 }), (bytes, items) => {
        const end = Math.floor(bytes.length / 2);
        const input = new ByteReader(bytes, 0, end);
        for (const item of items) {
          try {
            input[item.kind]();
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedBytesError);
          }
          expect(input.position).toBeLessThanOrEqual(end);
        }
      }),
    );
  });

  test("a value read from each proper prefix of its bytes is reported as malformed", () => {
    fc.assert(
      fc.property(anyValue, (item) => {
        const writer = new ByteWriter();
        write(writer, item);
        for (let length = 0; length < writer.position; length += 1) {
          expect(() => new ByteReader(writer.finish(), 0, length)[item.kind]()).toThrow(MalformedBytesError);
        }
      }),
    );
  });
});

describe("variable-length integers", () => {
  test("have the bytes of Kafka's ByteUtils", () => {
    expect(written((writer) => writer.varint(-1))).toEqual([0x01]);
    expect(written((writer) => writer.varint(63))).toEqual([0x7e]);
    expect(written((writer) => writer.varint(-64))).toEqual([0x7f]);
    expect(written((writer) => writer.varint(64))).toEqual([0x80, 0x01]);
    expect(written((writer) => writer.varint(2147483647))).toEqual([0xfe, 0xff, 0xff, 0xff, 0x0f]);
    expect(written((writer) => writer.varint(-2147483648))).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
    expect(written((writer) => writer.varlong(2n ** 63n - 1n))).toEqual([
      0xfe,
      ...Array.from({ length: 8 }, () => 0xff),
      0x01,
    ]);
    expect(written((writer) => writer.varlongSafe(17179869183))).toEqual([0xfe, 0xff, 0xff, 0xff, 0x7f]);
  });

  test("are refused when they overflow", () => {
    const endless = Array.from({ length: 30 }, () => 0x80);
    expect(() => reader(0xff, 0xff, 0xff, 0xff, 0x1f).unsignedVarint()).toThrow(MalformedBytesError);
    expect(() => reader(...endless).varint()).toThrow(MalformedBytesError);
    expect(() => reader(...endless).varlong()).toThrow(MalformedBytesError);
    expect(() => reader(...endless).varlongSafe()).toThrow(MalformedBytesError);
    expect(() => reader(...endless).unsignedVarlongSafe()).toThrow(MalformedBytesError);
    const beyond64 = [...Array.from({ length: 9 }, () => 0xff), 0x02];
    expect(() => reader(...beyond64).varlong()).toThrow(MalformedBytesError);
    const beyondSafe = written((writer) => writer.varlong(2n ** 53n));
    expect(() => reader(...beyondSafe).varlongSafe()).toThrow(MalformedBytesError);
    const most = written((writer) => writer.varlong(2n ** 53n - 1n));
    expect(reader(...most).varlongSafe()).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe("limits of values", () => {
  test("a number that its format cannot hold is refused and writes nothing", () => {
    const writer = new ByteWriter();
    const bad: [Value["kind"], unknown][] = [
      ["i8", 128],
      ["u8", -1],
      ["i16", 40000],
      ["i32", 2 ** 31],
      ["u32", -1],
      ["u32", 1.5],
      ["i32", Number.NaN],
      ["i64", 2n ** 63n],
      ["i64Safe", 2 ** 53],
      ["varint", 2 ** 31],
      ["varlongSafe", 2 ** 53],
      ["unsignedVarlongSafe", -1],
      ["prefixedString", "half \ud800"],
      ["prefixedString", "\ud800".repeat(100)],
    ];
    for (const [kind, value] of bad) {
      expect(() => write(writer, { kind, value } as Value)).toThrow(RangeError);
      expect(writer.position).toBe(0);
    }
  });

  test("an i64 beyond 2^53-1 is not read as a number", () => {
    for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]) {
      const bytes = written((writer) => writer.i64(value));
      expect(() => reader(...bytes).i64Safe()).toThrow(MalformedBytesError);
    }
    const least = written((writer) => writer.i64(-(2n ** 53n) + 1n));
    expect(reader(...least).i64Safe()).toBe(Number.MIN_SAFE_INTEGER);
  });

  test("text that is not UTF-8 is refused, and a byte order mark is kept", () => {
    expect(() => reader(0xc3).text(1)).toThrow(MalformedBytesError);
    expect(() => reader(0x61, 0xed, 0xa0, 0x80).text(4)).toThrow(MalformedBytesError);
    expect(reader(0xef, 0xbb, 0xbf, 0x61).text(4)).toBe("\ufeffa");
  });

  test("a negative, fractional or missing length does not move the position", () => {
    const input = reader(1, 2, 3);
    for (const length of [-1, 0.5 - 1, Number.NaN, 4]) expect(() => input.view(length)).toThrow(MalformedBytesError);
    expect(input.position).toBe(0);
    expect(() => new ByteReader(new Uint8Array(3), 0, 4)).toThrow(RangeError);
    expect(() => new ByteReader(new Uint8Array(3), 2, 1)).toThrow(RangeError);
  });
});

describe("the buffer", () => {
  test("is patched where it was reserved, and used again after a reset", () => {
    const writer = new ByteWriter();
    const at = writer.reserve(4);
    writer.u8(7);
    writer.setI32(at, -2);
    expect([...writer.finish()]).toEqual([0xff, 0xff, 0xff, 0xfe, 7]);
    expect(() => writer.setI32(2, 1)).toThrow(RangeError);
    writer.reset(1);
    expect(writer.position).toBe(1);
    expect(() => writer.reset(2)).toThrow(RangeError);
    writer.reset();
    expect([...writer.finish().subarray(writer.reserve(2), 2)]).toEqual([]);
    expect([...writer.finish()]).toEqual([0, 0]);
  });

  test("can be appended to itself while it grows", () => {
    const writer = new ByteWriter(16);
    writer.raw(Uint8Array.from({ length: 12 }, (_, index) => index));
    writer.raw(writer.finish());
    expect([...writer.finish()].slice(12)).toEqual(Array.from({ length: 12 }, (_, index) => index));
  });
});
