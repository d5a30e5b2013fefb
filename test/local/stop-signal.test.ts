import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { onStopSignal } from "../../local/stop-signal.ts";

/** One that nobody else listens to here. */
const signal = "SIGUSR2";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a signal that did not come is no longer listened to once that is taken back", () => {
  const forget = onStopSignal([signal], () => {});
  expect(process.listenerCount(signal)).toBe(1);
  forget();
  expect(process.listenerCount(signal)).toBe(0);
});

test("a signal that came may come again after it was obeyed, and does not end the process by itself", () => {
  const stop = vi.fn<() => void>();
  const forget = onStopSignal([signal], stop);
  process.emit(signal, signal);
  forget();
  expect(process.listenerCount(signal)).toBe(1);
  process.emit(signal, signal);
  expect(stop).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1_000);
  expect(process.listenerCount(signal)).toBe(0);
});
