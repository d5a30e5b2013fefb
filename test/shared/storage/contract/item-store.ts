import { expect, test } from "vitest";
import type { Attributes, Item, ItemStore } from "../../../../shared/storage/item-store.ts";
import { expectBytes, farFutureMs, freshName, itemKey, patternBytes } from "./samples.ts";

async function allSorts(
  items: ItemStore,
  partition: string,
  prefix: string | undefined,
  limit: number,
): Promise<string[]> {
  const sorts: string[] = [];
  let after: string | undefined;
  for (let page = 0; page < 100; page++) {
    const answer = await items.query(partition, {
      limit,
      ...(prefix === undefined ? {} : { prefix }),
      ...(after === undefined ? {} : { after }),
    });
    expect(answer.items.length).toBeLessThanOrEqual(limit);
    sorts.push(...answer.items.map((item) => item.key.sort));
    if (answer.next === undefined) return sorts;
    after = answer.next;
  }
  throw new Error("the query never ended");
}

export function itemStoreContract(open: () => ItemStore): void {
  test("has no item that was never written", async () => {
    const items = open();
    const partition = freshName();
    expect(await items.get(itemKey(partition))).toBeUndefined();
    expect(await items.query(partition, { limit: 10 })).toEqual({ items: [] });
  });

  test("creates an item with version 1 and counts each update", async () => {
    const items = open();
    const key = itemKey(freshName());
    const created = await items.update(key, { set: { name: "a", count: 1 } });
    const expected: Item = { key, version: 1, attributes: { name: "a", count: 1 } };
    expect(created).toEqual({ applied: true, item: expected });
    expect(await items.get(key)).toEqual(expected);
    const updated = await items.update(key, { set: { count: 2, extra: true } });
    const expectedUpdate: Item = { key, version: 2, attributes: { name: "a", count: 2, extra: true } };
    expect(updated).toEqual({ applied: true, item: expectedUpdate });
    expect(await items.get(key)).toEqual(expectedUpdate);
    expect(await items.update(key, {})).toEqual({ applied: true, item: { ...expectedUpdate, version: 3 } });
  });

  test("gives back strings, numbers, booleans and bytes as they were", async () => {
    const items = open();
    const key = itemKey(freshName());
    const attributes: Attributes = {
      text: "caf\u00e9 \u{1f600}",
      emptyText: "",
      zero: 0,
      negative: -17,
      fraction: 0.5,
      large: 2 ** 53 - 1,
      smallest: -(2 ** 53 - 1),
      yes: true,
      no: false,
    };
    await items.update(key, { set: { ...attributes, bytes: patternBytes(300), emptyBytes: new Uint8Array(0) } });
    const item = await items.get(key);
    expect(item).toBeDefined();
    if (item === undefined) return;
    const { bytes, emptyBytes, ...rest } = item.attributes;
    expect(rest).toEqual(attributes);
    expectBytes(bytes as Uint8Array, patternBytes(300));
    expectBytes(emptyBytes as Uint8Array, new Uint8Array(0));
  });

  test("takes attribute names that a store might want for itself", async () => {
    const items = open();
    const key = itemKey(freshName());
    const attributes = {
      version: "mine",
      status: 1,
      size: 2,
      key: "k",
      partition: "p",
      sort: "s",
      pk: "x",
      sk: "y",
      ttl: 3,
      expiresAtMs: 4,
    };
    await items.update(key, { set: attributes, expiresAtMs: farFutureMs });
    expect(await items.get(key)).toEqual({ key, version: 1, attributes });
    await items.update(key, { remove: ["version", "ttl"] });
    const { version: _version, ttl: _ttl, ...rest } = attributes;
    expect(await items.get(key)).toEqual({ key, version: 2, attributes: rest });
  });

  test("adds to a number, from 0 where there is none", async () => {
    const items = open();
    const key = itemKey(freshName());
    await items.update(key, { add: { count: 5 } });
    await items.update(key, { add: { count: -7, other: 1 } });
    expect(await items.get(key)).toEqual({ key, version: 2, attributes: { count: -2, other: 1 } });
  });

  test("loses no addition among 20 concurrent ones", async () => {
    const items = open();
    const key = itemKey(freshName());
    const results = await Promise.all(Array.from({ length: 20 }, () => items.update(key, { add: { count: 1 } })));
    const counts = results.map((result) => (result.applied ? result.item.attributes["count"] : undefined));
    expect(new Set(counts).size).toBe(20);
    expect(await items.get(key)).toEqual({ key, version: 20, attributes: { count: 20 } });
  });

  test("removes attributes, also ones that are not there", async () => {
    const items = open();
    const key = itemKey(freshName());
    await items.update(key, { set: { a: 1, b: 2 } });
    await items.update(key, { remove: ["a", "absent"], set: { c: 3 } });
    expect(await items.get(key)).toEqual({ key, version: 2, attributes: { b: 2, c: 3 } });
  });

  test("keeps an item whose expiry lies in the future", async () => {
    const items = open();
    const key = itemKey(freshName());
    await items.update(key, { set: { a: 1 }, expiresAtMs: farFutureMs });
    expect(await items.get(key)).toEqual({ key, version: 1, attributes: { a: 1 } });
  });

  test("keeps its own copy of bytes", async () => {
    const items = open();
    const key = itemKey(freshName());
    const bytes = patternBytes(50);
    await items.update(key, { set: { bytes } });
    bytes.fill(0);
    expectBytes((await items.get(key))?.attributes["bytes"] as Uint8Array, patternBytes(50));
  });

  test("deletes an item, succeeds when there is none, and starts again at version 1", async () => {
    const items = open();
    const key = itemKey(freshName());
    await items.update(key, { set: { a: 1 } });
    await items.update(key, { set: { a: 2 } });
    expect((await items.delete(key)).applied).toBe(true);
    expect(await items.get(key)).toBeUndefined();
    expect((await items.delete(key)).applied).toBe(true);
    await items.update(key, { set: { b: 1 } });
    expect(await items.get(key)).toEqual({ key, version: 1, attributes: { b: 1 } });
  });

  test("sorts a partition by the UTF-8 bytes of the sort key", async () => {
    const items = open();
    const partition = freshName();
    const sorted = ["!", "-", "10", "9", "A", "Z", "a", "a!", "aa", "a\u{1f600}", "b", "\u00e9", "\uff5e", "\u{1f600}"];
    for (const sort of sorted.toReversed()) await items.update(itemKey(partition, sort), { set: { sort } });
    expect(await allSorts(items, partition, undefined, 100)).toEqual(sorted);
    expect(await allSorts(items, partition, undefined, 3)).toEqual(sorted);
    expect(await allSorts(items, partition, "a", 2)).toEqual(["a", "a!", "aa", "a\u{1f600}"]);
    expect(await allSorts(items, partition, "a\u{1f600}", 2)).toEqual(["a\u{1f600}"]);
    expect(await allSorts(items, partition, "nothing", 2)).toEqual([]);
  });

  test("pages a query to its end and no further", async () => {
    const items = open();
    const partition = freshName();
    const sorts = Array.from({ length: 6 }, (_, index) => `member:${index}`);
    await Promise.all(sorts.map((sort) => items.update(itemKey(partition, sort), { set: { sort } })));
    await items.update(itemKey(partition, "member;"), {});
    await items.update(itemKey(partition, "membe"), {});
    const first = await items.query(partition, { prefix: "member:", limit: 4 });
    expect(first.items.map((item) => item.attributes["sort"])).toEqual(sorts.slice(0, 4));
    expect(first.next).toBe("member:3");
    await items.delete(itemKey(partition, "member:3"));
    const second = await items.query(partition, { prefix: "member:", limit: 2, after: "member:3" });
    expect(second.items.map((item) => item.key)).toEqual([
      itemKey(partition, "member:4"),
      itemKey(partition, "member:5"),
    ]);
    expect(second.next).toBeUndefined();
    expect(await items.query(partition, { prefix: "member:", limit: 2, after: "member:5" })).toEqual({ items: [] });
  });

  test("keeps partitions apart whose names begin alike", async () => {
    const items = open();
    const partition = freshName();
    const partitions = [partition, `${partition}:1`, `${partition}:10`];
    for (const name of partitions) await items.update(itemKey(name, "s"), { set: { name } });
    for (const name of partitions) {
      expect(await items.query(name, { limit: 10 })).toEqual({
        items: [{ key: itemKey(name, "s"), version: 1, attributes: { name } }],
      });
    }
  });
}
