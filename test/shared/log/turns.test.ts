import { describe, expect, test } from "vitest";
import type { Instant } from "../../../shared/log/evidence.ts";
import { partitionLogId } from "../../../shared/log/log-id.ts";
import { type TurnStep, Turns } from "../../../shared/log/turns.ts";
import type { LogEntry } from "../../../shared/storage/log-store.ts";

const startWallMs = 1_750_000_000_000;
/** What each put of the tests takes. */
const putMs = 10;
/** From one entry to the next, as long as none was measured. */
const slotMs = 1.6 * putMs;
const chances = [0, 0.5, 1];
const put: TurnStep = { kind: "put" };

function at(ms: number): Instant {
  return { wallMs: startWallMs + ms, monotonicMs: ms };
}

function entryOf(attempt: string): LogEntry {
  return {
    logId: partitionLogId("t", 0),
    position: 0,
    next: 1,
    attempt,
    appendedAtMs: startWallMs,
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

/** Their entries came one after the other, the last one at `ms`. */
function see(turns: Turns, writers: readonly number[], ms: number): void {
  for (const [index, writer] of writers.entries()) {
    turns.saw(entryOf(attemptOf(writer)), ms - (writers.length - 1 - index) * slotMs);
  }
}

function attemptOf(writer: number): string {
  return new Turns(idOf(writer)).attempt(idOf(99));
}

/** The tail was proven at `ms`, and so it is now. */
function next(turns: Turns, ms: number, chance = 0.5): TurnStep {
  return turns.next(at(ms), true, chance, at(ms));
}

test("attempt ids keep their length, begin alike for one writer and are random in the rest", () => {
  const turns = new Turns("abcdefghijklmnopqrstuv");
  expect(turns.attempt("0123456789ABCDEFGHIJKL")).toBe("abcdef6789ABCDEFGHIJKL");
  expect(turns.attempt("LKJIHGFEDCBA9876543210")).toBe("abcdefFEDCBA9876543210");
});

test("a writer that sees nobody else never waits, and never looks at the log", () => {
  const turns = turnsOf(1);
  see(turns, [1, 1, 1], 1_000);
  for (const chance of chances) expect(turns.next(at(1_000), false, chance, at(50_000))).toEqual(put);
});

describe("in the ring", () => {
  test("puts when its last entry is the oldest, and else looks shortly before its turn", () => {
    const turns = turnsOf(1);
    see(turns, [1, 2, 3, 4], 1_000);
    expect(next(turns, 1_000)).toEqual(put);
    see(turns, [1], 1_016);
    expect(next(turns, 1_016)).toEqual({ kind: "look", waitMs: closeTo((3 * 0.9 - 0.4) * slotMs) });
    see(turns, [2, 3], 1_048);
    expect(next(turns, 1_048)).toEqual({ kind: "look", waitMs: closeTo(0.5 * slotMs) });
    see(turns, [4], 1_064);
    expect(next(turns, 1_064)).toEqual(put);
  });

  test("looks first when the tail was proven some put times ago, once however long that takes", () => {
    const turns = turnsOf(1);
    see(turns, [1, 2], 1_000);
    expect(turns.next(at(1_000), false, 0.5, at(1_020))).toEqual({ kind: "look", waitMs: 0 });
    expect(turns.next(at(1_020), true, 0.5, at(1_400))).toEqual(put);
  });

  test("takes the turn of those before it who are silent, one after the other", () => {
    const turns = turnsOf(1);
    see(turns, [2, 3, 4, 1], 1_000);
    const dueMs = 3 * 2.5 * putMs;
    expect(next(turns, 1_000 + dueMs - 10).kind).toBe("look");
    expect(next(turns, 1_000 + dueMs + 1)).toEqual(put);
  });

  test("forgets who was overtaken three times", () => {
    const turns = turnsOf(1);
    see(turns, [2, 3, 1, 3, 1], 1_000);
    expect(next(turns, 1_000)).toEqual({ kind: "look", waitMs: closeTo((2 * 0.9 - 0.4) * slotMs) });
    see(turns, [3, 1], 1_032);
    expect(next(turns, 1_032)).toEqual({ kind: "look", waitMs: closeTo(0.5 * slotMs) });
  });

  test("does not reckon with who wrote some time ago, when few do", () => {
    const turns = turnsOf(1);
    for (const [index, writer] of [2, 3, 4, 1].entries()) see(turns, [writer], 1_000 + index * 300);
    expect(next(turns, 1_900)).toEqual(put);
  });

  test("waits no longer than 5 s, however many others there are and however slow the store is", () => {
    const turns = turnsOf(1);
    for (let count = 0; count < 100; count += 1) turns.won(at(0), at(200));
    const others = Array.from({ length: 900 }, (_, index) => index + 2);
    for (const writer of [...others, 1]) see(turns, [writer], 1_000);
    expect(next(turns, 1_000)).toEqual({ kind: "look", waitMs: 5_000 });
  });

  test("puts again at once when it has lost in its turn", () => {
    const turns = turnsOf(1);
    see(turns, [1, 2, 3], 1_000);
    turns.lost(at(1_000), at(1_010), entryOf(attemptOf(7)));
    see(turns, [7], 1_010);
    expect(next(turns, 1_010)).toEqual(put);
  });
});

describe("a newcomer", () => {
  test("puts at once, and again at once when it has lost to a member of the ring, for some times", () => {
    const turns = turnsOf(1);
    see(turns, [2, 3], 1_000);
    const steps = Array.from({ length: 9 }, () => {
      const step = next(turns, 1_000);
      turns.lost(at(1_000), at(1_010), entryOf(attemptOf(2)));
      return step.kind;
    });
    expect(steps).toEqual([...Array.from({ length: 8 }, () => "put"), "look"]);
  });

  test("waits at random when it has lost twice to other newcomers, longer each time", () => {
    const turns = turnsOf(1);
    see(turns, [2, 3], 1_000);
    turns.lost(at(1_000), at(1_010), entryOf(attemptOf(7)));
    expect(next(turns, 1_010)).toEqual(put);
    for (const slots of [8, 16, 32, 64, 64]) {
      turns.lost(at(1_000), at(1_010), entryOf(attemptOf(7)));
      expect(next(turns, 1_010, 0.5)).toEqual({ kind: "look", waitMs: closeTo(0.5 * slots * slotMs) });
    }
    turns.lost(at(1_000), at(1_010));
    expect(next(turns, 1_010, 0)).toEqual({ kind: "look", waitMs: 0 });
    expect(next(turns, 1_010)).toEqual(put);
  });
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
function closeTo(ms: number): unknown {
  return expect.closeTo(ms, 0);
}
