/** Records as the JSON answers of fetch have them. */
import { isUtf8 } from "node:buffer";
import type { EncodedBytes } from "../../shared/api/schemas/common.ts";
import type { FetchedRecordAnswer } from "../../shared/api/schemas/fetch.ts";
import type { FetchedRecord } from "../../shared/services/services.ts";

/** One record as JSON: bytes that are valid UTF-8 as a string, others as base64. */
export function fetchedRecordAnswer(record: FetchedRecord): FetchedRecordAnswer {
  return {
    offset: record.offset,
    timestamp: record.timestamp,
    key: encodedBytes(record.key),
    value: encodedBytes(record.value),
    headers: record.headers.map(({ key, value }) => ({ key, value: encodedBytes(value) })),
  };
}

function encodedBytes(bytes: Uint8Array | null): EncodedBytes | null {
  if (bytes === null) return null;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? buffer.toString("utf8") : { base64: buffer.toString("base64") };
}
