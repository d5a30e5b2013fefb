import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnomalyList } from "../../../verify/check/anomaly-list.ts";
import { checkRegisters } from "../../../verify/check/check-registers.ts";
import { searchLinearization } from "../../../verify/check/linearization-search.ts";
import type { Operation, RegisterOperation } from "../../../verify/history.ts";
import { by, expectVerdicts, failed, namesOf, type Pair, unsure } from "./expect-verdicts.ts";
import { isLinearizable } from "./linearizable-model.ts";

function read(call: Operation, value: string, version?: number): RegisterOperation {
  return { ...call, znode: "/z", kind: "read", value, ...(version === undefined ? {} : { version }) };
}

function write(call: Operation, value: string, version?: number): RegisterOperation {
  return { ...call, znode: "/z", kind: "write", value, ...(version === undefined ? {} : { version }) };
}

function compareAndSet(call: Operation, expectedVersion: number, value: string, version?: number): RegisterOperation {
  const told = version === undefined ? {} : { version };
  return {
    ...call,
    znode: "/z",
    kind: "compareAndSet",
    expectedVersion,
    value,
    isRefused: call.outcome === "fail",
    ...told,
  };
}

const pairs: Readonly<Record<string, Omit<Pair<readonly RegisterOperation[]>, "name">>> = {
  "a read is older than a write that was acknowledged": {
    bad: [write(by(0, 0, 1), "a", 1), read(by(1, 2, 3), "", 0)],
    good: [write(by(0, 0, 2), "a", 1), read(by(1, 2, 3), "", 0)],
  },
  "a read is older than a read": {
    bad: [write(by(0, 0, 9), "a", 1), read(by(1, 2, 3), "a", 1), read(by(2, 4, 5), "", 0)],
    good: [write(by(0, 0, 9), "a", 1), read(by(1, 2, 3), "", 0), read(by(2, 4, 5), "a", 1)],
  },
  "a read sees a write before it is made": {
    bad: [read(by(1, 0, 1), "a", 1), write(by(0, 2, 3), "a", 1)],
    good: [read(by(1, 0, 2), "a", 1), write(by(0, 2, 3), "a", 1)],
  },
  "a write that was acknowledged is lost": {
    bad: [write(by(0, 0, 1), "a", 1), write(by(1, 2, 3), "b", 1)],
    good: [write(by(0, 0, 1), "a", 1), write(by(1, 2, 3), "b", 2)],
  },
  "a version has two values": {
    bad: [write(by(0, 0, 1), "a", 1), read(by(1, 2, 3), "b", 1)],
    good: [write(by(0, 0, 1), "a", 1), read(by(1, 2, 3), "a", 1)],
  },
  "the beginning is another than it was": {
    bad: [read(by(1, 2, 3), "b", 0)],
    good: [read(by(1, 2, 3), "", 0)],
  },
  "writes stand against time": {
    bad: [write(by(0, 0, 1), "a", 2), write(by(1, 2, 3), "b", 1)],
    good: [write(by(0, 0, 2), "a", 2), write(by(1, 2, 3), "b", 1)],
  },
  "a compare-and-set went past its version": {
    bad: [write(by(0, 0, 1), "a", 1), compareAndSet(by(1, 2, 3), 0, "b", 2)],
    good: [write(by(0, 0, 1), "a", 1), compareAndSet(by(1, 2, 3), 1, "b", 2)],
  },
  "two compare-and-sets of one version succeed": {
    bad: [compareAndSet(by(0, 0, 9), 0, "a", 1), compareAndSet(by(1, 0, 9), 0, "b", 1)],
    good: [compareAndSet(by(0, 0, 9), 0, "a", 1), compareAndSet(failed(1, 0, 9), 0, "b")],
  },
  "a compare-and-set is refused at the version that it names": {
    bad: [write(by(0, 0, 1), "a", 1), compareAndSet(failed(1, 2, 3), 1, "b")],
    good: [write(by(0, 0, 2), "a", 1), compareAndSet(failed(1, 2, 3), 1, "b")],
  },
  "a version is nobody's": {
    bad: [read(by(0, 0, 1), "a", 1), write(failed(1, 0, 1), "a")],
    good: [read(by(0, 0, 1), "a", 1), write(unsure(1, 0), "a")],
  },
  "a version can only be of a write that came later": {
    bad: [read(by(0, 0, 1), "b", 2), write(by(2, 0, 1), "a", 1), write(unsure(1, 2), "b")],
    good: [read(by(0, 0, 2), "b", 2), write(by(2, 0, 1), "a", 1), write(unsure(1, 2), "b")],
  },
  "two versions are of one write of which nobody knows": {
    bad: [write(unsure(0, 0), "a"), write(by(1, 0, 1), "b", 3)],
    good: [write(unsure(0, 0), "a"), write(unsure(2, 0), "c"), write(by(1, 0, 1), "b", 3)],
  },
  "a conditional write of which nobody knows made another version": {
    bad: [compareAndSet(unsure(0, 0), 1, "a"), read(by(1, 0, 1), "a", 1)],
    good: [compareAndSet(unsure(0, 0), 0, "a"), read(by(1, 0, 1), "a", 1)],
  },
  "no order explains answers without versions": {
    bad: [write(by(0, 0, 1), "a"), write(by(0, 2, 3), "b"), read(by(1, 4, 5), "a")],
    good: [write(by(0, 0, 1), "a"), write(by(0, 2, 3), "b"), read(by(1, 3, 5), "b")],
  },
};

