import { describe, expect, test } from "vitest";
import { entryBatchesMax } from "../../../shared/limits.ts";
import { partitionLogId, segmentsLogId } from "../../../shared/log/log-id.ts";
import { decodeEntryMeta, encodeEntryMeta } from "../../../shared/partition/entry-meta.ts";
import {
  applyEntry,
  decodeTailState,
  emptyPartitionState,
  encodeTailState,
  type PartitionState,
} from "../../../shared/partition/partition-state.ts";
import { type AppendRequest, planAppend } from "../../../shared/partition/plan-append.ts";
import { decodeSegmentDescriptor, encodeSegmentDescriptor } from "../../../shared/partition/segment-descriptor.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import type { LogEntry } from "../../../shared/storage/log-store.ts";

const startMs = 1_700_000_000_000;

interface RequestOptions extends Partial<AppendRequest> {
  readonly producer?: readonly [id: bigint, epoch: number, sequence: number];
  readonly count?: number;
}

function request({ producer, count = 1, ...rest }: RequestOptions = {}): AppendRequest {
  const identity =
    producer === undefined
      ? {}
      : { producer: { producerId: producer[0], producerEpoch: producer[1], baseSequence: producer[2] } };
  const batch = { start: 0, length: 100, recordCount: count, maxTimestamp: startMs, ...identity };
  return { bytes: new Uint8Array(100), batches: [batch], ...rest };
}

/** Plans the requests as one group, appends the entry, and answers what each was told. */
function append(state: PartitionState, requests: readonly AppendRequest[], nowMs = startMs) {
  const starts = requests.map((_, index) => index * 100);
  const plan = planAppend(state, requests, starts, nowMs);
  if (plan.entry !== undefined) {
    const entry: LogEntry = {
      logId: partitionLogId("t", 0),
      position: state.position,
      next: plan.entry.next,
      attempt: "a",
      appendedAtMs: nowMs,
      meta: encodeEntryMeta(plan.entry.meta, nowMs),
      payload: { kind: "inline", bytes: new Uint8Array(requests.length * 100) },
    };
    expect(decodeEntryMeta(entry)).toEqual(plan.entry.meta);
    applyEntry(state, entry);
  }
  return plan.answers.map((answer) => {
    switch (answer.kind) {
      case "written":
      case "settled":
        return `${answer.kind} ${answer.result.baseOffset}${answer.result.duplicate ? " again" : ""}`;
      case "refused":
      case "doubtful":
        return `${answer.kind} ${answer.refusal.code}`;
      case "dropped":
      case "deferred":
        return answer.kind;
    }
  });
}

