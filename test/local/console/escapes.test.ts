import { expect, test } from "vitest";
import { unescapeBytes } from "../../../local/console/escapes.ts";

test.each([
  ["", []],
  ["ab", [0x61, 0x62]],
  [String.raw`\n\r\t\0\\`, [10, 13, 9, 0, 0x5c]],
  [String.raw`a\x1Fb\xff`, [0x61, 0x1f, 0x62, 0xff]],
  [String.raw`\q`, [0x71]],
  ["é\\", [0xc3, 0xa9, 0x5c]],
])("%j stands for its bytes", (text, bytes) => {
  expect([...unescapeBytes(text)]).toEqual(bytes);
});

test("half an escape is refused", () => {
  expect(() => unescapeBytes(String.raw`\x1`)).toThrow("two hexadecimal digits");
});
