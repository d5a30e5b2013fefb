import { describe, expect, test } from "vitest";
import { checkMultis } from "../../../verify/check/check-multis.ts";
import { checkSets } from "../../../verify/check/check-sets.ts";
import type { MultiOperation, MultiStep, Operation, SetOperation } from "../../../verify/history.ts";
import { by, expectVerdicts, failed, type Pair, unsure } from "./expect-verdicts.ts";

function add(call: Operation, element: string): SetOperation {
  return { ...call, znode: "/s", kind: "add", element };
}

function list(call: Operation, elements: string): SetOperation {
  return { ...call, znode: "/s", kind: "read", elements: elements.split("") };
}

const setPairs: Readonly<Record<string, Pair<readonly SetOperation[]>>> = {
  "an element that was acknowledged is lost": {
    name: "lost element",
    bad: [add(by(0, 0, 1), "a"), list(by(1, 2, 3), "")],
    good: [add(by(0, 0, 2), "a"), list(by(1, 2, 3), "")],
  },
  "an element vanishes": {
    name: "nonlinearizable",
    bad: [add(unsure(0, 0), "a"), list(by(1, 2, 3), "a"), list(by(1, 4, 5), "")],
    good: [add(unsure(0, 0), "a"), list(by(1, 2, 3), ""), list(by(1, 4, 5), "a")],
  },
  "an element is there before it is added": {
    name: "nonlinearizable",
    bad: [list(by(1, 0, 1), "a"), add(by(0, 2, 3), "a")],
    good: [list(by(1, 0, 2), "a"), add(by(0, 2, 3), "a")],
  },
  "elements stand against time": {
    name: "nonlinearizable",
    bad: [add(by(0, 0, 1), "a"), add(by(1, 2, 3), "b"), list(by(2, 4, 5), "ba")],
    good: [add(by(0, 0, 2), "a"), add(by(1, 2, 3), "b"), list(by(2, 4, 5), "ba")],
  },
  "an element that failed is there": {
    name: "phantom element",
    bad: [add(failed(0, 0, 1), "a"), list(by(1, 2, 3), "a")],
    good: [add(unsure(0, 0), "a"), list(by(1, 2, 3), "a")],
  },
  "an element is there twice": {
    name: "duplicate element",
    bad: [add(by(0, 0, 1), "a"), list(by(1, 2, 3), "aa")],
    good: [add(by(0, 0, 1), "a"), list(by(1, 2, 3), "a")],
  },
  "elements change places": {
    name: "reordered",
    bad: [add(unsure(0, 0), "a"), add(unsure(1, 0), "b"), list(by(2, 1, 2), "a"), list(by(2, 3, 4), "ba")],
    good: [add(unsure(0, 0), "a"), add(unsure(1, 0), "b"), list(by(2, 1, 2), "b"), list(by(2, 3, 4), "ba")],
  },
};

describe("a set", () => {
  test.each(Object.entries(setPairs))("is wrong where %s", (_, pair) => {
    expectVerdicts(pair, checkSets);
  });
});

function multi(call: Operation, ...steps: readonly MultiStep[]): MultiOperation {
  return { ...call, steps };
}

function append(znode: string, value: string): MultiStep {
  return { kind: "append", znode, value };
}

function readList(znode: string, values: string): MultiStep {
  return { kind: "readList", znode, values: values.split("") };
}

function write(znode: string, value: string, version: number): MultiStep {
  return { kind: "write", znode, value, version };
}

function read(znode: string, value: string, version: number): MultiStep {
  return { kind: "read", znode, value, version };
}

interface MultiPair extends Pair<readonly MultiOperation[]> {
  /** What both histories begin with. */
  readonly both?: readonly MultiOperation[];
}

