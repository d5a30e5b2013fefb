import { beforeEach, expect, test } from "vitest";
import { type SessionHolder, SessionTable } from "../../../gateway/zookeeper/session-table.ts";
import { ServiceError } from "../../../shared/api/errors.ts";
import { expiringSessionsMax } from "../../../shared/limits/zookeeper-gateway.ts";
import type { SessionCredentials, SessionService } from "../../../shared/services/coordination.ts";

const credentials: SessionCredentials = { sessionId: 7n, password: new Uint8Array(16) };
const owner = 42n;

class Holder implements SessionHolder {
  readonly reasons: string[] = [];
  leave(reason: string): Promise<void> {
    this.reasons.push(reason);
    return Promise.resolve();
  }
}

let nowMs: number;
let wake: (() => void) | undefined;
let leases: number[];
let closed: bigint[];
let failure: Error | undefined;
let answer: Promise<{ readonly timeoutMs: number }> | undefined;
/** What is waited for before a session is taken over, or closed. */
let takenOver: Promise<void> | undefined;
let closing: Promise<void> | undefined;
let asked: number | undefined;
let logged: string[];
let table: SessionTable;

/** What the table asks for, by a clock that stands still. */
const sessions: Pick<SessionService, "create" | "takeOver" | "heartbeat" | "close"> = {
  create: (_namespace, request) => {
    asked = request.timeoutMs;
    return Promise.resolve({ ...credentials, timeoutMs: request.timeoutMs ?? 0 });
  },
  takeOver: async (_namespace, { sessionId }) => {
    if (closed.includes(sessionId)) throw new ServiceError("SESSION_EXPIRED", "over");
    await takenOver;
    return { timeoutMs: 8_000, zxid: 1 };
  },
  heartbeat: () => {
    leases.push(nowMs);
    if (answer !== undefined) return answer;
    return failure === undefined ? Promise.resolve({ timeoutMs: 8_000 }) : Promise.reject(failure);
  },
  close: async (_namespace, { sessionId }) => {
    await closing;
    closed.push(sessionId);
    return { zxid: 2 };
  },
};

beforeEach(() => {
  nowMs = 0;
  leases = [];
  closed = [];
  logged = [];
  failure = undefined;
  answer = undefined;
  takenOver = undefined;
  closing = undefined;
  table = new SessionTable({
    sessions: sessions as SessionService,
    clock: { monotonicMs: () => nowMs, wallMs: () => nowMs },
    timers: {
      sleep: () =>
        new Promise<void>((resolve) => {
          wake = resolve;
        }),
    },
    namespace: "default",
    log: (_level, event) => logged.push(event),
    owner,
  });
});

/** As a process that runs: it looks every quarter of a second. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 250) await standStill(Math.min(left, 250));
}

/** Nothing runs meanwhile. */
async function standStill(ms: number): Promise<void> {
  nowMs += ms;
  wake?.();
  await new Promise((resolve) => setImmediate(resolve));
}

test("a lease is for a third more than the client is promised, and written at most every third", async () => {
  const holder = new Holder();
  const session = await table.create(6_000, holder);
  expect([asked, session.timeoutMs]).toEqual([8_000, 6_000]);
  for (let count = 0; count < 600; count += 1) {
    await pass(100);
    table.heard(session);
  }
  expect(leases).toEqual(Array.from({ length: 30 }, (_, index) => (index + 1) * 2_000));
  expect(closed).toEqual([]);
});

test("a session of which nothing is heard for its timeout is closed, whether its connection is there or not", async () => {
  const holder = new Holder();
  const session = await table.create(6_000, holder);
  await pass(5_000);
  table.heard(session);
  await pass(5_900);
  expect(closed).toEqual([]);
  await pass(200);
  expect([closed, holder.reasons.length, table.count]).toEqual([[7n], 1, 0]);
  const gone = await table.resume({ ...credentials, sessionId: 8n }, holder);
  if (gone === undefined) throw new Error("resumed");
  table.left(gone, holder);
  await pass(6_100);
  expect([closed, holder.reasons.length, table.count]).toEqual([[7n, 8n], 1, 0]);
});

test("a client that comes back while its session is being closed is told that it is over, if it is then", async () => {
  for (const failsToClose of [false, true]) {
    const closes = Promise.withResolvers<void>();
    closing = closes.promise;
    const sessionId = failsToClose ? 8n : 7n;
    await table.resume({ ...credentials, sessionId }, new Holder());
    await pass(6_250);
    const resumed = table.resume({ ...credentials, sessionId }, new Holder());
    await pass(250);
    if (failsToClose) closes.reject(new ServiceError("KAFKA_STORAGE_ERROR", "not now"));
    else closes.resolve();
    expect((await resumed)?.sessionId).toBe(failsToClose ? 8n : undefined);
    expect(table.count).toBe(failsToClose ? 1 : 0);
  }
});

test("a session whose time is over while its client is coming back is not closed", async () => {
  await table.create(6_000, new Holder());
  await pass(5_900);
  const goesOn = Promise.withResolvers<void>();
  takenOver = goesOn.promise;
  const holder = new Holder();
  const resumed = table.resume(credentials, holder);
  await pass(1_000);
  goesOn.resolve();
  expect((await resumed)?.holder).toBe(holder);
  await pass(5_900);
  expect([closed, holder.reasons, table.count]).toEqual([[], [], 1]);
});

