import { expect, test } from "vitest";
import type { LogStore } from "../../../../shared/storage/log-store.ts";
import { expectEntry, freshLogId, patternBytes, positionsOf, sampleEntry } from "./samples.ts";

export function logStoreRaceContract(open: () => LogStore): void {
  test("lets exactly one of 32 concurrent puts at a position win", async () => {
    const logs = open();
    for (let round = 0; round < 4; round++) {
      const logId = freshLogId();
      const entries = Array.from({ length: 32 }, () => sampleEntry(logId, 0));
      const results = await Promise.all(entries.map((entry) => logs.putIfAbsent(entry)));
      const winners = entries.filter((_, index) => results[index]?.won === true);
      expect(winners).toHaveLength(1);
      const [winner] = winners;
      if (winner === undefined) return;
      for (const result of results) {
        if (!result.won && result.existing !== undefined) expectEntry(result.existing, winner);
      }
      expectEntry(await logs.readLast(logId), winner);
    }
  });

  test("lets a put win at a position that was trimmed", async () => {
    const logs = open();
    const logId = freshLogId();
    await logs.putIfAbsent(sampleEntry(logId, 0));
    await logs.trim(logId, 1, 1);
    const again = sampleEntry(logId, 0);
    expect(await logs.putIfAbsent(again)).toEqual({ won: true });
    expectEntry(await logs.readLast(logId), again);
  });

  test("shows an entry to every read that begins after its put was answered", async () => {
    const logs = open();
    const logId = freshLogId();
    for (let position = 0; position < 20; position++) {
      const entry = sampleEntry(logId, position);
      await logs.putIfAbsent(entry);
      const [last, at, range] = await Promise.all([
        logs.readLast(logId),
        logs.readAt(logId, position),
        logs.readFrom(logId, position, { entriesMax: 1, bytesMax: 1 }),
      ]);
      expectEntry(last, entry);
      expectEntry(at, entry);
      expect(positionsOf(range.entries)).toEqual([position]);
    }
  });

  test("gives each of many writers that race along a log a place of its own", async () => {
    const logs = open();
    const logId = freshLogId();
    const appendsPerWriter = 5;
    const writers = Array.from({ length: 8 }, async () => {
      let position = 0;
      for (let appended = 0; appended < appendsPerWriter;) {
        const result = await logs.putIfAbsent(sampleEntry(logId, position));
        if (result.won) appended += 1;
        position += 1;
        if (position > 1_000) throw new Error("a writer found no place");
      }
    });
    await Promise.all(writers);
    const { entries } = await logs.readFrom(logId, 0, { entriesMax: 100, bytesMax: 1_000_000 });
    expect(positionsOf(entries)).toEqual(Array.from({ length: 8 * appendsPerWriter }, (_, position) => position));
    expect(new Set(entries.map((entry) => entry.attempt)).size).toBe(8 * appendsPerWriter);
  });

  test("reads and trims large entries across several pages of a store", async () => {
    const logs = open();
    const logId = freshLogId();
    const bytes = patternBytes(300_000);
    const entries = Array.from({ length: 8 }, (_, position) =>
      sampleEntry(logId, position, { payload: { kind: "inline", bytes } }),
    );
    await Promise.all(entries.map((entry) => logs.putIfAbsent(entry)));
    const seen: number[] = [];
    for (let position = 0; position < 8;) {
      const range = await logs.readFrom(logId, position, { entriesMax: 100, bytesMax: 700_000 });
      expect(range.entries.length).toBeGreaterThan(0);
      seen.push(...positionsOf(range.entries));
      position = seen.length;
      expect(range.more).toBe(position < 8);
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await logs.trim(logId, 8, 100)).toBe(8);
    expect(await logs.readLast(logId)).toBeUndefined();
  });
}
