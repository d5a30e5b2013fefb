import { describe, expect, test } from "vitest";
import { producerEpochMax, transactionSkewMs } from "../../../shared/limits/transactions.ts";
import {
  planAdd,
  planAtomic,
  planComplete,
  planEnd,
  planExpiry,
  planInit,
  type TransactionPlan,
} from "../../../shared/transactions/plan-transaction.ts";
import { isDecided, type TransactionRecord } from "../../../shared/transactions/transaction-record.ts";

const timeoutMs = 60_000;
const nowMs = 1_000_000;
const fresh = (id: number) => ({ producerId: BigInt(id), producerEpoch: 0 });
const added = { topics: [{ topicId: "a", topic: "orders", partitions: [2, 0] }], groups: ["workers"] };

function written(plan: TransactionPlan): TransactionRecord {
  if (plan.kind !== "write") throw new Error(`planned ${JSON.stringify(plan.kind)}`);
  return plan.record;
}

function complete(record: TransactionRecord): TransactionRecord {
  if (!isDecided(record)) throw new Error(`${record.state} is not decided`);
  return written(planComplete(record, record));
}

const empty = written(planInit(undefined, timeoutMs, nowMs, { fresh: fresh(7) }));
const ongoing = written(planAdd(empty, empty.owner, added, nowMs));
const committing = written(planEnd(ongoing, ongoing.owner, true, nowMs));
const committed = complete(committing);
const expired = written(planExpiry(ongoing, nowMs + timeoutMs + transactionSkewMs));

describe("the epoch of a producer", () => {
  test("begins at 0, stays during a transaction and rises with its end", () => {
    expect(empty).toMatchObject({ state: "Empty", owner: { producerId: 7n, producerEpoch: 0 } });
    expect(ongoing).toMatchObject({ state: "Ongoing", owner: empty.owner, startedAtMs: nowMs });
    expect(committing).toMatchObject({ state: "PrepareCommit", owner: empty.owner });
    expect(committed).toMatchObject({ state: "CompleteCommit", owner: { producerId: 7n, producerEpoch: 1 } });
    expect(committed.topics).toEqual([]);
  });

  test("rises also with the end of what never began, so that what comes late is not in the next", () => {
    const ended = written(planEnd(empty, empty.owner, false, nowMs));
    expect(ended).toMatchObject({ state: "CompleteAbort", owner: { producerId: 7n, producerEpoch: 1 } });
    expect(planAdd(ended, empty.owner, added, nowMs)).toEqual({ kind: "refused", refusal: "PRODUCER_FENCED" });
  });

  test("is followed by a new producer id when there is none after it", () => {
    const last = { ...ongoing, owner: { producerId: 7n, producerEpoch: producerEpochMax } };
    expect(planEnd(last, last.owner, true, nowMs)).toEqual({ kind: "producer id wanted" });
    const ended = complete(written(planEnd(last, last.owner, true, nowMs, { fresh: fresh(8) })));
    expect(ended.owner).toEqual({ producerId: 8n, producerEpoch: 0 });
    expect(planEnd(ended, last.owner, true, nowMs)).toEqual({ kind: "settled", record: ended });
    const over = complete(written(planExpiry(last, nowMs + 2 * timeoutMs)));
    expect(planInit(over, timeoutMs, nowMs)).toEqual({ kind: "producer id wanted" });
    expect(written(planInit(over, timeoutMs, nowMs, { fresh: fresh(9) })).owner).toEqual({
      producerId: 9n,
      producerEpoch: 0,
    });
  });
});

describe("ending", () => {
  test("again is answered as the first time, the other way is not", () => {
    expect(planEnd(committed, ongoing.owner, true, nowMs)).toEqual({ kind: "settled", record: committed });
    expect(planEnd(committed, ongoing.owner, false, nowMs)).toEqual({ kind: "refused", refusal: "INVALID_TXN_STATE" });
    expect(planEnd(committing, ongoing.owner, true, nowMs)).toMatchObject({ kind: "finish", asked: true });
    expect(planEnd(committing, ongoing.owner, false, nowMs)).toMatchObject({ refusal: "INVALID_TXN_STATE" });
  });

  test("again after the next one began comes too late", () => {
    const next = written(planAdd(committed, committed.owner, added, nowMs));
    expect(planEnd(next, ongoing.owner, true, nowMs)).toEqual({ kind: "refused", refusal: "PRODUCER_FENCED" });
  });

  test("is not for who was fenced, nor for another producer, nor for an id that nobody has", () => {
    for (const record of [expired, complete(expired)]) {
      expect(planEnd(record, ongoing.owner, true, nowMs)).toMatchObject({ refusal: "PRODUCER_FENCED" });
      expect(planEnd(record, ongoing.owner, false, nowMs)).toMatchObject({ refusal: "PRODUCER_FENCED" });
      expect(planAdd(record, ongoing.owner, added, nowMs)).toMatchObject({ refusal: "PRODUCER_FENCED" });
    }
    const other = { producerId: 8n, producerEpoch: 0 };
    expect(planEnd(ongoing, other, true, nowMs)).toMatchObject({ refusal: "INVALID_PRODUCER_ID_MAPPING" });
    expect(planEnd(undefined, other, true, nowMs)).toMatchObject({ refusal: "INVALID_PRODUCER_ID_MAPPING" });
  });
});

