import { describe, expect, test } from "vitest";
import type { Storage } from "../../../shared/storage/storage.ts";
import { type WorkloadName, workloadNames } from "../../../verify/workloads/workloads.ts";
import { withoutAttempts, withoutConditions } from "../mutants.ts";
import { simulateWorld, type WorldOptions } from "./world.ts";

const seedsMax = 40;

async function anomaliesOf(options: WorldOptions): Promise<readonly string[]> {
  const { anomalies } = await simulateWorld(options);
  return anomalies.map((anomaly) => `seed ${options.seed}: ${anomaly}`);
}

/** The anomalies of the first seed that has any. */
async function firstFound(workload: WorkloadName, mutate: (storage: Storage) => Storage): Promise<string> {
  for (let seed = 0; seed < seedsMax; seed += 1) {
    const found = await anomaliesOf({ seed, workloads: [workload], mutate });
    if (found.length > 0) return found.join("\n");
  }
  return "nothing";
}

describe("a deployment of which servers freeze, die, are replaced, and whose store fails", () => {
  test.each(workloadNames)("keeps its promises to clients (%s)", { timeout: 120_000 }, async (workload) => {
    for (const seed of [1, 2, 3]) expect(await anomaliesOf({ seed, workloads: [workload] })).toEqual([]);
  });

  test.each(workloadNames)("does most of what it is asked for (%s)", { timeout: 60_000 }, async (workload) => {
    const { operations } = await simulateWorld({ seed: 4, workloads: [workload] });
    const [{ ok, checked } = { ok: 0, checked: 0 }] = operations;
    expect(ok).toBeGreaterThan(50);
    expect(checked).toBeGreaterThan(20);
  });
});

describe("the world finds what it is there to find", { timeout: 300_000 }, () => {
  test("records are doubled where a writer does not know its own attempt", async () => {
    expect(await firstFound("log", withoutAttempts)).toMatch(/duplicate|aborted read/);
  });

  test("reads are stale where the tree's log is not read to its end", async () => {
    let reads = 0;
    const mutate = (storage: Storage): Storage => ({
      ...storage,
      logs: {
        ...storage.logs,
        readFrom: async (logId, position, limits) => {
          reads += 1;
          const isSkipped = logId.startsWith("tree:") && reads % 10 === 0;
          return isSkipped ? { entries: [], more: false } : await storage.logs.readFrom(logId, position, limits);
        },
      },
    });
    expect(await firstFound("register", mutate)).toMatch(/nonlinearizable/);
  });

  test("transactions are torn where their state is written without conditions", async () => {
    const mutate = withoutConditions((_, { partition }) => partition.startsWith("transactions:"));
    expect(await firstFound("transactions", mutate)).not.toBe("nothing");
  });
});
