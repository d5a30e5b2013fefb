/**
 * A log entry as a DynamoDB item. Names are one letter each, because every byte of them is paid for with each write.
 *
 * | attribute | type | what                                                                        |
 * |-----------|------|-----------------------------------------------------------------------------|
 * | `pk`      | S    | log id                                                                      |
 * | `sk`      | N    | position                                                                    |
 * | `n`       | N    | next position                                                               |
 * | `a`       | S    | attempt                                                                     |
 * | `t`       | N    | appended at, ms                                                             |
 * | `m`       | B    | meta                                                                        |
 * | `p`       | B    | inline payload; or                                                          |
 * | `b`, `l`  | S, N | key and length of the blob that holds the payload                           |
 * | `x`, `e`  | N, N | expires at, in ms exactly; and in s rounded up, for DynamoDB's TTL. Or none |
 */
import { dynamoDbItemBytesMax, dynamoDbPartitionKeyBytesMax } from "../../limits.ts";
import { StorageCorruptError } from "../errors.ts";
import type { LogEntry, LogId, Payload } from "../log-store.ts";
import { type StoredItem, readBytes, readString, readWhole, ttlSeconds, utf8Bytes } from "./stored-values.ts";

/** The attribute that DynamoDB's TTL looks at, in both tables. */
export const ttlAttribute = "e";

/** @throws RangeError if the entry breaks the port's rules or does not fit an item */
export function encodeLogEntry(entry: LogEntry): StoredItem {
  const fault = faultOf(entry);
  if (fault !== undefined) throw new RangeError(`log entry ${entry.logId} ${entry.position}: ${fault}`);
  const sizeBytes = itemBytes(entry);
  if (sizeBytes > dynamoDbItemBytesMax) {
    throw new RangeError(`log entry ${entry.logId} ${entry.position}: ${sizeBytes} bytes are more than an item holds`);
  }
  const { payload, expiresAtMs } = entry;
  return {
    pk: { S: entry.logId },
    sk: { N: String(entry.position) },
    n: { N: String(entry.next) },
    a: { S: entry.attempt },
    t: { N: String(entry.appendedAtMs) },
    m: { B: entry.meta },
    ...(payload.kind === "inline"
      ? { p: { B: payload.bytes } }
      : { b: { S: payload.key }, l: { N: String(payload.lengthBytes) } }),
    ...(expiresAtMs === undefined ? {} : { x: { N: String(expiresAtMs) }, e: { N: String(ttlSeconds(expiresAtMs)) } }),
  };
}

/** @throws StorageCorruptError if the item is no entry of `logId` */
export function decodeLogEntry(item: StoredItem, logId: LogId): LogEntry {
  const entry: LogEntry = {
    logId,
    position: readWhole(item, "sk"),
    next: readWhole(item, "n"),
    attempt: readString(item, "a"),
    appendedAtMs: readWhole(item, "t"),
    meta: readBytes(item, "m"),
    payload: decodePayload(item),
    ...(item["x"] === undefined ? {} : { expiresAtMs: readWhole(item, "x") }),
  };
  const fault = readString(item, "pk") === logId ? faultOf(entry) : `it belongs to ${item["pk"]?.S}`;
  if (fault !== undefined) throw new StorageCorruptError(`log entry ${logId} ${entry.position}: ${fault}`);
  return entry;
}

/** What `ReadLimits.bytesMax` counts. */
export function countedBytes(entry: LogEntry): number {
  return entry.meta.length + (entry.payload.kind === "inline" ? entry.payload.bytes.length : 0);
}

function decodePayload(item: StoredItem): Payload {
  if (item["p"] !== undefined) return { kind: "inline", bytes: readBytes(item, "p") };
  return { kind: "blob", key: readString(item, "b"), lengthBytes: readWhole(item, "l") };
}

function faultOf(entry: LogEntry): string | undefined {
  const { logId, position, next, attempt, appendedAtMs, payload, expiresAtMs } = entry;
  if (logId === "" || utf8Bytes(logId) > dynamoDbPartitionKeyBytesMax) return "its log id is empty or too long";
  if (!isWhole(position)) return "its position is out of range";
  if (!isWhole(next) || next <= position) return `its next position ${next} is not after it`;
  if (attempt === "") return "it has no attempt id";
  if (!isWhole(appendedAtMs)) return `its time ${appendedAtMs} is out of range`;
  if (expiresAtMs !== undefined && !isWhole(expiresAtMs)) return `its expiry ${expiresAtMs} is out of range`;
  if (payload.kind === "blob" && payload.key === "") return "its blob has no key";
  if (payload.kind === "blob" && !isWhole(payload.lengthBytes)) return "the length of its blob is out of range";
  return undefined;
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** An upper bound: a number takes a byte for two digits and one more; 2^53 has 16. */
function itemBytes(entry: LogEntry): number {
  const { payload } = entry;
  const namesAndNumbers = 128;
  const strings = utf8Bytes(entry.logId) + utf8Bytes(entry.attempt);
  return namesAndNumbers + strings + countedBytes(entry) + (payload.kind === "blob" ? utf8Bytes(payload.key) : 0);
}
