import { describe, expect, test } from "vitest";
import { withoutConditions } from "./mutants.ts";
import { anomaliesOf, firstAnomalies, firstSeeds, seedsToRun } from "./seeds.ts";
import { simulateSessions } from "./session-simulation.ts";

const seeds = seedsToRun(25);

describe("sessions of many clients on many servers", () => {
  test.each([
    ["end within 2 s of their timeout, and never sooner", false],
    ["end, and never too soon, where servers freeze and die and the store and the queue fail", true],
  ])("%s", { timeout: 600_000 }, async (_, trouble) => {
    expect(await anomaliesOf(seeds, (seed) => simulateSessions({ seed, trouble }))).toEqual([]);
  });

  test.each([false, true])("that move obey nobody whom they have left; trouble: %s", async (trouble) => {
    const moving = seedsToRun(trouble ? 4 : 2);
    expect(await anomaliesOf(moving, (seed) => simulateSessions({ seed, trouble, moves: true }))).toEqual([]);
    const { moved, refused } = await simulateSessions({ seed: 1, trouble, moves: true });
    expect(moved).toBeGreaterThan(10);
    expect(refused).toBeGreaterThan(5);
  });

  test("have histories worth looking at: many are opened, most live on, some end", async () => {
    for (const trouble of [false, true]) {
      const { opened, beats, expired } = await simulateSessions({ seed: 3, trouble });
      expect(opened).toBeGreaterThan(20);
      expect(beats).toBeGreaterThan(100);
      expect(expired).toBeGreaterThan(5);
      expect(opened - expired).toBeGreaterThan(2);
    }
  });

  test.each([
    ["a reaper flips a lease that a heartbeat has extended", withoutConditions(({ kind }) => kind === "version")],
    [
      "a heartbeat that is late takes away what another has given",
      withoutConditions((condition) => condition.kind === "attribute" && condition.op === "<="),
    ],
  ])("are closed although they live, if %s: the simulation finds it", { timeout: 60_000 }, async (_, mutate) => {
    const found = await firstAnomalies(firstSeeds(60), (seed) => simulateSessions({ seed, trouble: true, mutate }));
    expect(found[0]).toMatch(/closed [\d.]+ ms before its time|was refused/);
  });
});
