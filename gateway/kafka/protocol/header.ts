/** Headers of requests and responses (KIP-482: v2 and v1 of them have tagged fields, of which none is known). */
import type { FrameWriter } from "./frame-writer.ts";
import type { MessageReader } from "./message-reader.ts";

export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
}

/** All but the tagged fields, which only flexible versions of an API have: what stands first in every version. */
export function readRequestHeader(reader: MessageReader): RequestHeader {
  const apiKey = reader.i16();
  const apiVersion = reader.i16();
  const correlationId = reader.i32();
  const length = reader.i16();
  return { apiKey, apiVersion, correlationId, clientId: length < 0 ? null : reader.text(length) };
}

export function writeRequestHeader(writer: FrameWriter, header: RequestHeader, isFlexible: boolean): void {
  const { bytes } = writer;
  bytes.i16(header.apiKey);
  bytes.i16(header.apiVersion);
  bytes.i32(header.correlationId);
  if (header.clientId === null) bytes.i16(-1);
  else {
    bytes.i16(Buffer.byteLength(header.clientId));
    bytes.text(header.clientId);
  }
  if (isFlexible) bytes.unsignedVarint(0);
}

/** Moves over tagged fields that nobody knows. */
export function skipTagged(reader: MessageReader): void {
  const count = reader.unsignedVarint();
  reader.takeItems(count);
  for (let index = 0; index < count; index += 1) {
    reader.unsignedVarint();
    reader.skip(reader.unsignedVarint());
  }
}
