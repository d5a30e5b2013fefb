import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  acknowledge,
  acquire,
  claimDead,
  type FetchedWindow,
  findWanted,
  finishDead,
  nextLockOverMs,
  settle,
} from "../../../shared/groups/share-decisions.ts";
import { decodeShareState, encodeShareState } from "../../../shared/groups/share-state-codec.ts";
import { newShareState, type ShareState, startAt } from "../../../shared/groups/share-state.ts";
import { shareInFlightRecordsMax, shareSkewMs } from "../../../shared/limits/share-groups.ts";
import { ShareModel, spelled } from "./share-model.ts";

const lockMs = 1_000;
const rules = { deliveriesMax: 3, keepsDead: true };
const whole = (first: number, next: number): FetchedWindow => ({
  first,
  next,
  offsets: Array.from({ length: next - first }, (_, index) => first + index),
});

function taken(state: ShareState, memberId: string, window: FetchedWindow, nowMs = 0, recordsMax = 1_000) {
  return acquire(settle(state, nowMs, rules), [window], { memberId, lockUntilMs: nowMs + lockMs, recordsMax });
}

describe("acquire", () => {
  test("gives each record to one worker, until its lock is over and a little more", () => {
    const first = taken(newShareState(0), "a", whole(0, 10));
    expect(first.acquired).toHaveLength(10);
    expect(taken(first.state, "b", whole(0, 10), lockMs + shareSkewMs - 1).acquired).toEqual([]);
    const second = taken(first.state, "b", whole(0, 10), lockMs + shareSkewMs).acquired;
    expect(second).toEqual(whole(0, 10).offsets.map((offset) => ({ offset, deliveryCount: 2 })));
  });

  test("takes no more than asked for, and goes on where it ended", () => {
    const first = taken(newShareState(0), "a", whole(0, 10), 0, 4);
    expect(first.state.endOffset).toBe(4);
    expect(findWanted(first.state, 0)).toEqual({ first: 4 });
    expect(taken(first.state, "b", whole(4, 10), 0, 2).acquired.map(({ offset }) => offset)).toEqual([4, 5]);
  });

  test("passes over offsets that hold no record, and starts behind them", () => {
    const { state, acquired } = taken(newShareState(0), "a", { first: 0, next: 8, offsets: [3, 4, 6] });
    expect(acquired.map(({ offset }) => offset)).toEqual([3, 4, 6]);
    expect(state).toMatchObject({ startOffset: 3, endOffset: 8 });
    const done = acknowledge(state, "a", [{ firstOffset: 3, lastOffset: 6, type: "accept" }], {
      lockUntilMs: 0,
      rules,
    });
    expect(done).toEqual({ applied: [true], state: newShareState(8) });
  });

  test("takes nothing of a fetch that begins behind the end", () => {
    expect(taken(newShareState(0), "a", whole(5, 10)).acquired).toEqual([]);
  });

  test("takes nothing new when as many are in flight as may be, but what was released", () => {
    const many = taken(newShareState(0), "a", whole(0, 5_000), 0, 5_000);
    expect(many.acquired).toHaveLength(shareInFlightRecordsMax);
    expect(findWanted(many.state, 0)).toBeUndefined();
    const { state } = acknowledge(many.state, "a", [{ firstOffset: 7, lastOffset: 8, type: "release" }], {
      lockUntilMs: 0,
      rules,
    });
    expect(findWanted(state, 0)).toEqual({ first: 7, last: 8 });
    expect(taken(state, "b", whole(0, 5_000), 0, 5_000).acquired.map(({ offset }) => offset)).toEqual([7, 8]);
  });
});

describe("acknowledge", () => {
  const held = taken(newShareState(0), "a", whole(0, 10)).state;
  const terms = { lockUntilMs: 9_000, rules };

  test.each([
    ["of another worker", "b", 0, 9],
    ["of which one is before the start", "a", -1, 3],
    ["of which one was never acquired", "a", 5, 10],
    ["that is empty", "a", 5, 4],
  ])("changes nothing of a range %s", (_, memberId, firstOffset, lastOffset) => {
    const result = acknowledge(held, memberId, [{ firstOffset, lastOffset, type: "accept" }], terms);
    expect(result).toEqual({ state: held, applied: [false] });
  });

  test("applies the ranges that are held and not those that were dealt with before", () => {
    const accept = { firstOffset: 2, lastOffset: 4, type: "accept" } as const;
    const { state, applied } = acknowledge(held, "a", [accept, accept, { ...accept, firstOffset: 0 }], terms);
    expect(applied).toEqual([true, false, false]);
    expect(state.startOffset).toBe(0);
  });

  test("renews a lock, also one that is over if nobody has taken it", () => {
    const { state, applied } = acknowledge(held, "a", [{ firstOffset: 0, lastOffset: 9, type: "renew" }], terms);
    expect(applied).toEqual([true]);
    expect(nextLockOverMs(state)).toBe(9_000 + shareSkewMs);
    expect(taken(state, "b", whole(0, 10), 8_000).acquired).toEqual([]);
  });

  test("lets a record that was delivered too often die, or drops it where there is no dead-letter topic", () => {
    let state = newShareState(0);
    for (let delivery = 1; delivery <= rules.deliveriesMax; delivery += 1) {
      ({ state } = taken(state, "a", whole(0, 1)));
      ({ state } = acknowledge(state, "a", [{ firstOffset: 0, lastOffset: 0, type: "release" }], terms));
    }
    expect(state.ranges).toMatchObject([{ state: "exhausted", deliveryCount: 3 }]);
    expect(taken(state, "a", whole(0, 1)).acquired).toEqual([]);
    expect(settle(state, 0, { ...rules, keepsDead: false })).toEqual(newShareState(1));
  });
});

