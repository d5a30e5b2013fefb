/** How things lie in the stores, and what they take. */
import { dutyName } from "../../../shared/storage/environment.ts";
import { checkBlobKey, checkBlobPrefix, checkItemKey } from "../../../shared/storage/port-bounds.ts";
import { hotBlobPrefix, partitionKey } from "../../../shared/storage/item-keys.ts";
import { decodeDuty, encodeDuty } from "../../../shared/storage/aws/duty-message.ts";
import {
  decodeItem as decodeAwsItem,
  encodeKey,
  encodeValue,
  storedName,
  versionAttribute,
} from "../../../shared/storage/aws/item-attributes.ts";
import { decodeLogEntry, encodeLogEntry } from "../../../shared/storage/aws/log-entry-item.ts";
import type { StoredItem as AwsItem } from "../../../shared/storage/aws/stored-values.ts";
import { decodeEntry, encodeEntry } from "../../../shared/storage/embedded/entry-codec.ts";
import { decodeItem, encodeItem, type StoredItem } from "../../../shared/storage/embedded/item-codec.ts";
import { entryKey, itemKeyBytes, itemKeyOf, positionOf } from "../../../shared/storage/embedded/embedded-keys.ts";
import { PendingWrites } from "../../../shared/storage/embedded/pending-writes.ts";
import { encodeFrame, readFrame } from "../../../shared/storage/embedded/write-ahead-frame.ts";
import { recoverFrames } from "../../../shared/storage/embedded/write-ahead-log.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import type { AttributeValue, Item } from "../../../shared/storage/item-store.ts";
import type { LogEntry } from "../../../shared/storage/log-store.ts";
import { partitionLogId } from "../../../shared/log/log-id.ts";
import { crc32 } from "node:zlib";
import type { FuzzRandom } from "../fuzz-random.ts";
import { fieldText } from "../mutate-text.ts";
import { bytesTarget, codecTarget, FuzzFailure, jsonTarget, sameAgain, type Target, textTarget } from "../target.ts";

const logId = partitionLogId("topic", 0);
const position = 1_000;
const nowMs = 1_750_000_000_000;
const key = entryKey(logId, position);
const itemKey = { partition: "p", sort: "s" };

function anyEntry(random: FuzzRandom): LogEntry {
  const payload = random.chance(0.5)
    ? ({ kind: "inline", bytes: random.bytes(random.below(40)) } as const)
    : ({ kind: "blob", key: "hot/topic/0/x", lengthBytes: random.whole() } as const);
  const expiry = random.chance(0.5) ? { expiresAtMs: nowMs + random.below(1_000) } : {};
  const next = position + random.between(1, 50);
  return {
    logId,
    position,
    next,
    attempt: "attempt",
    appendedAtMs: nowMs,
    meta: random.bytes(random.below(20)),
    payload,
    ...expiry,
  };
}

function anyAttribute(random: FuzzRandom): AttributeValue {
  return random.pick<AttributeValue>([
    fieldText(random),
    random.whole(),
    -1.5,
    random.chance(0.5),
    random.bytes(random.below(9)),
  ]);
}

function anyItem(random: FuzzRandom): Item {
  const names = ["a", "state", "__proto__", "o:x/0", fieldText(random) || "x"].slice(0, random.below(6));
  const attributes = Object.fromEntries(names.map((name) => [name, anyAttribute(random)]));
  return { key: itemKey, version: random.between(1, 1_000), attributes };
}

/** Makes the last four bytes the CRC-32 of the key and what stands before them. */
const sealFor =
  (ownKey: Uint8Array) =>
  (bytes: Uint8Array): Uint8Array => {
    if (bytes.length < 4) return bytes;
    const sealed = Buffer.from(bytes);
    const end = sealed.length - 4;
    sealed.writeUInt32LE(crc32(sealed.subarray(0, end), crc32(ownKey)), end);
    return new Uint8Array(sealed);
  };

function awsItemOf(value: unknown): AwsItem {
  return (typeof value === "object" && value !== null ? value : {}) as AwsItem;
}

/** What the SDK hands over: an object for each attribute. */
function objectsOf(value: unknown): AwsItem {
  const entries = Object.entries(awsItemOf(value)).filter(([, part]) => typeof part === "object" && part !== null);
  return Object.fromEntries(
    entries.map(([name, part]) => {
      const { S, N, B, BOOL } = part as unknown as Readonly<Record<string, unknown>>;
      const typed = {
        ...(typeof S === "string" ? { S } : {}),
        ...(typeof N === "string" ? { N } : {}),
        ...(B instanceof Uint8Array ? { B } : {}),
        ...(typeof BOOL === "boolean" ? { BOOL } : {}),
      };
      return [name, typed];
    }),
  ) as AwsItem;
}

