import { describe, expect, test } from "vitest";
import type { ReadRecord } from "../../../client/index.ts";
import { recordFormatter } from "../../../local/console/record-format.ts";
import type { RecordFormatOptions } from "../../../local/console/record-format.ts";

const record: ReadRecord = {
  partition: 2,
  offset: 41,
  timestamp: 1_700_000_000_000,
  key: Buffer.from("k"),
  value: Buffer.from("välue"),
  headers: [
    { key: "a", value: Buffer.from("1") },
    { key: "b", value: null },
  ],
};
const tombstone: ReadRecord = { ...record, key: null, value: null, headers: [] };

function written(options: Partial<RecordFormatOptions>, one = record): string {
  return recordFormatter({ delimiter: String.raw`\n`, ...options })(one, "orders").toString();
}

describe("a format", () => {
  test.each([
    ["%t[%p]@%o", "orders[2]@41"],
    [String.raw`%k\t%s\n`, "k\tvälue\n"],
    ["%K %S %T %h", "1 6 1700000000000 a=1,b=NULL"],
    ["100%% %x41", "refused"],
    ["%R", "\0\0\0\u0006"],
    ["%", "refused"],
    ["plain", "plain"],
  ])("%j writes %j", (format, expected) => {
    if (expected === "refused") expect(() => written({ format })).toThrow("unknown token");
    else expect(written({ format })).toBe(expected);
  });

  test("writes nothing for null, or NULL when asked to, and -1 as its length", () => {
    expect(written({ format: "<%k|%s|%K|%S|%h>" }, tombstone)).toBe("<||-1|-1|>");
    expect(written({ format: "<%k|%s>", showNull: true }, tombstone)).toBe("<NULL|NULL>");
  });
});

test("without a format the value is written, behind its key if there is a delimiter for that", () => {
  expect(written({})).toBe("välue\n");
  expect(written({ keyDelimiter: String.raw`\t`, delimiter: "|" })).toBe("k\tvälue|");
  expect(written({ keyDelimiter: ":" }, tombstone)).toBe(":\n");
});

test("the JSON envelope is one line, with bytes that are no text in base64", () => {
  const binary = { ...record, value: Uint8Array.of(0xff, 0xfe) };
  expect(JSON.parse(written({ json: true }, binary))).toEqual({
    topic: "orders",
    partition: 2,
    offset: 41,
    ts: 1_700_000_000_000,
    headers: ["a", "1", "b", null],
    key: "k",
    payload: { base64: "//4=" },
  });
  expect(written({ json: true }, tombstone)).toMatch(/"key":null,"payload":null\}\n$/);
});
