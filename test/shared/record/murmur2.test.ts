import { describe, expect, test } from "vitest";
import { murmur2, partitionForKey } from "../../../shared/record/murmur2.ts";
import { fromBase64, readFixture } from "./fixtures.ts";

interface KeyFixture {
  readonly key: string;
  readonly murmur2: number;
  readonly partitions: Readonly<Record<string, number>>;
}

describe("murmur2", () => {
  test("gives the hashes of Kafka's UtilsTest", () => {
    const hashes: Readonly<Record<string, number>> = {
      "21": -973932308,
      foobar: -790332482,
      "a-little-bit-long-string": -985981536,
      "a-little-bit-longer-string": -1486304829,
      lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
      abc: 479470107,
    };
    for (const [key, hash] of Object.entries(hashes)) expect(murmur2(new TextEncoder().encode(key))).toBe(hash);
  });

  test("gives the hash and the partition of Kafka's Java client for every fixture", () => {
    const keys = readFixture<KeyFixture>("partitions.json");
    expect(keys).toHaveLength(50);
    for (const fixture of keys) {
      const padded = new Uint8Array([9, ...fromBase64(fixture.key)]);
      expect(murmur2(padded.subarray(1))).toBe(fixture.murmur2);
      for (const [count, partition] of Object.entries(fixture.partitions)) {
        expect(partitionForKey(padded.subarray(1), Number(count))).toBe(partition);
      }
    }
  });

  test("gives no partition of none", () => {
    for (const count of [0, -1, 1.5, Number.NaN])
      expect(() => partitionForKey(new Uint8Array(1), count)).toThrow(RangeError);
  });
});
