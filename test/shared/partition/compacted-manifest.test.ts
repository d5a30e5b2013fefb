import { describe, expect, test } from "vitest";
import { decodeManifest, encodeManifest, segmentAtOrAfter } from "../../../shared/partition/compacted-manifest.ts";
import type { SegmentDescriptor } from "../../../shared/partition/segment-descriptor.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import { name } from "./partition-fixture.ts";

const segment = (baseOffset: number, endOffset: number): SegmentDescriptor => ({
  baseOffset,
  endOffset,
  id: `compacted.${baseOffset}`,
  sizeBytes: 100,
  entries: 0,
  firstAppendedMs: 5,
  lastAppendedMs: 9,
  maxTimestamp: -1,
  index: [{ offset: baseOffset, position: 0, maxTimestamp: -1 }],
});
const segments = [segment(3, 10), segment(10, 12), segment(2 ** 40, 2 ** 40 + 5)];

describe("a manifest", () => {
  test("gives back its segments", () => {
    const { cleanedTo, segments: found } = decodeManifest(name, encodeManifest(2 ** 41, segments));
    expect(cleanedTo).toBe(2 ** 41);
    expect(found.map(({ descriptor }) => descriptor())).toEqual(segments);
    expect(decodeManifest(name, encodeManifest(7, []))).toEqual({ cleanedTo: 7, segments: [] });
  });

  test("leads from an offset to the segment that holds what comes next", () => {
    const manifest = decodeManifest(name, encodeManifest(2 ** 41, segments));
    const at = (offset: number): number | undefined => segmentAtOrAfter(manifest, offset)?.baseOffset;
    expect([0, 3, 9, 10, 11, 12, 2 ** 40 + 4].map(at)).toEqual([3, 3, 3, 10, 10, 2 ** 40, 2 ** 40]);
    expect(at(2 ** 40 + 5)).toBeUndefined();
  });

  test("is refused when a byte of it is damaged, or missing", () => {
    const bytes = encodeManifest(2 ** 41, segments);
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(() => decodeManifest(name, damaged), `byte ${at}`).toThrow(StorageCorruptError);
      expect(() => decodeManifest(name, bytes.subarray(0, at)), `${at} bytes`).toThrow(StorageCorruptError);
    }
  });
});
