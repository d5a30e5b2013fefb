/** The types of fields that Kafka's messages are made of. */
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import type { FrameWriter } from "./frame-writer.ts";
import type { MessageReader } from "./message-reader.ts";
import {
  type Codec,
  type Decoded,
  type Encodable,
  Field,
  type Fields,
  type Parts,
  structCodec,
  type Version,
} from "./schema.ts";

const uuidBytes = 16;
const shortTextBytesMax = 0x7fff;
const utf8BytesMax = 4;
const always = { from: 0, to: Infinity, nullableFrom: Infinity };

/** A type whose values look the same in every version. */
function plain<Value>(
  fallback: Value,
  read: (reader: MessageReader) => Value,
  write: (writer: FrameWriter, value: Value) => void,
): Field<Value> {
  const codec = codecOf(read, write);
  return new Field<Value>(() => codec, { ...always, fallback });
}

/** The tables' types see to it that `write` gets what it takes. */
function codecOf<Value>(
  read: (reader: MessageReader) => Value,
  write: (writer: FrameWriter, value: Value) => void,
): Codec {
  return { read, write: (writer, value) => write(writer, value as Value) };
}

export const bool = plain(
  false,
  (reader) => reader.u8() !== 0,
  (writer, value) => writer.bytes.boolean(value),
);
export const int8 = plain(
  0,
  (reader) => reader.i8(),
  (writer, value) => writer.bytes.i8(value),
);
export const int16 = plain(
  0,
  (reader) => reader.i16(),
  (writer, value) => writer.bytes.i16(value),
);
export const uint16 = plain(
  0,
  (reader) => reader.u16(),
  (writer, value) => writer.bytes.u16(value),
);
export const int32 = plain(
  0,
  (reader) => reader.i32(),
  (writer, value) => writer.bytes.i32(value),
);
export const int64 = plain(
  0n,
  (reader) => reader.i64(),
  (writer, value) => writer.bytes.i64(value),
);
/** An int64 as a number: offsets, timestamps, durations. What is beyond 2^53-1 is read as the nearest that is not. */
export const offset64 = plain(
  0,
  (reader) => reader.clampedI64(),
  (writer, value) => writer.bytes.i64(BigInt(value)),
);
export const float64 = plain(
  0,
  (reader) => reader.f64(),
  (writer, value) => writer.bytes.f64(value),
);

export const zeroUuid = "AAAAAAAAAAAAAAAAAAAAAA";
/** As Kafka prints one: 22 characters of base64url. */
export const uuid = plain(
  zeroUuid,
  (reader) => Buffer.from(reader.view(uuidBytes)).toString("base64url"),
  (writer, value) => {
    const bytes = Buffer.from(value, "base64url");
    if (bytes.length !== uuidBytes) throw new RangeError(`${value} is no UUID`);
    writer.bytes.raw(bytes);
  },
);

interface LengthForm {
  /** The length, or -1 for null. */
  readonly read: (reader: MessageReader) => number;
  readonly write: (writer: FrameWriter, length: number) => void;
}

const compactLength: LengthForm = {
  read: (reader) => reader.unsignedVarint() - 1,
  write: (writer, length) => writer.bytes.unsignedVarint(length + 1),
};
const shortLength: LengthForm = {
  read: (reader) => reader.i16(),
  write: (writer, length) => writer.bytes.i16(length),
};
const longLength: LengthForm = {
  read: (reader) => reader.i32(),
  write: (writer, length) => writer.bytes.i32(length),
};

