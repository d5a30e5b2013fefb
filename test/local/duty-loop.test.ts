import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { DutyLoop } from "../../local/duty-loop.ts";
import type { DutyService } from "../../shared/services/services.ts";
import type { PartitionDuty, TimedDuty } from "../../shared/storage/environment.ts";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";

const duty = (kind: PartitionDuty["kind"], partition = 0): PartitionDuty => ({ kind, topicId: "t", partition });

const reap = (sessionId: number): TimedDuty => ({ kind: "reap", namespace: "ns", sessionId: String(sessionId) });

/** A loop whose duties take `dutyMs` and are written down with their times. */
function startLoop({ dutyMs = 0, sweepMs = 60_000, queueMax = 10, failing = false } = {}) {
  const { clock, timers } = createNodeEnvironment();
  const done: { readonly name: string; readonly beganAtMs: number; readonly endedAtMs: number }[] = [];
  const logged: string[] = [];
  const work = async (name: string): Promise<void> => {
    const beganAtMs = clock.monotonicMs();
    await sleep(dutyMs);
    done.push({ name, beganAtMs, endedAtMs: clock.monotonicMs() });
    if (failing) throw new Error(`cannot ${name}`);
  };
  const duties: DutyService = {
    seal: async (topicId, partition) => work(`seal ${topicId} ${partition}`),
    retain: async (topicId, partition) => work(`retain ${topicId} ${partition}`),
    collect: async (topicId, partition) => work(`collect ${topicId} ${partition}`),
    compact: async ({ topicId, partition }) => work(`compact ${topicId} ${partition}`),
    reap: async (namespace, sessionId) => work(`reap ${namespace} ${sessionId}`),
    expire: async (namespace) => work(`expire ${namespace}`),
    recover: async ({ namespace, transactionalId }) => work(`recover ${namespace} ${transactionalId}`),
    sweep: async () => work("sweep"),
    arm: async () => work("arm"),
  };
  const log = (_level: string, event: string): void => void logged.push(event);
  const loop = new DutyLoop({ duties, clock, timers, log, sweepMs, queueMax });
  loop.start();
  return { loop, done, logged, names: () => done.map(({ name }) => name) };
}

