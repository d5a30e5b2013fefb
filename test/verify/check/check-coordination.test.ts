import { describe, expect, test } from "vitest";
import { checkEphemerals } from "../../../verify/check/check-ephemerals.ts";
import { checkLocks } from "../../../verify/check/check-locks.ts";
import { checkSequentials } from "../../../verify/check/check-sequentials.ts";
import { checkWatches } from "../../../verify/check/check-watches.ts";
import type {
  EphemeralOperation,
  GuardedWrite,
  LockHold,
  Operation,
  SequentialCreate,
  SessionLife,
  WatchHistory,
  WatchSight,
  ZnodeChange,
} from "../../../verify/history.ts";
import { by, expectVerdicts, failed, namesOf, type Pair, unsure } from "./expect-verdicts.ts";

type Pairs<History> = Readonly<Record<string, Pair<History>>>;

const changes: WatchHistory["changes"] = [
  { zxid: 1, path: "/a", type: "NodeCreated" },
  { zxid: 1, path: "/", type: "NodeChildrenChanged" },
  { zxid: 2, path: "/a", type: "NodeDataChanged" },
  { zxid: 3, path: "/b", type: "NodeCreated" },
  { zxid: 4, path: "/a/c", type: "NodeCreated" },
  { zxid: 5, path: "/a", type: "NodeDataChanged" },
];

function event(zxid: number, path: string, type: ZnodeChange["type"]): WatchSight {
  return { kind: "event", zxid, path, type };
}

const [created, changed, child, again] = [
  event(1, "/a", "NodeCreated"),
  event(2, "/a", "NodeDataChanged"),
  event(4, "/a/c", "NodeCreated"),
  event(5, "/a", "NodeDataChanged"),
];

function data(mzxid: number): WatchSight {
  return { kind: "data", path: "/a", mzxid };
}

function watch(sights: readonly WatchSight[], isRecursive = true): WatchHistory {
  return {
    changes,
    logs: [{ watcher: "w", path: "/a", isRecursive, sinceZxid: 0, untilZxid: 5, sights }],
  };
}

function withoutZxid(sight: WatchSight): WatchSight {
  return sight.kind === "event" ? { ...sight, zxid: undefined } : sight;
}

const watchPairs: Pairs<WatchHistory> = {
  "an event is not told": {
    name: "missed event",
    bad: watch([created, changed, again]),
    good: watch([created, changed, child, again]),
  },
  "the last event is not told": {
    name: "missed event",
    bad: watch([created, changed, child]),
    good: {
      changes,
      logs: [{ ...watch([created, changed, child]).logs[0], untilZxid: 4 } as WatchHistory["logs"][number]],
    },
  },
  "an event is told twice": {
    name: "repeated event",
    bad: watch([created, changed, changed, child, again]),
    good: watch([created, changed, child, again]),
  },
  "events are told in another order": {
    name: "event out of order",
    bad: watch([created, child, changed, again]),
    good: watch([created, changed, child, again]),
  },
  "an event is told of what did not happen": {
    name: "phantom event",
    bad: watch([created, changed, event(3, "/a", "NodeDeleted"), child, again]),
    good: watch([created, changed, child, again]),
  },
  "an event comes from beside": {
    name: "phantom event",
    bad: watch([created, changed, child, again], false),
    good: watch([created, changed, again], false),
  },
  "data are read before the event of their change": {
    name: "data before event",
    bad: watch([created, data(2), changed, child, again]),
    good: watch([created, changed, data(2), child, again]),
  },
  "an event without a zxid is not told": {
    name: "missed event",
    bad: watch([created, changed, child].map(withoutZxid)),
    good: watch([created, changed, child, again].map(withoutZxid)),
  },
};

describe("watches", () => {
  test.each(Object.entries(watchPairs))("are wrong where %s", (_, pair) => {
    expectVerdicts(pair, checkWatches);
  });
});

function create(call: Operation, suffix?: number, czxid?: number): SequentialCreate {
  return {
    ...call,
    parent: "/queue",
    ...(suffix === undefined ? {} : { suffix }),
    ...(czxid === undefined ? {} : { czxid }),
  };
}