function readAwsItem(value: unknown): void {
  sameAgain(
    decodeAwsItem(objectsOf(value)),
    ({ key: itsKey, version, attributes }): AwsItem => ({
      pk: { S: itsKey.partition },
      sk: { S: itsKey.sort },
      [versionAttribute]: { N: String(version) },
      // A number that DynamoDB cannot hold did not come from it.
      ...Object.fromEntries(
        Object.entries(attributes).map(([name, part]) => [
          `_${name}`,
          typeof part === "number" ? { N: String(part) } : encodeValue(part),
        ]),
      ),
    }),
    decodeAwsItem,
  );
}

const duties = [
  { kind: "seal", topicId: "aId", partition: 3 },
  { kind: "retain", topicId: "aId", partition: 0 },
  { kind: "collect", topicId: "aId", partition: 0 },
  { kind: "reap", namespace: "default", sessionId: "12345" },
  { kind: "expire", namespace: "default" },
  { kind: "transaction", namespace: "default", transactionalId: "t" },
  {
    kind: "compact",
    topicId: "aId",
    partition: 0,
    askedAtMs: nowMs,
    segmentBytes: 5,
    minCompactionLagMs: 0,
    maxCompactionLagMs: 5,
    deleteRetentionMs: 7,
    minCleanableDirtyRatio: 0.5,
  },
] as const;

/** Whoever does the duty builds keys of it. */
function readDuty(body: string): void {
  const duty = decodeDuty(body);
  sameAgain(duty, encodeDuty, decodeDuty);
  dutyName(duty);
  if (!("topicId" in duty)) return;
  try {
    checkItemKey(partitionKey(duty.topicId, duty.partition));
    checkBlobPrefix(hotBlobPrefix(duty.topicId, duty.partition));
  } catch (cause) {
    throw new FuzzFailure(`a duty that no store can do: ${body}`, { cause });
  }
}

const walStored = 3;
const walMark = Buffer.from("the mark");

/** Files of a write-ahead log that LMDB has up to a generation, one behind the other, with the length of the first before them. */
function anyWriteAheadFiles(random: FuzzRandom): Uint8Array {
  const files: Buffer[] = [];
  let previousFrames = 0;
  for (const generation of [walStored + 1, walStored + 2].slice(0, random.between(1, 2))) {
    const frames: Buffer[] = [];
    for (let sequence = 0; sequence < random.between(1, 4); sequence += 1) {
      const writes = new PendingWrites();
      for (let left = random.between(1, 3); left > 0; left -= 1) {
        const value = random.chance(0.8) ? Buffer.from(random.bytes(random.below(20))) : undefined;
        writes.set({ table: random.below(2), key: random.bytes(random.between(1, 12)), value });
      }
      frames.push(encodeFrame({ mark: walMark, generation, sequence, previousFrames }, writes, writes.bytes));
    }
    previousFrames = frames.length;
    files.push(Buffer.concat([...frames, Buffer.alloc(random.below(40))]));
  }
  const [even = Buffer.alloc(0), odd = Buffer.alloc(0)] = files;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(even.length);
  return Uint8Array.from(Buffer.concat([length, even, odd]));
}

/** Makes the checksum of the first frame right. */
function sealWriteAhead(bytes: Uint8Array): Uint8Array {
  const sealed = Buffer.from(bytes);
  const frame = sealed.subarray(2);
  if (frame.length < 30) return bytes;
  const end = 30 + frame.readUInt32BE(22);
  if (end <= frame.length) frame.writeUInt32BE(crc32(frame.subarray(30, end), crc32(frame.subarray(0, 26))), 26);
  return Uint8Array.from(sealed);
}

function readWriteAhead(bytes: Uint8Array): void {
  const all = Buffer.from(bytes);
  if (all.length < 2) return;
  const split = 2 + all.readUInt16BE(0);
  const files = [all.subarray(2, split), all.subarray(split)];
  const { writes, generation } = recoverFrames(walMark, files, walStored);
  if (generation < walStored || generation > walStored + 2) throw new FuzzFailure(`generation ${generation}`);
  if (generation === walStored && writes.length > 0) throw new FuzzFailure("writes of no generation");
  for (const file of files) {
    const frame = readFrame(walMark, file, 0);
    if (frame !== undefined && frame.end > file.length) throw new FuzzFailure("a frame ends behind its file");
  }
}

