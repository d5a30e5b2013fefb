import { describe, expect, test } from "vitest";
import { entryMetaBytesMax, inlinePayloadBytesMax } from "../../../shared/limits.ts";
import type { LogEntry, LogId } from "../../../shared/storage/log-store.ts";
import {
  checkBlobKey,
  checkBlobKeys,
  checkBlobPrefix,
  checkBlobRange,
  checkEntry,
  checkItemKey,
  checkListLimit,
} from "../../../shared/storage/port-bounds.ts";
import { sampleEntry } from "./contract/samples.ts";

const logId = "partition:a:0" as LogId;

describe("entries", () => {
  test("takes the largest entry", () => {
    const payload = { kind: "inline", bytes: new Uint8Array(inlinePayloadBytesMax) } as const;
    checkEntry(sampleEntry(logId, 2 ** 53 - 2, { meta: new Uint8Array(entryMetaBytesMax), payload, expiresAtMs: 0 }));
  });

  test.each<[string, Partial<LogEntry>]>([
    ["an end at its position", { next: 0 }],
    ["a negative position", { position: -1 }],
    ["a fraction", { next: 1.5 }],
    ["a position beyond 2^53-1", { next: 2 ** 53 }],
    ["an empty log id", { logId: "" as LogId }],
    ["U+0000 in its log id", { logId: "a\u0000b" as LogId }],
    ["half a surrogate pair in its log id", { logId: "a\ud83d" as LogId }],
    ["a log id that is too long", { logId: "a".repeat(513) as LogId }],
    ["no attempt", { attempt: "" }],
    ["an attempt that is too long", { attempt: "a".repeat(65) }],
    ["a time that is not a number", { appendedAtMs: Number.NaN }],
    ["a fraction as expiry", { expiresAtMs: 0.5 }],
    ["too much meta", { meta: new Uint8Array(entryMetaBytesMax + 1) }],
    ["too large a payload", { payload: { kind: "inline", bytes: new Uint8Array(inlinePayloadBytesMax + 1) } }],
    ["a blob of negative length", { payload: { kind: "blob", key: "a", lengthBytes: -1 } }],
    ["a blob without a key", { payload: { kind: "blob", key: "", lengthBytes: 1 } }],
  ])("refuses an entry with %s", (_title, change) => {
    expect(() => checkEntry(sampleEntry(logId, 0, change))).toThrow(RangeError);
  });
});

describe("blob keys", () => {
  test.each(["a", "a/b", "hot/AZaz09_-/0/x.log", "..a/b..", "-", "a/.b"])("takes %s", (key) => {
    checkBlobKey(key);
    checkBlobPrefix(key);
    checkBlobPrefix(`${key}/`);
  });

  test.each([
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "a/../b",
    "../a",
    "a/.",
    "a b",
    "a\\b",
    "a\u0000",
    "\u00e9",
    "a%2e",
    "a".repeat(251),
  ])("refuses %j", (key) => {
    expect(() => checkBlobKey(key)).toThrow(RangeError);
    expect(() => checkBlobKeys(["a", key])).toThrow(RangeError);
  });

  test.each(["/", "/a", "a//", "../", "a/../", "a/./b", "a b", "\u00e9"])("refuses the prefix %j", (prefix) => {
    expect(() => checkBlobPrefix(prefix)).toThrow(RangeError);
  });

  test("takes the empty prefix, and one that ends within a part", () => {
    checkBlobPrefix("");
    checkBlobPrefix("hot/a/0.");
  });

  test("takes 1,000 keys to delete and no more", () => {
    const keys = Array.from({ length: 1_001 }, (_, index) => `a/${index}`);
    checkBlobKeys(keys.slice(1));
    expect(() => checkBlobKeys(keys)).toThrow(RangeError);
  });
});

test("takes ranges that go forward and limits up to 1,000", () => {
  checkBlobRange({ start: 0, end: 0 });
  checkBlobRange({ start: 5, end: 2 ** 53 - 1 });
  expect(() => checkBlobRange({ start: 5, end: 4 })).toThrow(RangeError);
  expect(() => checkBlobRange({ start: -1, end: 4 })).toThrow(RangeError);
  checkListLimit(1);
  checkListLimit(1_000);
  for (const limit of [0, -1, 1_001, 1.5, Number.NaN]) expect(() => checkListLimit(limit)).toThrow(RangeError);
});

test("refuses item keys that are empty or hold U+0000", () => {
  checkItemKey({ partition: "p", sort: "\u{1f600}" });
  expect(() => checkItemKey({ partition: "", sort: "s" })).toThrow(RangeError);
  expect(() => checkItemKey({ partition: "p", sort: "" })).toThrow(RangeError);
  expect(() => checkItemKey({ partition: "p\u0000", sort: "s" })).toThrow(RangeError);
});