const sequentialPairs: Pairs<readonly SequentialCreate[]> = {
  "a number is given twice": {
    name: "duplicate suffix",
    bad: [create(by(0, 0, 5), 1, 10), create(by(1, 0, 5), 1, 11)],
    good: [create(by(0, 0, 5), 1, 10), create(by(1, 0, 5), 2, 11)],
  },
  "numbers stand against zxids": {
    name: "suffix against zxid",
    bad: [create(by(0, 0, 5), 1, 11), create(by(1, 0, 5), 2, 10)],
    good: [create(by(0, 0, 5), 1, 10), create(by(1, 0, 5), 3, 11)],
  },
  "numbers stand against time": {
    name: "suffix against time",
    bad: [create(by(0, 0, 4), 2, 11), create(by(1, 5, 6), 1, 10)],
    good: [create(by(0, 0, 5), 2, 11), create(by(1, 5, 6), 1, 10)],
  },
  "one create made two": {
    name: "doubled znode",
    bad: [{ ...create(by(0, 0, 5), 1, 10), others: [2] }],
    good: [create(by(0, 0, 5), 1, 10)],
  },
  "one that was acknowledged is gone": {
    name: "lost znode",
    bad: [{ ...create(by(0, 0, 5), 1, 10), isGone: true }],
    good: [create(by(0, 0, 5), 1, 10)],
  },
  "a create that failed is there": {
    name: "phantom znode",
    bad: [create(failed(0, 0, 5), 1, 10)],
    good: [create(unsure(0, 0), 1, 10), create(failed(1, 0, 1)), create(unsure(2, 0))],
  },
};

describe("sequential znodes", () => {
  test.each(Object.entries(sequentialPairs))("are wrong where %s", (_, pair) => {
    expectVerdicts(pair, checkSequentials);
  });
});

interface Ephemeral {
  readonly session?: Partial<SessionLife>;
  readonly operations: readonly EphemeralOperation[];
}

function ephemeral(call: Operation, kind: "create" | "delete"): EphemeralOperation {
  return { ...call, path: "/e", sessionId: "s", kind };
}

function look(call: Operation, isPresent: boolean): EphemeralOperation {
  return { ...call, path: "/e", sessionId: "s", kind: "look", isPresent };
}

const made = ephemeral(by(0, 10, 20), "create");

/** The session is opened at 0 to 5 for 100; so it lives to 100 - 1, and is to be gone from 105 + 20 on. */
function judgeEphemeral({ session, operations }: Ephemeral) {
  const sessions = [{ sessionId: "s", timeout: 100, opened: by(0, 0, 5), renewals: [], ...session }];
  return checkEphemerals({ sessions, operations }, { boundMax: 20, lateMax: 50, skewMax: 1 });
}

const ephemeralPairs: Pairs<Ephemeral> = {
  "it is there too long after the lease": {
    name: "outlived its session",
    bad: { operations: [made, look(by(1, 126, 127), true)] },
    good: { operations: [made, look(by(1, 125, 127), true)] },
  },
  "it is there after its session was closed": {
    name: "outlived its session",
    bad: { session: { closed: by(0, 40, 50) }, operations: [made, look(by(1, 51, 52), true)] },
    good: {
      session: { closed: by(0, 40, 50) },
      operations: [made, look(by(1, 50, 52), true), look(by(1, 53, 54), false)],
    },
  },
  "it is made when its session is over": {
    name: "outlived its session",
    bad: { operations: [ephemeral(by(0, 130, 131), "create")] },
    good: { session: { renewals: [by(0, 90, 91)] }, operations: [ephemeral(by(0, 130, 131), "create")] },
  },
  "it goes before the lease is over": {
    name: "died early",
    bad: { operations: [made, look(by(1, 97, 98), false)] },
    good: { operations: [made, look(by(1, 97, 99), false)] },
  },
  "it goes though the lease was renewed": {
    name: "died early",
    bad: { session: { renewals: [by(0, 90, 95)] }, operations: [made, look(by(1, 180, 188), false)] },
    good: { session: { renewals: [failed(0, 90, 95)] }, operations: [made, look(by(1, 180, 188), false)] },
  },
  "it goes though nobody closed the session or deleted it": {
    name: "died early",
    bad: { operations: [made, look(by(1, 30, 31), false)] },
    good: { operations: [made, ephemeral(unsure(0, 25), "delete"), look(by(1, 30, 31), false)] },
  },
  "it goes early, and was seen though nobody knows whether it was made": {
    name: "died early",
    bad: { operations: [ephemeral(unsure(0, 10), "create"), look(by(1, 20, 21), true), look(by(1, 30, 31), false)] },
    good: { operations: [ephemeral(unsure(0, 10), "create"), look(by(1, 20, 31), true), look(by(2, 30, 32), false)] },
  },
  "it comes back": {
    name: "came back",
    bad: { operations: [made, look(by(1, 100, 110), false), look(by(1, 111, 112), true)] },
    good: { operations: [made, look(by(1, 100, 112), false), look(by(1, 111, 112), true)] },
  },
  "it is there after it was deleted": {
    name: "came back",
    bad: { operations: [made, ephemeral(by(0, 30, 35), "delete"), look(by(1, 36, 37), true)] },
    good: { operations: [made, ephemeral(by(0, 30, 35), "delete"), look(by(1, 35, 37), true)] },
  },
  "it is there though it was never made": {
    name: "phantom ephemeral",
    bad: { operations: [ephemeral(failed(0, 10, 20), "create"), look(by(1, 21, 22), true)] },
    good: { operations: [ephemeral(unsure(0, 10), "create"), look(by(1, 21, 22), true)] },
  },
};

