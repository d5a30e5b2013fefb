import { expect, test } from "vitest";
import { pendingDutiesMax, pendingTimedDutiesMax } from "../../../../shared/limits.ts";
import type { Duty, PartitionDuty, Timers } from "../../../../shared/storage/environment.ts";
import { InProcessWakeUps } from "../../../../shared/storage/node/in-process-wake-ups.ts";
import { nodeClock } from "../../../../shared/storage/node/node-clock.ts";
import { nodeTimers } from "../../../../shared/storage/node/node-timers.ts";

function duty(partition: number, kind: PartitionDuty["kind"] = "seal"): Duty {
  return { kind, topicId: "topic", partition };
}

function open(timers: Timers = nodeTimers): {
  wakeUps: InProcessWakeUps;
  done: Duty[];
  until: (count: number) => Promise<void>;
} {
  const wakeUps = new InProcessWakeUps(nodeClock, timers);
  const done: Duty[] = [];
  wakeUps.onWake((due) => done.push(due));
  const until = async (count: number): Promise<void> => {
    await expect.poll(() => done.length, { interval: 2, timeout: 5_000 }).toBe(count);
  };
  return { wakeUps, done, until };
}

test("hands over a duty after its delay", async () => {
  const { wakeUps, done, until } = open();
  await wakeUps.wake(duty(1), 1);
  expect(done).toEqual([]);
  await until(1);
  expect(done).toEqual([duty(1)]);
  wakeUps.close();
});

test("queues a duty that already waits only once, and brings it forward", async () => {
  const { wakeUps, done, until } = open();
  await wakeUps.wake(duty(1), 100_000);
  await wakeUps.wake(duty(1), 1);
  await wakeUps.wake(duty(1), 5);
  await wakeUps.wake(duty(1, "retain"), 20);
  await until(2);
  expect(done).toEqual([duty(1), duty(1, "retain")]);
  await wakeUps.wake(duty(1), 1);
  await until(3);
  wakeUps.close();
});

test("hands over a duty that was brought forward only once", async () => {
  const { wakeUps, done, until } = open();
  await wakeUps.wake(duty(1), 30);
  await wakeUps.wake(duty(1), 1);
  await until(1);
  await nodeTimers.sleep(60);
  expect(done).toHaveLength(1);
  wakeUps.close();
});

test("keeps duties that come due before there is a handler", async () => {
  const wakeUps = new InProcessWakeUps(nodeClock, nodeTimers);
  await wakeUps.wake(duty(1), 0);
  await wakeUps.wake(duty(2), 0);
  await nodeTimers.sleep(10);
  const done: Duty[] = [];
  wakeUps.onWake((due) => done.push(due));
  expect(done).toEqual([duty(1), duty(2)]);
  wakeUps.close();
});

test("drops duties beyond its bound and after it was closed", async () => {
  const { wakeUps, done } = open();
  for (let partition = 0; partition < pendingDutiesMax; partition++) void wakeUps.wake(duty(partition), 100_000);
  await wakeUps.wake(duty(-1), 0);
  await wakeUps.wake(duty(5), 0);
  await nodeTimers.sleep(10);
  expect(done).toEqual([duty(5)]);
  wakeUps.close();
  await wakeUps.wake(duty(3), 0);
  await nodeTimers.sleep(10);
  expect(done).toHaveLength(1);
});

test("keeps sessions and partitions apart: as many of one as there may be leave the other its room", async () => {
  // What comes late enough does not come, and costs no timer.
  const sleep: Timers["sleep"] = (ms, signal) => (ms > 1_000 ? new Promise(() => {}) : nodeTimers.sleep(ms, signal));
  const { wakeUps, done, until } = open({ sleep });
  const reap = (session: number): Duty => ({ kind: "reap", namespace: "ns", sessionId: String(session) });
  for (let partition = 0; partition < pendingDutiesMax; partition++) void wakeUps.wake(duty(partition), 100_000);
  for (let session = 0; session < pendingTimedDutiesMax; session++) void wakeUps.wake(reap(session), 100_000);
  await wakeUps.wake(reap(-1), 0);
  await wakeUps.wake(reap(7), 0);
  await until(1);
  expect(done).toEqual([reap(7)]);
  await wakeUps.wake(reap(-2), 0);
  await until(2);
  await wakeUps.wake(duty(-1), 0);
  await nodeTimers.sleep(10);
  expect(done).toEqual([reap(7), reap(-2)]);
  wakeUps.close();
});

test("sleeps once for all that wait, until the first of them is due", async () => {
  const sleeps: number[] = [];
  let running = 0;
  const sleep: Timers["sleep"] = async (ms, signal) => {
    sleeps.push(Math.round(ms));
    running += 1;
    try {
      await nodeTimers.sleep(ms, signal);
    } finally {
      running -= 1;
    }
  };
  const { wakeUps, done, until } = open({ sleep });
  for (let partition = 0; partition < 100; partition++) await wakeUps.wake(duty(partition), 10_000 + partition);
  expect([sleeps, running]).toEqual([[10_000], 1]);
  await wakeUps.wake(duty(7), 5);
  await until(1);
  expect(done).toEqual([duty(7)]);
  expect([sleeps.length, running]).toEqual([3, 1]);
  wakeUps.close();
  await expect.poll(() => running).toBe(0);
});

test("tells that its wake-ups end with the process", () => {
  expect(open().wakeUps.endWithProcess).toBe(true);
});
