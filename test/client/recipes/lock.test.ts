import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  CreateTopicCommand,
  DescribeLockCommand,
  type HeldLock,
  isServiceException,
  Lock,
  ProduceToPartitionCommand,
  ReadWriteLock,
  type Session,
  SessionExpiredError,
} from "../../../client/index.ts";
import { ManualTime } from "../coordination/manual-time.ts";
import { until } from "../coordination/own-client.ts";
import { isPending, twoSessions } from "./two-sessions.ts";

const at = twoSessions();

async function lineOf(lock: string): Promise<{ readonly holders: number; readonly waiting: number }> {
  const { holders, waiting } = await at().other.send(new DescribeLockCommand({ lock }));
  return { holders: holders.length, waiting };
}

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("a lock", () => {
  test("is held by one at a time, in turn, with tokens that grow", async () => {
    const { session, other } = at();
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

  test("passes to the next when the holder's session ends, and fences the holder", async () => {
    const { own, session } = at();
    const lost = await own.another().session({ timeoutMs: 5_000 });
    const topic = "fenced";
    await own.client.send(new CreateTopicCommand({ name: topic, partitions: 1 }));
    const produce = ({ fencingToken }: HeldLock) => {
      const input = { topic, partition: 0, records: [{ value: "x" }], fencingToken };
      return own.client.send(new ProduceToPartitionCommand(input));
    };
    const first = await new Lock(lost, "passing").acquire();
    await produce(first);
    const next = new Lock(session, "passing").acquire();
    await lost.close();
    expect(first.signal.aborted).toBe(true);
    await using second = await next;
    await produce(second);
    expect(isServiceException(await reasonOf(produce(first)), "FENCED")).toBe(true);
    const znodes = own.client.znodes();
    await znodes.create("/guarded", { data: "0" });
    await znodes.multi([second.fence, { type: "setData", path: "/guarded", data: "1" }]);
    const late = znodes.multi([first.fence, { type: "setData", path: "/guarded", data: "2" }]);
    expect(isServiceException(await reasonOf(late), "FENCED")).toBe(true);
    await first.release();
    await expect(new Lock(lost, "passing").acquire()).rejects.toBeInstanceOf(SessionExpiredError);
  });

  test("is acquired once, however often the answer is lost", async () => {
    const { own, session } = at();
    let lost = 0;
    own.fate = (name) => (name === "AcquireLockCommand" && (lost += 1) <= 5 ? "answer lost" : undefined);
    await using held = await new Lock(session, "answers").acquire();
    own.fate = () => undefined;
    expect(lost).toBeGreaterThan(5);
    expect(held.fencingToken).toBeGreaterThan(0);
    expect(await lineOf("answers")).toEqual({ holders: 1, waiting: 0 });
  });

  test("is released as soon as the service can be reached again", async () => {
    const { own, session, other } = at();
    const held = await new Lock(session, "outage").acquire();
    const next = new Lock(other, "outage").acquire();
    own.cut = true;
    const released = held.release();
    expect(held.signal.aborted).toBe(true);
    expect(await isPending(released, 400)).toBe(true);
    own.cut = false;
    await Promise.all([released, held.release()]);
    await using _ = await next;
  });

  test("whose answer comes when the session may be over is not handed out", async () => {
    const { own } = at();
    const time = new ManualTime();
    const session = await own.client.session({ timeoutMs: 1_000, time });
    const onTheWay = Promise.withResolvers<void>();
    own.fate = (name) => (name === "AcquireLockCommand" ? onTheWay.promise : undefined);
    const acquiring = reasonOf(new Lock(session, "late").acquire());
    await sleep(20);
    // As a pause of the process: no timer has fired when the answer is read.
    time.standStill(1_000);
    onTheWay.resolve();
    expect(await acquiring).toBeInstanceOf(SessionExpiredError);
    own.fate = () => undefined;
  });
});

describe("whoever waits for a lock", () => {
  test("can try without waiting, and stands in no line then", async () => {
    const { session, other } = at();
    await using held = await new Lock(session, "tried").acquire();
    expect(await new Lock(other, "tried").tryAcquire()).toBeUndefined();
    expect(await lineOf("tried")).toEqual({ holders: 1, waiting: 0 });
    await held.release();
    await using again = await new Lock(other, "tried").tryAcquire();
    expect(again).toBeDefined();
  });

  test("can give up, at once and with its own reason, and leaves no place behind", async () => {
    const { session, other } = at();
    await using _ = await new Lock(other, "given-up").acquire();
    const enough = new AbortController();
    const waiting = reasonOf(new Lock(session, "given-up").acquire({ signal: enough.signal }));
    await until(async () => (await lineOf("given-up")).waiting === 1);
    const reason = new Error("enough");
    enough.abort(reason);
    expect(await waiting).toBe(reason);
    await until(async () => (await lineOf("given-up")).waiting === 0);
  });

  test("leaves no place behind either when its request is still on the way", async () => {
    const { own, session } = at();
    const onTheWay = Promise.withResolvers<void>();
    own.fate = (name) => (name === "AcquireLockCommand" ? onTheWay.promise : undefined);
    const enough = new AbortController();
    const waiting = reasonOf(new Lock(session, "on-the-way").acquire({ signal: enough.signal }));
    await sleep(20);
    enough.abort();
    await waiting;
    await sleep(50);
    // Only now it arrives, after the line was left, and is granted the lock that nobody wants.
    onTheWay.resolve();
    own.fate = () => undefined;
    await sleep(150);
    expect(await lineOf("on-the-way")).toEqual({ holders: 0, waiting: 0 });
  });

  test("goes on waiting over an outage, and is granted it after", async () => {
    const { own, session, other } = at();
    const held = await new Lock(other, "patience").acquire();
    const next = new Lock(session, "patience").acquire();
    await until(async () => (await lineOf("patience")).waiting === 1);
    own.cut = true;
    await held.release();
    expect(await isPending(next, 400)).toBe(true);
    own.cut = false;
    await using _ = await next;
  });

  test("waits no longer when its session ends", async () => {
    const { own, other } = at();
    await using _ = await new Lock(other, "session-ends").acquire();
    const session = await own.client.session({ timeoutMs: 5_000 });
    const waiting = reasonOf(new Lock(session, "session-ends").acquire());
    await until(async () => (await lineOf("session-ends")).waiting === 1);
    await session.close();
    expect(await waiting).toBeInstanceOf(SessionExpiredError);
    expect(await lineOf("session-ends")).toEqual({ holders: 1, waiting: 0 });
  });
});

test("no request or answer that is lost makes a second holder, or leaves a place behind", async () => {
  const { own, session } = at();
  const second = await own.client.session({ timeoutMs: 10_000 });
  let [holders, acquired, lost] = [0, 0, 0];
  own.fate = () => {
    const chance = Math.random();
    if (chance < 0.2) lost += 1;
    return chance < 0.1 ? "request lost" : chance < 0.2 ? "answer lost" : undefined;
  };
  const endMs = performance.now() + 1_500;
  const contend = async (owner: Session): Promise<void> => {
    while (performance.now() < endMs) {
      const signal = AbortSignal.timeout(Math.ceil(Math.random() * 200));
      try {
        const held = await new Lock(owner, "lossy").acquire({ signal });
        holders += 1;
        expect(holders).toBe(1);
        acquired += 1;
        await sleep(Math.random() * 5);
        holders -= 1;
        await held.release();
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  };
  await Promise.all([session, session, second, second].map(contend));
  own.fate = () => undefined;
  expect(acquired).toBeGreaterThan(5);
  expect(lost).toBeGreaterThan(5);
  await using _ = await new Lock(session, "lossy").acquire();
  await until(async () => (await lineOf("lossy")).waiting === 0);
  await second.close();
});

test("readers share a lock, writers do not", async () => {
  const lock = new ReadWriteLock(at().session, "shared");
  const [one, two] = await Promise.all([lock.read.acquire(), lock.read.acquire()]);
  expect(await lock.write.tryAcquire()).toBeUndefined();
  const writing = lock.write.acquire();
  await Promise.all([one.release(), two.release()]);
  await using writer = await writing;
  expect(await lock.read.tryAcquire()).toBeUndefined();
  expect(writer.fencingToken).toBeGreaterThan(two.fencingToken);
});
