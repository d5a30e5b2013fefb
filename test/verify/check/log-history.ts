/** Histories of a log in few words. Operations follow each other in time unless `at` says otherwise. */
import type {
  LogHistory,
  LogMark,
  LogOperation,
  LogStep,
  LogWork,
  Outcome,
  SendStep,
} from "../../../verify/history.ts";

/** Values from an offset on, in one partition. */
export function send(value: number | readonly number[], offset?: number, more: Partial<SendStep> = {}): SendStep {
  const values = typeof value === "number" ? [value] : value;
  const offsets = offset === undefined ? {} : { offsets: values.map((_, index) => offset + index) };
  return { kind: "send", partition: "p", values, ...offsets, ...more };
}

export function poll(records: Readonly<Record<number, number>>, more: object = {}): LogStep {
  const offsets = Object.keys(records).map(Number);
  return { kind: "poll", polled: [{ partition: "p", offsets, values: Object.values(records) }], ...more };
}

interface Shape {
  readonly process?: number;
  readonly outcome?: Outcome;
  readonly isTransaction?: boolean;
  readonly isFinal?: boolean;
  /** Invoked and answered. */
  readonly at?: readonly [number, number];
}

type Draft = (time: number) => LogOperation;

export function work(steps: readonly LogStep[], { at, process = 0, outcome = "ok", ...more }: Shape = {}): Draft {
  return (time): LogWork => ({
    kind: "work",
    isTransaction: false,
    ...more,
    process,
    outcome,
    steps,
    invokedAt: at?.[0] ?? time,
    answeredAt: outcome === "info" ? Infinity : (at?.[1] ?? time + 1),
  });
}

export function transaction(steps: readonly LogStep[], shape: Shape = {}): Draft {
  return work(steps, { ...shape, isTransaction: true });
}

export function final(records: Readonly<Record<number, number>>, more: object = {}): Draft {
  return work([poll(records, more)], { process: 99, isFinal: true });
}

export function mark(kind: LogMark["kind"], process = 0, offset?: number): Draft {
  return markOf(kind, process, offset === undefined ? {} : { offset });
}

/** The process reads as a member from now on. */
export function join(group: string, process: number): Draft {
  return markOf("subscribe", process, { group });
}

function markOf(kind: LogMark["kind"], process: number, more: Partial<LogMark>): Draft {
  return (time) => ({
    kind,
    partitions: ["p"],
    process,
    outcome: "ok",
    invokedAt: time,
    answeredAt: time + 1,
    ...more,
  });
}

export function historyOf(drafts: readonly Draft[], more: Partial<LogHistory> = {}): LogHistory {
  return { operations: drafts.map((draft, index) => draft(index * 10)), ...more };
}