/** A type behind its length, of which one stands for null. */
function behindLength<Out, In>(
  fallback: Out,
  form: (version: Version) => LengthForm,
  item: (version: Version) => {
    readonly read: (reader: MessageReader, length: number) => Out;
    readonly write: (writer: FrameWriter, value: In, writeLength: (length: number) => void) => void;
  },
  parts?: Parts,
): Field<Out, In> {
  return new Field<Out, In>(
    (version, isNullable) => {
      const length = form(version);
      const { read, write } = item(version);
      return codecOf<Out | In | null>(
        (reader) => {
          const count = length.read(reader);
          if (count >= 0) return read(reader, count);
          if (isNullable && count === -1) return null;
          throw new MalformedBytesError(`length ${count} before ${reader.position}`);
        },
        (writer, value) => {
          if (value !== null) write(writer, value as In, (count) => length.write(writer, count));
          else if (isNullable) length.write(writer, -1);
          else throw new RangeError("null where the version has none");
        },
      );
    },
    { ...always, fallback },
    parts,
  );
}

export const string = behindLength<string, string>(
  "",
  ({ isFlexible }) => (isFlexible ? compactLength : shortLength),
  ({ isFlexible }) => ({
    read: (reader, length) => reader.text(length),
    write: (writer, value, writeLength) => {
      const text = isFlexible ? value : cutToShort(value);
      writeLength(Buffer.byteLength(text));
      writer.bytes.text(text);
    },
  }),
);

/** Messages, and names that were asked for and cannot be, may be longer than a short length tells. */
function cutToShort(text: string): string {
  if (text.length <= shortTextBytesMax / utf8BytesMax || Buffer.byteLength(text) <= shortTextBytesMax) return text;
  // The end of what was cut in the middle is no character.
  return new TextDecoder()
    .decode(Buffer.from(text).subarray(0, shortTextBytesMax - utf8BytesMax))
    .replace(/\ufffd$/, "");
}

const emptyBytes = new Uint8Array();
export const bytes = behindLength<Uint8Array, Uint8Array>(
  emptyBytes,
  ({ isFlexible }) => (isFlexible ? compactLength : longLength),
  () => ({
    read: (reader, length) => reader.view(length),
    write: (writer, value, writeLength) => {
      writeLength(value.length);
      writer.large(value);
    },
  }),
);

/** RecordBatches one behind the other; written from where they are. */
export const records = behindLength<Uint8Array, readonly Uint8Array[]>(
  emptyBytes,
  ({ isFlexible }) => (isFlexible ? compactLength : longLength),
  () => ({
    read: (reader, length) => reader.view(length),
    write: (writer, value, writeLength) => {
      writeLength(value.reduce((sum, { length }) => sum + length, 0));
      for (const batch of value) writer.large(batch);
    },
  }),
);

export function array<S extends Fields>(item: S): Field<readonly Decoded<S>[], readonly Encodable<S>[]>;
export function array<Out, In>(item: Field<Out, In, boolean>): Field<readonly Out[], readonly In[]>;
export function array(item: Fields | Field<unknown, unknown, boolean>): Field<readonly unknown[], readonly unknown[]> {
  return behindLength<readonly unknown[], readonly unknown[]>(
    [],
    ({ isFlexible }) => (isFlexible ? compactLength : longLength),
    (version) => {
      const { read, write } =
        item instanceof Field
          ? item.makeCodec(version, version.version >= item.presence.nullableFrom)
          : structCodec(item, version);
      return {
        read: (reader, length) => {
          reader.takeItems(length);
          const items: unknown[] = [];
          for (let index = 0; index < length; index += 1) items.push(read(reader));
          return items;
        },
        write: (writer, value, writeLength) => {
          writeLength(value.length);
          for (const entry of value) write(writer, entry);
        },
      };
    },
    { itemOf: item },
  );
}

/** A table inside a table. */
export function struct<S extends Fields>(fields: S): Field<Decoded<S>, Encodable<S>> {
  return new Field<Decoded<S>, Encodable<S>>(
    (version, isNullable) => {
      const codec = structCodec(fields, version);
      if (!isNullable) return codec;
      return {
        read: (reader) => (reader.i8() < 0 ? null : codec.read(reader)),
        write: (writer, value) => {
          writer.bytes.i8(value === null ? -1 : 1);
          if (value !== null) codec.write(writer, value);
        },
      };
    },
    { ...always, fallback: null },
    { fields },
  );
}