test("a session whose time is over, and that waits to be closed, goes on if its client comes back", async () => {
  const closes = Promise.withResolvers<void>();
  closing = closes.promise;
  const count = BigInt(expiringSessionsMax) + 1n;
  for (let id = 1n; id <= count; id += 1n) await table.resume({ ...credentials, sessionId: id }, new Holder());
  await pass(6_250);
  const goesOn = Promise.withResolvers<void>();
  takenOver = goesOn.promise;
  const resumed = table.resume({ ...credentials, sessionId: count }, new Holder());
  closes.resolve();
  await pass(250);
  goesOn.resolve();
  expect((await resumed)?.sessionId).toBe(count);
  expect([closed.length, closed.includes(count), table.count]).toEqual([expiringSessionsMax, false, 1]);
});

test("a client that comes back while its request to close the session is under way is told that it is over", async () => {
  const session = await table.create(6_000, new Holder());
  const goesOn = Promise.withResolvers<void>();
  takenOver = goesOn.promise;
  const resumed = table.resume(credentials, new Holder());
  await pass(250);
  const ended = table.end(session);
  goesOn.resolve();
  expect(await resumed).toBeUndefined();
  expect([await ended, table.count]).toEqual([{ zxid: 2 }, 0]);
});

test("who does not know a session's password does not keep it from ending, nor its client from its connection", async () => {
  const holder = new Holder();
  await table.create(6_000, holder);
  takenOver = new Promise(() => undefined);
  expect(await table.resume({ ...credentials, password: new Uint8Array(16).fill(1) }, new Holder())).toBeUndefined();
  expect(holder.reasons).toEqual([]);
  await pass(6_250);
  expect(closed).toEqual([7n]);
});

test("a session that another gateway has, or that is over, leaves its connection and is not closed", async () => {
  for (const code of ["SESSION_MOVED", "SESSION_EXPIRED"] as const) {
    const holder = new Holder();
    const session = await table.create(6_000, holder);
    failure = new ServiceError(code, "gone");
    await pass(2_000);
    table.heard(session);
    await pass(10_000);
    expect([closed, holder.reasons, table.count]).toEqual([[], [code], 0]);
  }
});

test("a lease that could not be written is tried again before it is over, and the client goes on", async () => {
  const holder = new Holder();
  const session = await table.create(6_000, holder);
  failure = new ServiceError("KAFKA_STORAGE_ERROR", "not now");
  for (let count = 0; count < 26; count += 1) {
    await pass(100);
    table.heard(session);
  }
  expect(leases).toEqual([2_000, 2_500]);
  expect([holder.reasons, logged.length]).toEqual([[], 2]);
});

test("a client whose lease cannot be written is cut off before the lease is over, and may come back", async () => {
  const holder = new Holder();
  const session = await table.create(6_000, holder);
  failure = new ServiceError("KAFKA_STORAGE_ERROR", "not now");
  let cutMs = 0;
  for (let count = 0; count < 100 && cutMs === 0; count += 1) {
    await pass(100);
    table.heard(session);
    if (holder.reasons.length > 0) cutMs = nowMs;
  }
  expect(cutMs).toBeGreaterThan(6_000);
  expect(cutMs).toBeLessThan(6_500);
  expect(closed).toEqual([]);
  failure = undefined;
  const again = new Holder();
  const resumed = await table.resume(credentials, again);
  if (resumed === undefined) throw new Error("resumed");
  await pass(5_000);
  table.heard(resumed);
  await pass(5_000);
  expect(again.reasons).toEqual([]);
});

test("a client whose lease nobody answers for is cut off when the lease is over", async () => {
  const holder = new Holder();
  const session = await table.create(6_000, holder);
  const { promise } = Promise.withResolvers<{ readonly timeoutMs: number }>();
  answer = promise;
  for (let count = 0; count < 79; count += 1) {
    await pass(100);
    table.heard(session);
  }
  expect(holder.reasons).toEqual([]);
  await pass(500);
  expect(holder.reasons.length).toBeGreaterThan(0);
  expect(closed).toEqual([]);
});

test("a process that stood still hears its clients before it ends their sessions", async () => {
  const holder = new Holder();
  const session = await table.create(6_000, holder);
  await standStill(7_000);
  expect([closed, holder.reasons]).toEqual([[], []]);
  table.heard(session);
  await pass(5_000);
  expect([closed, holder.reasons]).toEqual([[], []]);
  await standStill(7_000);
  await pass(250);
  expect([closed, holder.reasons.length]).toEqual([[7n], 1]);
});

test("thousands of sessions whose time is over are closed one after the other, without waiting for the next look", async () => {
  for (let id = 1n; id <= 2_000n; id += 1n) {
    await table.resume({ ...credentials, sessionId: id }, new Holder());
  }
  await pass(6_250);
  expect([closed.length, table.count]).toEqual([2_000, 0]);
});

test("of two connections over which a client comes back at once, one is left", async () => {
  const holders = [new Holder(), new Holder()];
  await table.create(6_000, new Holder());
  await Promise.all(holders.map((holder) => table.resume(credentials, holder)));
  expect(holders.filter(({ reasons }) => reasons.length > 0)).toHaveLength(1);
});

test("a client that comes back takes its session from the connection that it left", async () => {
  const [before, after] = [new Holder(), new Holder()];
  await table.create(6_000, before);
  const session = await table.resume(credentials, after);
  expect(session?.timeoutMs).toBe(6_000);
  expect([before.reasons.length, after.reasons.length]).toEqual([1, 0]);
  if (session === undefined) throw new Error("resumed");
  table.left(session, before);
  expect(session.holder).toBe(after);
});
