import { expect, test } from "vitest";
import { Slots } from "../../../../shared/storage/embedded/slots.ts";

test("lets in no more than its bound, in the order of their calls", async () => {
  const slots = new Slots(2, 100);
  const order: number[] = [];
  let inside = 0;
  const visit = async (visitor: number): Promise<void> => {
    expect(await slots.take()).toBe(true);
    inside += 1;
    expect(inside).toBeLessThanOrEqual(2);
    order.push(visitor);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
    slots.release();
  };
  const visitors = Array.from({ length: 10 }, (_, visitor) => visitor);
  await Promise.all(visitors.map(visit));
  await Promise.all(visitors.map(visit));
  expect(order).toEqual([...visitors, ...visitors]);
});

test("turns away who comes when too many wait", async () => {
  const slots = new Slots(1, 1);
  expect(await slots.take()).toBe(true);
  const waiting = slots.take();
  expect(await slots.take()).toBe(false);
  slots.release();
  expect(await waiting).toBe(true);
});

test("is idle once everybody has left, those who waited among them", async () => {
  const slots = new Slots(1, 1);
  await slots.idle();
  await slots.take();
  const waiting = slots.take();
  let idle = false;
  const ending = slots.idle().then(() => (idle = true));
  slots.release();
  await waiting;
  expect(idle).toBe(false);
  slots.release();
  await ending;
});
