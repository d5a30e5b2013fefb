/**
 * Reads the JSON bodies of produce by hand: a schema takes several times as long for a thousand records. What is accepted
 * is what `shared/api/schemas/produce.ts` accepts; a test holds both against each other.
 */
import { ServiceError } from "../../shared/api/errors.ts";
import { int32Max } from "../../shared/api/schemas/common.ts";
import { partitionRequestFields } from "../../shared/api/schemas/produce.ts";
import { recordHeadersMax, recordKeyBytesMax, requestRecordsMax } from "../../shared/limits.ts";
import type {
  AppendConditions,
  ProduceRecord,
  ProducerIdentity,
  RecordHeader,
} from "../../shared/services/services.ts";
import * as z from "zod";
import { checked, invalidRequest } from "../http/invalid-request.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

const partitionFields = z.strictObject(partitionRequestFields);

/** @throws ServiceError INVALID_REQUEST | RECORD_LIST_TOO_LARGE | MESSAGE_TOO_LARGE */
export function parseProduceBody(json: unknown): readonly ProduceRecord[] {
  const body = objectOf(json, "");
  for (const name in body) if (name !== "records") throw invalidRequest("body", name, "is not known here");
  return parseRecords(body["records"], true);
}

export interface PartitionProduceBody {
  readonly records: readonly ProduceRecord[];
  readonly producer?: ProducerIdentity;
  readonly transactionalId?: string;
  readonly conditions: AppendConditions;
}

/** @throws ServiceError INVALID_REQUEST | RECORD_LIST_TOO_LARGE | MESSAGE_TOO_LARGE */
export function parsePartitionProduceBody(json: unknown): PartitionProduceBody {
  const { records, ...rest } = objectOf(json, "");
  const { producerId, producerEpoch, baseSequence, transactionalId, ...conditions } = checked(
    partitionFields,
    "body",
    rest,
  );
  const transaction = transactionalId === undefined ? {} : { transactionalId };
  const parsed = { records: parseRecords(records, false), conditions, ...transaction };
  const fields = { producerId, producerEpoch, baseSequence };
  const missing = Object.entries(fields).find(([, value]) => value === undefined)?.[0];
  if (producerId !== undefined && producerEpoch !== undefined && baseSequence !== undefined) {
    return { ...parsed, producer: { producerId: BigInt(producerId), producerEpoch, baseSequence } };
  }
  const isNone = Object.values(fields).every((value) => value === undefined);
  if (isNone && transactionalId === undefined) return parsed;
  throw invalidRequest(
    "body",
    String(missing),
    isNone
      ? "is missing; records of a transaction need its producer"
      : "producerId, producerEpoch and baseSequence come together",
  );
}

/** @throws ServiceError INVALID_REQUEST | RECORD_LIST_TOO_LARGE | MESSAGE_TOO_LARGE */
export function parseRecords(list: unknown, mayNamePartition: boolean): readonly ProduceRecord[] {
  if (!Array.isArray(list)) throw invalidRequest("body", "records", "must be a list of records");
  if (list.length === 0) throw invalidRequest("body", "records", "must hold at least one record");
  checkRecordCount(list.length);
  return list.map((record: unknown, index) => parseRecord(record, index, mayNamePartition));
}

/**
 * @param recordsMax fewer where the answer could not tell the results of so many
 * @throws ServiceError RECORD_LIST_TOO_LARGE
 */
export function checkRecordCount(records: number, recordsMax = requestRecordsMax): void {
  if (records > recordsMax) {
    throw new ServiceError("RECORD_LIST_TOO_LARGE", `A request may hold ${recordsMax} records here`, {
      details: { records, recordsMax },
    });
  }
}

