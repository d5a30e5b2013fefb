import { expect, test } from "vitest";
import { Counter } from "../../../client/index.ts";
import { everyFirstAnswerLost } from "../coordination/own-client.ts";
import { twoSessions } from "./two-sessions.ts";

const at = twoSessions();

test("counts every change of everyone, also of those who read what they have seen", async () => {
  const { own } = at();
  const clients = [own.client.znodes(), own.another().znodes({ consistency: "session" }), own.another().znodes()];
  const counters = clients.map((znodes) => new Counter(znodes, "visits"));
  const sums = await Promise.all(counters.flatMap((counter) => Array.from({ length: 10 }, () => counter.add(1))));
  expect(new Set(sums).size).toBe(30);
  expect(await counters[0]?.get()).toBe(30n);
});

test("counts once what is answered only at the second attempt", async () => {
  const { own } = at();
  const counter = new Counter(own.client.znodes(), "answers");
  await counter.add(1);
  own.fate = everyFirstAnswerLost();
  for (let round = 0; round < 10; round += 1) await counter.add(1);
  own.fate = () => undefined;
  expect(await counter.get()).toBe(11n);
});

test("is set only from the value that was expected, beyond 2^53 too", async () => {
  const { own } = at();
  const counter = new Counter(own.client.znodes(), "large");
  expect(await counter.get()).toBe(0n);
  expect(await counter.compareAndSet(1n, 5n)).toBe(false);
  expect(await counter.compareAndSet(0n, 2n ** 60n)).toBe(true);
  expect(await counter.add(-1)).toBe(2n ** 60n - 1n);
  expect(await counter.update((value) => value * 2n)).toBe(2n ** 61n - 2n);
});

test("refuses to count what is no number", async () => {
  const znodes = at().own.client.znodes();
  await znodes.ensure("/counters");
  await znodes.create("/counters/text", { data: "7 apples" });
  await expect(new Counter(znodes, "text").add(1)).rejects.toBeInstanceOf(TypeError);
});
