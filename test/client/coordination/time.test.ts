import { expect, test } from "vitest";
import { pause, processTime } from "../../../client/coordination/time.ts";

const fractions = Array.from({ length: 300 }, (_, index) => 0.05 + index / 20);
const { signal } = new AbortController();

test.each([
  ["the process's own time", (ms: number) => processTime.sleep(ms, signal)],
  ["a pause", (ms: number) => pause(ms)],
])("%s never ends before the clock says so, though timers do", async (_, sleep) => {
  const early = fractions.map(async (ms) => {
    const untilMs = performance.now() + ms;
    await sleep(ms);
    return performance.now() < untilMs;
  });
  expect((await Promise.all(early)).filter(Boolean)).toEqual([]);
});

test("a pause ends at once when its signal aborts, or had aborted", async () => {
  const controller = new AbortController();
  const paused = pause(3_600_000, controller.signal);
  controller.abort();
  await paused;
  await pause(3_600_000, controller.signal);
});
