import { expect, test } from "vitest";
import type { Storage } from "../../../../shared/storage/storage.ts";
import { freshLogId, freshName } from "./samples.ts";

export function environmentContract(open: () => Storage): void {
  test("has lifetimes that leave orders of magnitude between evidence and deletion", () => {
    const { lifetimes } = open();
    expect(lifetimes.tailEvidenceMsMax).toBeGreaterThan(0);
    expect(lifetimes.tailEvidenceMsMax * 10).toBeLessThanOrEqual(lifetimes.graceMs);
    expect(lifetimes.graceMs * 10).toBeLessThanOrEqual(lifetimes.hotEntryMs);
  });

  test("has a monotonic clock that never steps back", async () => {
    const { clock, timers } = open();
    let before = clock.monotonicMs();
    for (let turn = 0; turn < 5; turn++) {
      await timers.sleep(1);
      const now = clock.monotonicMs();
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
    }
    expect(clock.wallMs()).toBeGreaterThan(1_600_000_000_000);
  });

  test("gives random numbers of 32 bits and ids of 128 bits", () => {
    const { random } = open();
    const numbers = Array.from({ length: 200 }, () => random.uint32());
    for (const number of numbers) expect(Number.isInteger(number) && number >= 0 && number < 2 ** 32).toBe(true);
    expect(numbers.some((number) => number >= 2 ** 31)).toBe(true);
    const ids = Array.from({ length: 200 }, () => random.id());
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{21}[AQgw]$/);
    expect(new Set(ids).size).toBe(200);
  });

  test("sleeps until the time is over or the signal aborts", async () => {
    const { clock, timers } = open();
    const startMs = clock.monotonicMs();
    await timers.sleep(10);
    expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(9);
    await timers.sleep(0);
    const reason = new Error("enough");
    const controller = new AbortController();
    const sleeping = timers.sleep(1_000_000, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    await expect(timers.sleep(1_000_000, controller.signal)).rejects.toBe(reason);
  });

  test("ends a wait at a hint beyond the position, at its time or when it is aborted", async () => {
    const { notifier, clock } = open();
    const logId = freshLogId();
    const startMs = clock.monotonicMs();
    const hinted = notifier.wait(logId, 5, 20_000);
    notifier.notify(logId, 6);
    await hinted;
    expect(clock.monotonicMs() - startMs).toBeLessThan(10_000);
    await notifier.wait(freshLogId(), 5, 5);
    const controller = new AbortController();
    const aborted = notifier.wait(freshLogId(), 5, 20_000, controller.signal);
    controller.abort(new Error("enough"));
    await aborted;
    await notifier.wait(freshLogId(), 5, 20_000, controller.signal);
  });

  test("takes a wake-up", async () => {
    await open().wakeUps.wake({ kind: "seal", topicId: freshName(), partition: 0 }, 900_000);
  });
}
