import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ephemeralHistory,
  ephemeralTimes,
  lockHistory,
  sequentialHistory,
  watchHistory,
} from "../../../bench/checkers/coordination-histories.ts";
import { checkerKinds } from "../../../bench/checkers/kinds.ts";
import { logHistory } from "../../../bench/checkers/log-histories.ts";
import type { SerialOptions } from "../../../bench/checkers/serial-calls.ts";
import { multiHistory, setHistory } from "../../../bench/checkers/znode-histories.ts";
import type { Anomaly } from "../../../verify/check/anomaly.ts";
import { checkEphemerals } from "../../../verify/check/check-ephemerals.ts";
import { checkLocks } from "../../../verify/check/check-locks.ts";
import { checkLog } from "../../../verify/check/check-log.ts";
import { checkMultis } from "../../../verify/check/check-multis.ts";
import { checkSequentials } from "../../../verify/check/check-sequentials.ts";
import { checkSets } from "../../../verify/check/check-sets.ts";
import { checkWatches } from "../../../verify/check/check-watches.ts";
import type { SetOperation } from "../../../verify/history.ts";
import { SeededRandom } from "../../../verify/seeded-random.ts";
import { namesOf } from "./expect-verdicts.ts";
import { logMutations } from "./log-mutations.ts";

/** Some clients, of whose calls up to a fifth is never answered. */
const options: fc.Arbitrary<SerialOptions> = fc.record({
  seed: fc.nat(),
  operations: fc.integer({ min: 1, max: 300 }),
  clients: fc.integer({ min: 1, max: 12 }),
  unsure: fc.constantFrom(0, 0.02, 0.2),
});

describe("a history of what took place one after the other has no anomaly", () => {
  test.each(Object.entries(checkerKinds))("%s", (_, prepare) => {
    fc.assert(
      fc.property(options, (options) => {
        expect(prepare(options)()).toEqual([]);
      }),
      { numRuns: 80 },
    );
  });
});

interface Mutation {
  /** Changes one thing, chosen by the numbers; undefined if there is nothing to change. */
  readonly mutate: (options: SerialOptions, pick: (bound: number) => number) => (() => readonly Anomaly[]) | undefined;
  /** Names of which at least one is found. */
  readonly found: readonly string[];
}

