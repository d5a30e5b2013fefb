import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openTransactionsMax } from "../../../shared/limits/partition-transactions.ts";
import { decodeEntryMeta, stableOffsetAfter } from "../../../shared/partition/entry-meta.ts";
import { emptyPartitionState, type PartitionState } from "../../../shared/partition/partition-state.ts";
import { abortOf, batchOf, batchOn, commitOf, markerOn, plan, type Planned, startMs } from "./transaction-fixture.ts";

function stableAfter({ entry }: Planned): number | undefined {
  return entry === undefined ? undefined : stableOffsetAfter(entry);
}

function openIn(state: PartitionState): [bigint, number][] {
  return [...state.open].map(([producerId, { firstOffset }]) => [producerId, firstOffset]);
}

describe("the sequences of a producer whose client keeps its epoch", () => {
  const refusal = "doubtful OUT_OF_ORDER_SEQUENCE_NUMBER";

  test("go on after a marker, and what was sent before it is no repeat any more", () => {
    const state = emptyPartitionState();
    plan(state, [batchOn([7n, 3, 0], 3)]);
    expect(plan(state, [batchOn([7n, 3, 0], 3)]).answers).toEqual(["settled again"]);
    plan(state, [markerOn(7n, 4)]);
    for (const sequence of [0, 2]) expect(plan(state, [batchOn([7n, 4, sequence], 3)]).answers).toEqual([refusal]);
    expect(plan(state, [batchOn([7n, 4, 1], 3)]).answers).toEqual(["written 2"]);
    expect(plan(state, [batchOn([7n, 4, 1], 3)]).answers).toEqual(["settled again"]);
  });

  test("go on over transactions in which the partition was not, or to which nothing was written", () => {
    const state = emptyPartitionState();
    plan(state, [batchOn([7n, 3, 0], 3), markerOn(7n, 4), markerOn(7n, 6)]);
    for (const sequence of [0, 2]) expect(plan(state, [batchOn([7n, 9, sequence], 3)]).answers).toEqual([refusal]);
    expect(plan(state, [batchOn([7n, 9, 1], 3)]).answers).toEqual(["written 3"]);
  });

  test("begin with an epoch that its client was given", () => {
    const state = emptyPartitionState();
    plan(state, [batchOn([7n, 3, 0], 3), markerOn(7n, 4)]);
    expect(plan(state, [batchOn([7n, 5, 1], 5)]).answers).toEqual([refusal]);
    expect(plan(state, [batchOn([7n, 5, 0], 5)]).answers).toEqual(["written 2"]);
  });
});

