import * as fc from "fast-check";
import { expect, test } from "vitest";
import { splitInput } from "../../../local/console/split-input.ts";

async function* chunksOf(text: string, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function split(text: string, delimiter: string, sizes: readonly number[]): Promise<string[]> {
  const pieces: string[] = [];
  for await (const some of splitInput(chunksOf(text, sizes), Buffer.from(delimiter))) {
    pieces.push(...some.map((piece) => piece.toString("latin1")));
  }
  return pieces;
}

test("input is cut at each delimiter, however it arrives", async () => {
  const text = fc.array(fc.constantFrom("a", "b", "\n"), { maxLength: 60 }).map((letters) => letters.join(""));
  const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(text, fc.constantFrom("\n", "ab", "aba", "\n\n"), sizes, async (input, delimiter, chunks) => {
      const expected = input.split(delimiter);
      if (expected.at(-1) === "") expected.pop();
      expect(await split(input, delimiter, chunks)).toEqual(expected);
    }),
  );
});

test("input without any delimiter is bounded", async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield new Uint8Array(1_000_000);
  }
  const reading = (async () => {
    for await (const _ of splitInput(endless(), Buffer.from("\n"))) expect.unreachable();
  })();
  await expect(reading).rejects.toThrow("no delimiter within");
});