function parseRecord(json: unknown, index: number, mayNamePartition: boolean): ProduceRecord {
  const record = objectOf(json, "", index);
  for (const name in record) {
    if (name !== "key" && name !== "value" && name !== "headers" && name !== "timestamp") {
      if (name !== "partition" || !mayNamePartition) throw problem(index, name, "is not known here");
    }
  }
  if (!("value" in record)) throw problem(index, "value", "is missing; null makes a tombstone");
  const key = record["key"] === undefined ? null : bytesOf(record["key"], index, "key");
  if (key !== null && key.byteLength > recordKeyBytesMax) throw keyTooLarge(index, key.byteLength);
  const value = bytesOf(record["value"], index, "value");
  const headers = record["headers"] === undefined ? [] : parseHeaders(record["headers"], index);
  const { partition, timestamp } = record;
  if (timestamp !== undefined && !isCount(timestamp, Number.MAX_SAFE_INTEGER)) {
    throw problem(index, "timestamp", "must be a whole number of ms since the epoch");
  }
  if (partition !== undefined && !isCount(partition, int32Max)) {
    throw problem(index, "partition", "must be a whole number from 0");
  }
  // Fields that are undefined, not left out: a request's records then all have one shape, which is a third quicker.
  return { key, value, headers, partition, timestamp };
}

function parseHeaders(json: unknown, index: number): readonly RecordHeader[] {
  const headers: RecordHeader[] = [];
  if (Array.isArray(json)) {
    if (json.length > recordHeadersMax) throw problem(index, "headers", `may be ${recordHeadersMax} at most`);
    json.forEach((header: unknown, position) => {
      const field = `headers[${position}]`;
      const { key, value, ...rest } = objectOf(header, field, index);
      for (const name in rest) throw problem(index, `${field}.${name}`, "is not known here");
      if (typeof key !== "string" || !key.isWellFormed()) throw problem(index, `${field}.key`, "must be a string");
      headers.push({ key, value: bytesOf(value, index, `${field}.value`) });
    });
    return headers;
  }
  const object = objectOf(json, "headers", index);
  const keys = Object.keys(object);
  if (keys.length > recordHeadersMax) throw problem(index, "headers", `may be ${recordHeadersMax} at most`);
  for (const key of keys) {
    if (!key.isWellFormed()) throw problem(index, "headers", "must have names of whole characters");
    headers.push({ key, value: bytesOf(object[key], index, `headers.${key}`) });
  }
  return headers;
}

function bytesOf(json: unknown, index: number, field: string): Uint8Array | null {
  if (typeof json === "string") {
    // A lone surrogate has no UTF-8 form, and encoding it would change the record silently.
    if (!json.isWellFormed()) throw problem(index, field, "has half a character; send such bytes as base64");
    return Buffer.from(json, "utf8");
  }
  if (json === null) return null;
  if (typeof json === "object" && !Array.isArray(json)) {
    const { base64, ...rest } = json as JsonObject;
    for (const name in rest) throw problem(index, `${field}.${name}`, "is not known here; send JSON as a string");
    if (typeof base64 === "string") return base64Bytes(base64, index, field);
  }
  throw problem(index, field, 'must be a string, {"base64": "..."} or null');
}

/** RFC 4648 section 4: the standard alphabet, padded. Node's decoder skips what it does not know, which the length shows. */
function base64Bytes(base64: string, index: number, field: string): Uint8Array {
  const bytes = Buffer.from(base64, "base64");
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  const isWhole = base64.length % 4 === 0 && bytes.byteLength === (base64.length / 4) * 3 - padding;
  if (!isWhole || base64.includes("-") || base64.includes("_")) {
    throw problem(index, `${field}.base64`, "must be base64 with padding");
  }
  return bytes;
}

function isCount(value: unknown, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

export function objectOf(json: unknown, field: string, index?: number): JsonObject {
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as JsonObject;
  if (index === undefined) throw invalidRequest("body", field, "must be a JSON object");
  throw problem(index, field, "must be a JSON object");
}

function problem(index: number, field: string, text: string): ServiceError {
  return invalidRequest("body", field === "" ? `records[${index}]` : `records[${index}].${field}`, text);
}

function keyTooLarge(index: number, keyBytes: number): ServiceError {
  return new ServiceError("MESSAGE_TOO_LARGE", `A key may have ${recordKeyBytesMax} bytes`, {
    details: { in: "body", field: `records[${index}].key`, keyBytes, keyBytesMax: recordKeyBytesMax },
  });
}
