/** One thing that goes wrong in a history of a log that was good. */
import type { LogHistory, LogOperation, LogStep, LogWork, PolledPartition } from "../../../verify/history.ts";

type Pick = (bound: number) => number;

interface LogMutation {
  /** Undefined if there is nothing to change. */
  readonly mutate: (history: LogHistory, pick: Pick) => LogHistory | undefined;
  readonly found: readonly string[];
}

export const logMutations: Readonly<Record<string, LogMutation>> = {
  "nobody sees a record that was acknowledged": {
    mutate: (history, pick) => {
      const value = anyOf(acknowledgedValues(history), pick);
      return value === undefined ? undefined : withPolls(history, (polled) => without(polled, value));
    },
    found: ["lost write", "unseen"],
  },
  "a record is there twice": {
    mutate: (history, pick) =>
      withOnePoll(history, pick, isFinal, (polled) => ({
        ...polled,
        offsets: [...polled.offsets, (polled.offsets.at(-1) ?? 0) + 1_000],
        values: [...polled.values, polled.values[0] ?? 0],
      })),
    found: ["duplicate"],
  },
  "two records change places for one reader": {
    mutate: (history, pick) =>
      withOnePoll(history, pick, startsAcknowledged(history), (polled) => ({
        ...polled,
        values: swapFirst(polled.values),
      })),
    found: ["duplicate"],
  },
  "one reader finds another value": {
    mutate: (history, pick) =>
      withOnePoll(history, pick, hasOne, (polled) => ({ ...polled, values: polled.values.with(0, 1_000_000) })),
    found: ["phantom"],
  },
  "one poll leaves a record out": {
    mutate: (history, pick) =>
      withOnePoll(history, pick, startsAcknowledged(history, 1), (polled) => without(polled, polled.values[1] ?? -1)),
    // If nobody else saw it, it may as well have been elsewhere.
    found: ["internal poll skip", "unseen"],
  },
  "one poll returns records in another order": {
    mutate: (history, pick) =>
      withOnePoll(history, pick, hasSeveral, (polled) => ({
        ...polled,
        offsets: swapFirst(polled.offsets),
        values: swapFirst(polled.values),
      })),
    found: ["internal nonmonotonic poll"],
  },
  "a send whose record was seen is said to have failed": {
    mutate: (history, pick) => {
      const chosen = senderOfWhatWasSeen(history, pick);
      if (chosen === undefined) return undefined;
      return {
        ...history,
        operations: history.operations.map((operation, index) =>
          index === chosen && operation.kind === "work" ? asFailed(operation) : operation,
        ),
      };
    },
    found: ["aborted read"],
  },
  "what was acknowledged is sent after it was polled": {
    mutate: (history, pick) => {
      const chosen = senderOfWhatWasSeen(history, pick);
      if (chosen === undefined) return undefined;
      const late = { process: -7, invokedAt: 1e9, answeredAt: 1e9 + 1 };
      return {
        ...history,
        operations: history.operations.map((operation, index) =>
          index === chosen ? { ...operation, ...late } : operation,
        ),
      };
    },
    found: ["G1c-realtime", "G0-realtime"],
  },
};

function hasOne({ values }: PolledPartition): boolean {
  return values.length > 0;
}

function hasSeveral({ values }: PolledPartition): boolean {
  return values.length > 1;
}

/** Whether somebody was promised what a poll returned at an index. */
function startsAcknowledged(history: LogHistory, index = 0): (polled: PolledPartition) => boolean {
  const acknowledged = new Set(acknowledgedValues(history));
  return ({ values }) => values.length > index + 1 && acknowledged.has(values[index] ?? -1);
}

function isFinal({ values }: PolledPartition, work: LogWork): boolean {
  return work.isFinal === true && values.length > 0;
}

/** Where a call stands that was acknowledged and of which a record was polled. */
function senderOfWhatWasSeen(history: LogHistory, pick: Pick): number | undefined {
  const seen = new Set(polledOf(history).flatMap(({ values }) => values));
  return anyOf(
    history.operations.flatMap((operation, index) => (isSender(operation, seen) ? [index] : [])),
    pick,
  );
}

function isSender(operation: LogOperation, seen: ReadonlySet<number>): boolean {
  if (operation.kind !== "work" || operation.outcome !== "ok") return false;
  return operation.steps.some((step) => step.kind === "send" && step.values.some((value) => seen.has(value)));
}

/** Nothing tells of what a failed call wrote. */
function asFailed(work: LogWork): LogWork {
  const steps = work.steps.map((step): LogStep => (step.kind === "send" ? { ...step, offsets: undefined } : step));
  return { ...work, outcome: "fail", steps };
}

function acknowledgedValues({ operations }: LogHistory): number[] {
  return operations.flatMap((operation) =>
    operation.kind === "work" && operation.outcome === "ok"
      ? operation.steps.flatMap((step) => (step.kind === "send" ? step.values : []))
      : [],
  );
}

function polledOf({ operations }: LogHistory): PolledPartition[] {
  return operations.flatMap((operation) =>
    operation.kind === "work" ? operation.steps.flatMap((step) => (step.kind === "poll" ? step.polled : [])) : [],
  );
}

function withPolls(
  history: LogHistory,
  change: (polled: PolledPartition, work: LogWork) => PolledPartition,
): LogHistory {
  const operations = history.operations.map((operation) => {
    if (operation.kind !== "work") return operation;
    const steps = operation.steps.map((step) =>
      step.kind === "poll" ? { ...step, polled: step.polled.map((polled) => change(polled, operation)) } : step,
    );
    return { ...operation, steps };
  });
  return { ...history, operations };
}

function withOnePoll(
  history: LogHistory,
  pick: Pick,
  isFit: (polled: PolledPartition, work: LogWork) => boolean,
  change: (polled: PolledPartition) => PolledPartition,
): LogHistory | undefined {
  const fit: PolledPartition[] = [];
  withPolls(history, (polled, work) => {
    if (isFit(polled, work)) fit.push(polled);
    return polled;
  });
  const chosen = anyOf(fit, pick);
  if (chosen === undefined) return undefined;
  return withPolls(history, (polled) => (polled === chosen ? change(polled) : polled));
}

function without({ partition, offsets, values }: PolledPartition, value: number): PolledPartition {
  const index = values.indexOf(value);
  if (index < 0) return { partition, offsets, values };
  return { partition, offsets: offsets.toSpliced(index, 1), values: values.toSpliced(index, 1) };
}

function swapFirst(numbers: readonly number[]): number[] {
  const [one = 0, other = 0, ...rest] = numbers;
  return [other, one, ...rest];
}

function anyOf<Item>(items: readonly Item[], pick: Pick): Item | undefined {
  return items.length === 0 ? undefined : items[pick(items.length)];
}
