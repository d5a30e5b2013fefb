/** Any value of any table: made from the tables themselves, so that one that is new is tested as it is added. */
import fc from "fast-check";
import type { Fields, Typed, Version } from "../../../../gateway/kafka/protocol/schema.ts";
import * as types from "../../../../gateway/kafka/protocol/types.ts";
import { isTyped } from "./kafka-messages.ts";

/** What is written, and what it is read as. */
export interface Pair {
  readonly given: unknown;
  readonly read: unknown;
}

const safe = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };
const int = (bits: number): fc.Arbitrary<number> => {
  const max = 2 ** (bits - 1) - 1;
  return fc.oneof(fc.integer({ min: -max - 1, max }), fc.constantFrom(-max - 1, -1, 0, 1, max));
};
const anyText = fc.string({ unit: "binary", maxLength: 12 });
/** Some beyond what a copy is made of, and what a short length holds in one byte. */
const anyBytes = fc.oneof(
  { weight: 9, arbitrary: fc.uint8Array({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 130, maxLength: 2_100 }) },
);
const same = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<Pair> =>
  arbitrary.map((value) => ({ given: value, read: value }));

const plain: ReadonlyMap<Typed["makeCodec"], fc.Arbitrary<Pair>> = new Map([
  [types.bool.makeCodec, same(fc.boolean())],
  [types.int8.makeCodec, same(int(8))],
  [types.int16.makeCodec, same(int(16))],
  [types.uint16.makeCodec, same(fc.integer({ min: 0, max: 65_535 }))],
  [types.int32.makeCodec, same(int(32))],
  [types.int64.makeCodec, same(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))],
  [types.offset64.makeCodec, same(fc.integer(safe))],
  [types.float64.makeCodec, same(fc.double())],
  [
    types.uuid.makeCodec,
    same(fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString("base64url"))),
  ],
  [types.string.makeCodec, same(anyText)],
  [types.bytes.makeCodec, same(anyBytes)],
  [
    types.records.makeCodec,
    fc
      .array(anyBytes, { maxLength: 3 })
      .map((batches) => ({ given: batches, read: new Uint8Array(Buffer.concat(batches)) })),
  ],
]);

/** Any message of a table in a version. Fields that the version lacks are left out, and read as their defaults. */
export function anyMessage(fields: Fields, version: Version): fc.Arbitrary<Pair> {
  const members = Object.entries(fields).map(([name, field]) =>
    memberOf(field, version).map(({ given, read }) => ({ name, given, read })),
  );
  return fc.tuple(...members).map((all) => ({
    given: Object.fromEntries(all.filter(({ given }) => given !== undefined).map(({ name, given }) => [name, given])),
    read: Object.fromEntries(all.map(({ name, read }) => [name, read])),
  }));
}

function memberOf(field: Typed, version: Version): fc.Arbitrary<Pair> {
  const { from, to, tag, fallback } = field.presence;
  const leftOut = fc.constant({ given: undefined, read: fallback });
  if (version.version < from || version.version > to) return leftOut;
  if (tag === undefined) return valueOf(field, version);
  // Not sent at all where the version has no tags.
  return version.isFlexible ? fc.oneof(leftOut, valueOf(field, version)) : leftOut;
}

function valueOf(field: Typed, version: Version): fc.Arbitrary<Pair> {
  const value = typeOf(field, version);
  return version.version >= field.presence.nullableFrom
    ? fc.oneof({ weight: 1, arbitrary: same(fc.constant(null)) }, { weight: 3, arbitrary: value })
    : value;
}

function typeOf({ makeCodec, parts }: Typed, version: Version): fc.Arbitrary<Pair> {
  if (parts === undefined) {
    const known = plain.get(makeCodec);
    if (known === undefined) throw new Error("a type without parts that is not known here");
    return known;
  }
  if ("fields" in parts) return anyMessage(parts.fields, version);
  const item = isTyped(parts.itemOf) ? valueOf(parts.itemOf, version) : anyMessage(parts.itemOf, version);
  return fc.array(item, { maxLength: 3 }).map((items) => ({
    given: items.map(({ given }) => given),
    read: items.map(({ read }) => read),
  }));
}
