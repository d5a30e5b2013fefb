import { expect, test } from "vitest";
import { JuteReader } from "../../../../gateway/zookeeper/protocol/jute-reader.ts";
import { JuteWriter } from "../../../../gateway/zookeeper/protocol/jute-writer.ts";

const blockBytes = 32 * 1024;
const headBytes = 4;

const values: readonly (readonly [string, number, (to: JuteWriter) => void, (from: JuteReader) => unknown, unknown])[] =
  [
    ["an int", 4, (to) => to.int(-7), (from) => from.int(), -7],
    ["a long", 8, (to) => to.long(-7n), (from) => from.long(), -7n],
    ["a safe long", 8, (to) => to.safeLong(2 ** 40 + 1), (from) => from.clampedLong(), 2 ** 40 + 1],
    ["a bool", 1, (to) => to.bool(true), (from) => from.bool(), true],
    ["text", 7, (to) => to.text("abc"), (from) => from.text(), "abc"],
    ["bytes", 7, (to) => to.buffer(Buffer.from("abc")), (from) => Buffer.from(from.buffer() ?? []).toString(), "abc"],
  ];

test.each(values)(
  "writes %s wherever the block ends, and changes no frame before it",
  (_name, length, write, read, value) => {
    for (let left = 0; left <= length; left++) {
      const writer = new JuteWriter();
      const before = Buffer.alloc(blockBytes - 2 * headBytes - 4 - left, "x");
      const first = writer.begin().raw(before).end();
      writer.begin().int(1);
      write(writer);
      const second = new JuteReader(writer.end());
      expect([second.int(), second.int(), read(second), second.left]).toEqual([4 + length, 1, value, 0]);
      expect(first.subarray(headBytes).equals(before), `${left} bytes left`).toBe(true);
    }
  },
);

test("writes bytes that are longer than a block", () => {
  const bytes = Buffer.alloc(1_000_000, "y");
  const from = new JuteReader(new JuteWriter().begin().int(1).buffer(bytes).end());
  expect([from.int(), from.int()]).toEqual([bytes.length + 8, 1]);
  expect(bytes.equals(from.buffer() ?? Buffer.alloc(0))).toBe(true);
});

test("what is small does not stand in the block of what is large", () => {
  const writer = new JuteWriter();
  const large = writer.begin().raw(Buffer.alloc(1_000_000)).end();
  const [small, next] = [writer.begin().int(1).end(), writer.begin().int(2).end()];
  expect([large.buffer === small.buffer, small.buffer === next.buffer]).toEqual([false, true]);
  expect(small.buffer.byteLength).toBe(blockBytes);
});