describe("an ephemeral", () => {
  test.each(Object.entries(ephemeralPairs))("is wrong where %s", (_, pair) => {
    expectVerdicts(pair, judgeEphemeral);
  });

  test("may live on by a heartbeat that was not answered", () => {
    const session = { renewals: [unsure(0, 90)] };
    expect(judgeEphemeral({ session, operations: [made, look(by(1, 260, 261), true)] })).toEqual([]);
    expect(namesOf(judgeEphemeral({ session, operations: [made, look(by(1, 261, 262), true)] }))).toEqual([
      "outlived its session",
    ]);
  });
});

interface Lock {
  readonly holds: readonly LockHold[];
  readonly writes: readonly GuardedWrite[];
}

function hold(process: number, token: number, invokedAt: number, grantedAt: number, endedAt: number): LockHold {
  return { lock: "l", process, token, invokedAt, grantedAt, endedAt };
}

function guarded(call: Operation, token: number, position?: number): GuardedWrite {
  return { ...call, lock: "l", token, ...(position === undefined ? {} : { position }) };
}

const holds = [hold(0, 1, 0, 1, 50), hold(1, 2, 2, 20, 60)];

const lockPairs: Pairs<Lock> = {
  "one that was deposed writes behind the one after it": {
    name: "deposed holder wrote",
    bad: { holds, writes: [guarded(by(1, 25, 35), 2, 1), guarded(by(0, 30, 40), 1, 2)] },
    good: { holds, writes: [guarded(by(1, 25, 35), 2, 2), guarded(by(0, 30, 40), 1, 1)] },
  },
  "a write of one that was deposed is accepted after another's was": {
    name: "deposed holder wrote",
    bad: { holds, writes: [guarded(by(1, 25, 28), 2), guarded(by(0, 30, 40), 1)] },
    good: { holds, writes: [guarded(by(1, 25, 28), 2), guarded(failed(0, 30, 40), 1)] },
  },
  "a token is granted twice": {
    name: "duplicate token",
    bad: { holds: [hold(0, 1, 0, 1, 2), hold(1, 1, 3, 4, 5)], writes: [] },
    good: { holds: [hold(0, 1, 0, 1, 2), hold(1, 2, 3, 4, 5)], writes: [] },
  },
  "a later grant has a lower token": {
    name: "token against time",
    bad: { holds: [hold(0, 2, 0, 1, 2), hold(1, 1, 3, 4, 5)], writes: [] },
    good: { holds: [hold(0, 1, 0, 1, 2), hold(1, 2, 3, 4, 5)], writes: [] },
  },
  "a write has a token that was never granted": {
    name: "phantom token",
    bad: { holds, writes: [guarded(by(1, 25, 35), 3, 1)] },
    good: { holds, writes: [guarded(failed(1, 25, 35), 3)] },
  },
  "a write that was refused is there": {
    name: "phantom write",
    bad: { holds, writes: [guarded(failed(0, 30, 40), 1, 3)] },
    good: { holds, writes: [guarded(failed(0, 30, 40), 1), guarded(unsure(1, 30), 2, 3)] },
  },
  "two writes stand in one place": {
    name: "inconsistent position",
    bad: { holds, writes: [guarded(by(1, 25, 35), 2, 1), guarded(by(1, 36, 37), 2, 1)] },
    good: { holds, writes: [guarded(by(1, 25, 35), 2, 1), guarded(by(1, 36, 37), 2, 2)] },
  },
};

describe("a lock", () => {
  test.each(Object.entries(lockPairs))("guards nothing where %s", (_, pair) => {
    expectVerdicts(pair, (history) => checkLocks(history));
  });

  test("that is asked at each write refuses one that was deposed from the next grant on", () => {
    const history = { holds, writes: [guarded(by(0, 30, 40), 1, 1), guarded(by(1, 50, 55), 2, 2)] };
    expect(checkLocks(history)).toEqual([]);
    expect(namesOf(checkLocks(history, { asksLock: true }))).toEqual(["deposed holder wrote"]);
  });

  test("may have two who believe that they hold it, as long as only the later one writes", () => {
    expect(checkLocks({ holds, writes: [guarded(by(1, 25, 35), 2, 1)] }, { asksLock: true })).toEqual([]);
  });
});
