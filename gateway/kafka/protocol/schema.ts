/**
 * How Kafka's messages are described: a table of fields, each with its type and the versions that have it. One description
 * encodes and decodes, requests and responses, every version.
 *
 * Source: Kafka protocol guide, "Protocol Primitive Types", and KIP-482 (compact types and tagged fields).
 */
import type { FrameWriter } from "./frame-writer.ts";
import type { MessageReader } from "./message-reader.ts";

/** How a value of one version is read and written. */
export interface Codec {
  readonly read: (reader: MessageReader) => unknown;
  /** @throws RangeError for a value that the type does not have */
  readonly write: (writer: FrameWriter, value: unknown) => void;
}

/** What a codec is made for. */
export interface Version {
  readonly version: number;
  /** Whether lengths are compact and fields may be tagged (KIP-482). */
  readonly isFlexible: boolean;
}

export type MakeCodec = (version: Version, isNullable: boolean) => Codec;

/** What a type is made of: how a table can be walked, beside being encoded. */
export type Parts = { readonly itemOf: Typed | Fields } | { readonly fields: Fields } | undefined;

export interface Presence {
  /** First version that has the field. */
  readonly from: number;
  /** Last version that has it. */
  readonly to: number;
  readonly nullableFrom: number;
  /** What it is where the version lacks it, or where it is not given. */
  readonly fallback: unknown;
  readonly tag?: number;
}

/**
 * A field of a message: what is read (`Out`), what may be given to write it (`In`), and whether it may be left out.
 * Fields never change; each method answers another one.
 */
export class Field<Out, In = Out, Optional extends boolean = false> {
  readonly presence: Presence;
  readonly makeCodec: MakeCodec;
  readonly parts: Parts;
  /** For the type checker alone. */
  declare readonly types: { readonly out: Out; readonly in: In; readonly optional: Optional };

  constructor(makeCodec: MakeCodec, presence: Presence, parts?: Parts) {
    this.makeCodec = makeCodec;
    this.presence = presence;
    this.parts = parts;
  }

  /** In this version and later ones; who writes may leave it out. */
  since(version: number): Field<Out, In, true> {
    return new Field(this.makeCodec, { ...this.presence, from: version }, this.parts);
  }

  /** In this version and earlier ones. */
  upTo(version: number): Field<Out, In, true> {
    return new Field(this.makeCodec, { ...this.presence, to: version }, this.parts);
  }

  /** Null is a value of it, from a version on. */
  nullableSince(version: number): Field<Out | null, In | null, Optional> {
    return new Field(this.makeCodec, { ...this.presence, nullableFrom: version }, this.parts);
  }

  nullable(): Field<Out | null, In | null, Optional> {
    return this.nullableSince(0);
  }

  /** What it is where the version lacks it or where it is left out, in place of 0, "", false or nothing. */
  default(fallback: Out): Field<Out, In, true> {
    return new Field(this.makeCodec, { ...this.presence, fallback }, this.parts);
  }

  /** A tagged field: sent only where it is not its default. */
  tagged(tag: number, since: number): Field<Out, In, true> {
    return new Field(this.makeCodec, { ...this.presence, tag, from: since }, this.parts);
  }
}

export interface Typed {
  readonly presence: Presence;
  readonly makeCodec: MakeCodec;
  readonly parts: Parts;
  readonly types: { readonly out: unknown; readonly in: unknown; readonly optional: boolean };
}

/** A table of fields, in the order of the wire. */
export type Fields = Readonly<Record<string, Typed>>;

type OptionalKeys<S extends Fields> = {
  [K in keyof S]: S[K]["types"]["optional"] extends true ? K : never;
}[keyof S];

/** What a table is read as: every field, with its default where the version lacks it. */
export type Decoded<S extends Fields> = { readonly [K in keyof S]: S[K]["types"]["out"] };
/** What is given to write it. */
export type Encodable<S extends Fields> = {
  readonly [K in Exclude<keyof S, OptionalKeys<S>>]: S[K]["types"]["in"];
} & { readonly [K in OptionalKeys<S>]?: S[K]["types"]["in"] | undefined };

interface Member extends Codec {
  readonly name: string;
  readonly fallback: unknown;
  /** The version lacks it: its default stands for it. */
  readonly isAbsent: boolean;
  readonly tag: number | undefined;
}

/** The codec of a whole table in one version. */
export function structCodec(fields: Fields, version: Version): Codec {
  const members = Object.entries(fields).map(([name, field]) => memberOf(name, field, version));
  const inline = members.filter(({ tag, isAbsent }) => tag === undefined && !isAbsent);
  const tagged = members.filter(({ tag, isAbsent }) => tag !== undefined && !isAbsent);
  const defaults = Object.fromEntries(members.map(({ name, fallback }) => [name, fallback]));
  return {
    read: (reader) => {
      const value: Record<string, unknown> = { ...defaults };
      for (const { name, read } of inline) value[name] = read(reader);
      if (version.isFlexible) readTagged(reader, tagged, value);
      return value;
    },
    write: (writer, value) => {
      const given = asRecord(value);
      for (const { name, write, fallback } of inline) write(writer, given[name] === undefined ? fallback : given[name]);
      if (version.isFlexible) writeTagged(writer, tagged, given);
    },
  };
}

function memberOf(name: string, { presence, makeCodec }: Typed, version: Version): Member {
  const { from, to, nullableFrom, fallback, tag } = presence;
  const isAbsent = version.version < from || version.version > to;
  const isNullable = version.version >= nullableFrom;
  return { name, ...makeCodec(version, isNullable), fallback, isAbsent, tag };
}

function readTagged(reader: MessageReader, members: readonly Member[], value: Record<string, unknown>): void {
  const count = reader.unsignedVarint();
  reader.takeItems(count);
  for (let index = 0; index < count; index += 1) {
    const tag = reader.unsignedVarint();
    const size = reader.unsignedVarint();
    const member = members.find((candidate) => candidate.tag === tag);
    if (member === undefined) reader.skip(size);
    else {
      const end = reader.position + size;
      value[member.name] = member.read(reader);
      reader.skip(end - reader.position);
    }
  }
}

function writeTagged(writer: FrameWriter, members: readonly Member[], given: Readonly<Record<string, unknown>>): void {
  const sent = members.filter(({ name, fallback }) => !isDefault(given[name], fallback));
  writer.bytes.unsignedVarint(sent.length);
  for (const { name, tag, write } of sent.toSorted((one, other) => (one.tag ?? 0) - (other.tag ?? 0))) {
    writer.bytes.unsignedVarint(tag ?? 0);
    writer.sized((sizedWriter) => write(sizedWriter, given[name]));
  }
}

function isDefault(value: unknown, fallback: unknown): boolean {
  if (value === undefined || value === fallback) return true;
  if (Array.isArray(value)) return value.length === 0 && Array.isArray(fallback) && fallback.length === 0;
  if (typeof value !== "object" || value === null || typeof fallback !== "object" || fallback === null) return false;
  const standing = asRecord(fallback);
  return Object.entries(value).every(([name, part]) => isDefault(part, standing[name]));
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new RangeError("a structure is needed");
  return value as Readonly<Record<string, unknown>>;
}
