/** What the ports take at most. A value beyond it is a bug of the caller, so it throws RangeError before anything is sent. */
import {
  attemptCharsMax,
  blobKeyCharsMax,
  blobKeySegmentCharsMax,
  deleteKeysMax,
  entryMetaBytesMax,
  inlinePayloadBytesMax,
  itemPartitionCharsMax,
  itemSortCharsMax,
  listLimitMax,
  logIdCharsMax,
} from "../limits.ts";
import type { BlobRange } from "./blob-store.ts";
import type { ItemKey } from "./item-store.ts";
import type { LogEntry } from "./log-store.ts";

const blobKeyPattern = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;
const blobPrefixPattern = /^(?:[A-Za-z0-9._-]+\/)*[A-Za-z0-9._-]*$/;

/** @throws RangeError if the entry breaks the port's rules */
export function checkEntry(entry: LogEntry): void {
  const { logId, position, next, payload } = entry;
  const at = `entry ${logId}@${position}`;
  checkText(logId, logIdCharsMax, "log id");
  if (!isPosition(position) || !isPosition(next) || next <= position) throw new RangeError(`${at} ends at ${next}`);
  checkText(entry.attempt, attemptCharsMax, `attempt of ${at}`);
  if (!isPosition(entry.appendedAtMs)) throw new RangeError(`${at} was appended at ${entry.appendedAtMs}`);
  if (entry.expiresAtMs !== undefined && !isPosition(entry.expiresAtMs)) {
    throw new RangeError(`${at} expires at ${entry.expiresAtMs}`);
  }
  if (entry.meta.length > entryMetaBytesMax) throw new RangeError(`${at} has ${entry.meta.length} bytes of meta`);
  if (payload.kind === "blob") {
    checkBlobKey(payload.key);
    if (!isPosition(payload.lengthBytes)) throw new RangeError(`${at} refers to ${payload.lengthBytes} bytes`);
  } else if (payload.bytes.length > inlinePayloadBytesMax) {
    throw new RangeError(`${at} holds ${payload.bytes.length} bytes inline`);
  }
}

/** @throws RangeError if a part is empty, too long or holds U+0000 */
export function checkItemKey(key: ItemKey): void {
  checkText(key.partition, itemPartitionCharsMax, "item partition");
  checkText(key.sort, itemSortCharsMax, "item sort key");
}

/** @throws RangeError if the key is not made of `[A-Za-z0-9._-]` between single slashes, or has a part `.` or `..` */
export function checkBlobKey(key: string): void {
  if (key.length > blobKeyCharsMax || !blobKeyPattern.test(key)) throw new RangeError(`not a blob key: ${key}`);
  for (const part of key.split("/")) checkKeyPart(part, key);
}

/** @throws RangeError if no blob key can start with it */
export function checkBlobPrefix(prefix: string): void {
  if (prefix.length > blobKeyCharsMax || !blobPrefixPattern.test(prefix))
    throw new RangeError(`not a prefix: ${prefix}`);
  for (const part of prefix.split("/").slice(0, -1)) checkKeyPart(part, prefix);
}

/** @throws RangeError if the keys are too many for one call */
export function checkBlobKeys(keys: readonly string[]): void {
  if (keys.length > deleteKeysMax) throw new RangeError(`${keys.length} keys to delete in one call`);
  for (const key of keys) checkBlobKey(key);
}

/** @throws RangeError unless 0 <= start <= end */
export function checkBlobRange(range: BlobRange): void {
  if (!isPosition(range.start) || !isPosition(range.end) || range.start > range.end) {
    throw new RangeError(`not a range: ${range.start} to ${range.end}`);
  }
}

/** @throws RangeError unless it is a whole number from 1 to 1,000 */
export function checkListLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > listLimitMax) throw new RangeError(`not a limit: ${limit}`);
}

function checkKeyPart(part: string, key: string): void {
  if (part === "." || part === ".." || part.length > blobKeySegmentCharsMax)
    throw new RangeError(`not a blob key: ${key}`);
}

function checkText(text: string, charsMax: number, what: string): void {
  if (text.length === 0 || text.length > charsMax || text.includes("\u0000") || !text.isWellFormed()) {
    throw new RangeError(`${what} is empty, too long, or not text: ${text.slice(0, charsMax)}`);
  }
}

function isPosition(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
