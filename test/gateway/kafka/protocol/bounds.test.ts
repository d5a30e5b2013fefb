import { describe, expect, test } from "vitest";
import { api } from "../../../../gateway/kafka/protocol/api.ts";
import { FrameWriter } from "../../../../gateway/kafka/protocol/frame-writer.ts";
import { readRequestHeader, skipTagged } from "../../../../gateway/kafka/protocol/header.ts";
import { MessageReader } from "../../../../gateway/kafka/protocol/message-reader.ts";
import { array, bytes, int32, int8, offset64, string, struct } from "../../../../gateway/kafka/protocol/types.ts";
import { messageItemsMax } from "../../../../shared/limits/kafka-gateway.ts";
import { MalformedBytesError } from "../../../../shared/record/malformed-bytes-error.ts";
import { encodeMessage } from "./kafka-messages.ts";

/** v0 has plain lengths, v1 compact ones. */
const shape = api({
  key: 2_000,
  name: "Shape",
  versions: [0, 1],
  flexibleSince: 1,
  request: {
    text: string.default("t"),
    mayBeNull: string.nullable().default(null),
    data: bytes.default(new Uint8Array()),
    rows: array({ cells: array(int8) }).default([]),
    level: int32.default(7).tagged(3, 1),
    leader: struct({ id: int32 }).default({ id: -1 }).tagged(5, 1),
  },
  response: { offset: offset64 },
});

const read = (version: number, hex: string) => shape.readRequest(version, readerOf(hex));
const readerOf = (hex: string): MessageReader => new MessageReader(Buffer.from(hex.replaceAll(" ", ""), "hex"));

describe("what is read of a message is bounded", () => {
  test.each([
    ["a text longer than what is left", 0, "7fff 61"],
    ["a text of a negative length that is not null", 0, "ffff"],
    ["a nullable text of a length below that of null", 0, "0001 61 fffe"],
    ["a compact text that is null and may not be", 1, "00"],
    ["a compact text longer than what is left", 1, "ffffffff0f 61"],
    ["a compact length that does not end", 1, "ffffffffffffffff"],
    ["a compact length beyond 32 bits", 1, "ffffffff7f"],
    ["bytes longer than what is left", 0, "0001 61 ffff 7fffffff 00"],
    ["bytes of a negative length", 0, "0001 61 ffff ffffffff 00000000"],
    ["an array of more items than bytes are left", 0, "0001 61 ffff 00000000 7fffffff 00"],
    ["an array of a negative length", 0, "0001 61 ffff 00000000 80000000"],
    ["an array inside an array that is too long", 0, "0001 61 ffff 00000000 00000001 00000005 0000"],
    ["a compact array of more items than bytes are left", 1, "02 61 00 01 ffffffff0f"],
    ["more tagged fields than bytes are left", 1, "02 61 00 01 01 ffffffff0f"],
    ["a tagged field larger than what is left", 1, "02 61 00 01 01 01 63 ff01 00"],
    ["a tagged field that is shorter than its type", 1, "02 61 00 01 01 01 03 02 0000 0000"],
    ["nothing", 0, ""],
  ])("refuses %s", (_, version, hex) => {
    expect(() => read(version, hex)).toThrow(MalformedBytesError);
  });

  test("refuses more items than a message may have, over all of its arrays", () => {
    const row = Buffer.alloc(4 + 1_000);
    row.writeInt32BE(1_000);
    const rows = Math.ceil(messageItemsMax / 1_000);
    const before = encodeMessage(shape, "request", 0, {}).subarray(0, -4);
    const count = Buffer.alloc(4);
    count.writeInt32BE(rows);
    const encoded = Buffer.concat([before, count, ...Array.from({ length: rows }, () => row)]);
    expect(() => shape.readRequest(0, new MessageReader(encoded))).toThrow("items in a message");
  });
});

test("what is unknown among tagged fields is let be, and a tag that is given is read", () => {
  expect(read(1, "02 61 00 01 01 03 03 04 00000009 05 05 00000002 00 63 02 abcd")).toEqual({
    text: "a",
    mayBeNull: null,
    data: Buffer.alloc(0),
    rows: [],
    level: 9,
    leader: { id: 2 },
  });
});

test("tagged fields of their defaults are not sent", () => {
  const bare = encodeMessage(shape, "request", 1, {});
  expect(encodeMessage(shape, "request", 1, { level: 7, leader: { id: -1 }, rows: [] })).toEqual(bare);
  expect(encodeMessage(shape, "request", 1, { level: 8 })).not.toEqual(bare);
});

test("text that is not UTF-8 is read as Kafka reads it, and what is left is where it was", () => {
  const { text, mayBeNull } = read(0, "0003 61ff62 0001 63 00000000 00000000");
  expect([text, mayBeNull]).toEqual(["a\ufffdb", "c"]);
});

test("a text that a short length cannot tell is cut between characters", () => {
  for (const character of ["x", "\u00e9", "\u4e16", "\ud83d\ude00"]) {
    const text = character.repeat(33_000);
    const writer = new FrameWriter();
    shape.writeRequest(0, writer, { text });
    const decoded = shape.readRequest(0, new MessageReader(Buffer.concat(writer.finish().pieces)));
    expect(text.startsWith(decoded.text)).toBe(true);
    expect(Buffer.byteLength(decoded.text)).toBeGreaterThan(32_755);
    const flexible = encodeMessage(shape, "request", 1, { text });
    expect(shape.readRequest(1, new MessageReader(flexible)).text).toBe(text);
  }
});

test("numbers beyond 2^53 are read as the nearest that is not", () => {
  const offset = (hex: string): number => shape.readResponse(0, readerOf(hex)).offset;
  expect(offset("7fffffffffffffff")).toBe(Number.MAX_SAFE_INTEGER);
  expect(offset("8000000000000000")).toBe(Number.MIN_SAFE_INTEGER);
  expect(offset("fffffffffffffffe")).toBe(-2);
});

test("what no type holds is not written", () => {
  expect(() => encodeMessage(shape, "request", 0, { text: null })).toThrow(RangeError);
  expect(() => encodeMessage(shape, "request", 0, { rows: [{ cells: [128] }] })).toThrow(RangeError);
  expect(() => encodeMessage(shape, "request", 2, {})).toThrow(RangeError);
});

describe("a request's header", () => {
  test("may be without a client's name, and is refused where it ends too early", () => {
    expect(readRequestHeader(readerOf("0012 0000 00000007 ffff"))).toEqual({
      apiKey: 18,
      apiVersion: 0,
      correlationId: 7,
      clientId: null,
    });
    for (const hex of ["", "0012", "0012 0000 000000", "0012 0000 00000007 0005 6161"]) {
      expect(() => readRequestHeader(readerOf(hex))).toThrow(MalformedBytesError);
    }
  });

  test("may have tagged fields that nobody knows, within what is there", () => {
    const reader = readerOf("02 00 03 aabbcc 07 00 99");
    skipTagged(reader);
    expect(reader.remaining).toBe(1);
    for (const hex of ["ff", "01 00 05 aa", "ffffffff0f"]) {
      expect(() => skipTagged(readerOf(hex))).toThrow(MalformedBytesError);
    }
  });
});
