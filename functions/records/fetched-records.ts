/** Records as the JSON answers of fetch have them. */
import type { FetchedRecordAnswer } from "../../shared/api/schemas/fetch.ts";
import type { FetchedRecord } from "../../shared/services/services.ts";
import { encodedBytes } from "../http/json-bytes.ts";

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
