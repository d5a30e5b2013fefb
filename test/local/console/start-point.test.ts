import { describe, expect, test } from "vitest";
import { parseStartPoint } from "../../../local/console/start-point.ts";

describe("a start", () => {
  test.each([
    ["beginning", { at: "earliest" }],
    ["end", { at: "latest" }],
    ["42", { at: "offset", offset: 42 }],
    ["-10", { at: "beforeEnd", records: 10 }],
    ["s@1700000000000", { at: "timestamp", timestamp: 1_700_000_000_000 }],
  ])("%s is understood", (text, expected) => {
    expect(parseStartPoint(text)).toEqual(expected);
  });

  test.each(["", "middle", "s@", "1.5", "--1", "99999999999999999"])("%j is refused", (text) => {
    expect(() => parseStartPoint(text)).toThrow("unknown offset");
  });
});
