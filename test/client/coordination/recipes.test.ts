import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  Barrier,
  Config,
  Counter,
  CreateTopicCommand,
  DoubleBarrier,
  Election,
  type HeldLock,
  isServiceException,
  Lock,
  ProduceToPartitionCommand,
  Queue,
  ReadWriteLock,
  Semaphore,
  ServiceRegistry,
  SessionExpiredError,
} from "../../../client/index.ts";
import type { Session } from "../../../client/index.ts";
import { ownClient, type OwnClient } from "./own-client.ts";

let own: OwnClient;
let session: Session;
let other: Session;
beforeAll(async () => {
  own = await ownClient();
  session = await own.client.session({ timeoutMs: 10_000 });
  other = await own.another().session({ timeoutMs: 10_000 });
});
afterAll(async () => {
  await Promise.all([session.close(), other.close()]);
  await own[Symbol.asyncDispose]();
});

describe("Lock", () => {
  test("is held by one at a time, in turn, with tokens that grow", async () => {
    let holders = 0;
    const tokens: number[] = [];
    const work = async (owner: Session): Promise<void> => {
      for (let round = 0; round < 5; round += 1) {
        await using held = await new Lock(owner, "turns").acquire();
        holders += 1;
        expect(holders).toBe(1);
        tokens.push(held.fencingToken);
        await sleep(2);
        holders -= 1;
      }
    };
    await Promise.all([work(session), work(session), work(other), work(other)]);
    expect(tokens).toHaveLength(20);
    expect(tokens).toEqual(tokens.toSorted((one, next) => one - next));
    expect(new Set(tokens).size).toBe(20);
  });

  test("that is waited for can be given up, and then is not taken", async () => {
    const held = await new Lock(session, "given-up").acquire();
    expect(await new Lock(other, "given-up").tryAcquire()).toBeUndefined();
    const impatient = AbortSignal.timeout(100);
    await expect(new Lock(other, "given-up").acquire({ signal: impatient })).rejects.toThrow();
    await held.release();
    const again = await new Lock(session, "given-up").tryAcquire();
    expect(again).toBeDefined();
    await again?.release();
  });

  test("passes to the next when the holder's session ends, and fences the holder", async () => {
    const lost = await own.another().session({ timeoutMs: 5_000 });
    const topic = "fenced";
    await own.client.send(new CreateTopicCommand({ name: topic, partitions: 1 }));
    const produce = (held: HeldLock) =>
      own.client.send(
        new ProduceToPartitionCommand({
          topic,
          partition: 0,
          records: [{ value: "x" }],
          fencingToken: held.fencingToken,
        }),
      );
    const first = await new Lock(lost, "passing").acquire();
    await produce(first);
    const next = new Lock(session, "passing").acquire();
    await lost.close();
    expect(first.signal.aborted).toBe(true);
    await using second = await next;
    await produce(second);
    expect(isServiceException(await produce(first).catch((error: unknown) => error), "FENCED")).toBe(true);
    const znodes = own.client.znodes();
    await znodes.create("/guarded", { data: "0" });
    await znodes.multi([second.fence, { type: "setData", path: "/guarded", data: "1" }]);
    const late = znodes.multi([first.fence, { type: "setData", path: "/guarded", data: "2" }]);
    expect(isServiceException(await late.catch((error: unknown) => error), "FENCED")).toBe(true);
    await expect(new Lock(lost, "passing").acquire()).rejects.toBeInstanceOf(SessionExpiredError);
  });

  test("of readers is shared, of writers not", async () => {
    const lock = new ReadWriteLock(session, "shared");
    const [one, two] = await Promise.all([lock.read.acquire(), lock.read.acquire()]);
    expect(await lock.write.tryAcquire()).toBeUndefined();
    const writing = lock.write.acquire();
    await Promise.all([one.release(), two.release()]);
    await using writer = await writing;
    expect(await lock.read.tryAcquire()).toBeUndefined();
    expect(writer.fencingToken).toBeGreaterThan(two.fencingToken);
  });
});

test("Semaphore lets so many in and no more", async () => {
  let inside = 0;
  let most = 0;
  const work = async (owner: Session): Promise<void> => {
    const semaphore = new Semaphore(owner, "three", 3);
    await using permit = await semaphore.acquire();
    expect(permit.fencingToken).toBeGreaterThan(0);
    inside += 1;
    most = Math.max(most, inside);
    await sleep(150);
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 9 }, (_, index) => work(index % 2 === 0 ? session : other)));
  expect(most).toBe(3);
});

test("Election has one leader at a time, who is observed, proclaims and resigns", async () => {
  const observed: (string | null)[] = [];
  const ended = new AbortController();
  const watching = (async () => {
    for await (const leader of new Election(other, "head").observe({ signal: ended.signal })) {
      observed.push(leader === null ? null : String(leader.data));
    }
  })();
  const first = await new Election(session, "head").campaign({ data: "one" });
  const second = new Election(other, "head").campaign({ data: "two" });
  await until(() => observed.includes("one"));
  await first.proclaim("one is busy");
  await until(() => observed.includes("one is busy"));
  await first.resign();
  await using leadership = await second;
  expect(leadership.fencingToken).toBeGreaterThan(first.fencingToken);
  await until(() => observed.includes("two"));
  expect(isServiceException(await first.proclaim("late").catch((error: unknown) => error), "NO_NODE")).toBe(true);
  ended.abort();
  await watching;
  const order = ["one", "one is busy", "two"];
  expect(observed.filter((data) => data !== null)).toEqual(order);
});

