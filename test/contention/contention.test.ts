import { afterAll, beforeAll, expect, test } from "vitest";
import { appendWaitMsMax } from "../../shared/limits.ts";
import type { RequestName } from "../../shared/storage/request-name.ts";
import { type Emulators, startEmulators } from "../emulators/emulators.ts";
import { anomaliesOf, type SendOperation } from "../simulation/partition-history.ts";
import type { ContenderPlan, ContenderReport } from "./contender.ts";
import { contention } from "./contention.ts";

const writers = 32;
/** With 32, each writer has a process of its own, which two cores need some seconds more to start. */
const processes = Number(process.env["STREAMKEEPER_CONTENTION_PROCESSES"] ?? 4);
const appendsPerWriter = Number(process.env["STREAMKEEPER_CONTENTION_APPENDS"] ?? 20);

let emulators: Emulators;

beforeAll(async () => {
  emulators = await startEmulators();
});

afterAll(async () => {
  await emulators.stop();
});

/** All of the kinds, and a quarter of each with lost answers. */
function planOf(writer: number): ContenderPlan {
  const kind = writer % 4;
  return {
    writer,
    appends: appendsPerWriter,
    burst: kind === 2 ? 3 : 1,
    idempotent: kind === 1 || kind === 3,
    byReference: kind >= 2,
    lossy: writer >= (writers * 3) / 4,
  };
}

test(
  `${writers} writers in ${processes} processes lose nothing, double nothing, leave no hole, and none starves`,
  { timeout: 180_000 },
  async () => {
    const plans = Array.from({ length: writers }, (_, writer) => planOf(writer));
    const { reports, log, lostAnswers } = await contention({ emulators, plans, processes });
    const sends = reports.flatMap((report) => report.sends);
    const figures = figuresOf(reports);
    process.stdout.write(`contention: ${JSON.stringify({ ...figures, lostAnswers })}\n`);
    const complaints = reports.flatMap((report) => report.complaints);

    expect(reports.map(({ plan }) => plan.writer).toSorted((a, b) => a - b)).toEqual(plans.map(({ writer }) => writer));
    expect(sends).toHaveLength(writers * appendsPerWriter);
    expect(anomaliesOf({ sends, polls: [] }, log), complaints.join("\n")).toEqual([]);
    expect(outOfOrder(log)).toEqual([]);
    expect(reports.flatMap((report) => report.wrongRepeats)).toEqual([]);

    expect(reports.flatMap((report) => (report.plan.lossy ? [] : report.complaints))).toEqual([]);
    expect(lostAnswers).toBeGreaterThan(0);
    expect(figures.waitMsMax).toBeLessThan(appendWaitMsMax);
    // On a busy machine; turn-taking.test.ts says what it costs where time is not the machine's.
    expect(figures.putsPerAppend).toBeLessThan(6);
  },
);

/** A writer's values stand in the order in which it sent them, whatever it was told. */
function outOfOrder(log: readonly (readonly [offset: number, value: string])[]): string[] {
  const last = new Map<string, number>();
  return log.flatMap(([offset, value]) => {
    const [writer = "", append, record] = value.split(/[-/]/);
    const order = Number(append) * 1_000 + Number(record);
    const before = last.get(writer) ?? -1;
    last.set(writer, order);
    return order > before ? [] : [`${value} at ${offset}`];
  });
}

/** What the contention cost, and how it was shared. */
function figuresOf(reports: readonly ContenderReport[]) {
  const sends = reports.flatMap((report) => report.sends);
  const begunMs = Math.min(...sends.map(({ invokedMs }) => invokedMs));
  const endsMs = reports.map((report) => lastCompletedMs(report.sends) - begunMs).toSorted((a, b) => a - b);
  const firstEndMs = (endsMs[0] ?? 0) + begunMs;
  const waitsMs = sends.map(({ invokedMs, completedMs }) => completedMs - invokedMs).toSorted((a, b) => a - b);
  const requests = (...names: readonly RequestName[]): number =>
    reports.reduce((sum, report) => names.reduce((some, name) => some + (report.requests[name] ?? 0), sum), 0);
  const perAppend = (count: number): number => Math.round((count / sends.length) * 100) / 100;
  return {
    appends: sends.length,
    appendsPerSecond: Math.round((sends.length / (endsMs.at(-1) ?? 1)) * 1_000),
    putsPerAppend: perAppend(requests("logs.putIfAbsent")),
    queriesPerAppend: perAppend(requests("logs.readFrom", "logs.readLast", "logs.readAt")),
    blobPuts: requests("blobs.put"),
    waitMsMedian: Math.round(waitsMs[Math.floor(waitsMs.length / 2)] ?? 0),
    waitMsMax: Math.round(waitsMs.at(-1) ?? 0),
    firstWriterDoneMs: Math.round(endsMs[0] ?? 0),
    lastWriterDoneMs: Math.round(endsMs.at(-1) ?? 0),
    /** Of the slowest writer, at the moment when the first one had all of its appends acknowledged. */
    fewestWhenFirstWasDone: Math.min(
      ...reports.map((report) => report.sends.filter(({ completedMs }) => completedMs <= firstEndMs).length),
    ),
  };
}

function lastCompletedMs(sends: readonly SendOperation[]): number {
  return Math.max(...sends.map(({ completedMs }) => completedMs));
}
