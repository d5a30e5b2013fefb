import { expect, test } from "vitest";
import { listOf, MemberNotes } from "../../../local/console/member-notes.ts";

function notesOf({ isQuiet = false } = {}) {
  const lines: string[] = [];
  const clock = { nowMs: 0 };
  const notes = new MemberNotes(
    (line) => lines.push(line),
    isQuiet,
    () => clock.nowMs,
  );
  return { notes, lines, clock };
}

const some = [
  { topic: "orders", partitions: [0, 2] },
  { topic: "returns", partitions: [1] },
];
const failure = { error: new Error("x"), during: "fetch" as const };

test("partitions are written by topic", () => {
  expect(listOf(some)).toBe("orders(0,2) returns(1)");
});

test("what comes and goes is told, and a loss with its reason", () => {
  const { notes, lines } = notesOf();
  notes.assigned(some);
  notes.revoked(some.slice(1));
  notes.lost(some.slice(0, 1), new Error("its session is over"));
  expect(lines).toEqual([
    "% assigned orders(0,2) returns(1)\n",
    "% gave up returns(1)\n",
    "streamkeeper: lost orders(0,2), and joins again: its session is over\n",
  ]);
});

test("quiet leaves only what fails", () => {
  const { notes, lines, clock } = notesOf({ isQuiet: true });
  notes.noTopic("orders");
  notes.assigned(some);
  notes.revoked(some);
  notes.problem(failure);
  clock.nowMs = 10_000;
  notes.waiting("g");
  expect(lines).toEqual(["streamkeeper: a fetch failed, and is tried again: Error: x\n"]);
});

test("a wait is told once, and only of a member that was given nothing for a while", () => {
  const { notes, lines, clock } = notesOf();
  notes.waiting("g");
  expect(lines).toEqual([]);
  clock.nowMs = 2_000;
  notes.waiting("g");
  notes.waiting("g");
  expect(lines).toEqual(["% no partition of group g is free yet; see streamkeeper groups describe g\n"]);
  const other = notesOf();
  other.notes.assigned(some);
  other.clock.nowMs = 60_000;
  other.notes.waiting("g");
  expect(other.lines).toHaveLength(1);
});

test("a failure that goes on is told once in five seconds", () => {
  const { notes, lines, clock } = notesOf();
  for (clock.nowMs = 0; clock.nowMs < 10_000; clock.nowMs += 500) notes.problem(failure);
  notes.problem({ error: new Error("y"), during: "commit" });
  expect(lines).toHaveLength(3);
});
