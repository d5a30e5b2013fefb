import { expect, test } from "vitest";
import { changedItem, copyAttributes } from "../../../shared/storage/item-change.ts";
import type { ItemChange } from "../../../shared/storage/item-store.ts";
import { itemKey } from "./contract/samples.ts";

const key = itemKey("p");
const before = { key, version: 3, attributes: { text: "a", count: 1 } };

test.each<[string, ItemChange]>([
  ["a number that is not finite", { set: { a: Number.POSITIVE_INFINITY } }],
  ["a sum that is not finite", { add: { count: Number.NaN } }],
  ["an addition to text", { add: { text: 1 } }],
  ["one attribute set and added to", { set: { a: 1 }, add: { a: 1 } }],
  ["one attribute set and removed", { set: { a: 1 }, remove: ["a"] }],
])("refuses %s", (_title, change) => {
  expect(() => changedItem(before, key, change)).toThrow(RangeError);
});

test("leaves the item as it was", () => {
  const after = changedItem(before, key, { set: { text: "b" }, add: { count: 1 }, remove: ["none"] });
  expect(after).toEqual({ key, version: 4, attributes: { text: "b", count: 2 } });
  expect(before.attributes).toEqual({ text: "a", count: 1 });
});

test("copies bytes", () => {
  const bytes = new Uint8Array([1]);
  const after = changedItem(undefined, key, { set: { bytes } });
  const copy = copyAttributes(after.attributes);
  bytes[0] = 2;
  expect(after).toEqual({ key, version: 1, attributes: { bytes: new Uint8Array([1]) } });
  (after.attributes["bytes"] as Uint8Array)[0] = 3;
  expect(copy["bytes"]).toEqual(new Uint8Array([1]));
});
