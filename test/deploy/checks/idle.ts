/** When there is nothing to do, nothing runs. */
import { setTimeout as sleep } from "node:timers/promises";
import { containerCheckMs, segmentAgeMsMax } from "../../../shared/limits.ts";
import { sweepSlotMs } from "../../../shared/limits/sweeps.ts";
import { transactionTimeoutMsDefault } from "../../../shared/limits/transactions.ts";
import { callAws } from "../aws-api.ts";
import { deployedFunctions } from "../deployed-functions.ts";
import type { Deployment } from "../deployment.ts";
import { check, seconds } from "../report.ts";
import type { Report } from "../report.ts";

/** Looks at sessions, members and transactions that were asked for before the work was over. */
const settleMs = 35_000;
/** How late the emulator calls what a schedule asked for. */
const sweepLateMs = 30_000;
/** The container of an election goes so long after its last candidate, and a transaction is looked at when its time is over. */
const timedMs = Math.max(containerCheckMs, transactionTimeoutMsDefault) + 15_000;
/** How long nothing may run. */
const idleMs = 60_000;

/** Moments, ms since the epoch. */
export interface Work {
  readonly fromMs: number;
  /** When the last election and the last transaction were over. */
  readonly timedToMs: number;
  readonly toMs: number;
}

/** @throws CheckFailure */
export async function checkIdle(deployment: Deployment, report: Report, work: Work): Promise<void> {
  const fromMs = Math.max(work.toMs + settleMs, work.timedToMs + timedMs);
  const toMs = fromMs + idleMs;
  await sleep(Math.max(0, toMs - Date.now()), undefined, { signal: deployment.signal });
  const functions = await deployedFunctions(deployment);
  const counts = await Promise.all(
    functions.map(async ({ FunctionName: name, LoggingConfig: logging }) => {
      const group = logging?.LogGroup ?? `/aws/lambda/${name}`;
      const [all, idle] = [await countStarts(deployment, group), await countStarts(deployment, group, fromMs, toMs)];
      return { name, all, idle };
    }),
  );
  const all = counts.reduce((sum, count) => sum + count.all, 0);
  check(all > 0, "no invocation at all is in the logs: they cannot tell of idleness");
  // On a slow machine it is by now so late that what was written first is due to be sealed by its age: that is work.
  const mayRun = toMs < work.fromMs + segmentAgeMsMax ? [] : counts.filter(({ name }) => name.includes("-seal"));
  // Whoever wrote has asked for a sweep after the hour, which comes at a quarter of an hour.
  const slots = [fromMs - sweepLateMs, toMs].map((ms) => Math.floor(ms / sweepSlotMs));
  const sweeps = slots[0] === slots[1] ? [] : counts.filter(({ name }) => name.includes("-sweep"));
  const ran = counts.filter((count) => count.idle > 0 && ![...mayRun, ...sweeps].includes(count));
  report.figure(`invocations in ${seconds(idleMs)} of idleness`, String(ran.reduce((sum, { idle }) => sum + idle, 0)));
  report.figure("invocations before that are still in the logs", String(all));
  check(ran.length === 0, `functions run though nobody asks: ${JSON.stringify(ran)}`);
}

/** Lambda begins each invocation's log with a line of its own. */
async function countStarts(
  { emulator }: Deployment,
  logGroupName: string,
  startTime?: number,
  endTime?: number,
): Promise<number> {
  const answer = await callAws(emulator, {
    service: "logs",
    method: "POST",
    path: "/",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "Logs_20140328.FilterLogEvents" },
    body: JSON.stringify({ logGroupName, filterPattern: '"START RequestId"', startTime, endTime, limit: 10_000 }),
  });
  const { events } = JSON.parse(answer) as { readonly events: readonly unknown[] };
  return events.length;
}
