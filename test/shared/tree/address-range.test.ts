import { expect, test } from "vitest";
import { findAddressRangeProblem, isInAddressRange } from "../../../shared/tree/address-range.ts";

test.each([
  ["10.1.2.3", "10.1.2.3", true],
  ["10.1.2.3", "10.1.2.4", false],
  ["10.1.2.3", "10.0.0.0/8", true],
  ["11.1.2.3", "10.0.0.0/8", false],
  ["10.1.2.129", "10.1.2.128/25", true],
  ["10.1.2.127", "10.1.2.128/25", false],
  ["8.8.8.8", "0.0.0.0/0", true],
  ["::ffff:10.1.2.3", "10.0.0.0/8", true],
  ["2001:db8::1", "2001:db8::/32", true],
  ["2001:db9::1", "2001:db8::/32", false],
  ["::1", "0:0:0:0:0:0:0:1", true],
  ["::1", "127.0.0.1", false],
  ["nonsense", "0.0.0.0/0", false],
])("%s in %s: %s", (address, range, expected) => {
  expect(isInAddressRange(address, range)).toBe(expected);
});

test.each([
  "",
  "10.0.0",
  "10.0.0.256",
  "010.0.0.1",
  "10.0.0.0/33",
  "10.0.0.0/",
  "10.0.0.0/-1",
  "::/129",
  "1::2::3",
  "g::",
  "1:2:3",
])("%j is no range", (range) => {
  expect(findAddressRangeProblem(range)).toBeDefined();
});
