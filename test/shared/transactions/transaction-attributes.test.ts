import { describe, expect, test } from "vitest";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import { changeToRecord, recordOf } from "../../../shared/transactions/transaction-attributes.ts";
import type { TransactionRecord } from "../../../shared/transactions/transaction-record.ts";

const empty: TransactionRecord = {
  state: "Empty",
  owner: { producerId: 2n ** 62n, producerEpoch: 3 },
  timeoutMs: 60_000,
  topics: [],
  groups: [],
};
const full: TransactionRecord = {
  state: "PrepareAbort",
  owner: { producerId: 5n, producerEpoch: 32_766 },
  timeoutMs: 1,
  startedAtMs: 1_750_000_000_000,
  topics: [
    { topicId: "a", topic: "orders", partitions: [0, 7] },
    { topicId: "b", topic: "totals", partitions: [9_999] },
  ],
  groups: ['a "group"', "\u00fc"],
  decidedAtMs: 1_750_000_000_001,
  next: { producerId: 6n, producerEpoch: 0 },
  fenced: true,
  answer: "{}",
};
const complete: TransactionRecord = { ...empty, state: "CompleteCommit", ended: full.owner };

describe("the item of a transactional id", () => {
  test.each([empty, full, complete])("gives back $state", (record) => {
    expect(recordOf(changeToRecord(record).set)).toEqual(record);
  });

  test("keeps nothing of the state before", () => {
    const before = changeToRecord(full).set;
    const { set, remove } = changeToRecord(empty);
    const kept = Object.fromEntries(Object.entries({ ...before, ...set }).filter(([name]) => !remove.includes(name)));
    expect(recordOf(kept)).toEqual(empty);
    expect(kept).toEqual(set);
  });

  test.each([
    {},
    { ...changeToRecord(full).set, state: "Open" },
    { ...changeToRecord(full).set, producerId: "-1" },
    { ...changeToRecord(full).set, producerEpoch: 1.5 },
    { ...changeToRecord(full).set, topics: "[" },
    { ...changeToRecord(full).set, topics: '[["a"]]' },
    { ...changeToRecord(full).set, topics: '[["a","b",-1]]' },
    { ...changeToRecord(full).set, groups: "[1]" },
    { ...changeToRecord(empty).set, state: "PrepareCommit" },
  ])("calls %o corrupt", (attributes) => {
    expect(() => recordOf(attributes)).toThrow(StorageCorruptError);
  });
});
