import { describe, expect, test } from "vitest";
import { checkLog, type LogCheckOptions } from "../../../verify/check/check-log.ts";
import type { LogHistory } from "../../../verify/history.ts";
import { final, historyOf, join, mark, poll, send, transaction, work } from "./log-history.ts";

function namesOf(history: LogHistory, options?: LogCheckOptions): string[] {
  return [...new Set(checkLog(history, options).anomalies.map(({ name }) => name))];
}

type Drafts = Parameters<typeof historyOf>[0];

interface Pair {
  readonly name: string;
  readonly bad: Drafts;
  readonly good: Drafts;
  readonly more?: Partial<LogHistory>;
  readonly options?: LogCheckOptions;
  /** What comes with it. */
  readonly also?: readonly string[];
}

const [one, two, three] = [work([send(1, 0)]), work([send(2, 1)]), work([send(3, 2)])];

const pairs: Readonly<Record<string, Pair>> = {
  "one offset holds two values": {
    name: "inconsistent offsets",
    bad: [one, work([send(2, 0)], { process: 1 })],
    good: [one, work([send(2, 1)], { process: 1 })],
    also: ["G0-realtime"],
  },
  "a poll finds another value where one was acknowledged": {
    name: "inconsistent offsets",
    bad: [one, work([send(2)], { outcome: "info", process: 1 }), work([poll({ 0: 2 })], { process: 2 })],
    good: [one, work([send(2)], { outcome: "info", process: 1 }), work([poll({ 0: 1 })], { process: 2 })],
    also: ["G0-realtime"],
  },
  "a value stands at two offsets": {
    name: "duplicate",
    bad: [one, work([poll({ 0: 1, 1: 1 })], { process: 1 })],
    good: [one, work([poll({ 0: 1 })], { process: 1 })],
  },
  "a value stands elsewhere than was acknowledged": {
    name: "duplicate",
    bad: [one, work([poll({ 3: 1 })], { process: 1 })],
    good: [one, work([poll({ 0: 1 })], { process: 1 })],
  },
  "nobody reads a value though a later one was read": {
    name: "lost write",
    bad: [one, two, mark("seek", 1, 1), work([poll({ 1: 2 })], { process: 1 })],
    good: [one, two, work([poll({ 0: 1, 1: 2 })], { process: 1 })],
  },
  "a value is not read at which the log starts": {
    name: "lost write",
    bad: [one, two, work([poll({ 1: 2 })], { process: 1 })],
    good: [one, two, work([poll({ 0: 1, 1: 2 })], { process: 1 })],
    more: { logStartOffsets: new Map([["p", 0]]) },
  },
  "a plain operation that failed as a whole has a part that was acknowledged, which is gone": {
    name: "unseen",
    bad: [work([send(1, 0), send(2)], { outcome: "fail" }), final({})],
    good: [work([send(1, 0), send(2)], { outcome: "fail" }), final({ 0: 1 })],
  },
  "the tail is not there at the end": {
    name: "unseen",
    bad: [one, two, final({ 0: 1 })],
    good: [one, two, final({ 0: 1, 1: 2 })],
  },
  "what was read once is not there at the end": {
    name: "unseen",
    bad: [work([send(1)], { outcome: "info" }), work([poll({ 0: 1 })], { process: 1 }), final({})],
    good: [work([send(1)], { outcome: "info" }), work([poll({ 0: 1 })], { process: 1 }), final({ 0: 1 })],
  },
  "half a batch of which nobody knows is there": {
    name: "unseen",
    bad: [work([send([1, 2])], { outcome: "info" }), final({ 0: 1 })],
    good: [work([send([1, 2])], { outcome: "info" }), final({ 0: 1, 1: 2 })],
  },
  "half a transaction of which nobody knows is there": {
    name: "unseen",
    bad: [transaction([send(1, 0), send(2, 0, { partition: "q" })], { outcome: "info" }), final({ 0: 1 })],
    good: [transaction([send(1, 0), send(2, 0, { partition: "q" })], { outcome: "info" }), final({})],
  },
  "a poll finds what nobody sent": { name: "phantom", bad: [work([poll({ 0: 7 })])], good: [work([poll({})])] },
  "a poll finds what was aborted": {
    name: "aborted read",
    bad: [transaction([send(1, 0)], { outcome: "fail" }), work([poll({ 0: 1 })], { process: 1 })],
    good: [
      transaction([send(1, 0)], { outcome: "fail" }),
      work([poll({ 0: 1 }, { isUncommitted: true })], { process: 1 }),
    ],
  },
  "a poll finds a send that failed": {
    name: "aborted read",
    bad: [work([send(1)], { outcome: "fail" }), work([poll({ 0: 1 })], { process: 1 })],
    good: [work([send(1)], { outcome: "info" }), work([poll({ 0: 1 })], { process: 1 })],
  },
  "a poll of uncommitted records finds a send that failed, and was in no transaction": {
    name: "aborted read",
    bad: [
      work([send(1)], { outcome: "fail" }),
      work([poll({ 0: 1 }, { isUncommitted: true })], { process: 1, isFinal: true }),
    ],
    good: [
      work([send(1)], { outcome: "info" }),
      work([poll({ 0: 1 }, { isUncommitted: true })], { process: 1, isFinal: true }),
    ],
  },
  "a transaction polls what it sent itself": {
    name: "precommitted read",
    bad: [transaction([send(1, 0), poll({ 0: 1 })])],
    good: [transaction([send(1, 0), poll({ 0: 1 }, { isUncommitted: true })])],
  },
  "a process misses a value between two polls": {
    name: "poll skip",
    bad: [one, two, three, work([poll({ 0: 1 })]), work([poll({ 2: 3 })]), work([poll({ 1: 2 })], { process: 1 })],
    good: [one, two, three, work([poll({ 0: 1 })]), work([poll({ 1: 2, 2: 3 })])],
  },
  "a process that was put somewhere starts after it": {
    name: "poll skip",
    bad: [one, two, three, mark("seek", 0, 1), work([poll({ 2: 3 })]), work([poll({ 0: 1, 1: 2 })], { process: 1 })],
    good: [one, two, three, mark("seek", 0, 2), work([poll({ 2: 3 })]), work([poll({ 0: 1, 1: 2 })], { process: 1 })],
  },
  "a process misses a value within one poll": {
    name: "internal poll skip",
    bad: [one, two, three, work([poll({ 0: 1, 2: 3 })]), work([poll({ 1: 2 })], { process: 1 })],
    good: [one, two, three, work([poll({ 0: 1, 1: 2, 2: 3 })])],
  },
  "a process goes back between two polls": {
    name: "nonmonotonic poll",
    bad: [one, two, work([poll({ 0: 1, 1: 2 })]), work([poll({ 0: 1 })])],
    good: [one, two, work([poll({ 0: 1, 1: 2 })]), mark("seek", 0), work([poll({ 0: 1 })])],
  },
  "an assignment that keeps the partition moves the process back": {
    name: "nonmonotonic poll",
    bad: [one, work([poll({ 0: 1 })]), mark("assign"), work([poll({ 0: 1 })])],
    good: [one, work([poll({ 0: 1 })]), mark("crash"), work([poll({ 0: 1 })])],
  },
  "a member goes back though the group took nothing from it": {
    name: "nonmonotonic poll",
    bad: [one, mark("subscribe"), work([poll({ 0: 1 }, { generation: 1 })]), work([poll({ 0: 1 }, { generation: 1 })])],
    good: [
      one,
      mark("subscribe"),
      work([poll({ 0: 1 }, { generation: 1 })]),
      work([poll({ 0: 1 }, { generation: 2 })]),
    ],
  },
  "a process goes back within one poll": {
    name: "internal nonmonotonic poll",
    bad: [one, two, work([poll({ 0: 1, 1: 2 }), poll({ 0: 1 })])],
    good: [one, two, work([poll({ 0: 1 }), poll({ 1: 2 })])],
  },
  "a process writes before what it wrote": {
    name: "nonmonotonic send",
    bad: [work([send(1, 1)]), work([send(2, 0)])],
    good: [work([send(1, 1)]), work([send(2, 2)])],
    also: ["G0-process"],
  },
  "a transaction writes before what it wrote": {
    name: "internal nonmonotonic send",
    bad: [transaction([send(1, 1), send(2, 0)])],
    good: [transaction([send(1, 0), send(2, 1)])],
  },
  "a batch of which nobody knows is there in another order": {
    name: "internal nonmonotonic send",
    bad: [work([send([1, 2])], { outcome: "info" }), work([poll({ 0: 2, 1: 1 })], { process: 1 })],
    good: [work([send([1, 2])], { outcome: "info" }), work([poll({ 0: 1, 1: 2 })], { process: 1 })],
  },
  "another's record stands within a transaction": {
    name: "internal send skip",
    bad: [transaction([send(1, 0), send(3, 2)], { at: [0, 9] }), work([send(2, 1)], { process: 1, at: [0, 9] })],
    good: [transaction([send(1, 0), send(3, 1)], { at: [0, 9] }), work([send(2, 2)], { process: 1, at: [0, 9] })],
    also: ["G0"],
  },
  "another's record stands within a batch, even where transactions interleave": {
    name: "internal send skip",
    bad: [
      transaction([send([1, 3], 0, { offsets: [0, 2] })], { at: [0, 9] }),
      work([send(2, 1)], { process: 1, at: [0, 9] }),
    ],
    good: [transaction([send(1, 0), send(3, 2)], { at: [0, 9] }), work([send(2, 1)], { process: 1, at: [0, 9] })],
    options: { interleaves: true },
  },
  "two transactions each wrote after the other": {
    name: "G0",
    bad: [
      transaction([send(1, 0), send(2, 1, { partition: "q" })], { at: [0, 9] }),
      transaction([send(3, 1), send(4, 0, { partition: "q" })], { at: [0, 9], process: 1 }),
    ],
    good: [
      transaction([send(1, 0), send(2, 0, { partition: "q" })], { at: [0, 9] }),
      transaction([send(3, 1), send(4, 1, { partition: "q" })], { at: [0, 9], process: 1 }),
    ],
  },
  "two transactions each read what the other wrote": {
    name: "G1c",
    bad: [
      transaction([send(1, 0), { ...poll({ 0: 2 }), ...at("q", 0, 2) }], { at: [0, 9] }),
      transaction([send(2, 0, { partition: "q" }), poll({ 0: 1 })], { at: [0, 9], process: 1 }),
    ],
    good: [
      work([send(1, 0), { ...poll({ 0: 2 }), ...at("q", 0, 2) }], { at: [0, 9] }),
      work([send(2, 0, { partition: "q" }), poll({ 0: 1 })], { at: [0, 9], process: 1 }),
    ],
  },
  "a record stands before one that was acknowledged before it was sent": {
    name: "G0-realtime",
    bad: [work([send(1, 1)], { at: [0, 5] }), work([send(2, 0)], { at: [6, 9], process: 1 })],
    good: [work([send(1, 1)], { at: [0, 6] }), work([send(2, 0)], { at: [6, 9], process: 1 })],
  },
  "a transaction stands before one that was acknowledged before it began": {
    name: "G0-realtime",
    bad: [transaction([send(1, 1)], { at: [0, 5] }), transaction([send(2, 0)], { at: [6, 9], process: 1 })],
    good: [transaction([send(1, 1)], { at: [0, 6] }), transaction([send(2, 0)], { at: [6, 9], process: 1 })],
    options: { interleaves: true },
  },
  "a record is polled before it is sent": {
    name: "G1c-realtime",
    bad: [work([poll({ 0: 1 })], { at: [0, 5] }), work([send(1, 0)], { at: [6, 9], process: 1 })],
    good: [work([poll({ 0: 1 })], { at: [0, 7] }), work([send(1, 0)], { at: [6, 9], process: 1 })],
  },
  "a process polls what it sends only later": {
    name: "G1c-process",
    bad: [work([poll({ 0: 1 }), send(1, 0)])],
    good: [work([send(1, 0), poll({ 0: 1 })])],
  },
  "a record is elsewhere than was asked for": {
    name: "expected offset ignored",
    bad: [one, work([send(2, 1, { expectedOffset: 2 })])],
    good: [one, work([send(2, 1, { expectedOffset: 1 })])],
  },
  "a lower token writes after a higher one": {
    name: "fence ignored",
    bad: [work([send(1, 0, { fencingToken: 5 })]), two, work([send(3, 2, { fencingToken: 4 })])],
    good: [work([send(1, 0, { fencingToken: 5 })]), two, work([send(3, 2, { fencingToken: 5 })])],
  },
  "a partition ends before what was acknowledged": {
    name: "stale end",
    bad: [one, two, mark("end", 1, 1)],
    good: [one, two, mark("end", 1, 2)],
  },
  "a partition ends before what another has polled": {
    name: "stale end",
    bad: [work([send(1)], { outcome: "info" }), work([poll({ 0: 1 })], { process: 2 }), mark("end", 1, 0)],
    good: [work([send(1)], { outcome: "info" }), mark("end", 1, 0), work([poll({ 0: 1 })], { process: 2 })],
  },
  "whoever takes a partition over begins behind what the group was given": {
    name: "group skip",
    bad: [
      one,
      two,
      three,
      join("g", 1),
      work([poll({ 0: 1 })], { process: 1 }),
      join("g", 2),
      work([poll({ 2: 3 })], { process: 2 }),
      final({ 0: 1, 1: 2, 2: 3 }),
    ],
    good: [
      one,
      two,
      three,
      join("g", 1),
      work([poll({ 0: 1 })], { process: 1 }),
      join("g", 2),
      work([poll({ 1: 2, 2: 3 })], { process: 2 }),
      final({ 0: 1, 1: 2, 2: 3 }),
    ],
  },
  "a group does not begin at the beginning": {
    name: "group skip",
    bad: [one, two, join("g", 1), work([poll({ 1: 2 })], { process: 1 }), final({ 0: 1, 1: 2 })],
    good: [one, two, join("g", 1), work([poll({ 0: 1 })], { process: 1 }), final({ 0: 1, 1: 2 })],
  },
  "an offset holds nothing where every one must": {
    name: "hole",
    bad: [one, work([send(2, 2)])],
    good: [one, work([send(2, 1)])],
    options: { isDense: true },
  },
  "a value is compacted away that no later one replaced": {
    name: "lost write",
    bad: [work([send(1, 0, { keys: ["a"] })]), work([send(2, 1, { keys: ["b"] })]), final({ 1: 2 })],
    good: [work([send(1, 0, { keys: ["b"] })]), work([send(2, 1, { keys: ["b"] })]), final({ 1: 2 })],
    more: { compactedPartitions: new Set(["p"]) },
  },
};