describe("a transaction", () => {
  test("is open from its first batch to its marker, and holds the last stable offset there", () => {
    const state = emptyPartitionState();
    expect(stableAfter(plan(state, [batchOf([7n, 0, 0], { count: 3 })]))).toBe(0);
    expect(stableAfter(plan(state, [batchOf([8n, 0, 0])]))).toBe(0);
    expect(stableAfter(plan(state, [batchOf([7n, 0, 3])]))).toBe(0);
    expect(openIn(state)).toEqual([
      [7n, 0],
      [8n, 3],
    ]);
    expect(stableAfter(plan(state, [commitOf(7n, 1)]))).toBe(3);
    expect(stableAfter(plan(state, [abortOf(8n, 1)]))).toBe(7);
    expect(openIn(state)).toEqual([]);
  });

  test("begins, ends and begins again in one entry, whose markers say what they end", () => {
    const state = emptyPartitionState();
    plan(state, [batchOf([7n, 0, 0])]);
    plan(state, [batchOf([8n, 0, 0])]);
    const planned = plan(state, [
      batchOf([7n, 0, 1]),
      abortOf(7n, 1),
      batchOf([7n, 0, 2]),
      batchOf([7n, 1, 0]),
      commitOf(9n, 4),
      batchOf([9n, 4, 0], { plain: true }),
    ]);
    expect(planned.answers).toEqual([
      "written 2",
      "written 3",
      "doubtful INVALID_PRODUCER_EPOCH",
      "written 4",
      "written 5",
      "written 6",
    ]);
    expect(stableAfter(planned)).toBe(1);
    expect(planned.entry && decodeEntryMeta(planned.entry).batches.map(({ transaction }) => transaction)).toEqual([
      { kind: "data" },
      { kind: "abort", firstOffset: 0 },
      { kind: "data" },
      { kind: "commit" },
      undefined,
    ]);
    expect(openIn(state)).toEqual([
      [8n, 1],
      [7n, 4],
    ]);
  });

  test("takes nothing of its producer that is not of it", () => {
    const state = emptyPartitionState();
    plan(state, [batchOf([7n, 2, 0])]);
    expect(plan(state, [batchOf([7n, 2, 1], { plain: true })]).answers).toEqual(["doubtful INVALID_TXN_STATE"]);
    expect(plan(state, [batchOf([7n, 3, 0])]).answers).toEqual(["doubtful INVALID_TXN_STATE"]);
    expect(plan(state, [batchOf([7n, 1, 1])]).answers).toEqual(["refused INVALID_PRODUCER_EPOCH"]);
    expect(plan(state, [batchOf([7n, 2, 0])]).answers).toEqual(["settled again"]);
    expect(plan(state, [batchOf([8n, 0, 0], { plain: true })]).answers).toEqual(["written 1"]);
  });

  test("stays open when its producer was silent for longer than the table remembers it", () => {
    const state = emptyPartitionState();
    plan(state, [batchOf([7n, 2, 0])]);
    const daysLater = startMs + 200_000_000;
    expect(plan(state, [batchOf([7n, 2, 9], { plain: true })], daysLater).answers).toEqual([
      "doubtful INVALID_TXN_STATE",
    ]);
    expect(plan(state, [batchOf([7n, 1, 9])], daysLater).answers).toEqual(["refused INVALID_PRODUCER_EPOCH"]);
    expect(plan(state, [abortOf(7n, 3)], daysLater).answers).toEqual(["written 1"]);
    expect(openIn(state)).toEqual([]);
  });

  test("is refused where too many are open", () => {
    const state = emptyPartitionState();
    for (let id = 0; id < openTransactionsMax; id += 1) {
      state.open.begin(BigInt(id), { firstOffset: id, epoch: 0 });
    }
    state.position = openTransactionsMax;
    const one = BigInt(openTransactionsMax);
    expect(plan(state, [batchOf([one, 0, 0])]).answers).toEqual(["doubtful TOO_MANY_TRANSACTIONS"]);
    expect(plan(state, [batchOf([5n, 0, 0])]).answers).toEqual([`written ${openTransactionsMax}`]);
    plan(state, [commitOf(3n, 1)]);
    expect(plan(state, [batchOf([one, 0, 0])]).answers).toEqual([`written ${openTransactionsMax + 2}`]);
  });
});

describe("a marker", () => {
  test("fences what comes late from its transaction, also where nothing was open; the next sequence is 0", () => {
    const state = emptyPartitionState();
    expect(plan(state, [abortOf(7n, 5)]).answers).toEqual(["written 0"]);
    expect(plan(state, [batchOf([7n, 4, 0])]).answers).toEqual(["refused INVALID_PRODUCER_EPOCH"]);
    expect(plan(state, [batchOf([7n, 5, 1])]).answers).toEqual(["doubtful OUT_OF_ORDER_SEQUENCE_NUMBER"]);
    expect(plan(state, [batchOf([7n, 5, 0])]).answers).toEqual(["written 1"]);
  });

  test("that repeats one is answered without a write, and never ends the next transaction", () => {
    const state = emptyPartitionState();
    plan(state, [batchOf([7n, 0, 0])]);
    expect(plan(state, [commitOf(7n, 1), commitOf(7n, 1)]).answers).toEqual(["written 1", "written again"]);
    expect(plan(state, [commitOf(7n, 1)])).toEqual({ entry: undefined, answers: ["settled again"] });
    plan(state, [batchOf([7n, 1, 0])]);
    expect(plan(state, [commitOf(7n, 1)]).answers).toEqual(["settled again"]);
    expect(plan(state, [commitOf(7n, 0)]).answers).toEqual(["refused INVALID_PRODUCER_EPOCH"]);
    expect(openIn(state)).toEqual([[7n, 2]]);
  });
});

