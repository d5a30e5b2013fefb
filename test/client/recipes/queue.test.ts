import { expect, test } from "vitest";
import { Queue } from "../../../client/index.ts";
import { everyFirstAnswerLost } from "../coordination/own-client.ts";
import { isPending, twoSessions } from "./two-sessions.ts";

const at = twoSessions();

test("gives each item to one taker, whoever waits and whatever answers are lost", async () => {
  const { own } = at();
  const [takers, each] = [4, 25];
  own.fate = everyFirstAnswerLost();
  const taken: string[] = [];
  const taking = Array.from({ length: takers }, async (_, index) => {
    const client = index === 0 ? own.client : own.another();
    const queue = new Queue(client.znodes(), "work");
    for (let count = 0; count < each; count += 1) taken.push(String((await queue.take()).data));
  });
  const queue = new Queue(own.client.znodes(), "work");
  const offered = Array.from({ length: takers * each }, (_, index) => `item ${index}`);
  for (const item of offered) await queue.offer(item);
  await Promise.all(taking);
  own.fate = () => undefined;
  expect(taken.toSorted()).toEqual(offered.toSorted());
  expect(await queue.size()).toBe(0);
});

test("is first in, first out, over more items than one look sees", async () => {
  const queue = new Queue(at().own.client.znodes(), "order");
  expect(await queue.poll()).toBeUndefined();
  for (let index = 0; index < 40; index += 1) await queue.offer(index === 7 ? null : String(index));
  expect(await queue.size()).toBe(40);
  for (let index = 0; index < 40; index += 1) {
    expect(await queue.poll()).toEqual({ data: index === 7 ? null : String(index) });
  }
  expect(await queue.poll()).toBeUndefined();
});

test("lets a taker give up, and takes nothing for it", async () => {
  const { own } = at();
  const queue = new Queue(own.client.znodes(), "given-up");
  const enough = new AbortController();
  const waiting = queue.take({ signal: enough.signal });
  expect(await isPending(waiting, 30)).toBe(true);
  enough.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await queue.offer("kept");
  expect(await queue.poll()).toEqual({ data: "kept" });
});
