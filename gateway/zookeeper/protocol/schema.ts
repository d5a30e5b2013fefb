/** What jute records are made of: each field reads and writes itself, so that one table serves both directions. */
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import type { JuteReader } from "./jute-reader.ts";
import type { JuteWriter } from "./jute-writer.ts";

/** @throws MalformedBytesError from `read` */
export interface Field<Value> {
  read(from: JuteReader): Value;
  write(to: JuteWriter, value: Value): void;
  /** Bytes that every value has at least. */
  readonly bytesMin: number;
}

export type ValueOf<Of> = Of extends Field<infer Value> ? Value : never;

export const int: Field<number> = {
  read: (from) => from.int(),
  write: (to, value) => void to.int(value),
  bytesMin: 4,
};
export const long: Field<bigint> = {
  read: (from) => from.long(),
  write: (to, value) => void to.long(value),
  bytesMin: 8,
};
/** A long as a number: zxids, times. What is beyond 2^53-1 is read as the nearest that is not. */
export const safeLong: Field<number> = {
  read: (from) => from.clampedLong(),
  write: (to, value) => void to.safeLong(value),
  bytesMin: 8,
};
export const bool: Field<boolean> = {
  read: (from) => from.bool(),
  write: (to, value) => void to.bool(value),
  bytesMin: 1,
};
export const buffer: Field<Uint8Array | null> = {
  read: (from) => from.buffer(),
  write: (to, value) => void to.buffer(value),
  bytesMin: 4,
};
export const ustring: Field<string> = {
  read: (from) => {
    const text = from.text();
    if (text === null) throw new MalformedBytesError("text is missing");
    return text;
  },
  write: (to, value) => void to.text(value),
  bytesMin: 4,
};
/** Some clients send nothing where the text is empty. */
export const ustringOrEmpty: Field<string> = {
  read: (from) => from.text() ?? "",
  write: (to, value) => void to.text(value),
  bytesMin: 4,
};
export const nullableUstring: Field<string | null> = {
  read: (from) => from.text(),
  write: (to, value) => void to.text(value),
  bytesMin: 4,
};

/** Null is read as no items. */
export function vector<Item>(item: Field<Item>): Field<readonly Item[]> {
  return {
    read: (from) => Array.from({ length: from.count(item.bytesMin) }, () => item.read(from)),
    write: (to, items) => {
      to.int(items.length);
      for (const one of items) item.write(to, one);
    },
    bytesMin: 4,
  };
}

/** Absent where the bytes end before it, as older clients have it. */
export function optional<Value>(field: Field<Value>): Field<Value | undefined> {
  return {
    read: (from) => (from.left === 0 ? undefined : field.read(from)),
    write: (to, value) => {
      if (value !== undefined) field.write(to, value);
    },
    bytesMin: 0,
  };
}

type RecordOf<Fields> = { readonly [Name in keyof Fields]: ValueOf<Fields[Name]> };

/** Fields in their order, by their names in `zookeeper.jute`. */
export function record<const Fields extends object>(fields: Fields): Field<RecordOf<Fields>> {
  const entries = Object.entries(fields) as readonly (readonly [string, Field<unknown>])[];
  return {
    read: (from) => {
      const value: Record<string, unknown> = {};
      for (const [name, field] of entries) value[name] = field.read(from);
      return value as RecordOf<Fields>;
    },
    write: (to, value) => {
      const values = value as Record<string, unknown>;
      for (const [name, field] of entries) field.write(to, values[name]);
    },
    bytesMin: entries.reduce((sum, [, { bytesMin }]) => sum + bytesMin, 0),
  };
}