/** Kafka's rules (KIP-98, and KIP-890 for the epochs of markers), for one batch after the other, as plainly as they can be said. */
class Model {
  readonly log: string[] = [];
  readonly producers = new Map<
    bigint,
    { epoch: number; next: number; open: number | undefined; seen: Map<string, number> }
  >();

  data(id: bigint, epoch: number, sequence: number, isTransactional: boolean): string {
    const known = this.producers.get(id);
    if (known !== undefined && epoch < known.epoch) return "INVALID_PRODUCER_EPOCH";
    if (known !== undefined && epoch === known.epoch) {
      if (known.seen.has(`${sequence}`)) return "again";
      if (sequence !== known.next) return "OUT_OF_ORDER_SEQUENCE_NUMBER";
    }
    if (known !== undefined && epoch > known.epoch && sequence !== 0) return "OUT_OF_ORDER_SEQUENCE_NUMBER";
    if (known?.open !== undefined && (!isTransactional || epoch !== known.epoch)) return "INVALID_TXN_STATE";
    const at = this.log.push(`${id} ${epoch}`) - 1;
    const seen = known?.epoch === epoch ? known.seen : new Map<string, number>();
    seen.set(`${sequence}`, at);
    if (seen.size > 5) seen.delete([...seen.keys()][0] ?? "");
    const open = known?.open ?? (isTransactional ? at : undefined);
    this.producers.set(id, { epoch, next: sequence + 1, open, seen });
    return `${at}`;
  }

  marker(id: bigint, epoch: number): string {
    const known = this.producers.get(id);
    if (known !== undefined && epoch < known.epoch && known.open !== undefined) return "INVALID_PRODUCER_EPOCH";
    if (known !== undefined && epoch <= known.epoch) return "again";
    const at = this.log.push(`${id} ${epoch}`) - 1;
    this.producers.set(id, { epoch, next: 0, open: undefined, seen: new Map() });
    return `${at}`;
  }

  get stable(): number {
    return Math.min(this.log.length, ...[...this.producers.values()].flatMap(({ open }) => open ?? []));
  }
}

test("any requests, in any groups, are answered as one after the other by Kafka's rules, and so is the last stable offset", () => {
  const one = fc.record({
    id: fc.bigInt({ min: 1n, max: 3n }),
    epoch: fc.integer({ min: 0, max: 3 }),
    sequence: fc.integer({ min: 0, max: 4 }),
    // What would come next is what producers send, mostly.
    asNext: fc.boolean(),
    kind: fc.constantFrom("data", "data", "data", "plain", "commit", "abort"),
  });
  const groups = fc.array(fc.array(one, { minLength: 1, maxLength: 6 }), { maxLength: 20 });
  fc.assert(
    fc.property(groups, (all) => {
      const state = emptyPartitionState();
      const model = new Model();
      for (const group of all) {
        const expected: string[] = [];
        const requests = group.map(({ id, kind, asNext, ...drawn }) => {
          const known = model.producers.get(id);
          const isMarker = kind === "commit" || kind === "abort";
          const epoch = asNext ? (known?.epoch ?? 0) + (isMarker ? 1 : 0) : drawn.epoch;
          const sequence = asNext ? (known?.next ?? 0) : drawn.sequence;
          expected.push(isMarker ? model.marker(id, epoch) : model.data(id, epoch, sequence, kind === "data"));
          if (isMarker) return kind === "commit" ? commitOf(id, epoch) : abortOf(id, epoch);
          return batchOf([id, epoch, sequence], { plain: kind === "plain" });
        });
        const planned = plan(state, requests);
        expect(planned.answers.map((answer) => answer.split(" ")[1])).toEqual(expected);
        expect(state.position).toBe(model.log.length);
        if (planned.entry !== undefined) expect(stableOffsetAfter(planned.entry)).toBe(model.stable);
      }
    }),
    { numRuns: 300 },
  );
});