const mutations: Readonly<Record<string, Mutation>> = {
  ...Object.fromEntries(
    Object.entries(logMutations).map(([name, { mutate, found }]) => [
      `a log in which ${name}`,
      {
        mutate: (options: SerialOptions, pick: (bound: number) => number) => {
          const history = mutate(logHistory({ ...options, transactions: 0.3 }), pick);
          return history === undefined ? undefined : () => checkLog(history).anomalies;
        },
        found,
      },
    ]),
  ),
  "a set from whose reads one element is missing": {
    mutate: (options, pick) => {
      const operations = setHistory({ ...options, operations: options.operations * 3 });
      const index = pickIndex(operations, pick, (call) => call.kind === "read" && hasTwin(operations, call));
      if (index === undefined) return undefined;
      return () =>
        checkSets(
          operations.map((call, at) =>
            at === index && call.kind === "read" ? { ...call, elements: call.elements?.slice(1) ?? [] } : call,
          ),
        );
    },
    found: ["reordered"],
  },
  "multis of which one read misses the first element": {
    mutate: (options, pick) => {
      const operations = multiHistory({ ...options, operations: options.operations + 50 });
      const hasList = (step: (typeof operations)[number]["steps"][number]): boolean =>
        // More than what it may have appended itself.
        step.kind === "readList" && (step.values?.length ?? 0) > 3;
      const index = pickIndex(operations, pick, (call) => {
        const lists = operations.flatMap(({ steps }) => steps.filter(hasList));
        return call.steps.some((step) => hasList(step) && lists.filter(({ znode }) => znode === step.znode).length > 1);
      });
      if (index === undefined) return undefined;
      return () =>
        checkMultis(
          operations.map((call, at) =>
            at !== index
              ? call
              : {
                  ...call,
                  steps: call.steps.map((step) =>
                    hasList(step) && step.kind === "readList" ? { ...step, values: step.values?.slice(1) ?? [] } : step,
                  ),
                },
          ),
        );
    },
    found: ["incompatible order"],
  },
  "a watcher's log in which two events change places": {
    mutate: (options, pick) => {
      const { changes, logs } = watchHistory({ ...options, operations: options.operations * 20 });
      const [log] = logs;
      if (log === undefined || log.sights.length < 2) return undefined;
      const events = log.sights.filter(({ kind }) => kind === "event");
      const index = pick(events.length - 1);
      const [one, other] = [events[index], events[index + 1]];
      if (one === undefined || other === undefined) return undefined;
      const sights = events.toSpliced(index, 2, other, one);
      return () => checkWatches({ changes, logs: [{ ...log, sights }] });
    },
    found: ["event out of order"],
  },
  "a watcher's log from which an event is missing": {
    mutate: (options, pick) => {
      const { changes, logs } = watchHistory({ ...options, operations: options.operations * 20 });
      const [log] = logs;
      const index = pickIndex(log?.sights ?? [], pick, ({ kind }) => kind === "event");
      if (log === undefined || index === undefined) return undefined;
      return () => checkWatches({ changes, logs: [{ ...log, sights: log.sights.toSpliced(index, 1) }] });
    },
    found: ["missed event"],
  },
  "sequential znodes of which one gets the number of another": {
    mutate: (options, pick) => {
      const creates = sequentialHistory({ ...options, operations: options.operations * 3 });
      const index = pickIndex(creates, pick, ({ suffix, parent }) => suffix !== undefined && parent === "/q0");
      const other = creates.find(({ suffix, parent }, at) => suffix !== undefined && parent === "/q0" && at !== index);
      if (index === undefined || other?.suffix === undefined) return undefined;
      const { suffix } = other;
      return () => checkSequentials(creates.map((create, at) => (at === index ? { ...create, suffix } : create)));
    },
    found: ["duplicate suffix"],
  },
  "an ephemeral that is gone once while its session lives": {
    mutate: (options, pick) => {
      const history = ephemeralHistory({ ...options, unsure: 0 });
      const last = new Map(
        history.sessions.map(({ sessionId, renewals }) => [sessionId, renewals.at(-1)?.invokedAt ?? 0]),
      );
      const index = pickIndex(
        history.operations,
        pick,
        ({ kind, sessionId, answeredAt }) => kind === "look" && answeredAt < (last.get(sessionId) ?? 0),
      );
      if (index === undefined) return undefined;
      const operations = history.operations.map((call, at) =>
        at === index && call.kind === "look" ? { ...call, isPresent: false } : call,
      );
      return () => checkEphemerals({ ...history, operations }, ephemeralTimes);
    },
    found: ["died early"],
  },
  "an ephemeral that is seen once more at the end": {
    mutate: (options) => {
      const history = ephemeralHistory(options);
      const end = history.operations.at(-1);
      if (end === undefined) return undefined;
      const later = { ...end, invokedAt: end.invokedAt + 5_000, answeredAt: end.answeredAt + 5_000, isPresent: true };
      return () => checkEphemerals({ ...history, operations: [...history.operations, later] }, ephemeralTimes);
    },
    found: ["outlived its session"],
  },
  "a lock of which a refused write was accepted at the end": {
    mutate: (options) => {
      const { holds, writes } = lockHistory({ ...options, operations: options.operations + 30 });
      const refused = writes.find(({ outcome }) => outcome === "fail");
      if (refused === undefined || refused.token === holds.length) return undefined;
      const accepted = { ...refused, outcome: "ok" as const, position: writes.length };
      const hasLater = writes.some(({ token, position }) => token > refused.token && position !== undefined);
      return hasLater ? () => checkLocks({ holds, writes: [...writes, accepted] }) : undefined;
    },
    found: ["deposed holder wrote"],
  },
};

/** Whether another read begins with the same elements, so that this one cannot be right without the first. */
function hasTwin(operations: readonly SetOperation[], call: SetOperation): boolean {
  const twins = operations.filter(
    (other) => other.kind === "read" && other.znode === call.znode && (other.elements?.length ?? 0) > 1,
  );
  return twins.length > 1 && twins.includes(call);
}

function pickIndex<Item>(
  items: readonly Item[],
  pick: (bound: number) => number,
  isFit: (item: Item) => boolean,
): number | undefined {
  const fit = items.flatMap((item, index) => (isFit(item) ? [index] : []));
  return fit.length === 0 ? undefined : fit[pick(fit.length)];
}

describe("one change is found in", () => {
  test.each(Object.entries(mutations))("%s", (_, { mutate, found }) => {
    let changed = 0;
    fc.assert(
      fc.property(options, fc.nat(), (options, seed) => {
        const random = new SeededRandom(seed);
        const check = mutate(options, (bound) => random.uint32() % bound);
        if (check === undefined) return;
        changed += 1;
        const names = namesOf(check());
        expect(
          names.some((name) => found.includes(name)),
          `found ${names.join(", ") || "nothing"}`,
        ).toBe(true);
      }),
      { numRuns: 60 },
    );
    expect(changed).toBeGreaterThan(15);
  });
});
