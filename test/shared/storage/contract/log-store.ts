import { expect, test } from "vitest";
import { entryMetaBytesMax, inlinePayloadBytesMax } from "../../../../shared/limits.ts";
import { StorageUnavailableError } from "../../../../shared/storage/errors.ts";
import type { LogEntry, LogId, LogStore, Payload, ReadLimits } from "../../../../shared/storage/log-store.ts";
import { expectEntry, farFutureMs, freshLogId, patternBytes, positionsOf, sampleEntry } from "./samples.ts";

const unlimited: ReadLimits = { entriesMax: 1_000, bytesMax: 1_000_000 };

/** Puts one entry a position, 1 position long. */
async function putAll(logs: LogStore, logId: LogId, positions: readonly number[]): Promise<LogEntry[]> {
  const entries = positions.map((position) => sampleEntry(logId, position));
  for (const entry of entries) expect(await logs.putIfAbsent(entry)).toEqual({ won: true });
  return entries;
}

function inline(lengthBytes: number): Payload {
  return { kind: "inline", bytes: patternBytes(lengthBytes) };
}

export function logStoreContract(open: () => LogStore): void {
  test.each<[string, Partial<LogEntry>]>([
    ["an empty payload and empty meta", { meta: new Uint8Array(0), payload: inline(0) }],
    ["the largest inline payload", { payload: inline(inlinePayloadBytesMax) }],
    [
      "the largest payload with the largest meta",
      { payload: inline(inlinePayloadBytesMax), meta: patternBytes(entryMetaBytesMax, 9) },
    ],
    ["a blob reference", { payload: { kind: "blob", key: "blobs/a-b_c.d/1", lengthBytes: 8 * 1024 * 1024 } }],
    ["a time of expiry", { expiresAtMs: farFutureMs }],
    ["positions up to 2^53-1", { position: 2 ** 52 + 1, next: 2 ** 53 - 1 }],
  ])("gives back an entry with %s", async (_title, change) => {
    const logs = open();
    const logId = freshLogId();
    const entry = sampleEntry(logId, 0, change);
    expect(await logs.putIfAbsent(entry)).toEqual({ won: true });
    expectEntry(await logs.readLast(logId), entry);
    expectEntry(await logs.readAt(logId, entry.position), entry);
    const range = await logs.readFrom(logId, 0, unlimited);
    expect(range.entries).toHaveLength(1);
    expect(range.more).toBe(false);
    expectEntry(range.entries[0], entry);
  });

  test("does not send a put that may not be sent any more", async () => {
    const logs = open();
    const entry = sampleEntry(freshLogId(), 0);
    await expect(logs.putIfAbsent(entry, () => false)).rejects.toThrow(StorageUnavailableError);
    expect(await logs.readLast(entry.logId)).toBeUndefined();
    expect(await logs.putIfAbsent(entry, () => true)).toEqual({ won: true });
  });

  test("keeps its own copy of an entry's bytes", async () => {
    const logs = open();
    const logId = freshLogId();
    const bytes = patternBytes(100);
    const meta = patternBytes(10, 2);
    await logs.putIfAbsent(sampleEntry(logId, 0, { meta, payload: { kind: "inline", bytes } }));
    bytes.fill(0);
    meta.fill(0);
    const first = await logs.readLast(logId);
    const expected = sampleEntry(logId, 0, { ...first, meta: patternBytes(10, 2), payload: inline(100) });
    expectEntry(first, expected);
    if (first?.payload.kind === "inline") first.payload.bytes.fill(1);
    expectEntry(await logs.readLast(logId), expected);
  });

  test("gives bytes that are a view into a larger buffer as they are", async () => {
    const logs = open();
    const logId = freshLogId();
    const larger = patternBytes(1_000);
    const entry = sampleEntry(logId, 0, {
      meta: larger.subarray(3, 17),
      payload: { kind: "inline", bytes: larger.subarray(100, 500) },
    });
    await logs.putIfAbsent(entry);
    expectEntry(await logs.readLast(logId), entry);
  });

  test("refuses a second entry at a position and names the first", async () => {
    const logs = open();
    const logId = freshLogId();
    const [winner] = await putAll(logs, logId, [0]);
    const result = await logs.putIfAbsent(sampleEntry(logId, 0));
    expect(result.won).toBe(false);
    if (!result.won && result.existing !== undefined && winner !== undefined) expectEntry(result.existing, winner);
    if (winner !== undefined) expectEntry(await logs.readLast(logId), winner);
  });

  test("reads nothing from a log that does not exist", async () => {
    const logs = open();
    const logId = freshLogId();
    expect(await logs.readFrom(logId, 0, unlimited)).toEqual({ entries: [], more: false });
    expect(await logs.readLast(logId)).toBeUndefined();
    expect(await logs.readAt(logId, 5)).toBeUndefined();
    expect(await logs.trim(logId, 100, 10)).toBe(0);
  });

  test("sorts positions as numbers across every boundary of digits and words", async () => {
    const logs = open();
    const logId = freshLogId();
    const positions = [
      0,
      1,
      9,
      10,
      99,
      100,
      255,
      256,
      65_535,
      65_536,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 32,
      10 ** 12,
      2 ** 52,
      2 ** 53 - 2,
    ];
    await putAll(logs, logId, positions.toReversed());
    expect(positionsOf((await logs.readFrom(logId, 0, unlimited)).entries)).toEqual(positions);
    for (const [index, position] of positions.entries()) {
      expect(positionsOf((await logs.readFrom(logId, position, unlimited)).entries)).toEqual(positions.slice(index));
      expect((await logs.readAt(logId, position))?.position).toBe(position);
    }
    expect((await logs.readLast(logId))?.position).toBe(2 ** 53 - 2);
  });

  test("ends a read at entriesMax and says whether more follows", async () => {
    const logs = open();
    const logId = freshLogId();
    await putAll(logs, logId, [0, 1, 2, 3, 4]);
    const two = await logs.readFrom(logId, 1, { entriesMax: 2, bytesMax: 1_000_000 });
    expect(positionsOf(two.entries)).toEqual([1, 2]);
    expect(two.more).toBe(true);
    const exact = await logs.readFrom(logId, 1, { entriesMax: 4, bytesMax: 1_000_000 });
    expect(positionsOf(exact.entries)).toEqual([1, 2, 3, 4]);
    expect(exact.more).toBe(false);
    expect(await logs.readFrom(logId, 5, unlimited)).toEqual({ entries: [], more: false });
  });

  test("starts a read at the first entry at or after the position", async () => {
    const logs = open();
    const logId = freshLogId();
    await logs.putIfAbsent(sampleEntry(logId, 0, { next: 10 }));
    await logs.putIfAbsent(sampleEntry(logId, 10, { next: 15 }));
    expect(positionsOf((await logs.readFrom(logId, 3, unlimited)).entries)).toEqual([10]);
  });

  test("counts inline payload and meta against bytesMax, and gives at least one entry", async () => {
    const logs = open();
    const logId = freshLogId();
    for (const position of [0, 1, 2]) {
      await logs.putIfAbsent(sampleEntry(logId, position, { meta: patternBytes(100), payload: inline(900) }));
    }
    const twoFit = await logs.readFrom(logId, 0, { entriesMax: 10, bytesMax: 2_000 });
    expect(positionsOf(twoFit.entries)).toEqual([0, 1]);
    expect(twoFit.more).toBe(true);
    const oneFits = await logs.readFrom(logId, 0, { entriesMax: 10, bytesMax: 1_999 });
    expect(positionsOf(oneFits.entries)).toEqual([0]);
    expect(oneFits.more).toBe(true);
    const noneFits = await logs.readFrom(logId, 1, { entriesMax: 10, bytesMax: 1 });
    expect(positionsOf(noneFits.entries)).toEqual([1]);
    expect(noneFits.more).toBe(true);
    const last = await logs.readFrom(logId, 2, { entriesMax: 10, bytesMax: 1 });
    expect(positionsOf(last.entries)).toEqual([2]);
    expect(last.more).toBe(false);
  });

  test("does not count a blob's bytes against bytesMax", async () => {
    const logs = open();
    const logId = freshLogId();
    for (const position of [0, 1]) {
      const payload: Payload = { kind: "blob", key: `blobs/${position}`, lengthBytes: 8_000_000 };
      await logs.putIfAbsent(sampleEntry(logId, position, { payload }));
    }
    expect((await logs.readFrom(logId, 0, { entriesMax: 10, bytesMax: 1_000 })).entries).toHaveLength(2);
  });

  test("reads the entry with the greatest position that is not after the one asked for", async () => {
    const logs = open();
    const logId = freshLogId();
    const first = sampleEntry(logId, 5, { next: 20 });
    const second = sampleEntry(logId, 20, { next: 21 });
    await logs.putIfAbsent(first);
    await logs.putIfAbsent(second);
    expect(await logs.readAt(logId, 4)).toBeUndefined();
    expectEntry(await logs.readAt(logId, 5), first);
    expectEntry(await logs.readAt(logId, 19), first);
    expectEntry(await logs.readAt(logId, 20), second);
    expectEntry(await logs.readAt(logId, 2 ** 53 - 1), second);
  });

  test("trims the lowest entries first, up to entriesMax, and counts them", async () => {
    const logs = open();
    const logId = freshLogId();
    await putAll(logs, logId, [0, 1, 2, 3, 4, 5]);
    expect(await logs.trim(logId, 4, 3)).toBe(3);
    expect(positionsOf((await logs.readFrom(logId, 0, unlimited)).entries)).toEqual([3, 4, 5]);
    expect(await logs.trim(logId, 4, 3)).toBe(1);
    expect(await logs.trim(logId, 4, 3)).toBe(0);
    expect(positionsOf((await logs.readFrom(logId, 0, unlimited)).entries)).toEqual([4, 5]);
    expect(await logs.readAt(logId, 3)).toBeUndefined();
  });

  test("keeps an entry that reaches beyond the position when it trims", async () => {
    const logs = open();
    const logId = freshLogId();
    await logs.putIfAbsent(sampleEntry(logId, 0, { next: 5 }));
    await logs.putIfAbsent(sampleEntry(logId, 5, { next: 10 }));
    expect(await logs.trim(logId, 7, 10)).toBe(1);
    expect(positionsOf((await logs.readFrom(logId, 0, unlimited)).entries)).toEqual([5]);
  });

  test("trims more entries than one batch request holds", async () => {
    const logs = open();
    const logId = freshLogId();
    await Promise.all(Array.from({ length: 60 }, (_, position) => logs.putIfAbsent(sampleEntry(logId, position))));
    expect(await logs.trim(logId, 57, 100)).toBe(57);
    expect(positionsOf((await logs.readFrom(logId, 0, unlimited)).entries)).toEqual([57, 58, 59]);
  });

  test("keeps logs apart whose ids begin alike", async () => {
    const logs = open();
    const base = freshLogId();
    const ids = ["", ":1", ":10", ":1:", "\u00e9"].map((suffix) => `${base}${suffix}` as LogId);
    for (const [index, logId] of ids.entries()) await putAll(logs, logId, [index, index + 10]);
    for (const [index, logId] of ids.entries()) {
      expect(positionsOf((await logs.readFrom(logId, 0, unlimited)).entries)).toEqual([index, index + 10]);
      expect((await logs.readLast(logId))?.position).toBe(index + 10);
      expect((await logs.readLast(logId))?.logId).toBe(logId);
      expect((await logs.readAt(logId, index + 5))?.position).toBe(index);
      expect(index === 0 ? undefined : await logs.readAt(logId, index - 1)).toBeUndefined();
    }
    const [first, second] = ids;
    if (first === undefined || second === undefined) return;
    expect(await logs.trim(first, 2 ** 53 - 1, 100)).toBe(2);
    expect((await logs.readFrom(second, 0, unlimited)).entries).toHaveLength(2);
  });
}