describe("a register", () => {
  test.each(Object.entries(pairs))("is not linearizable where %s", (_, pair) => {
    expectVerdicts({ name: "nonlinearizable", ...pair }, (operations) => checkRegisters({ operations }));
  });

  test("begins with the value that the history names", () => {
    const operations = [read(by(0, 0, 1), "first", 0)];
    expect(checkRegisters({ operations, initialValues: new Map([["/z", "first"]]) })).toEqual([]);
  });

  test("is judged by itself", () => {
    const operations = [write(by(0, 0, 1), "a", 1), { ...read(by(1, 2, 3), "", 0), znode: "/other" }];
    expect(checkRegisters({ operations })).toEqual([]);
  });

  test("has no verdict when the search takes too long", () => {
    const writes = Array.from({ length: 12 }, (_, index) => write(unsure(index, 0), `v${index}`));
    const operations = [...writes, read(by(20, 1, 2), "none")];
    expect(namesOf(checkRegisters({ operations }, { stepsMax: 1_000 }))).toEqual(["unknown"]);
  });
});

const values = ["a", "b", "c"] as const;
const version = fc.integer({ min: 0, max: 3 });

/** Any call at all, with or without the version that it was told. */
const anyCall = fc
  .record({
    kind: fc.constantFrom("read", "write", "compareAndSet"),
    outcome: fc.constantFrom("ok", "ok", "ok", "info", "fail"),
    invokedAt: fc.integer({ min: 0, max: 6 }),
    lasts: fc.integer({ min: 0, max: 4 }),
    value: fc.constantFrom("", ...values),
    version,
    expectedVersion: version,
  })
  .map(({ kind, outcome, invokedAt, lasts, value, version, expectedVersion }): RegisterOperation => {
    const call = {
      process: 0,
      znode: "/z",
      outcome,
      invokedAt,
      answeredAt: outcome === "info" ? Infinity : invokedAt + lasts,
    };
    const told = outcome === "ok" ? { version } : {};
    if (kind === "compareAndSet")
      return { ...call, kind, value, expectedVersion, ...(outcome === "ok" ? { version: expectedVersion + 1 } : {}) };
    return { ...call, kind, value, ...told };
  });

const anyCallOrRefusal = anyCall.map((call) =>
  call.kind === "compareAndSet" && call.outcome === "fail" ? { ...call, isRefused: true } : call,
);

