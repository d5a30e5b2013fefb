import { expect, test } from "vitest";
import type { Instant } from "../../../shared/log/evidence.ts";
import { partitionLogId } from "../../../shared/log/log-id.ts";
import { Turns } from "../../../shared/log/turns.ts";
import type { LogEntry } from "../../../shared/storage/log-store.ts";

const startWallMs = 1_750_000_000_000;
/** What each put of the tests takes. */
const putMs = 10;
const chances = [0, 0.5, 1];

function at(ms: number): Instant {
  return { wallMs: startWallMs + ms, monotonicMs: ms };
}

function entryOf(attempt: string, appendedMs: number): LogEntry {
  return {
    logId: partitionLogId("t", 0),
    position: 0,
    next: 1,
    attempt,
    appendedAtMs: startWallMs + appendedMs,
    meta: new Uint8Array(),
    payload: { kind: "inline", bytes: new Uint8Array() },
  };
}

function idOf(writer: number): string {
  return `${String(writer).padStart(6, "w")}-sixteen-chars-`.padEnd(22, "x");
}

/** A writer that has won often enough to know how long a put takes, last at 1,000 ms. */
function turnsOf(writer: number): Turns {
  const turns = new Turns(idOf(writer));
  for (let ms = 0; ms < 1_000; ms += putMs) turns.won(at(ms), at(ms + putMs));
  return turns;
}

function see(turns: Turns, writers: readonly number[], ms: number): void {
  for (const writer of writers)
    turns.saw(entryOf(new Turns(idOf(writer)).attempt(idOf(99)), ms), at(ms), at(ms - putMs));
}

test("attempt ids keep their length, begin alike for one writer and are random in the rest", () => {
  const turns = new Turns("abcdefghijklmnopqrstuv");
  expect(turns.attempt("0123456789ABCDEFGHIJKL")).toBe("abcdef6789ABCDEFGHIJKL");
  expect(turns.attempt("LKJIHGFEDCBA9876543210")).toBe("abcdefFEDCBA9876543210");
});

test("a writer that sees nobody else never waits, and never asks for the tail", () => {
  const turns = turnsOf(1);
  see(turns, [1, 1, 1], 1_000);
  for (const chance of chances) {
    expect(turns.waitMs("win", chance, at(1_000))).toBe(0);
    expect(turns.waitMs("loss", chance, at(1_000))).toBe(0);
  }
  expect(turns.hasLikelyMoved(at(1_000), at(50_000))).toBe(false);
});

test("after a win leaves about one put time to each of the others", () => {
  const turns = turnsOf(1);
  see(turns, [2, 3, 4, 2, 3], 1_000);
  expect(chances.map((chance) => turns.waitMs("win", chance, at(1_000)))).toEqual([15, 30, 45].map(near));
  expect(chances.map((chance) => turns.waitMs("win", chance, at(1_020)))).toEqual([0, 10, 25].map(near));
  expect(turns.waitMs("win", 1, at(1_100))).toBe(0);
});

test("after a loss waits for a random part of a round", () => {
  const turns = turnsOf(1);
  see(turns, [2, 3, 4], 1_000);
  expect(chances.map((chance) => turns.waitMs("loss", chance, at(1_000)))).toEqual([0, 15, 30].map(near));
});

test("waits no longer than 2 s, however many others there are", () => {
  const turns = turnsOf(1);
  see(
    turns,
    Array.from({ length: 900 }, (_, index) => index + 2),
    1_000,
  );
  expect(turns.waitMs("win", 1, at(1_000))).toBe(2_000);
  expect(turns.waitMs("loss", 1, at(1_000))).toBe(2_000);
});

test("does not reckon with who was silent for 150 put times, nor with entries that may be old, whatever their time says", () => {
  const turns = turnsOf(1);
  see(turns, [2, 3], 1_000);
  see(turns, [3], 2_000);
  turns.saw(entryOf(idOf(4), 2_000), at(2_000), at(100));
  expect(turns.waitMs("loss", 1, at(2_400))).toEqual(near(20));
  expect(turns.waitMs("loss", 1, at(2_600))).toEqual(near(10));
  expect(turns.waitMs("loss", 1, at(3_600))).toBe(0);
});

test("expects the tail to have moved when others write and it was proven some put times ago", () => {
  const turns = turnsOf(1);
  see(turns, [2], 1_000);
  expect(turns.hasLikelyMoved(at(1_000), at(1_010))).toBe(false);
  expect(turns.hasLikelyMoved(at(1_000), at(1_020))).toBe(true);
  expect(turns.hasLikelyMoved(at(9_000), at(9_500))).toBe(true);
  expect(turns.hasLikelyMoved(at(1_000), at(12_000))).toBe(false);
  const thawed: Instant = { wallMs: startWallMs + 60_000, monotonicMs: 1_010 };
  expect(turns.hasLikelyMoved(at(1_000), thawed)).toBe(true);
});

test("takes others to be ahead of the entry that a put lost to, unless that is as young as a put", () => {
  const turns = turnsOf(1);
  expect(turns.isLeftBehind(at(1_000), at(1_020))).toBe(false);
  expect(turns.isLeftBehind(at(1_000), at(1_040))).toBe(true);
});

/** The mean of the puts begins at a guess. */
function near(ms: number): unknown {
  return ms === 0 ? 0 : expect.closeTo(ms, 1);
}
