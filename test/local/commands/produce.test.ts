import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { registerProduce } from "../../../local/commands/produce.ts";
import { CommandBed } from "./command-bed.ts";

let bed: CommandBed;
beforeAll(async () => {
  bed = await CommandBed.start();
});
afterAll(() => bed[Symbol.asyncDispose]());

const textOrNull = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString());

/** What stands in a new topic after the command. */
async function produced(args: readonly string[], input: string | Uint8Array, partitions = 1) {
  const topic = await bed.topic([], partitions);
  const result = await bed.run(registerProduce, ["produce", topic, ...args], input);
  const records = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    for await (const record of bed.client.readPartition({ topic, partition, stopAtEnd: true })) {
      const headers = record.headers.map(({ key, value }) => [key, textOrNull(value)]);
      records.push({ partition, key: textOrNull(record.key), value: textOrNull(record.value), headers });
    }
  }
  return { ...result, records, pairs: records.map(({ key, value }) => [key, value]) };
}

describe("input", () => {
  test("is a record per line, without the empty ones, and told of in a line", async () => {
    const { pairs, stdout, stderr } = await produced([], "one\n\ntwo\nthree");
    expect(pairs).toEqual([
      [null, "one"],
      [null, "two"],
      [null, "three"],
    ]);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^3 records to topic-\d+, 11 B in \d+\.\d s \([\d,]+ records\/s\)\n$/);
  });

  test("can have other delimiters, of records and of keys", async () => {
    const { pairs } = await produced(["-D", String.raw`\0`, "-K", "=>"], "k1=>v1\0k2=>v=>2\0no key\0=>empty key");
    expect(pairs).toEqual([
      ["k1", "v1"],
      ["k2", "v=>2"],
      [null, "no key"],
      ["", "empty key"],
    ]);
  });

  test("gives records without a key the fixed one", async () => {
    const { pairs } = await produced(["-K", ":", "-k", "fixed"], "a:1\nnone\n");
    expect(pairs).toEqual([
      ["a", "1"],
      ["fixed", "none"],
    ]);
  });

  test("has empty keys and values as null where that is asked for", async () => {
    const { pairs } = await produced(["-K", ":", "-Z"], "a:\n:b\n");
    expect(pairs).toEqual([
      ["a", null],
      [null, "b"],
    ]);
    const { pairs: asTheyAre } = await produced(["-K", ":"], "a:\n:b\n");
    expect(asTheyAre).toEqual([
      ["a", ""],
      ["", "b"],
    ]);
  });

  test("goes with headers, compressed, to a partition", async () => {
    const { records } = await produced(["-H", "h=1", "-H", "h=", "-H", "n", "-z", "gzip", "-p", "1"], "v\n", 3);
    const headers = [
      ["h", "1"],
      ["h", ""],
      ["n", null],
    ];
    expect(records).toEqual([{ partition: 1, key: null, value: "v", headers }]);
  });

  test("ends after as many records as are wanted", async () => {
    const { pairs, stderr } = await produced(["-c", "2", "-q"], "1\n2\n3\n");
    expect(pairs).toHaveLength(2);
    expect(stderr).toBe("");
  });

  test("of bytes that are no text stays what it is", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const topic = await bed.topic();
    await bed.run(registerProduce, ["produce", topic, "-D", "nothing of the kind"], bytes);
    for await (const { value } of bed.client.readPartition({ topic, partition: 0, stopAtEnd: true })) {
      expect(value).toEqual(Buffer.from(bytes));
    }
  });
});

test.each([
  [["produce", "nowhere"], "UNKNOWN_TOPIC_OR_PARTITION"],
  [["produce", "t", "-p", "x"], "--partition must be a whole number: x"],
  [["produce", "t", "-K", ""], "--key-delimiter must not be empty"],
  [["produce", "t", "-D", ""], "--delimiter must not be empty"],
])("%j fails in one line that says why", async (args, why) => {
  const { failure, stdout } = await bed.run(registerProduce, args, "x\n");
  expect(failure).toContain(why);
  expect(failure).not.toContain("\n");
  expect(stdout).toBe("");
});
