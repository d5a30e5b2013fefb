import { describe, expect, test } from "vitest";
import { simulateLock } from "./lock-simulation.ts";

const rounds = Number(process.env["STREAMKEEPER_LOCK_ROUNDS"] ?? 1_000);
const seed = Number(process.env["STREAMKEEPER_SEED"] ?? 1);

describe("eight processes that contend for a lock while their sessions are paused past expiry", () => {
  test(`${rounds} grants: the fencing token keeps every deposed holder's write out`, { timeout: 120_000 }, async () => {
    const { anomalies, grants, writes, fenced } = await simulateLock({ seed, rounds, fenced: true });
    expect(anomalies.slice(0, 5), `seed ${seed}`).toEqual([]);
    expect(grants).toBeGreaterThanOrEqual(rounds);
    expect(writes).toBeGreaterThan(rounds);
    // It is put to the test: holders that woke up did try to write.
    expect(fenced).toBeGreaterThan(rounds / 50);
  });

  test("without the token the writes of deposed holders are found", { timeout: 120_000 }, async () => {
    const { anomalies } = await simulateLock({ seed, rounds: 300, fenced: false });
    expect(anomalies.length, `seed ${seed}`).toBeGreaterThan(0);
  });
});
