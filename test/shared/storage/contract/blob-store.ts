import { expect, test } from "vitest";
import type { BlobInfo, BlobStore } from "../../../../shared/storage/blob-store.ts";
import type { Storage } from "../../../../shared/storage/storage.ts";
import { expectBytes, freshName, patternBytes } from "./samples.ts";

/** S3 keeps whole seconds, and the store's clock need not be ours. */
const modifiedToleranceMs = 30_000;

async function allBlobs(blobs: BlobStore, prefix: string, limit: number): Promise<BlobInfo[]> {
  const found: BlobInfo[] = [];
  let after: string | undefined;
  for (let page = 0; page < 100; page++) {
    const answer = await blobs.list(prefix, { limit, ...(after === undefined ? {} : { after }) });
    expect(answer.blobs.length).toBeLessThanOrEqual(limit);
    found.push(...answer.blobs);
    if (answer.next === undefined) return found;
    after = answer.next;
  }
  throw new Error("the list never ended");
}

export function blobStoreContract(open: () => Storage): void {
  test("joins the chunks of a blob", async () => {
    const { blobs } = open();
    const key = `${freshName()}/a_b-c.d`;
    const bytes = patternBytes(10_000);
    await blobs.put(key, [bytes.subarray(0, 10), new Uint8Array(0), bytes.subarray(10, 9_000), bytes.subarray(9_000)]);
    expectBytes(await blobs.get(key), bytes);
  });

  test("keeps a blob of many small chunks", async () => {
    const { blobs } = open();
    const key = `${freshName()}/many`;
    const bytes = patternBytes(3_000);
    await blobs.put(
      key,
      Array.from({ length: 3_000 }, (_, index) => bytes.subarray(index, index + 1)),
    );
    expectBytes(await blobs.get(key), bytes);
  });

  test("keeps an empty blob", async () => {
    const { blobs } = open();
    const prefix = freshName();
    await blobs.put(`${prefix}/none`, []);
    await blobs.put(`${prefix}/zero`, [new Uint8Array(0)]);
    for (const key of [`${prefix}/none`, `${prefix}/zero`]) {
      expectBytes(await blobs.get(key), new Uint8Array(0));
      expectBytes(await blobs.get(key, { start: 0, end: 10 }), new Uint8Array(0));
    }
  });

  test("keeps a blob of 8 MiB", async () => {
    const { blobs } = open();
    const key = `${freshName()}/large`;
    const bytes = patternBytes(8 * 1024 * 1024);
    await blobs.put(key, [bytes.subarray(0, 3_000_000), bytes.subarray(3_000_000)]);
    expectBytes(await blobs.get(key), bytes);
    expectBytes(await blobs.get(key, { start: 5_000_000, end: 5_000_100 }), bytes.slice(5_000_000, 5_000_100));
  });

  test.each([
    [0, 100],
    [0, 1],
    [10, 20],
    [99, 100],
    [50, 1_000],
    [100, 200],
    [500, 600],
    [10, 10],
    [0, 0],
  ])("gives of 100 bytes what there is from %i to %i", async (start, end) => {
    const { blobs } = open();
    const key = `${freshName()}/range`;
    const bytes = patternBytes(100);
    await blobs.put(key, [bytes]);
    expectBytes(await blobs.get(key, { start, end }), bytes.slice(start, end));
  });

  test("keeps its own copy of a blob", async () => {
    const { blobs } = open();
    const key = `${freshName()}/own`;
    const bytes = patternBytes(100);
    await blobs.put(key, [bytes]);
    bytes.fill(0);
    const first = await blobs.get(key);
    expectBytes(first, patternBytes(100));
    first?.fill(0);
    expectBytes(await blobs.get(key), patternBytes(100));
  });

  test("has no blob that was never put", async () => {
    const { blobs } = open();
    expect(await blobs.get(`${freshName()}/missing`)).toBeUndefined();
    expect(await blobs.get(`${freshName()}/missing`, { start: 0, end: 10 })).toBeUndefined();
    expect(await blobs.list(freshName(), { limit: 10 })).toEqual({ blobs: [] });
  });

  test("deletes several blobs, also ones that do not exist", async () => {
    const { blobs } = open();
    const prefix = freshName();
    await Promise.all(["a", "b", "c"].map((name) => blobs.put(`${prefix}/${name}`, [patternBytes(3)])));
    await blobs.delete([`${prefix}/a`, `${prefix}/missing`, `${prefix}/none/missing`, `${prefix}/c`]);
    await blobs.delete([`${prefix}/a`]);
    await blobs.delete([]);
    expect(await blobs.get(`${prefix}/a`)).toBeUndefined();
    expect((await allBlobs(blobs, prefix, 10)).map((blob) => blob.key)).toEqual([`${prefix}/b`]);
    await blobs.delete([`${prefix}/b`]);
    expect(await allBlobs(blobs, prefix, 10)).toEqual([]);
    await blobs.put(`${prefix}/d`, [patternBytes(3)]);
    expectBytes(await blobs.get(`${prefix}/d`), patternBytes(3));
  });

  test("lists by prefix, ascending by key, in pages", async () => {
    const { blobs, clock } = open();
    const prefix = freshName();
    const names = ["a", "a-b", "a-b/c", "a.b", "a/0", "a/b", "a/b/c", "a/b0", "a0", "aa/b", "b", "b/c/d/e", "b/c_d"];
    const keys = names.map((name) => `${prefix}/${name}`);
    for (const [index, key] of [...keys.entries()].toReversed()) await blobs.put(key, [patternBytes(index)]);
    await blobs.put(`${prefix}0/other`, [patternBytes(1)]);
    for (const limit of [1, 2, 3, 13, 1_000]) {
      const found = await allBlobs(blobs, `${prefix}/`, limit);
      expect(found.map((blob) => blob.key)).toEqual(keys);
      expect(found.map((blob) => blob.sizeBytes)).toEqual(keys.map((_, index) => index));
      for (const blob of found) expect(Math.abs(blob.modifiedAtMs - clock.wallMs())).toBeLessThan(modifiedToleranceMs);
    }
    const keysOf = async (of: string): Promise<string[]> => (await allBlobs(blobs, of, 2)).map((blob) => blob.key);
    expect(await keysOf(`${prefix}/a/`)).toEqual([
      `${prefix}/a/0`,
      `${prefix}/a/b`,
      `${prefix}/a/b/c`,
      `${prefix}/a/b0`,
    ]);
    expect(await keysOf(`${prefix}/a/b`)).toEqual([`${prefix}/a/b`, `${prefix}/a/b/c`, `${prefix}/a/b0`]);
    expect(await keysOf(`${prefix}/b/c`)).toEqual([`${prefix}/b/c/d/e`, `${prefix}/b/c_d`]);
    expect(await keysOf(prefix)).toEqual([...keys, `${prefix}0/other`]);
  });

  test("goes on after a key that is no longer there", async () => {
    const { blobs } = open();
    const prefix = freshName();
    for (const name of ["a", "b/x", "c"]) await blobs.put(`${prefix}/${name}`, [patternBytes(1)]);
    const page = await blobs.list(`${prefix}/`, { limit: 10, after: `${prefix}/b` });
    expect(page.blobs.map((blob) => blob.key)).toEqual([`${prefix}/b/x`, `${prefix}/c`]);
    expect(page.next).toBeUndefined();
    const exact = await blobs.list(`${prefix}/`, { limit: 2, after: `${prefix}/a` });
    expect(exact.blobs).toHaveLength(2);
    expect(exact.next).toBeUndefined();
  });

  test("takes 16 puts at once", async () => {
    const { blobs } = open();
    const prefix = freshName();
    const keys = Array.from({ length: 16 }, (_, index) => `${prefix}/${index % 3}/${index}`);
    await Promise.all(keys.map((key, index) => blobs.put(key, [patternBytes(100_000, index)])));
    const read = await Promise.all(keys.map((key) => blobs.get(key)));
    for (const [index, bytes] of read.entries()) expectBytes(bytes, patternBytes(100_000, index));
  });
}