describe("idempotent producers", () => {
  test("a repeat of one of the last five batches answers its first offset, an older one is out of order", () => {
    const state = emptyPartitionState();
    for (let sequence = 0; sequence < 12; sequence += 2) {
      expect(append(state, [request({ producer: [7n, 0, sequence], count: 2 })])).toEqual([`written ${sequence}`]);
    }
    for (let sequence = 2; sequence < 12; sequence += 2) {
      expect(append(state, [request({ producer: [7n, 0, sequence], count: 2 })])).toEqual([
        `settled ${sequence} again`,
      ]);
    }
    expect(append(state, [request({ producer: [7n, 0, 0], count: 2 })])).toEqual([
      "doubtful OUT_OF_ORDER_SEQUENCE_NUMBER",
    ]);
    expect(state.position).toBe(12);
  });

  test("the first batch of an unknown producer may have any sequence, the next one must follow it", () => {
    const state = emptyPartitionState();
    expect(append(state, [request({ producer: [7n, 0, 41], count: 3 })])).toEqual(["written 0"]);
    expect(append(state, [request({ producer: [7n, 0, 45] })])).toEqual(["doubtful OUT_OF_ORDER_SEQUENCE_NUMBER"]);
    expect(append(state, [request({ producer: [7n, 0, 44] })])).toEqual(["written 3"]);
  });

  test("sequence 2147483647 is followed by 0, also inside a batch", () => {
    const state = emptyPartitionState();
    append(state, [request({ producer: [7n, 0, 0x7fff_fffe], count: 2 })]);
    expect(append(state, [request({ producer: [7n, 0, 0], count: 1 })])).toEqual(["written 2"]);
    const wrapped = emptyPartitionState();
    append(wrapped, [request({ producer: [7n, 0, 0x7fff_ffff], count: 3 })]);
    expect(append(wrapped, [request({ producer: [7n, 0, 2] })])).toEqual(["written 3"]);
  });

  test("an old epoch is refused, a new one starts at 0", () => {
    const state = emptyPartitionState();
    append(state, [request({ producer: [7n, 1, 0] })]);
    expect(append(state, [request({ producer: [7n, 0, 1] })])).toEqual(["refused INVALID_PRODUCER_EPOCH"]);
    expect(append(state, [request({ producer: [7n, 2, 1] })])).toEqual(["doubtful OUT_OF_ORDER_SEQUENCE_NUMBER"]);
    expect(append(state, [request({ producer: [7n, 2, 0] })])).toEqual(["written 1"]);
  });

  test("a producer that was silent for more than a day may start anywhere", () => {
    const state = emptyPartitionState();
    append(state, [request({ producer: [7n, 0, 0] })]);
    const dayLater = startMs + 86_400_001;
    expect(append(state, [request({ producer: [7n, 0, 900] })], dayLater)).toEqual(["written 1"]);
  });

  test("what a producer sent before it was forgotten is no repeat when it begins anew", () => {
    const state = emptyPartitionState();
    for (let sequence = 0; sequence < 5; sequence += 1) append(state, [request({ producer: [7n, 0, sequence] })]);
    const dayLater = startMs + 86_400_001;
    expect(append(state, [request({ producer: [7n, 0, 0] })], dayLater)).toEqual(["written 5"]);
    expect(append(state, [request({ producer: [7n, 0, 1] })], dayLater)).toEqual(["written 6"]);
  });

  test("batches of one producer that follow each other are taken in one entry, and a repeat in it counts once", () => {
    const state = emptyPartitionState();
    const answers = append(state, [
      request({ producer: [7n, 0, 0], count: 2 }),
      request({ producer: [7n, 0, 2] }),
      request({ producer: [7n, 0, 0], count: 2 }),
      request({ producer: [7n, 0, 9] }),
    ]);
    expect(answers).toEqual(["written 0", "written 2", "written 0 again", "doubtful OUT_OF_ORDER_SEQUENCE_NUMBER"]);
    expect(state.position).toBe(3);
  });
});

describe("conditions", () => {
  test("expectedOffset counts what the same entry takes before", () => {
    const state = emptyPartitionState();
    const answers = append(state, [
      request({ expectedOffset: 0, count: 2 }),
      request({ expectedOffset: 0 }),
      request({ expectedOffset: 2 }),
    ]);
    expect(answers).toEqual(["written 0", "doubtful BAD_VERSION", "written 2"]);
  });

  test("a higher fencing token raises the fence, a lower one is fenced for good, none passes", () => {
    const state = emptyPartitionState();
    const answers = append(state, [request({ fencingToken: 5 }), request({ fencingToken: 4 }), request()]);
    // Fenced by an entry that may yet fail to be written.
    expect(answers).toEqual(["written 0", "doubtful FENCED", "written 1"]);
    expect(append(state, [request({ fencingToken: 4 }), request({ fencingToken: 5 })])).toEqual([
      "refused FENCED",
      "written 2",
    ]);
    expect(append(state, [request({ fencingToken: 9 })])).toEqual(["written 3"]);
    expect(state.fence).toBe(9);
  });

  test("a repeat under an idempotency key answers as the first time, whatever was expected", () => {
    const state = emptyPartitionState();
    append(state, [request({ idempotencyKey: "k", expectedOffset: 0, count: 3 })]);
    expect(append(state, [request({ idempotencyKey: "k", expectedOffset: 0, count: 3 })])).toEqual(["settled 0 again"]);
    expect(append(state, [request({ idempotencyKey: "k", count: 2 })])).toEqual(["refused IDEMPOTENCY_KEY_REUSED"]);
    expect(append(state, [request({ idempotencyKey: "l" }), request({ idempotencyKey: "l" })])).toEqual([
      "written 3",
      "written 3 again",
    ]);
  });
});