describe("adding", () => {
  test("writes only what is new, in ascending order", () => {
    expect(ongoing.topics).toEqual([{ topicId: "a", topic: "orders", partitions: [0, 2] }]);
    expect(planAdd(ongoing, ongoing.owner, added, nowMs)).toEqual({ kind: "settled", record: ongoing });
    const more = { topics: [{ topicId: "a", topic: "orders", partitions: [1] }], groups: [] };
    const grown = written(planAdd(ongoing, ongoing.owner, more, nowMs + 1));
    expect(grown.topics).toEqual([{ topicId: "a", topic: "orders", partitions: [0, 1, 2] }]);
    expect(grown).toMatchObject({ groups: ["workers"], startedAtMs: nowMs });
  });

  test("waits while the transaction before is about to end", () => {
    expect(planAdd(committing, ongoing.owner, added, nowMs)).toMatchObject({ refusal: "CONCURRENT_TRANSACTIONS" });
  });
});

describe("taking over", () => {
  test("aborts what is open first, and fences its owner", () => {
    const aborting = written(planInit(ongoing, timeoutMs, nowMs));
    expect(aborting).toMatchObject({ state: "PrepareAbort", fenced: true });
    const taken = written(planInit(complete(aborting), timeoutMs, nowMs));
    expect(taken).toMatchObject({ state: "Empty", owner: { producerId: 7n, producerEpoch: 2 } });
  });

  test("by the owner itself is known again until the next transaction begins, and by nobody else", () => {
    const resumes = ongoing.owner;
    const aborting = written(planInit(ongoing, timeoutMs, nowMs, { resumes }));
    expect(planInit(aborting, timeoutMs, nowMs, { resumes })).toMatchObject({ kind: "finish" });
    const taken = written(planInit(complete(aborting), timeoutMs, nowMs, { resumes }));
    expect(taken).toMatchObject({ state: "Empty", owner: { producerId: 7n, producerEpoch: 2 } });
    expect(planInit(taken, timeoutMs, nowMs, { resumes })).toEqual({ kind: "settled", record: taken });
    const next = written(planAdd(taken, taken.owner, added, nowMs));
    const fenced = { kind: "refused", refusal: "PRODUCER_FENCED" };
    expect(planInit(next, timeoutMs, nowMs, { resumes })).toEqual(fenced);
    for (const record of [aborting, complete(aborting)]) {
      const zombie = { producerId: 7n, producerEpoch: 1 };
      expect(
        planInit({ ...record, owner: { ...zombie, producerEpoch: 3 } }, timeoutMs, nowMs, { resumes: zombie }),
      ).toEqual(fenced);
    }
    for (const record of [expired, complete(expired)]) {
      expect(planInit(record, timeoutMs, nowMs, { resumes })).toEqual(fenced);
    }
  });

  test("gives who ended its transaction, and was not told, the epoch after it", () => {
    expect(planInit(committed, timeoutMs, nowMs, { resumes: ongoing.owner })).toEqual({
      kind: "settled",
      record: committed,
    });
    const next = written(planAdd(committed, committed.owner, added, nowMs));
    expect(planInit(next, timeoutMs, nowMs, { resumes: ongoing.owner })).toMatchObject({ refusal: "PRODUCER_FENCED" });
  });

  test("finishes what is decided", () => {
    expect(planInit(committing, timeoutMs, nowMs)).toMatchObject({ kind: "finish", asked: false });
  });
});

describe("time", () => {
  test("is over only after the time-out and what clocks may differ", () => {
    expect(planExpiry(ongoing, nowMs + timeoutMs + transactionSkewMs - 1)).toEqual({
      kind: "settled",
      record: ongoing,
    });
    expect(expired).toMatchObject({ state: "PrepareAbort", fenced: true });
  });

  test("is nothing to who has no transaction open", () => {
    for (const record of [undefined, empty, committed]) {
      expect(planExpiry(record, nowMs * 10)).toEqual({ kind: "settled", record });
    }
  });
});

describe("a transaction in one call", () => {
  const begun = written(planAtomic(undefined, { ...added, answer: "first" }, timeoutMs, nowMs, fresh(7)));

  test("keeps its answer when it is committed, and forgets it when it is not", () => {
    expect(begun.answer).toBe("first");
    const done = complete(written(planEnd(begun, begun.owner, true, nowMs, { answer: "answer" })));
    expect(done.answer).toBe("answer");
    expect(planAtomic(done, added, timeoutMs, nowMs, fresh(8))).toEqual({ kind: "settled", record: done });
    expect(complete(written(planEnd(begun, begun.owner, false, nowMs))).answer).toBeUndefined();
  });

  test("is done anew with a higher epoch when it was aborted", () => {
    const aborting = written(planAtomic(begun, added, timeoutMs, nowMs, fresh(8)));
    expect(aborting.state).toBe("PrepareAbort");
    expect(planAtomic(aborting, added, timeoutMs, nowMs, fresh(8))).toMatchObject({ kind: "finish" });
    const anew = written(planAtomic(complete(aborting), added, timeoutMs, nowMs, fresh(8)));
    expect(anew).toMatchObject({ state: "Ongoing", owner: { producerId: 7n, producerEpoch: 2 } });
  });
});
