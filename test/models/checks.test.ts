import { describe, expect, test } from "vitest";
import { type Check, checks, models } from "../../models/checks.ts";
import { configurationOf, invariantsOf, mutantsOf } from "../../models/configuration.ts";
import { idleSteps, problemOf } from "../../models/judge.ts";
import { outcomeOf } from "../../models/outcome.ts";
import { readRepositoryFile } from "../architecture/source-files.ts";

const configurations = new Map(
  models.map(({ name, module }) => [name, readRepositoryFile(`models/${name}/${module}.cfg`)]),
);

describe.each(models)("the checks of $name", ({ name, module }) => {
  const configuration = configurations.get(name) ?? "";
  const own = checks.filter(({ model }) => model === name);

  test("has a run in which it must hold, with the number of its states", () => {
    const whole = own.flatMap(({ expected }) => ("states" in expected ? [expected.states] : []));
    expect(whole.length).toBeGreaterThan(0);
    for (const states of whole) expect(states).toBeGreaterThan(1_000);
  });

  test("switch off every rule that it can, one at a time", () => {
    const off = own.flatMap(({ values }) =>
      Object.keys(values).filter((key) => mutantsOf(configuration).includes(key)),
    );
    expect(off.toSorted()).toEqual(mutantsOf(configuration).toSorted());
  });

  test("name constants and properties that it has", () => {
    const text = readRepositoryFile(`models/${name}/${module}.tla`);
    for (const { values, temporal, expected } of own) {
      expect(() => configurationOf(configuration, values)).not.toThrow();
      const property = "breaks" in expected ? expected.breaks : undefined;
      const known = [...invariantsOf(configuration), ...(temporal === undefined ? [] : [temporal])];
      if (property !== undefined) expect(known).toContain(property);
      if (temporal !== undefined) expect(text).toMatch(new RegExp(`^${temporal} ==`, "m"));
    }
  });
});

const held = `<Send line 60, col 1 to line 60, col 4 of module M>: 0:7
<Crash line 70, col 1 to line 70, col 5 of module M (71 3 76 51)>: 0:0
Model checking completed. No error has been found.
12 states generated, 9 distinct states found, 0 states left on queue.
`;
const broken = `Error: Invariant Chain is violated.
Error: The behavior up to this point is:
State 1: <Initial predicate>
State 2: <Send line 60, col 1 to line 60, col 4 of module M>
12 states generated, 9 distinct states found, 3 states left on queue.
`;
const model: Check = { model: "m", name: "as it is", values: {}, expected: { states: 9 } };
const mutant: Check = { ...model, expected: { breaks: "Chain" } };

describe("what the checker prints", () => {
  test("holds when every state was seen without an error", () => {
    expect(outcomeOf(held)).toEqual({ kind: "holds", states: 9, taken: ["Send"], idle: ["Crash"] });
  });

  test("breaks with the invariant that it names, or with the only temporal property", () => {
    expect(outcomeOf(broken)).toEqual({ kind: "breaks", property: "Chain", steps: 2 });
    expect(outcomeOf("Error: Temporal properties were violated.\n", "Ends")).toMatchObject({ property: "Ends" });
  });

  test.each([
    ["nothing", ""],
    ["an error in the model", `Error: Parsing or semantic analysis failed.\n${held}`.replace("Error", "\nError")],
    ["a run that was cut off", held.replace("0 states left", "4 states left")],
  ])("is a failure when it is %s", (_, printed) => {
    expect(outcomeOf(printed)).toEqual({ kind: "failed" });
  });
});

describe("a check fails", () => {
  test("when a model breaks, or a mutant holds", () => {
    expect(problemOf(model, outcomeOf(broken))).toContain("Chain is violated");
    expect(problemOf(mutant, outcomeOf(held))).toContain("holds without this rule");
    expect(problemOf(model, outcomeOf(held))).toBeUndefined();
    expect(problemOf(mutant, outcomeOf(broken))).toBeUndefined();
  });

  test("when a mutant breaks something else than it should", () => {
    expect(problemOf(mutant, outcomeOf(broken.replace("Chain", "Other")))).toContain("Other broke, not Chain");
  });

  test("when a model has another number of states", () => {
    expect(problemOf(model, outcomeOf(held.replace("9 distinct", "8 distinct")))).toContain("8 states, not 9");
  });

  test("when the checker did not come to an end", () => {
    expect(problemOf(model, { kind: "failed" })).toContain("could not finish");
    expect(problemOf(mutant, { kind: "failed" })).toContain("could not finish");
  });

  test("when no run takes a step of the model, unless only mutants take it", () => {
    const one = { name: "m", module: "M", mutantSteps: [] };
    expect(idleSteps(one, [outcomeOf(held)])).toEqual(["Crash"]);
    expect(idleSteps({ ...one, mutantSteps: ["Crash"] }, [outcomeOf(held)])).toEqual([]);
  });
});

test("a configuration takes other values, and refuses constants that it does not have", () => {
  const text = "CONSTANTS\n  Size = 2\n  Order <- Both\n  Skip = FALSE\nINVARIANTS\n  Chain\n";
  expect(configurationOf(text, { Size: "3", Order: "<- One" }, "Ends")).toBe(
    "CONSTANTS\n  Size = 3\n  Order <- One\n  Skip = FALSE\nINVARIANTS\n  Chain\n\nPROPERTIES\n  Ends\n",
  );
  expect(() => configurationOf(text, { Other: "1" })).toThrow("no constant Other");
  expect(mutantsOf(text)).toEqual(["Skip"]);
});