export const storageTargets: readonly Target[] = [
  codecTarget<LogEntry>({
    name: "embedded.entry",
    covers: [
      "shared/storage/embedded/entry-codec.ts#decodeEntry",
      "shared/storage/embedded/checked-value.ts#decodeValue",
    ],
    declared: [StorageCorruptError],
    value: anyEntry,
    encode: (entry) => encodeEntry(key, entry),
    decode: (bytes) => decodeEntry(logId, position, key, bytes),
    seal: sealFor(key),
  }),
  codecTarget<StoredItem>({
    name: "embedded.item",
    covers: ["shared/storage/embedded/item-codec.ts#decodeItem"],
    declared: [StorageCorruptError],
    value: (random) => ({ item: anyItem(random), ...(random.chance(0.5) ? { expiresAtMs: random.below(nowMs) } : {}) }),
    encode: (item) => encodeItem(itemKeyBytes(itemKey), item),
    decode: (bytes) => decodeItem(itemKey, itemKeyBytes(itemKey), bytes),
    seal: sealFor(itemKeyBytes(itemKey)),
  }),
  bytesTarget({
    name: "embedded.write-ahead",
    covers: ["shared/storage/embedded/write-ahead-frame.ts#readFrame"],
    declared: [StorageCorruptError],
    sample: anyWriteAheadFiles,
    seal: sealWriteAhead,
    read: readWriteAhead,
  }),
  bytesTarget({
    name: "embedded.keys",
    covers: [
      "shared/storage/embedded/embedded-keys.ts#itemKeyOf",
      "shared/storage/embedded/embedded-keys.ts#positionOf",
    ],
    declared: [RangeError],
    sample: (random) =>
      random.chance(0.5)
        ? entryKey(logId, random.whole())
        : itemKeyBytes({ partition: fieldText(random) || "p", sort: fieldText(random) || "s" }),
    read: (bytes, random) => {
      if (random.chance(0.5)) positionOf(bytes);
      else sameAgain(itemKeyOf(Uint8Array.from(itemKeyBytes(itemKeyOf(bytes)))), itemKeyBytes, itemKeyOf);
    },
  }),
  jsonTarget({
    name: "aws.log-entry",
    covers: [
      "shared/storage/aws/log-entry-item.ts#decodeLogEntry",
      "shared/storage/aws/stored-values.ts#readString",
      "shared/storage/aws/stored-values.ts#readWhole",
      "shared/storage/aws/stored-values.ts#readBytes",
    ],
    declared: [StorageCorruptError],
    sample: (random) => encodeLogEntry(anyEntry(random)),
    read: (value) =>
      sameAgain(decodeLogEntry(objectsOf(value), logId), encodeLogEntry, (item) => decodeLogEntry(item, logId)),
  }),
  jsonTarget({
    name: "aws.item",
    covers: ["shared/storage/aws/item-attributes.ts#decodeItem"],
    declared: [StorageCorruptError],
    sample: (random) => {
      const { attributes, version } = anyItem(random);
      const stored = Object.entries(attributes).map(([name, value]) => [storedName(name), encodeValue(value)]);
      const others = Object.fromEntries(stored) as AwsItem;
      return { ...encodeKey(itemKey), [versionAttribute]: { N: String(version) }, ...others };
    },
    read: readAwsItem,
  }),
  textTarget({
    name: "aws.duty",
    covers: ["shared/storage/aws/duty-message.ts#decodeDuty"],
    declared: [StorageCorruptError],
    samples: duties.map((duty) => encodeDuty(duty)),
    read: readDuty,
  }),
  jsonTarget({
    name: "aws.duty-json",
    covers: ["shared/storage/aws/duty-message.ts#decodeDuty"],
    declared: [StorageCorruptError],
    sample: (random) => random.pick(duties),
    read: (value) => readDuty(JSON.stringify(value) ?? ""),
  }),
  textTarget({
    name: "storage.blob-key",
    covers: ["shared/storage/port-bounds.ts#checkBlobKey", "shared/storage/port-bounds.ts#checkBlobPrefix"],
    declared: [RangeError],
    samples: ["hot/topic/0/x", "segments/T/0/00000000000000000000-x.log", "a", "a/b", "a/./b", "../a"],
    read: (text) => {
      checkBlobKey(text);
      checkBlobPrefix(text);
      if (text.split("/").some((part) => part === ".." || part === "." || part === ""))
        throw new FuzzFailure(`${text} leaves its folder`);
    },
  }),
];