function at(partition: string, offset: number, value: number): object {
  return { polled: [{ partition, offsets: [offset], values: [value] }] };
}

describe("a log", () => {
  test.each(Object.entries(pairs))("is judged when %s", (_, { name, bad, good, more, options, also = [] }) => {
    const found = namesOf(historyOf(bad, more), options);
    expect([name, ...also]).toEqual(expect.arrayContaining(found));
    expect(found).toContain(name);
    expect(namesOf(historyOf(good, more), options)).toEqual([]);
  });

  test("control records and aborted transactions leave gaps that nobody skips", () => {
    const history = historyOf([
      transaction([send(1, 0)]),
      transaction([send(2, 2)], { outcome: "fail" }),
      transaction([send(3, 4)]),
      work([poll({ 0: 1 })]),
      work([poll({ 4: 3 })]),
      work([poll({ 0: 1, 2: 2, 4: 3 }, { isUncommitted: true })], { process: 1 }),
      final({ 0: 1, 4: 3 }),
    ]);
    expect(namesOf(history)).toEqual([]);
  });

  test("a reader may miss what was trimmed", () => {
    const history = historyOf([one, two, three, work([poll({ 0: 1 })]), work([poll({ 2: 3 })]), final({ 2: 3 })], {
      logStartOffsets: new Map([["p", 2]]),
    });
    expect(namesOf(history)).toEqual([]);
  });

  test("counts what was polled twice and how long a reader was behind, and judges neither", () => {
    const verdict = checkLog(
      historyOf([one, two, work([poll({ 0: 1 })]), mark("crash"), work([poll({ 0: 1 })]), final({ 0: 1, 1: 2 })]),
    );
    expect(verdict).toEqual({ anomalies: [], sent: 2, acknowledged: 2, seen: 2, polledTwice: 1, lagMax: 29 });
  });

  test("shows a cycle by its operations", () => {
    const [anomaly] = checkLog(
      historyOf([work([send(1, 1)], { at: [0, 5] }), work([send(2, 0)], { at: [6, 9], process: 1 })]),
    ).anomalies;
    expect(anomaly?.detail).toBe(
      "[operation of process 0 at 0 (ok)] -realtime-> [operation of process 1 at 6 (ok)] -ww p-> the first",
    );
  });

  test("shows a few of each kind and counts the rest", () => {
    const lost = Array.from({ length: 30 }, (_, index) => work([send(index, index)]));
    const { anomalies } = checkLog(historyOf([...lost, final({})]));
    expect(anomalies).toHaveLength(21);
    expect(anomalies.at(-1)).toEqual({ name: "unseen", detail: "and 10 more" });
  });

  test("refuses a history in which a value was sent twice", () => {
    expect(() => checkLog(historyOf([one, one]))).toThrow(RangeError);
  });
});