describe("dead letters", () => {
  test("are left to who has claimed them, for a time, and are done when they are delivered", () => {
    const held = taken(newShareState(0), "a", whole(0, 5)).state;
    const reject = { firstOffset: 1, lastOffset: 3, type: "reject" } as const;
    const { state } = acknowledge(held, "a", [reject], { lockUntilMs: 0, rules });
    const mine = claimDead(state, 10_000, 2);
    expect(mine.claimed).toEqual([1, 2].map((offset) => ({ offset, deliveryCount: 1, cause: "rejected" })));
    const others = claimDead(mine.state, 10_100, 2);
    expect(others.claimed.map(({ offset }) => offset)).toEqual([3]);
    expect(claimDead(others.state, 60_000, 9).claimed).toHaveLength(3);
    expect(finishDead(others.state, [1, 2, 3, 0, 77]).ranges.map((range) => range.state)).toEqual([
      "acquired",
      "done",
      "acquired",
    ]);
  });
});

test("what retention has taken is dealt with", () => {
  const { state } = taken(newShareState(0), "a", whole(0, 10), 0, 6);
  expect(startAt(state, 3)).toMatchObject({ startOffset: 3, endOffset: 6, ranges: [{ first: 3, last: 5 }] });
  expect(startAt(state, 30)).toEqual(newShareState(30));
  expect(startAt(state, 0)).toBe(state);
});

const step = fc.oneof(
  fc.record({
    kind: fc.constant("acquire" as const),
    memberId: fc.constantFrom("a", "b", "c"),
    recordsMax: fc.integer({ min: 1, max: 8 }),
    length: fc.integer({ min: 1, max: 12 }),
    skip: fc.integer({ min: 0, max: 3 }),
  }),
  fc.record({
    kind: fc.constant("acknowledge" as const),
    memberId: fc.constantFrom("a", "b", "c"),
    type: fc.constantFrom("accept", "release", "reject", "renew"),
    firstOffset: fc.integer({ min: 0, max: 40 }),
    length: fc.integer({ min: 1, max: 6 }),
  }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 900 }) }),
  fc.record({ kind: fc.constant("deliver" as const), recordsMax: fc.integer({ min: 1, max: 4 }) }),
);

test("ranges say of every record what its own state machine says, whatever is done to them", () => {
  const holds = fc.array(
    fc.integer({ min: 0, max: 4 }).map((draw) => draw > 0),
    { minLength: 40, maxLength: 40 },
  );
  const property = fc.property(holds, fc.array(step, { maxLength: 120 }), fc.boolean(), (offsets, steps, keepsDead) => {
    const terms = { deliveriesMax: 3, keepsDead };
    const model = new ShareModel(offsets, terms);
    let state = newShareState(0);
    let nowMs = 0;
    for (const one of steps) {
      state = settle(state, nowMs, terms);
      model.settle(nowMs);
      const lockUntilMs = nowMs + lockMs;
      switch (one.kind) {
        case "wait":
          nowMs += one.ms;
          break;
        case "acquire": {
          const wanted = findWanted(state, Math.min(state.startOffset + one.skip, state.endOffset));
          if (wanted === undefined) throw new Error("too many are in flight");
          const next = Math.min(offsets.length, wanted.first + one.length);
          const records = whole(wanted.first, Math.max(wanted.first, next)).offsets.filter((offset) => offsets[offset]);
          const windows = [{ first: wanted.first, next, offsets: records }];
          const result = acquire(state, windows, { memberId: one.memberId, lockUntilMs, recordsMax: one.recordsMax });
          const expected = model.acquire(windows, one.memberId, lockUntilMs, one.recordsMax);
          expect(result.acquired.map(({ offset }) => offset)).toEqual(expected);
          for (const { offset, deliveryCount } of result.acquired) expect(deliveryCount).toBe(model.deliveries[offset]);
          ({ state } = result);
          break;
        }
        case "acknowledge": {
          const ack = { firstOffset: one.firstOffset, lastOffset: one.firstOffset + one.length - 1, type: one.type };
          const result = acknowledge(state, one.memberId, [ack], { lockUntilMs, rules: terms });
          const isHeld = ack.lastOffset < offsets.length && model.acknowledge(one.memberId, ack, lockUntilMs);
          expect(result.applied).toEqual([isHeld]);
          ({ state } = result);
          break;
        }
        case "deliver": {
          const result = claimDead(state, nowMs, one.recordsMax);
          const claimed = result.claimed.map(({ offset }) => offset);
          expect(claimed).toEqual(model.claim(nowMs, one.recordsMax));
          const delivered = claimed.slice(0, 2);
          state = finishDead(result.state, delivered);
          model.finish(delivered);
        }
      }
      expect(spelled(state)).toEqual(model.expectedOf(state));
      const before = model.records.slice(0, state.startOffset);
      expect(before.every(({ standing }) => standing === "done" || standing === "gap")).toBe(true);
      expect(model.records.slice(state.endOffset).every(({ standing }) => standing === "new")).toBe(true);
      expect(decodeShareState(encodeShareState(state))).toEqual(state);
    }
  });
  fc.assert(property, { numRuns: 500 });
});
