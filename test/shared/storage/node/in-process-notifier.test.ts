import { expect, test } from "vitest";
import { notifierHintsMax, notifierWaitersMax } from "../../../../shared/limits.ts";
import type { Timers } from "../../../../shared/storage/environment.ts";
import type { LogId } from "../../../../shared/storage/log-store.ts";
import { InProcessNotifier } from "../../../../shared/storage/node/in-process-notifier.ts";
import { nodeTimers } from "../../../../shared/storage/node/node-timers.ts";

const logId = "partition:a:0" as LogId;
/** Sleeps until it is aborted, whatever the time. */
const endless: Timers = {
  sleep: (_ms, signal) =>
    new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error))),
};

async function isOver(promise: Promise<void>): Promise<boolean> {
  let over = false;
  void promise.then(() => (over = true));
  await new Promise((resolve) => setImmediate(resolve));
  return over;
}

test("ends a wait only at a hint beyond its position and for its log", async () => {
  const notifier = new InProcessNotifier(endless);
  const waiting = notifier.wait(logId, 5, 1_000);
  notifier.notify(logId, 5);
  notifier.notify("partition:a:1" as LogId, 9);
  expect(await isOver(waiting)).toBe(false);
  notifier.notify(logId, 6);
  expect(await isOver(waiting)).toBe(true);
});

test("ends all waits of a log that a hint is for, and not those further on", async () => {
  const notifier = new InProcessNotifier(endless);
  const near = [notifier.wait(logId, 5, 1_000), notifier.wait(logId, 6, 1_000)];
  const far = notifier.wait(logId, 7, 1_000);
  notifier.notify(logId, 7);
  for (const waiting of near) expect(await isOver(waiting)).toBe(true);
  expect(await isOver(far)).toBe(false);
});

test("does not lose a hint that came before the wait", async () => {
  const notifier = new InProcessNotifier(endless);
  notifier.notify(logId, 8);
  notifier.notify(logId, 3);
  expect(await isOver(notifier.wait(logId, 7, 1_000))).toBe(true);
  expect(await isOver(notifier.wait(logId, 8, 1_000))).toBe(false);
});

test("forgets the oldest hints first", async () => {
  const notifier = new InProcessNotifier(endless);
  notifier.notify(logId, 8);
  notifier.notify("kept" as LogId, 8);
  for (let index = 0; index < notifierHintsMax - 1; index++) notifier.notify(`log:${index}` as LogId, 1);
  expect(await isOver(notifier.wait("kept" as LogId, 7, 1_000))).toBe(true);
  expect(await isOver(notifier.wait(logId, 7, 1_000))).toBe(false);
});

test("ends a wait when its time is over or its signal aborts, and never rejects", async () => {
  const notifier = new InProcessNotifier(nodeTimers);
  await notifier.wait(logId, 5, 2);
  const controller = new AbortController();
  const waiting = notifier.wait(logId, 5, 100_000, controller.signal);
  controller.abort(new Error("enough"));
  await waiting;
  await notifier.wait(logId, 5, 100_000, controller.signal);
});

test("lets a caller past the bound wait without hints", async () => {
  const notifier = new InProcessNotifier(endless);
  const waits = Array.from({ length: notifierWaitersMax }, () => notifier.wait("full" as LogId, 5, 1_000));
  const late = notifier.wait(logId, 5, 1_000);
  notifier.notify(logId, 6);
  expect(await isOver(late)).toBe(false);
  notifier.notify("full" as LogId, 6);
  await Promise.all(waits);
  expect(await isOver(notifier.wait("full" as LogId, 6, 1_000))).toBe(false);
});