describe("DutyLoop", () => {
  test("sweeps when it starts, then does what is due, each once", async () => {
    const { loop, names } = startLoop();
    for (const kind of ["seal", "retain", "collect", "seal"] as const) loop.add(duty(kind));
    await expect.poll(names).toEqual(["sweep", "seal t 0", "retain t 0", "collect t 0"]);
    loop.add(duty("seal"));
    await expect.poll(names).toEqual(["sweep", "seal t 0", "retain t 0", "collect t 0", "seal t 0"]);
    await loop.stop();
  });

  test("sweeps again and again", async () => {
    const { loop, names } = startLoop({ sweepMs: 20 });
    await expect.poll(() => names().length).toBeGreaterThan(3);
    expect(new Set(names())).toEqual(new Set(["sweep"]));
    await loop.stop();
  });

  test("sweeps when it is asked to, also once more when it is asked meanwhile, and never by itself if so chosen", async () => {
    const { loop, names } = startLoop({ sweepMs: Infinity, dutyMs: 20 });
    await expect.poll(names).toEqual(["sweep"]);
    loop.add({ kind: "sweep" });
    await new Promise((resolve) => setTimeout(resolve, 30));
    loop.add({ kind: "sweep" });
    await expect.poll(names).toEqual(["sweep", "sweep", "sweep"]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(names()).toHaveLength(3);
    await loop.stop();
  });

  test("does one duty at a time and rests as long as it took", async () => {
    const { loop, done, names } = startLoop({ dutyMs: 20 });
    for (let partition = 0; partition < 4; partition++) loop.add(duty("seal", partition));
    await expect.poll(() => names().length).toBe(5);
    await loop.stop();
    for (const [index, { beganAtMs }] of done.entries()) {
      const before = done[index - 1];
      if (before === undefined) continue;
      expect(beganAtMs - before.endedAtMs).toBeGreaterThanOrEqual((before.endedAtMs - before.beganAtMs) * 0.9);
    }
  });

  test("goes on after a duty that fails", async () => {
    const { loop, names, logged } = startLoop({ failing: true });
    loop.add(duty("seal"));
    loop.add(duty("retain"));
    await expect.poll(names).toEqual(["sweep", "seal t 0", "retain t 0"]);
    await loop.stop();
    expect(logged).toEqual(["duty failed", "duty failed", "duty failed"]);
  });

  test("stops after the duty under way and forgets the rest", async () => {
    const { loop, names } = startLoop({ dutyMs: 50 });
    loop.add(duty("seal"));
    await sleep(10);
    await loop.stop();
    expect(names()).toEqual(["sweep"]);
    loop.add(duty("seal"));
    await sleep(10);
    expect(names()).toEqual(["sweep"]);
  });

  test("drops duties past its bound", async () => {
    const { loop, names } = startLoop({ queueMax: 2 });
    for (let partition = 0; partition < 4; partition++) loop.add(duty("seal", partition));
    await expect.poll(names).toEqual(["sweep", "seal t 0", "seal t 1"]);
    loop.add(duty("seal", 3));
    await expect.poll(names).toEqual(["sweep", "seal t 0", "seal t 1", "seal t 3"]);
    await loop.stop();
  });

  test("ends sessions while it seals and while it rests, a few at the same time, without a rest between them", async () => {
    const { loop, done } = startLoop({ dutyMs: 40, queueMax: 50 });
    // The sweep runs, and the loop rests after it.
    for (let session = 0; session < 20; session += 1) loop.add(reap(session));
    loop.add({ kind: "expire", namespace: "ns" });
    await expect.poll(() => done.length).toBe(22);
    const timed = done.filter(({ name }) => name !== "sweep");
    expect(new Set(timed.map(({ name }) => name)).size).toBe(21);
    const atOnce = timed.map(
      ({ beganAtMs }) => timed.filter((other) => other.beganAtMs <= beganAtMs && other.endedAtMs > beganAtMs).length,
    );
    expect(Math.max(...atOnce)).toBe(8);
    const tookMs =
      Math.max(...timed.map(({ endedAtMs }) => endedAtMs)) - Math.min(...timed.map((one) => one.beganAtMs));
    // Three rounds of 40 ms: with rests, or one after the other, it would be six or more.
    expect(tookMs).toBeLessThan(6 * 40);
    await loop.stop();
  });

  test("looks once at a session for which it is asked twice before it comes to it, and again after that", async () => {
    const { loop, names } = startLoop({ dutyMs: 20 });
    for (let session = 0; session < 8; session += 1) loop.add(reap(session));
    loop.add(reap(8));
    loop.add(reap(8));
    loop.add(reap(0));
    await expect.poll(() => names().length).toBe(11);
    expect(names().filter((name) => name === "reap ns 8")).toHaveLength(1);
    expect(names().filter((name) => name === "reap ns 0")).toHaveLength(2);
    loop.add(reap(8));
    await expect.poll(() => names().length).toBe(12);
    await loop.stop();
  });

  test("waits for the sessions that it ends when it stops, and forgets the rest", async () => {
    const { loop, names } = startLoop({ dutyMs: 30 });
    for (let session = 0; session < 12; session += 1) loop.add(reap(session));
    await sleep(5);
    await loop.stop();
    expect(names().filter((name) => name !== "sweep")).toHaveLength(8);
    loop.add(reap(99));
    await sleep(50);
    expect(names()).not.toContain("reap ns 99");
  });

  test("goes on after a session that cannot be ended", async () => {
    const { loop, names, logged } = startLoop({ failing: true });
    for (let session = 0; session < 10; session += 1) loop.add(reap(session));
    await expect.poll(() => names().length).toBe(11);
    await loop.stop();
    expect(logged).toHaveLength(11);
  });

  test("drops sessions past its bound, not what else there is to do", async () => {
    const { loop, names } = startLoop({ queueMax: 3, dutyMs: 20 });
    for (let session = 0; session < 20; session += 1) loop.add(reap(session));
    loop.add(duty("seal"));
    await expect.poll(() => names()).toContain("seal t 0");
    expect(names().filter((name) => name.startsWith("reap"))).toHaveLength(11);
    await loop.stop();
  });
});
