import { expect } from "vitest";
import type { Anomaly } from "../../../verify/check/anomaly.ts";

/** Names of anomalies, each once. */
export function namesOf(anomalies: readonly Anomaly[]): string[] {
  return [...new Set(anomalies.map(({ name }) => name))];
}

/** A bad history, one that differs from it in as little as possible and is good, and what is wrong with the first. */
export interface Pair<History> {
  readonly name: string;
  readonly bad: History;
  readonly good: History;
  /** What comes with it. */
  readonly also?: readonly string[];
}

export function expectVerdicts<History>(
  { name, bad, good, also = [] }: Pair<History>,
  check: (history: History) => readonly Anomaly[],
): void {
  const found = namesOf(check(bad));
  expect(found).toContain(name);
  expect([name, ...also]).toEqual(expect.arrayContaining(found));
  expect(check(good)).toEqual([]);
}

interface Times {
  readonly process: number;
  readonly invokedAt: number;
  readonly answeredAt: number;
}

/** Who did it, from when to when. */
export function by(process: number, invokedAt: number, answeredAt: number): Times & { readonly outcome: "ok" } {
  return { process, invokedAt, answeredAt, outcome: "ok" };
}

export function unsure(process: number, invokedAt: number): Times & { readonly outcome: "info" } {
  return { process, invokedAt, answeredAt: Infinity, outcome: "info" };
}

export function failed(process: number, invokedAt: number, answeredAt: number): Times & { readonly outcome: "fail" } {
  return { process, invokedAt, answeredAt, outcome: "fail" };
}
