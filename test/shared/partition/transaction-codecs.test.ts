import { describe, expect, test } from "vitest";
import { partitionLogId, segmentsLogId } from "../../../shared/log/log-id.ts";
import { abortedIn, encodeTransactionIndex, indexAborted } from "../../../shared/partition/aborted-transactions.ts";
import { decodeEntryMeta, type EntryMeta, encodeEntryMeta } from "../../../shared/partition/entry-meta.ts";
import { OpenTransactions } from "../../../shared/partition/open-transactions.ts";
import { decodeTailState, emptyPartitionState, encodeTailState } from "../../../shared/partition/partition-state.ts";
import {
  decodeSegmentDescriptor,
  encodeSegmentDescriptor,
  stableOffsetAtEnd,
} from "../../../shared/partition/segment-descriptor.ts";
import { decodeWriters, encodeWriters } from "../../../shared/partition/writers-codec.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import type { LogEntry } from "../../../shared/storage/log-store.ts";
import { abortOf, batchOf, commitOf, markerOn, plan, startMs } from "./transaction-fixture.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

/** What was written before partitions knew of transactions. */
const old = {
  meta: "010164010004001b010a000080d095ffbc310100030001036b6579000380d095ffbc310107006403000a000000036b657903",
  tailState: "010103640180d095ffbc31041f010a000080d095ffbc310100030001036b6579000380d095ffbc31e577e970",
  writers: "010a000080d095ffbc310100030001036b6579000380d095ffbc31e577e970",
  segment: "010361626388270480d095ffbc3185d095ffbc3180a0abfef96201000000",
};

function entryOf(meta: Uint8Array, offsets: number): LogEntry {
  return {
    logId: partitionLogId("t", 0),
    position: 10,
    next: 10 + offsets,
    attempt: "a",
    appendedAtMs: startMs,
    meta,
    payload: { kind: "inline", bytes: new Uint8Array(1_000) },
  };
}

function metaOf(part: Partial<EntryMeta>): EntryMeta {
  return {
    totalBytes: 200,
    totalEntries: 2,
    oldestUnsealedMs: startMs,
    checkpoint: { kind: "entry", position: 0 },
    batches: [],
    ...part,
  };
}

const producer = { producerId: 7n, producerEpoch: 3, baseSequence: 5 };
const data = { start: 0, length: 100, recordCount: 2, maxTimestamp: startMs, producer };
const marker = { start: 100, length: 78, recordCount: 1, maxTimestamp: startMs };
const markerOf = { producerId: 7n, producerEpoch: 4, baseSequence: -1 };

describe("the meta of an entry", () => {
  test("of plain batches is written, and read, as before there were transactions", () => {
    const request = { ...batchOf([5n, 0, 0], { plain: true, count: 3 }), idempotencyKey: "key", fencingToken: 4 };
    const { entry } = plan(emptyPartitionState(), [request]);
    expect(entry && hex(entry.meta)).toBe(old.meta);
    const meta = decodeEntryMeta({ ...entryOf(bytesOf(old.meta), 3), position: 0, next: 3 });
    expect(meta).toMatchObject({ fence: 4, batches: [{ recordCount: 3, producer: { producerId: 5n } }] });
    expect(meta).not.toHaveProperty("firstOpenOffset");
  });

  test("tells what belongs to a transaction, which markers end which, and what stays open", () => {
    const meta = metaOf({
      firstOpenOffset: 4,
      fence: 9,
      batches: [
        { ...data, transaction: { kind: "data" } },
        { ...marker, producer: markerOf, transaction: { kind: "commit", firstOffset: 4 } },
        { ...marker, start: 178, producer: markerOf, transaction: { kind: "abort" } },
      ],
    });
    const entry = entryOf(encodeEntryMeta(meta, startMs), 4);
    expect(decodeEntryMeta(entry)).toEqual(meta);
    expect(entry.meta[0]).toBe(2);
  });

  test("tells epochs beyond 16 bits, and after which markers sequences go on", () => {
    const wide = { ...producer, producerEpoch: 70_000 };
    const goesOn = { kind: "commit", firstOffset: 4, sequencesGoOn: true } as const;
    const meta = metaOf({
      batches: [
        { ...data, producer: wide, transaction: { kind: "data" } },
        { ...marker, producer: { ...markerOf, producerEpoch: 70_001 }, transaction: goesOn },
        { ...marker, start: 178, producer: markerOf, transaction: { kind: "abort", sequencesGoOn: true } },
      ],
    });
    expect(decodeEntryMeta(entryOf(encodeEntryMeta(meta, startMs), 4))).toEqual(meta);
  });

  test.each<[string, Partial<EntryMeta>]>([
    ["a transaction that would begin behind it", { firstOpenOffset: 12, batches: [data] }],
    [
      "a marker of two records",
      { batches: [{ ...marker, recordCount: 2, producer: markerOf, transaction: { kind: "abort" } }] },
    ],
    [
      "a marker of a transaction that begins behind it",
      {
        batches: [
          { ...data, recordCount: 1 },
          { ...marker, producer: markerOf, transaction: { kind: "abort", firstOffset: 11 } },
        ],
      },
    ],
    ["a transactional batch of nobody", { batches: [{ ...marker, recordCount: 2, transaction: { kind: "data" } }] }],
  ])("is refused with %s", (_, part) => {
    expect(() => decodeEntryMeta(entryOf(encodeEntryMeta(metaOf(part), startMs), 2))).toThrow(StorageCorruptError);
  });
});

