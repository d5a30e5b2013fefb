import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { DutyLoop } from "../../local/duty-loop.ts";
import type { DutyService } from "../../shared/services/services.ts";
import type { PartitionDuty } from "../../shared/storage/environment.ts";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";

const duty = (kind: PartitionDuty["kind"], partition = 0): PartitionDuty => ({ kind, topicId: "t", partition });

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
    reap: async (namespace, sessionId) => work(`reap ${namespace} ${sessionId}`),
    expire: async (namespace) => work(`expire ${namespace}`),
    sweep: async () => work("sweep"),
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
});
