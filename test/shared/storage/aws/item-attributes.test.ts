import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeItem, encodeKey, encodeValue } from "../../../../shared/storage/aws/item-attributes.ts";
import { conditionExpressions, updateExpressions } from "../../../../shared/storage/aws/item-expressions.ts";
import { StorageCorruptError } from "../../../../shared/storage/errors.ts";

const key = { pk: { S: "p" }, sk: { S: "s" } };

test("gives back every value as it was", () => {
  const magnitudes = fc.oneof(fc.double({ noNaN: true, min: -9e125, max: 9e125 }), fc.maxSafeInteger());
  const number = magnitudes.filter((value) => value === 0 || Math.abs(value) >= 1e-130).map((value) => value + 0);
  const value = fc.oneof(fc.string({ unit: "binary" }), number, fc.boolean(), fc.uint8Array());
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), value), (attributes) => {
      const stored = Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [`_${name}`, encodeValue(value)]),
      );
      expect(decodeItem({ ...key, v: { N: "3" }, ...stored })).toEqual({
        key: { partition: "p", sort: "s" },
        version: 3,
        attributes: { ...attributes },
      });
    }),
  );
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e126, -1e300, 1e-131])("refuses the number %d", (value) => {
  expect(() => encodeValue(value)).toThrow(RangeError);
});

test.each([
  ["an empty partition key", { partition: "", sort: "s" }],
  ["an empty sort key", { partition: "p", sort: "" }],
  ["a partition key of more than 2,048 bytes", { partition: "é".repeat(1_025), sort: "s" }],
  ["a sort key of more than 1,024 bytes", { partition: "p", sort: "é".repeat(513) }],
])("refuses %s", (_title, wrong) => {
  expect(() => encodeKey(wrong)).toThrow(RangeError);
});

test("calls an item corrupt that has no version, or a value of a type that the port does not have", () => {
  expect(() => decodeItem(key)).toThrow(StorageCorruptError);
  expect(() => decodeItem({ ...key, v: { N: "0" } })).toThrow(StorageCorruptError);
  expect(() => decodeItem({ ...key, v: { N: "1" }, _list: { L: [] } })).toThrow(StorageCorruptError);
  expect(() => decodeItem({ ...key, v: { N: "1" }, _null: { NULL: true } })).toThrow(StorageCorruptError);
});

test("passes over what a newer version may have stored beside it", () => {
  const item = decodeItem({ ...key, v: { N: "1" }, newer: { L: [] }, _a: { N: "1" } });
  expect(item.attributes).toEqual({ a: 1 });
});

describe("an update", () => {
  test("names each attribute and each value by a stand-in", () => {
    const change = { set: { a: 1, "odd name": "x" }, add: { count: 2 }, remove: ["old"], expiresAtMs: 1_500 };
    const conditions = [
      { kind: "exists" },
      { kind: "version", version: 4 },
      { kind: "attribute", name: "a", op: "<", value: 9, orAbsent: true },
    ] as const;
    expect(updateExpressions(change, conditions)).toEqual({
      UpdateExpression: "ADD #4 :4,#5 :5 SET #0=:0,#1=:1,#2=:2,#3=:3 REMOVE #6",
      ConditionExpression: "attribute_exists(pk) AND #4=:6 AND (attribute_not_exists(#0) OR #0<:7)",
      ExpressionAttributeNames: {
        "#0": "_a",
        "#1": "_odd name",
        "#2": "x",
        "#3": "e",
        "#4": "v",
        "#5": "_count",
        "#6": "_old",
      },
      ExpressionAttributeValues: {
        ":0": { N: "1" },
        ":1": { S: "x" },
        ":2": { N: "1500" },
        ":3": { N: "2" },
        ":4": { N: "1" },
        ":5": { N: "2" },
        ":6": { N: "4" },
        ":7": { N: "9" },
      },
    });
  });

  test("has no empty part", () => {
    expect(conditionExpressions([])).toEqual({});
    expect(conditionExpressions([{ kind: "absent" }])).toEqual({ ConditionExpression: "attribute_not_exists(pk)" });
  });

  test("refuses an attribute that is changed twice", () => {
    expect(() => updateExpressions({ set: { a: 1 }, remove: ["a"] }, [])).toThrow(RangeError);
    expect(() => updateExpressions({ set: { a: 1 }, add: { a: 1 } }, [])).toThrow(RangeError);
    expect(() => updateExpressions({ set: { "": 1 } }, [])).toThrow(RangeError);
  });

  test("takes 450 attributes, and refuses more than one expression holds", () => {
    const set = (count: number): Record<string, number> =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`attribute${index}`, index]));
    expect(() => updateExpressions({ set: set(450), expiresAtMs: 1 }, [{ kind: "exists" }])).not.toThrow();
    expect(() => updateExpressions({ set: set(600) }, [])).toThrow(RangeError);
  });
});
