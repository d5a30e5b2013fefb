import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Barrier, DoubleBarrier, type Session, SessionExpiredError } from "../../../client/index.ts";
import { until } from "../coordination/own-client.ts";
import { isPending, twoSessions } from "./two-sessions.ts";

const at = twoSessions();
const membersOf = async (name: string): Promise<number> => {
  const znodes = at().own.client.znodes();
  await znodes.ensure(`/barriers/${name}`);
  const names = await znodes.getChildren(`/barriers/${name}`);
  return names.filter((child) => child.startsWith("member-")).length;
};

test("a barrier holds everyone back until it is removed", async () => {
  const { own } = at();
  const barrier = new Barrier(own.client.znodes(), "gate");
  await barrier.wait();
  await barrier.set();
  await barrier.set();
  const waiting = [1, 2, 3].map(() => new Barrier(own.another().znodes({ consistency: "session" }), "gate").wait());
  const impatient = barrier.wait({ signal: AbortSignal.timeout(30) });
  await expect(impatient).rejects.toThrow();
  expect(await isPending(Promise.race(waiting), 30)).toBe(true);
  await barrier.remove();
  await Promise.all(waiting);
  await barrier.remove();
});

describe("a double barrier", () => {
  test("lets its members begin together and end together, round for round", async () => {
    const { session, other } = at();
    const rounds = 5;
    let inside = 0;
    let left = 0;
    const member = async (owner: Session, delayMs: number): Promise<void> => {
      const barrier = new DoubleBarrier(owner, "meeting", 3);
      for (let round = 1; round <= rounds; round += 1) {
        await sleep(Math.random() * delayMs);
        inside += 1;
        await barrier.enter();
        expect(inside).toBe(3 * round);
        await sleep(Math.random() * delayMs);
        left += 1;
        await barrier.leave();
        expect(left).toBeGreaterThanOrEqual(3 * round);
      }
    };
    await Promise.all([member(session, 2), member(other, 20), member(session, 10)]);
    expect(await at().own.client.znodes().getChildren("/barriers/meeting")).toEqual([]);
  });

  test("holds back whoever comes too late for a round until that is over", async () => {
    const { session, other } = at();
    const [a, b] = [new DoubleBarrier(session, "late", 2), new DoubleBarrier(other, "late", 2)];
    await Promise.all([a.enter(), b.enter()]);
    const late = [new DoubleBarrier(session, "late", 2).enter(), new DoubleBarrier(other, "late", 2).enter()];
    expect(await isPending(Promise.race(late), 50)).toBe(true);
    await Promise.all([a.leave(), b.leave()]);
    await Promise.all(late);
  });

  test("does not count who stops waiting", async () => {
    const { session, other } = at();
    const enough = new AbortController();
    const given = new DoubleBarrier(session, "given-up", 2).enter({ signal: enough.signal });
    await until(async () => (await membersOf("given-up")) === 1);
    enough.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    await until(async () => (await membersOf("given-up")) === 0);
    const waiting = new DoubleBarrier(other, "given-up", 2).enter({ signal: AbortSignal.timeout(100) });
    await expect(waiting).rejects.toThrow();
  });

  test("is as new after all its members were lost", async () => {
    const { own, session, other } = at();
    const lost = await own.another().session({ timeoutMs: 5_000 });
    await Promise.all([1, 2].map(() => new DoubleBarrier(lost, "lost", 2).enter()));
    await lost.close();
    expect(await own.client.znodes().getChildren("/barriers/lost")).toEqual(["ready"]);
    const first = new DoubleBarrier(session, "lost", 2).enter();
    expect(await isPending(first, 50)).toBe(true);
    await Promise.all([first, new DoubleBarrier(other, "lost", 2).enter()]);
  });

  test("counts who is lost inside as having left, and says so to who is lost itself", async () => {
    const { own, session } = at();
    const lost = await own.another().session({ timeoutMs: 5_000 });
    const [stays, goes] = [new DoubleBarrier(session, "mixed", 2), new DoubleBarrier(lost, "mixed", 2)];
    await Promise.all([stays.enter(), goes.enter()]);
    const leaving = stays.leave();
    expect(await isPending(leaving, 50)).toBe(true);
    await lost.close();
    await leaving;
    await expect(goes.leave()).rejects.toBeInstanceOf(SessionExpiredError);
    await expect(stays.leave()).rejects.toThrow("has not been entered");
  });
});