describe("repeats", () => {
  test("a repeat by sequence is answered although the fence has risen since", () => {
    const state = emptyPartitionState();
    append(state, [request({ producer: [7n, 0, 0], fencingToken: 3 })]);
    append(state, [request({ fencingToken: 9 })]);
    expect(append(state, [request({ producer: [7n, 0, 0], fencingToken: 3 })])).toEqual(["settled 0 again"]);
  });

  test("a refusal that rests on another request of the group is doubtful, because that may fail to be written", () => {
    const state = emptyPartitionState();
    const answers = append(state, [
      request({ producer: [7n, 3, 0], idempotencyKey: "k", count: 2 }),
      request({ producer: [7n, 2, 0] }),
      request({ idempotencyKey: "k", count: 1 }),
    ]);
    expect(answers).toEqual(["written 0", "doubtful INVALID_PRODUCER_EPOCH", "doubtful IDEMPOTENCY_KEY_REUSED"]);
  });

  test("an idempotency key is held against the records of all batches of a request", () => {
    const state = emptyPartitionState();
    const [batch] = request().batches;
    const two = (count: number): AppendRequest => ({
      bytes: new Uint8Array(100),
      batches:
        batch === undefined
          ? []
          : [
              { ...batch, length: 50 },
              { ...batch, start: 50, length: 50, recordCount: count },
            ],
      idempotencyKey: "k",
    });
    expect(append(state, [two(1)])).toEqual(["written 0"]);
    expect(append(state, [two(1)])).toEqual(["settled 0 again"]);
    expect(append(state, [two(2)])).toEqual(["refused IDEMPOTENCY_KEY_REUSED"]);
  });
});

describe("bounds", () => {
  test("what comes after a request that is deferred is deferred too", () => {
    const many = (count: number): AppendRequest => {
      const batches = Array.from({ length: count }, () => ({ start: 0, length: 0, recordCount: 1, maxTimestamp: -1 }));
      return { bytes: new Uint8Array(100), batches };
    };
    expect(append(emptyPartitionState(), [many(300), many(300), many(100)])).toEqual([
      "written 0",
      "deferred",
      "deferred",
    ]);
  });

  test("the largest fencing token and timestamps survive the end of a segment", () => {
    const state = emptyPartitionState();
    append(state, [request({ fencingToken: Number.MAX_SAFE_INTEGER })]);
    expect(decodeTailState(encodeTailState(state)).fence).toBe(Number.MAX_SAFE_INTEGER);
    const rows = [-1, Number.MAX_SAFE_INTEGER].map((maxTimestamp, index) => ({
      offset: index,
      position: index * 70_000,
      maxTimestamp,
    }));
    const segment = { baseOffset: 0, endOffset: 2, id: "s", sizeBytes: 140_000, entries: 2, index: rows };
    const times = { firstAppendedMs: 1, lastAppendedMs: 2, maxTimestamp: Number.MAX_SAFE_INTEGER };
    const meta = encodeSegmentDescriptor({ ...segment, ...times });
    const payload = { kind: "inline", bytes: new Uint8Array() } as const;
    const entry = { logId: segmentsLogId("t", 0), position: 0, next: 2, attempt: "a", appendedAtMs: 1, meta, payload };
    expect(decodeSegmentDescriptor(entry)).toEqual({ ...segment, ...times });
  });

  test("a table whose checksum is wrong is not believed", () => {
    const state = emptyPartitionState();
    append(state, [request({ producer: [7n, 0, 0] })]);
    const bytes = encodeTailState(state);
    bytes[bytes.length - 6] = (bytes[bytes.length - 6] ?? 0) ^ 1;
    expect(() => decodeTailState(bytes)).toThrow(StorageCorruptError);
  });

  test("what does not fit one entry's meta is deferred to the next", () => {
    const state = emptyPartitionState();
    const idempotencyKey = (index: number): string => `${index}`.padStart(128, "\u{20ac}");
    const requests = Array.from({ length: entryBatchesMax }, (_, index) =>
      request({ idempotencyKey: idempotencyKey(index) }),
    );
    const answers = append(state, requests);
    const written = answers.filter((answer) => answer.startsWith("written")).length;
    expect(written).toBeGreaterThan(20);
    expect(answers.slice(written)).toEqual(Array.from({ length: entryBatchesMax - written }, () => "deferred"));
  });

  test("a table of 1,000 producers is not written into every entry", () => {
    const state = emptyPartitionState();
    for (let id = 0; id < 1_000; id += 1) append(state, [request({ producer: [BigInt(id), 0, 0] })]);
    const plan = planAppend(state, [request()], [0], startMs);
    expect(plan.entry?.meta.checkpoint.kind).toBe("entry");
  });
});
