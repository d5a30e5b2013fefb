import { afterEach, expect, test, vi } from "vitest";
import { heldScarceMsMax, roomWaitMsMax } from "../../../shared/limits/connections.ts";
import { HeldBytes, type Holder } from "../../../gateway/connections/held-bytes.ts";

afterEach(() => vi.useRealTimers());

class Client implements Holder {
  isClosed = false;
  close(): void {
    this.isClosed = true;
  }
}

test("closes who holds most for longest where all hold too much, and nobody else", () => {
  let nowMs = 0;
  const held = new HeldBytes(1_000, () => nowMs);
  const [slow, small, fresh, last] = [new Client(), new Client(), new Client(), new Client()];
  held.set(slow, 500, false);
  held.set(small, 10, false);
  nowMs = 10_000;
  held.set(fresh, 450, false);
  expect([slow, small, fresh].map(({ isClosed }) => isClosed)).toEqual([false, false, false]);
  held.set(last, 100, false);
  expect([slow, small, fresh, last].map(({ isClosed }) => isClosed)).toEqual([true, false, false, false]);
  expect(held.bytes).toBe(560);
});

test("closes nobody who goes on before one who does not", () => {
  let nowMs = 0;
  const held = new HeldBytes(1_000, () => nowMs);
  const [moving, stuck, other] = [new Client(), new Client(), new Client()];
  held.set(moving, 600, false);
  held.set(stuck, 300, false);
  nowMs = 60_000;
  held.set(moving, 600, true);
  held.set(other, 200, false);
  expect([moving, stuck, other].map(({ isClosed }) => isClosed)).toEqual([false, true, false]);
});

test("closes one that holds too much by itself", () => {
  const held = new HeldBytes(1_000, () => 0);
  const [greedy, other] = [new Client(), new Client()];
  held.set(other, 900, false);
  held.set(greedy, 2_000, false);
  expect([greedy.isClosed, other.isClosed, held.bytes]).toEqual([true, false, 900]);
});

test("lets those wait who would hold more, until there is room or they are gone", async () => {
  const held = new HeldBytes(1_000, () => 0);
  const [one, other] = [new Client(), new Client()];
  const gone = new AbortController();
  const order: string[] = [];
  held.set(one, 400, false);
  held.set(other, 400, false);
  expect(held.isScarce).toBe(true);
  const waiting = held.room(new AbortController().signal).then(() => order.push("room"));
  const leaving = held.room(gone.signal).then(() => order.push("gone"));
  gone.abort();
  await leaving;
  held.set(one, 0, true);
  await waiting;
  expect(order).toEqual(["gone", "room"]);
  await held.room(new AbortController().signal);
});

test("holds nobody up for long by others who do not read, and closes the worst of these once it has had its time", async () => {
  vi.useFakeTimers();
  let nowMs = 0;
  const held = new HeldBytes(1_000, () => nowMs);
  const [one, other] = [new Client(), new Client()];
  held.set(one, 400, false);
  held.set(other, 300, false);
  const waited = async (): Promise<void> => {
    const room = held.room(new AbortController().signal);
    nowMs += roomWaitMsMax;
    await vi.advanceTimersByTimeAsync(roomWaitMsMax);
    await room;
  };
  await waited();
  expect([one.isClosed, other.isClosed]).toEqual([false, false]);
  nowMs += heldScarceMsMax;
  await waited();
  expect([one.isClosed, other.isClosed, held.isScarce]).toEqual([true, false, false]);
});
