/** Messages as Kafka's own classes encode them: `test/fixtures/kafka-messages`, and how ours are compared with them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Api } from "../../../../gateway/kafka/protocol/api.ts";
import { FrameWriter } from "../../../../gateway/kafka/protocol/frame-writer.ts";
import { MessageReader } from "../../../../gateway/kafka/protocol/message-reader.ts";
import type { Fields, Typed } from "../../../../gateway/kafka/protocol/schema.ts";
import { records } from "../../../../gateway/kafka/protocol/types.ts";

export interface KafkaMessage {
  readonly version: number;
  readonly kind: "request" | "response";
  readonly bytes: Uint8Array;
  /** As Kafka's own converter to JSON tells it: bytes as base64, record batches as their size. */
  readonly value: Json;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const folder = join(import.meta.dirname, "..", "..", "..", "fixtures", "kafka-messages");

/** Names of the APIs that there are messages of. */
export const kafkaMessageApis: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith(".json"))
  .map((file) => file.slice(0, -".json".length));

/** All messages of an API in Kafka's fixtures; none where there is no file. */
export function kafkaMessages(name: string): readonly KafkaMessage[] {
  if (!kafkaMessageApis.includes(name)) return [];
  const entries = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as readonly (KafkaMessage & {
    readonly bytes: string;
  })[];
  return entries.map((entry) => ({ ...entry, bytes: new Uint8Array(Buffer.from(entry.bytes, "base64")) }));
}

export type Message = Readonly<Record<string, unknown>>;
type Described = Pick<Api, "request" | "response" | "readRequest" | "readResponse" | "writeRequest" | "writeResponse">;

/** Reads a message and everything of it. @throws MalformedBytesError as the API does, and for bytes that are left */
export function decodeMessage(api: Described, { kind, version, bytes }: Omit<KafkaMessage, "value">): unknown {
  const reader = new MessageReader(bytes);
  const value = kind === "request" ? api.readRequest(version, reader) : api.readResponse(version, reader);
  reader.expectEnd();
  return value;
}

/** Writes what `decodeMessage` read, or what may be written. */
export function encodeMessage(api: Described, kind: KafkaMessage["kind"], version: number, value: Message): Uint8Array {
  const writer = new FrameWriter();
  if (kind === "request") api.writeRequest(version, writer, value);
  else api.writeResponse(version, writer, value);
  return new Uint8Array(Buffer.concat(writer.finish().pieces));
}

/** What was read as it is written: record batches are read as one piece and written as several. */
export function encodable(fields: Fields, value: unknown): Message {
  const given = value as Message;
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, encodablePart(field, given[name])]));
}

function encodablePart({ makeCodec, parts }: Typed, value: unknown): unknown {
  if (value === null) return null;
  if (makeCodec === records.makeCodec) return [value];
  if (parts === undefined) return value;
  if ("fields" in parts) return encodable(parts.fields, value);
  const { itemOf } = parts;
  return (value as readonly unknown[]).map((item) =>
    isTyped(itemOf) ? encodablePart(itemOf, item) : encodable(itemOf, item),
  );
}

export function isTyped(given: Typed | Fields): given is Typed {
  return typeof given["makeCodec"] === "function";
}

/** What differs between a value that we read and what Kafka says of the same bytes: paths, none where they agree. */
export function differences(ours: unknown, theirs: Json, path = ""): string[] {
  if (Array.isArray(theirs)) {
    if (!Array.isArray(ours) || ours.length !== theirs.length) return [path];
    return theirs.flatMap((item, index) => differences(ours[index], item as Json, `${path}[${index}]`));
  }
  if (typeof theirs === "object" && theirs !== null) {
    if (typeof ours !== "object" || ours === null) return [path];
    const given = ours as Readonly<Record<string, unknown>>;
    return Object.entries(theirs as Readonly<Record<string, Json>>).flatMap(([name, value]) => {
      if (!name.endsWith("SizeInBytes")) return differences(given[name], value, `${path}.${name}`);
      const batches = given[name.slice(0, -"SizeInBytes".length)];
      return batches instanceof Uint8Array && batches.length === value ? [] : [`${path}.${name}`];
    });
  }
  return plainOf(ours) === theirs ? [] : [`${path}: ${String(plainOf(ours))}, ${String(theirs)}`];
}

function plainOf(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}
