/**
 * How an item lies in LMDB; its key is the item's.
 *
 *     version, varlong | expiresAtMs + 1, varlong, 0 for none | attributes, varint
 *     each attribute: name, string | type, 1 byte | value
 *     types: 0 string, 1 number as f64, 2 false, 3 true, 4 bytes
 */
import type { ByteReader } from "../../record/byte-reader.ts";
import type { ByteWriter } from "../../record/byte-writer.ts";
import { StorageCorruptError } from "../errors.ts";
import type { AttributeValue, Item, ItemKey } from "../item-store.ts";
import { decodeValue, encodeValue, plainBytes } from "./checked-value.ts";

export interface StoredItem {
  readonly item: Item;
  readonly expiresAtMs?: number;
}

const type = { string: 0, number: 1, false: 2, true: 3, bytes: 4 } as const;

export function encodeItem(key: Uint8Array, { item, expiresAtMs }: StoredItem): Buffer {
  const attributes = Object.entries(item.attributes);
  return encodeValue(key, 256, (writer) => {
    writer.unsignedVarlongSafe(item.version);
    writer.unsignedVarlongSafe(expiresAtMs === undefined ? 0 : expiresAtMs + 1);
    writer.unsignedVarint(attributes.length);
    for (const [name, value] of attributes) {
      writer.prefixedString(name);
      writeAttribute(writer, value);
    }
  });
}

/** @throws StorageCorruptError if the value is not as it was written */
export function decodeItem(itemKey: ItemKey, key: Uint8Array, value: Uint8Array): StoredItem {
  return decodeValue(key, value, `item ${itemKey.partition} ${itemKey.sort}`, (reader) => {
    const version = reader.unsignedVarlongSafe();
    const expiry = reader.unsignedVarlongSafe();
    const count = reader.unsignedVarint();
    const attributes: [string, AttributeValue][] = [];
    for (let index = 0; index < count; index += 1) attributes.push([reader.prefixedString(), readAttribute(reader)]);
    // An assignment would take the name `__proto__` for something else.
    const item: Item = { key: itemKey, version, attributes: Object.fromEntries(attributes) };
    return expiry === 0 ? { item } : { item, expiresAtMs: expiry - 1 };
  });
}

function writeAttribute(writer: ByteWriter, value: AttributeValue): void {
  if (typeof value === "string") {
    writer.u8(type.string);
    writer.prefixedString(value);
  } else if (typeof value === "number") {
    writer.u8(type.number);
    writer.f64(value);
  } else if (typeof value === "boolean") {
    writer.u8(value ? type.true : type.false);
  } else {
    writer.u8(type.bytes);
    writer.prefixedBytes(value);
  }
}

function readAttribute(reader: ByteReader): AttributeValue {
  const found = reader.u8();
  switch (found) {
    case type.string:
      return reader.prefixedString();
    case type.number:
      return reader.f64();
    case type.false:
      return false;
    case type.true:
      return true;
    case type.bytes:
      return plainBytes(reader, reader.unsignedVarint());
    default:
      throw new StorageCorruptError(`an attribute has the unknown type ${found}`);
  }
}
