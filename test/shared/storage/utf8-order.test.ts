import fc from "fast-check";
import { expect, test } from "vitest";
import { compareUtf8 } from "../../../shared/storage/utf8-order.ts";

test("sorts as the UTF-8 bytes do", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(text, text, text, (prefix, a, b) => {
      const [left, right] = [prefix + a, prefix + b];
      expect(Math.sign(compareUtf8(left, right))).toBe(Buffer.compare(Buffer.from(left), Buffer.from(right)));
    }),
    { numRuns: 2_000 },
  );
});