test("Barrier holds everyone back until it is removed", async () => {
  const barrier = new Barrier(own.client.znodes(), "gate");
  await barrier.wait();
  await barrier.set();
  let through = 0;
  const waiting = [1, 2, 3].map(async () => {
    await new Barrier(own.another().znodes(), "gate").wait();
    through += 1;
  });
  await sleep(50);
  expect(through).toBe(0);
  await barrier.remove();
  await Promise.all(waiting);
  expect(through).toBe(3);
});

test("DoubleBarrier lets its members begin together and end together", async () => {
  let inside = 0;
  let left = 0;
  const member = async (owner: Session, delayMs: number): Promise<void> => {
    const barrier = new DoubleBarrier(owner, "meeting", 3);
    await sleep(delayMs);
    inside += 1;
    await barrier.enter();
    expect(inside).toBe(3);
    await sleep(delayMs);
    left += 1;
    await barrier.leave();
    expect(left).toBe(3);
  };
  await Promise.all([member(session, 0), member(other, 30), member(session, 60)]);
});

test("Counter counts every change of everyone", async () => {
  const counters = [own.client, own.another(), own.another()].map((client) => new Counter(client.znodes(), "visits"));
  await Promise.all(counters.flatMap((counter) => Array.from({ length: 10 }, () => counter.add(1))));
  const [counter] = counters;
  expect(await counter?.get()).toBe(30n);
  expect(await counter?.compareAndSet(29n, 0n)).toBe(false);
  expect(await counter?.compareAndSet(30n, -1n)).toBe(true);
  expect(await counter?.add(-1)).toBe(-2n);
});

test("Queue gives each item to one taker, oldest first", async () => {
  const queue = new Queue(own.client.znodes(), "work");
  const taken: string[] = [];
  const takers = [1, 2, 3].map(async () => {
    const own2 = new Queue(own.another().znodes(), "work");
    for (let index = 0; index < 5; index += 1) taken.push(String((await own2.take()).data));
  });
  for (let index = 0; index < 15; index += 1) await queue.offer(`item ${index}`);
  await Promise.all(takers);
  expect(taken.toSorted()).toEqual(Array.from({ length: 15 }, (_, index) => `item ${index}`).toSorted());
  await queue.offer("first");
  await queue.offer("second");
  expect(await queue.size()).toBe(2);
  expect(await queue.poll()).toEqual({ data: "first" });
  expect(await queue.poll()).toEqual({ data: "second" });
  expect(await queue.poll()).toBeUndefined();
});

test("ServiceRegistry shows who is there, as long as the session is", async () => {
  const seen: string[] = [];
  const ended = new AbortController();
  const registry = new ServiceRegistry(own.client.znodes());
  const watching = (async () => {
    for await (const instances of registry.watch("shop", { signal: ended.signal })) {
      seen.push(instances.map(({ id }) => id).join(","));
    }
  })();
  const mortal = await own.another().session({ timeoutMs: 5_000 });
  await new ServiceRegistry(own.client.znodes({ session })).register("shop", { id: "a", payload: { port: 1 } });
  await new ServiceRegistry(own.client.znodes({ session: mortal })).register("shop", { id: "b", payload: null });
  expect(await registry.discover("shop")).toEqual([
    { id: "a", payload: { port: 1 } },
    { id: "b", payload: null },
  ]);
  await until(() => seen.includes("a,b"));
  await mortal.close();
  await until(() => seen.at(-1) === "a");
  ended.abort();
  await watching;
});

test("Config is typed, follows its znode, and keeps its value when what stands there cannot be read", async () => {
  const parse = (json: unknown): { readonly limit: number } => {
    const { limit } = (json ?? { limit: 0 }) as { readonly limit?: unknown };
    if (typeof limit !== "number") throw new TypeError("limit must be a number");
    return { limit };
  };
  const changes: unknown[] = [];
  const path = "/settings/app";
  await using config = await Config.open(own.client.znodes(), {
    path,
    parse,
    listener: (change) => changes.push(change),
  });
  expect(config.value).toEqual({ limit: 0 });
  await config.set({ limit: 1 });
  expect(config.value).toEqual({ limit: 1 });
  const znodes = own.another().znodes();
  await znodes.set(path, '{"limit":2}');
  await until(() => config.value.limit === 2);
  await znodes.set(path, "no JSON");
  await until(() => changes.some((change) => (change as { kind: string }).kind === "error"));
  expect(config.value).toEqual({ limit: 2 });
  expect(isServiceException(await config.set({ limit: 3 }).catch((error: unknown) => error), "BAD_VERSION")).toBe(true);
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}