function withoutVersions(call: RegisterOperation): RegisterOperation {
  return call.outcome === "ok" ? { ...call, version: undefined } : call;
}

function isFine(operations: readonly RegisterOperation[]): boolean {
  return checkRegisters({ operations }).length === 0;
}

/** Calls that took place one after the other, though they overlap; some were never answered, some never had an effect. */
const serialCalls = fc
  .array(
    fc.record({
      kind: fc.constantFrom("read", "write", "compareAndSet", "refused"),
      outcome: fc.constantFrom("ok", "ok", "ok", "info", "lost"),
      before: fc.integer({ min: 0, max: 30 }),
      after: fc.integer({ min: 0, max: 30 }),
    }),
    { maxLength: 60 },
  )
  .map((drafts) => {
    let [version, value] = [0, ""];
    return drafts.flatMap(({ kind, outcome, before, after }, index): RegisterOperation[] => {
      const at = index * 10;
      const [invokedAt, answeredAt] = [at - before, outcome === "ok" ? at + after : Infinity];
      const call = {
        process: index,
        znode: "/z",
        outcome: outcome === "ok" ? ("ok" as const) : ("info" as const),
        invokedAt,
        answeredAt,
      };
      const written = `v${index}`;
      if (kind === "refused") {
        const refused = {
          outcome: "fail",
          answeredAt: at + after,
          isRefused: true,
          expectedVersion: version + 1,
        } as const;
        return [{ ...call, ...refused, kind: "compareAndSet", value: written }];
      }
      if (kind === "read") return outcome === "ok" ? [{ ...call, kind, value, version }] : [];
      const expectedVersion = version;
      if (outcome !== "lost") [version, value] = [version + 1, written];
      const told = outcome === "ok" ? { version } : {};
      if (kind === "write") return [{ ...call, kind, value: written, ...told }];
      return [{ ...call, kind, value: written, expectedVersion, ...told }];
    });
  });

describe("the checker of registers", () => {
  test("says of any few calls with versions what the definition says", () => {
    fc.assert(
      fc.property(fc.array(anyCall, { maxLength: 6 }), (calls) => {
        expect(isFine(calls)).toBe(isLinearizable(calls));
      }),
      { numRuns: 20_000 },
    );
  });

  test("says by search of any few calls what the definition says, refusals included", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anyCallOrRefusal, anyCallOrRefusal.map(withoutVersions)), { maxLength: 6 }),
        (calls) => {
          const anomalies = new AnomalyList();
          searchLinearization("/z", "", calls, 1_000_000, anomalies);
          expect(anomalies.found().length === 0).toBe(isLinearizable(calls));
        },
      ),
      { numRuns: 10_000 },
    );
  });

  test("never accuses what the definition allows, refusals included", () => {
    fc.assert(
      fc.property(fc.array(anyCallOrRefusal, { maxLength: 6 }), (calls) => {
        if (isLinearizable(calls)) expect(checkRegisters({ operations: calls })).toEqual([]);
      }),
      { numRuns: 10_000 },
    );
  });

  test("passes whatever took place one after the other", () => {
    fc.assert(
      fc.property(serialCalls, (calls) => {
        expect(checkRegisters({ operations: calls })).toEqual([]);
      }),
    );
  });

  test("finds one answer that is changed, or a version given twice", () => {
    fc.assert(
      fc.property(serialCalls, fc.nat(), fc.boolean(), (calls, at, changesValue) => {
        const told = calls.flatMap(({ kind, outcome }, index) => (outcome === "ok" && kind === "read" ? [index] : []));
        const chosen = told[at % Math.max(1, told.length)];
        if (chosen === undefined) return;
        const mutated = calls.map((call, index) =>
          index === chosen && call.kind === "read"
            ? changesValue
              ? { ...call, value: "never written" }
              : { ...call, version: (call.version ?? 0) + 1_000 }
            : call,
        );
        expect(namesOf(checkRegisters({ operations: mutated }))).toEqual(["nonlinearizable"]);
      }),
    );
  });
});
