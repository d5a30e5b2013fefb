import { expect, test } from "vitest";
import { segmentBlobKeys, segmentOfBlob } from "../../../shared/partition/segment-blobs.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { name } from "./partition-fixture.ts";

test("the name of each blob of a segment tells which segment it belongs to", () => {
  const { random } = createMemoryStorage().storage;
  for (const baseOffset of [0, 7, Number.MAX_SAFE_INTEGER]) {
    const segment = { baseOffset, id: random.id() };
    for (const key of segmentBlobKeys(name, segment)) expect(segmentOfBlob(name, key)).toEqual(segment);
  }
});

test("a blob that is not named as ours belongs to none, so that it is never taken for garbage", () => {
  for (const key of [
    "segments/topic/0/readme.txt",
    "segments/topic/0/00000000000000000007-abc.tmp",
    "segments/topic/0/7-abc.log",
    "segments/topic/1/00000000000000000007-abc.log",
    "segments/topic/0/99999999999999999999-abc.log",
    "hot/topic/0/00000000000000000007-abc.log",
  ]) {
    expect(segmentOfBlob(name, key)).toBeUndefined();
  }
});
