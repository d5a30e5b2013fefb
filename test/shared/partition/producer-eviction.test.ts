/** Producers that are forgotten because there are too many, and what of their transactions must not be. */
import { describe, expect, test } from "vitest";
import { producersPerPartitionMax } from "../../../shared/limits.ts";
import { emptyPartitionState, type PartitionState } from "../../../shared/partition/partition-state.ts";
import { abortOf, batchOf, plan, startMs } from "./transaction-fixture.ts";

const minuteMs = 60_000;

/** As many producers as a partition remembers write to it, and some more. */
function crowd(state: PartitionState, nowMs: number): void {
  const requests = Array.from({ length: producersPerPartitionMax + 500 }, (_, index) =>
    batchOf([BigInt(1_000 + index), 0, 0], { plain: true }),
  );
  for (let start = 0; start < requests.length; start += 100) plan(state, requests.slice(start, start + 100), nowMs);
  expect(state.table.rows).toBeLessThanOrEqual(producersPerPartitionMax + 10);
}

describe("where more producers write than a partition remembers", () => {
  test("what comes late from a transaction that was ended does not begin another", () => {
    const state = emptyPartitionState();
    plan(state, [batchOf([7n, 0, 0])]);
    plan(state, [abortOf(7n, 1)]);
    plan(state, [abortOf(8n, 4)]);
    crowd(state, startMs + 10 * minuteMs);
    const late = plan(state, [batchOf([7n, 0, 1]), batchOf([8n, 3, 0])], startMs + 11 * minuteMs);
    expect(late.answers).toEqual(["refused INVALID_PRODUCER_EPOCH", "refused INVALID_PRODUCER_EPOCH"]);
    expect(state.open.size).toBe(0);
  });

  test("a repeat of a batch is known as long as its transaction is open", () => {
    const state = emptyPartitionState();
    plan(state, [batchOf([7n, 0, 0])]);
    crowd(state, startMs + 10 * minuteMs);
    expect(plan(state, [batchOf([7n, 0, 0])], startMs + 11 * minuteMs).answers).toEqual(["settled again"]);
    expect(plan(state, [batchOf([7n, 0, 2])], startMs + 11 * minuteMs).answers).toEqual([
      "doubtful OUT_OF_ORDER_SEQUENCE_NUMBER",
    ]);
  });
});
