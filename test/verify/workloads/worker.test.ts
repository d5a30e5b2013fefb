import { expect, test } from "vitest";
import { SeededRandom } from "../../../verify/seeded-random.ts";
import { TargetError } from "../../../verify/target.ts";
import { Tally } from "../../../verify/workloads/tally.ts";
import { HistoryClock, Processes, Worker } from "../../../verify/workloads/worker.ts";
import type { WorkloadContext } from "../../../verify/workloads/workload.ts";

/** A worker whose time passes only where it sleeps. */
function workerAt(load = new AbortController().signal): { worker: Worker; tally: Tally; nowMs: () => number } {
  let nowMs = 0;
  const tally = new Tally();
  const context = {
    clock: { monotonicMs: () => nowMs, wallMs: () => nowMs },
    timers: { sleep: async (ms: number) => void (nowMs += ms) },
    random: new SeededRandom(1),
    timing: { retryPauseMs: 10, finalPatienceMs: 100 },
    load,
    tally,
  } as unknown as WorkloadContext;
  const worker = new Worker(context, new HistoryClock(() => nowMs), new Processes());
  return { worker, tally, nowMs: () => nowMs };
}

test("no two moments of a history are the same, though its clock stands still", () => {
  const clock = new HistoryClock(() => 5);
  const moments = Array.from({ length: 100 }, () => clock.now());
  expect(moments).toEqual(moments.toSorted((one, other) => one - other));
  expect(new Set(moments).size).toBe(100);
  expect(moments.at(-1)).toBeLessThan(6);
});

test("a call of which nobody knows is never answered, and one that surely failed is", async () => {
  const { worker, tally } = workerAt();
  const info = await worker.call(() => Promise.reject(new TargetError("info", "other", "lost")));
  const fail = await worker.call(() => Promise.reject(new TargetError("fail", "BAD_VERSION", "no")));
  expect(info).toMatchObject({ outcome: "info", answeredAt: Infinity });
  expect(fail).toMatchObject({ outcome: "fail", code: "BAD_VERSION" });
  expect(fail.answeredAt).toBeGreaterThan(fail.invokedAt);
  expect(tally.operations).toEqual({ ok: 0, fail: 1, info: 1 });
  expect([...tally.errors]).toEqual([
    ["other", 1],
    ["BAD_VERSION", 1],
  ]);
});

test("what is damaged, and what is no error of a target, ends a workload", async () => {
  const { worker } = workerAt();
  const corrupt = new TargetError("fail", "CORRUPT", "bits");
  await expect(worker.call(() => Promise.reject(corrupt))).rejects.toBe(corrupt);
  await expect(worker.call(() => Promise.reject(new TypeError("mistake")))).rejects.toThrow(TypeError);
});

test("the final phase tries again until its patience is over, and says that it was not finished", async () => {
  const { worker, tally, nowMs } = workerAt();
  let calls = 0;
  const twice = async (): Promise<string> => {
    calls += 1;
    if (calls < 3) throw new TargetError("info", "other", "not yet");
    return "done";
  };
  await expect(worker.patiently(twice)).resolves.toBe("done");
  await worker.finally(() => worker.patiently(() => Promise.reject(new TargetError("fail", "other", "never"))));
  expect(nowMs()).toBeGreaterThanOrEqual(100);
  expect(tally.problems).toEqual(["the final phase was not finished: never"]);
});