const multiPairs: Readonly<Record<string, MultiPair>> = {
  "two multis each wrote after the other": {
    name: "G0",
    both: [
      multi(by(0, 0, 9), append("x", "a"), append("y", "a")),
      multi(by(1, 0, 9), append("x", "b"), append("y", "b")),
      multi(by(2, 0, 9), readList("x", "ab")),
    ],
    bad: [multi(by(3, 0, 9), readList("y", "ba"))],
    good: [multi(by(3, 0, 9), readList("y", "ab"))],
  },
  "two multis each read what the other wrote": {
    name: "G1c",
    both: [multi(by(0, 0, 9), append("x", "a"), readList("y", "b"))],
    bad: [multi(by(1, 0, 9), append("y", "b"), readList("x", "a"))],
    good: [multi(by(1, 0, 9), append("y", "b"), readList("x", ""))],
  },
  "an update is lost": {
    name: "G-single",
    both: [multi(by(0, 0, 9), read("x", "", 0), write("x", "a", 1))],
    bad: [multi(by(1, 0, 9), read("x", "", 0), write("x", "b", 2))],
    good: [multi(by(1, 0, 9), read("x", "a", 1), write("x", "b", 2))],
  },
  "two multis each overlook what the other wrote": {
    name: "G2",
    both: [multi(by(0, 0, 9), read("x", "", 0), write("y", "a", 1))],
    bad: [multi(by(1, 0, 9), read("y", "", 0), write("x", "b", 1))],
    good: [multi(by(1, 0, 9), read("y", "a", 1), write("x", "b", 1))],
  },
  "two multis each overlook an append that nobody reads": {
    name: "G2",
    both: [multi(by(0, 0, 9), readList("x", ""), append("y", "a"))],
    bad: [multi(by(1, 0, 9), readList("y", ""), append("x", "b"))],
    good: [multi(by(1, 0, 9), readList("y", ""), append("z", "b"))],
  },
  "a read is older than what was acknowledged": {
    name: "G-single-realtime",
    bad: [multi(by(0, 0, 1), write("x", "a", 1)), multi(by(1, 2, 3), read("x", "", 0))],
    good: [multi(by(0, 0, 2), write("x", "a", 1)), multi(by(1, 2, 3), read("x", "", 0))],
  },
  "a process does not see what it saw, though no clock tells": {
    name: "G-single-process",
    both: [multi(by(0, 0, 9), write("x", "a", 1)), multi(by(1, 0, 5), read("x", "a", 1))],
    bad: [multi(by(1, 5, 9), read("x", "", 0))],
    good: [multi(by(2, 5, 9), read("x", "", 0))],
  },
  "an append that was acknowledged is not there later": {
    name: "G-single-realtime",
    both: [multi(by(0, 0, 1), append("x", "a"))],
    bad: [multi(by(1, 2, 3), readList("x", ""))],
    good: [multi(by(1, 2, 3), readList("x", "a"))],
  },
  "a multi is seen in part": {
    name: "intermediate read",
    both: [multi(by(0, 0, 9), append("x", "a"), append("x", "b"))],
    bad: [multi(by(1, 0, 9), readList("x", "a")), multi(by(2, 0, 9), readList("x", "ab"))],
    good: [multi(by(1, 0, 9), readList("x", "")), multi(by(2, 0, 9), readList("x", "ab"))],
    also: ["G1c", "G-single"],
  },
  "what failed is there": {
    name: "aborted read",
    bad: [multi(failed(0, 0, 1), write("x", "a", 1)), multi(by(1, 2, 3), read("x", "a", 1))],
    good: [multi(unsure(0, 0), write("x", "a", 1)), multi(by(1, 2, 3), read("x", "a", 1))],
  },
  "an append that failed is there": {
    name: "aborted read",
    bad: [multi(failed(0, 0, 1), append("x", "a")), multi(by(1, 2, 3), readList("x", "a"))],
    good: [multi(unsure(0, 0), append("x", "a")), multi(by(1, 2, 3), readList("x", "a"))],
  },
  "reads have different orders": {
    name: "incompatible order",
    both: [multi(unsure(0, 0), append("x", "a")), multi(unsure(1, 0), append("x", "b"))],
    bad: [multi(by(2, 0, 1), readList("x", "a")), multi(by(2, 2, 3), readList("x", "ba"))],
    good: [multi(by(2, 0, 1), readList("x", "b")), multi(by(2, 2, 3), readList("x", "ba"))],
  },
  "a version has two values": {
    name: "inconsistent version",
    both: [multi(by(0, 0, 9), write("x", "a", 1)), multi(by(1, 0, 9), write("x", "b", 2))],
    bad: [multi(by(2, 0, 9), read("x", "b", 1))],
    good: [multi(by(2, 0, 9), read("x", "a", 1))],
  },
  "a version is made twice": {
    name: "lost update",
    both: [multi(by(0, 0, 9), write("x", "a", 1))],
    bad: [multi(by(1, 0, 9), write("x", "b", 1))],
    good: [multi(by(1, 0, 9), write("x", "b", 7))],
  },
  "a value is nobody's": {
    name: "phantom element",
    bad: [multi(by(0, 0, 9), read("x", "a", 1))],
    good: [multi(by(0, 0, 9), read("x", "", 0))],
  },
  "an element is there twice": {
    name: "duplicate element",
    bad: [multi(by(0, 0, 1), append("x", "a")), multi(by(1, 2, 3), readList("x", "aa"))],
    good: [multi(by(0, 0, 1), append("x", "a"), readList("x", "a")), multi(by(1, 2, 3), readList("x", "a"))],
    also: ["intermediate read"],
  },
};

describe("multis", () => {
  test.each(Object.entries(multiPairs))("are not strictly serializable where %s", (_, { both = [], ...pair }) => {
    expectVerdicts(pair, (operations) => checkMultis([...both, ...operations]));
  });

  test("show the shortest cycle by its operations", () => {
    const [anomaly] = checkMultis([multi(by(0, 0, 1), write("x", "a", 1)), multi(by(1, 2, 3), read("x", "", 0))]);
    expect(anomaly?.detail).toBe(
      "[process 1, 2 to 3, ok: read x  v0] -rw x-> [process 0, 0 to 1, ok: write x a v1] -realtime-> the first",
    );
  });
});
