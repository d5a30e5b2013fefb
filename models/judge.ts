/** Whether a run came out as it had to. */
import type { Check, Model } from "./checks.ts";
import type { Outcome } from "./outcome.ts";

/** What is wrong, or undefined. */
export function problemOf({ expected }: Check, outcome: Outcome): string | undefined {
  if (outcome.kind === "failed") return "the checker could not finish it";
  if ("breaks" in expected) {
    if (outcome.kind === "holds") return `the model holds without this rule; ${expected.breaks} should break`;
    return outcome.property === expected.breaks ? undefined : `${outcome.property} broke, not ${expected.breaks}`;
  }
  if (outcome.kind === "breaks") return `${outcome.property} is violated after ${outcome.steps} states`;
  if (outcome.states === expected.states) return undefined;
  return `it has ${outcome.states} states, not ${expected.states}: it says something else than it did`;
}

/** Steps that no run of a model took: what they could do was never looked at. */
export function idleSteps({ mutantSteps }: Model, outcomes: readonly Outcome[]): readonly string[] {
  const whole = outcomes.flatMap((outcome) => (outcome.kind === "holds" ? [outcome] : []));
  const taken = new Set([...whole.flatMap((one) => one.taken), ...mutantSteps]);
  return [...new Set(whole.flatMap((one) => one.idle))].filter((step) => !taken.has(step));
}