describe("what a checkpoint holds", () => {
  test("without open transactions is written, and read, as before there were any", () => {
    const state = emptyPartitionState();
    const request = { ...batchOf([5n, 0, 0], { plain: true, count: 3 }), idempotencyKey: "key", fencingToken: 4 };
    plan(state, [request]);
    expect(hex(encodeWriters(state, startMs))).toBe(old.writers);
    expect(hex(encodeTailState(state))).toBe(old.tailState);
    const read = decodeWriters(bytesOf(old.writers));
    expect(read.table.producer(5n)).toEqual(state.table.producer(5n));
    const tail = decodeTailState(bytesOf(old.tailState));
    expect(tail).toMatchObject({ position: 3, fence: 4 });
    expect([read.open.size, tail.open.size]).toEqual([0, 0]);
  });

  test("keeps the open transactions, in the order in which they began, also of producers that the table forgot", () => {
    const state = emptyPartitionState();
    plan(state, [batchOf([5n, 0, 0], { plain: true, count: 3 })]);
    plan(state, [batchOf([9n, 2, 0])]);
    plan(state, [batchOf([6n, 1, 0])]);
    const laterMs = startMs + 200_000_000;
    plan(state, [batchOf([5n, 0, 3], { plain: true })], laterMs);
    const expected = [
      [9n, { firstOffset: 3, epoch: 2 }],
      [6n, { firstOffset: 4, epoch: 1 }],
    ];
    const { table, open } = decodeWriters(encodeWriters(state, laterMs));
    expect([...open]).toEqual(expected);
    expect(table.producer(9n)).toBeUndefined();
    expect([...decodeTailState(encodeTailState(state)).open]).toEqual(expected);
    const damaged = encodeWriters(state, laterMs);
    damaged[damaged.length - 8] = (damaged[damaged.length - 8] ?? 0) ^ 1;
    expect(() => decodeWriters(damaged)).toThrow("checksum");
  });
});

test("a checkpoint keeps epochs beyond 16 bits, and the sequence from which a producer goes on", () => {
  const state = emptyPartitionState();
  plan(state, [batchOf([7n, 32_767, 5])]);
  plan(state, [markerOn(7n, 32_768)]);
  plan(state, [batchOf([8n, 70_000, 0])]);
  const { table, open } = decodeWriters(encodeWriters(state, startMs));
  expect(table.producer(7n)).toMatchObject({ epoch: 32_768, batches: [{ baseSequence: 6, recordCount: 0 }] });
  expect([...open]).toEqual([[8n, { firstOffset: 2, epoch: 70_000 }]]);
});

describe("a segment", () => {
  const segment = {
    baseOffset: 10,
    endOffset: 100,
    id: "abc",
    sizeBytes: 5_000,
    entries: 4,
    firstAppendedMs: startMs,
    lastAppendedMs: startMs + 5,
    maxTimestamp: startMs,
    index: [{ offset: 10, position: 0, maxTimestamp: -1 }],
  };
  const entryFor = (meta: Uint8Array): LogEntry => ({ ...entryOf(meta, 90), logId: segmentsLogId("t", 0) });

  test("without transactions is written, and read, as before there were any", () => {
    const bytes = bytesOf(old.segment);
    expect(hex(encodeSegmentDescriptor(segment))).toBe(old.segment);
    expect(decodeSegmentDescriptor(entryFor(bytes))).toEqual(segment);
    expect(stableOffsetAtEnd(entryFor(bytes))).toBe(100);
  });

  test("names the transactions that were aborted in it, and where the oldest one began that it leaves open", () => {
    const aborted = [
      { producerId: 7n, firstOffset: 3, lastOffset: 12 },
      { producerId: 8n, firstOffset: 11, lastOffset: 99 },
    ];
    for (const part of [{ aborted }, { firstOpenOffset: 2 }, { aborted, firstOpenOffset: 98 }]) {
      const entry = entryFor(encodeSegmentDescriptor({ ...segment, ...part }));
      expect(decodeSegmentDescriptor(entry)).toEqual({ ...segment, ...part });
      expect(stableOffsetAtEnd(entry)).toBe("firstOpenOffset" in part ? part.firstOpenOffset : 100);
    }
  });
});

test("the index of aborted transactions has Kafka's bytes: the marker, and the last stable offset right after it", () => {
  const state = emptyPartitionState();
  const open = new OpenTransactions();
  const rows = [
    [batchOf([1n, 0, 0]), batchOf([2n, 0, 0], { count: 2 })],
    [batchOf([3n, 0, 0]), abortOf(2n, 1), commitOf(1n, 1), abortOf(3n, 1), abortOf(4n, 1)],
  ].flatMap((requests) => {
    const { entry } = plan(state, requests);
    if (entry === undefined) throw new Error("nothing was written");
    const meta = decodeEntryMeta(entry);
    const indexed = indexAborted(open, entry.position, meta);
    expect(indexed).toMatchObject(abortedIn(entry.position, meta));
    return indexed;
  });
  expect(rows).toEqual([
    { producerId: 2n, firstOffset: 1, lastOffset: 4, lastStableOffset: 0 },
    { producerId: 3n, firstOffset: 3, lastOffset: 6, lastStableOffset: 7 },
  ]);
  const i64 = (value: number): string => value.toString(16).padStart(16, "0");
  expect(hex(encodeTransactionIndex(rows))).toBe(
    ["0000", i64(2), i64(1), i64(4), i64(0), "0000", i64(3), i64(3), i64(6), i64(7)].join(""),
  );
});
