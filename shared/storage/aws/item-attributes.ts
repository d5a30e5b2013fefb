/**
 * An item of the item port as a DynamoDB item.
 *
 * | attribute   | type          | what                                                                        |
 * |-------------|---------------|-----------------------------------------------------------------------------|
 * | `pk`, `sk`  | S             | partition and sort key                                                      |
 * | `v`         | N             | version                                                                     |
 * | `x`, `e`    | N             | expires at, in ms exactly; and in s rounded up, for DynamoDB's TTL. Or none |
 * | `_<name>`   | S, N, BOOL, B | attribute `<name>`; the prefix keeps names apart from ours                  |
 *
 * What is not in the table is passed over when it is read, so that an older version can live beside a newer one.
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { dynamoDbItemBytesMax, dynamoDbPartitionKeyBytesMax, dynamoDbSortKeyBytesMax } from "../../limits.ts";
import { StorageCorruptError } from "../errors.ts";
import type { AttributeValue as PortValue, Attributes, Item, ItemKey } from "../item-store.ts";
import { type StoredItem, readString, readWhole, utf8Bytes } from "./stored-values.ts";

export const versionAttribute = "v";
export const expiryAttribute = "x";

const attributePrefix = "_";
/** DynamoDB keeps numbers of a magnitude from 1e-130 to 9.9e125; a double reaches further. */
const numberMagnitudeMin = 1e-130;
const numberMagnitudeMax = 9.99e125;

/** @throws RangeError if DynamoDB takes no such key */
export function encodeKey(key: ItemKey): { readonly pk: AttributeValue; readonly sk: AttributeValue } {
  checkKeyPart("partition", key.partition, dynamoDbPartitionKeyBytesMax);
  checkKeyPart("sort", key.sort, dynamoDbSortKeyBytesMax);
  return { pk: { S: key.partition }, sk: { S: key.sort } };
}

/** @throws RangeError if the name is empty */
export function storedName(name: string): string {
  if (name === "") throw new RangeError("an attribute has no name");
  return attributePrefix + name;
}

/** @throws RangeError if DynamoDB cannot hold the value as it is */
export function encodeValue(value: PortValue): AttributeValue {
  if (typeof value === "string") return { S: value };
  if (typeof value === "boolean") return { BOOL: value };
  return typeof value === "number" ? { N: encodeNumber(value) } : { B: value };
}

/** @throws RangeError if what is to be set cannot fit one item */
export function checkAttributesFit(attributes: Attributes): void {
  let bytes = 0;
  for (const [name, value] of Object.entries(attributes)) bytes += utf8Bytes(name) + 1 + valueBytes(value);
  if (bytes > dynamoDbItemBytesMax) throw new RangeError(`${bytes} bytes of attributes are more than an item holds`);
}

/** @throws StorageCorruptError if this is no item of this port */
export function decodeItem(stored: StoredItem): Item {
  const values = Object.entries(stored).filter(([name]) => name.startsWith(attributePrefix));
  const attributes = Object.fromEntries(
    values.map(([name, value]) => [name.slice(attributePrefix.length), decodeValue(name, value)]),
  );
  const version = readWhole(stored, versionAttribute);
  if (version === 0) throw new StorageCorruptError("the version of an item is 0");
  return { key: { partition: readString(stored, "pk"), sort: readString(stored, "sk") }, version, attributes };
}

function decodeValue(name: string, value: AttributeValue): PortValue {
  if (value.S !== undefined) return value.S;
  if (value.B !== undefined) return value.B;
  if (value.BOOL !== undefined) return value.BOOL;
  const number = value.N === undefined ? Number.NaN : Number(value.N);
  if (!Number.isFinite(number))
    throw new StorageCorruptError(`attribute ${name} holds a type that this port does not know`);
  return number;
}

function encodeNumber(value: number): string {
  const magnitude = Math.abs(value);
  // The form of this test refuses NaN as well.
  if (magnitude === 0) return "0";
  if (magnitude >= numberMagnitudeMin && magnitude <= numberMagnitudeMax) return String(value);
  throw new RangeError(`DynamoDB cannot hold the number ${value}`);
}

function checkKeyPart(part: string, text: string, bytesMax: number): void {
  const bytes = utf8Bytes(text);
  if (bytes === 0 || bytes > bytesMax) throw new RangeError(`the ${part} key has ${bytes} bytes, not 1 to ${bytesMax}`);
}

function valueBytes(value: PortValue): number {
  if (typeof value === "string") return utf8Bytes(value);
  if (typeof value === "number") return 11;
  return typeof value === "boolean" ? 1 : value.length;
}
