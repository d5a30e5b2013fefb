import { describe, expect, test } from "vitest";
import { compress } from "../../shared/compression/compression.ts";
import { partitionWriter } from "../../shared/partition/partition-writer.ts";
import type { AppendRequest } from "../../shared/partition/plan-append.ts";
import { encodeBatch } from "../../shared/record/encode-batch.ts";
import { countRequests } from "../../shared/storage/count-requests.ts";
import { SimulatedStore } from "../../shared/storage/memory/simulated-store.ts";

/** As DynamoDB answers inside a region: 4 to 10 ms, and now and then much later. */
const delays = { wayMsMin: 2, wayMsMax: 5, slowMsMax: 50 };
const slow = 0.01;
const runMs = 20_000;

interface Figures {
  readonly putsPerAppend: number;
  readonly queriesPerAppend: number;
  readonly appendsPerSecond: number;
  /** Appends of the writer that had the fewest, and of the mean one. */
  readonly fewest: number;
  readonly mean: number;
  readonly longestWaitMs: number;
  readonly failures: number;
}

/** Processes that each append one batch after the other, as soon as the last one is answered or after a pause. */
async function compete(writers: number, pauseMsMax: number): Promise<Figures> {
  const store = new SimulatedStore({ seed: 2_024, delays });
  store.setFaults({ slow });
  const waits: number[] = [];
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => void store.time.schedule(store.random.fraction() * ms, resolve));
  const writeOn = async (): Promise<{ appends: number; puts: number; queries: number; failures: number }> => {
    const counted = countRequests(store.process({ wallSkewMs: store.random.below(20) - 10 }).storage);
    const writer = partitionWriter(counted.storage, { topicId: "t", partition: 0 }, () => 16_384);
    let appends = 0;
    let failures = 0;
    await pause(100);
    while (store.time.nowMs < runMs) {
      const begunMs = store.time.nowMs;
      const answer = await writer.append(smallRequest());
      if (answer.kind === "done") appends += 1;
      else failures += 1;
      waits.push(store.time.nowMs - begunMs);
      if (pauseMsMax > 0) await pause(pauseMsMax);
    }
    const counts = counted.counts();
    const queries = (counts["logs.readFrom"] ?? 0) + (counts["logs.readLast"] ?? 0) + (counts["logs.readAt"] ?? 0);
    return { appends, puts: counts["logs.putIfAbsent"] ?? 0, queries, failures };
  };
  const results = await store.time.run(() => Promise.all(Array.from({ length: writers }, writeOn)));
  const total = (name: "appends" | "puts" | "queries" | "failures"): number =>
    results.reduce((sum, result) => sum + result[name], 0);
  return {
    putsPerAppend: total("puts") / total("appends"),
    queriesPerAppend: total("queries") / total("appends"),
    appendsPerSecond: total("appends") / (runMs / 1_000),
    fewest: Math.min(...results.map(({ appends }) => appends)),
    mean: total("appends") / writers,
    longestWaitMs: Math.max(...waits),
    failures: total("failures"),
  };
}

function smallRequest(): AppendRequest {
  const records = [{ key: null, value: new Uint8Array(100), timestamp: 1 }];
  const bytes = encodeBatch({ records }, compress);
  return { bytes, batches: [{ start: 0, length: bytes.length, recordCount: 1, maxTimestamp: 1 }] };
}

describe("processes that write to one partition without a pause", () => {
  test("a lone one pays one put for each append, and no query", async () => {
    const figures = await compete(1, 0);
    expect(figures.putsPerAppend, JSON.stringify(figures)).toBe(1);
    expect(figures.queriesPerAppend).toBeLessThan(0.01);
    expect(figures.appendsPerSecond).toBeGreaterThan(120);
  });

  test.each([
    { writers: 2, puts: 1.8, waitMs: 500 },
    { writers: 8, puts: 2.4, waitMs: 1_500 },
    { writers: 32, puts: 2.8, waitMs: 5_000 },
  ])(
    "$writers of them pay less than $puts puts for each append, and none starves",
    async ({ writers, puts, waitMs }) => {
      const figures = await compete(writers, 0);
      const shown = JSON.stringify(figures);
      expect(figures.failures, shown).toBe(0);
      expect(figures.putsPerAppend, shown).toBeLessThan(puts);
      expect(figures.fewest / figures.mean, shown).toBeGreaterThan(0.5);
      expect(figures.longestWaitMs, shown).toBeLessThan(waitMs);
      expect(figures.appendsPerSecond, shown).toBeGreaterThan(50);
    },
  );
});

test("32 processes that append now and then do not make each other wait", async () => {
  const figures = await compete(32, 4_000);
  const shown = JSON.stringify(figures);
  expect(figures.failures, shown).toBe(0);
  expect(figures.putsPerAppend, shown).toBeLessThan(1.8);
  expect(figures.longestWaitMs, shown).toBeLessThan(1_000);
});
