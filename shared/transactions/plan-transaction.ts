/**
 * Decides what becomes of a transactional id; nothing here is written, and no record is changed: pure.
 *
 * Model: `models/transactions/Transactions.tla`.
 */
import { producerEpochMax, transactionSkewMs } from "../limits/transactions.ts";
import {
  covers,
  type DecidedTransaction,
  isDecided,
  isSameProducer,
  mergeTopics,
  type ProducerEpoch,
  type TransactionRecord,
  type TransactionTopic,
} from "./transaction-record.ts";

export type TransactionRefusal =
  | "PRODUCER_FENCED"
  | "INVALID_PRODUCER_ID_MAPPING"
  | "INVALID_TXN_STATE"
  | "CONCURRENT_TRANSACTIONS";

export type TransactionPlan =
  /** To be written if nobody else has written meanwhile. */
  | { readonly kind: "write"; readonly record: TransactionRecord }
  /** A decision stands that has to become known everywhere; it is the asked one if `asked`. */
  | { readonly kind: "finish"; readonly record: DecidedTransaction; readonly asked: boolean }
  /** Nothing is left to do. */
  | { readonly kind: "settled"; readonly record: TransactionRecord | undefined }
  /** The epochs of the producer id are used up: plan again with a fresh one. */
  | { readonly kind: "producer id wanted" }
  | { readonly kind: "refused"; readonly refusal: TransactionRefusal };

type Present = TransactionRecord | undefined;

const nothing = { topics: [], groups: [] } as const;
const wanted = { kind: "producer id wanted" } as const;

/** What a transaction is to consist of beside what it has. */
export interface Additions {
  readonly topics: readonly TransactionTopic[];
  readonly groups: readonly string[];
  /** What is kept from the beginning. */
  readonly answer?: string;
}

/** Begins the owner's transaction, or adds to it. */
export function planAdd(present: Present, producer: ProducerEpoch, added: Additions, nowMs: number): TransactionPlan {
  const refusal = findOwnerProblem(present, producer);
  if (present === undefined || refusal !== undefined) return refused(refusal ?? "INVALID_PRODUCER_ID_MAPPING");
  if (isDecided(present)) return refused("CONCURRENT_TRANSACTIONS");
  if (present.state !== "Ongoing")
    return { kind: "write", record: begun(present.owner, present.timeoutMs, added, nowMs) };
  if (covers(present, added)) return { kind: "settled", record: present };
  const topics = mergeTopics(present.topics, added.topics);
  return { kind: "write", record: { ...present, topics, groups: union(present.groups, added.groups) } };
}

/**
 * Ends the owner's transaction.
 *
 * @param fresh one that nobody has been
 * @param answer kept with the decision
 */
export function planEnd(
  present: Present,
  producer: ProducerEpoch,
  commit: boolean,
  nowMs: number,
  { fresh, answer }: { readonly fresh?: ProducerEpoch | undefined; readonly answer?: string | undefined } = {},
): TransactionPlan {
  if (present !== undefined && isSameProducer(present.ended, producer)) {
    // The end was answered before, or would have been.
    if (present.state !== completeState(commit)) return refused("INVALID_TXN_STATE");
    return { kind: "settled", record: present };
  }
  const refusal = findOwnerProblem(present, producer);
  if (present === undefined || refusal !== undefined) return refused(refusal ?? "INVALID_PRODUCER_ID_MAPPING");
  if (isDecided(present)) {
    if (present.state !== prepareState(commit)) return refused("INVALID_TXN_STATE");
    return { kind: "finish", record: present, asked: true };
  }
  const next = ownerAfter(present.owner, fresh);
  if (next === undefined) return wanted;
  const ended = present.owner;
  // One that never began ends as well: an addition that comes late must not get into the next.
  if (present.state !== "Ongoing" || isEmpty(present)) {
    const { timeoutMs } = present;
    return { kind: "write", record: { state: completeState(commit), owner: next, timeoutMs, ended, ...nothing } };
  }
  const decided = { ...present, state: prepareState(commit), decidedAtMs: nowMs, next } as const;
  return { kind: "write", record: answer === undefined ? decided : { ...decided, answer } };
}

/** Gives the id to a new owner, as soon as what the earlier one left open is ended. */
export function planInit(present: Present, timeoutMs: number, nowMs: number, fresh?: ProducerEpoch): TransactionPlan {
  if (present === undefined) {
    return fresh === undefined ? wanted : { kind: "write", record: empty(fresh, timeoutMs) };
  }
  const open = planTakeover(present, nowMs);
  if (open !== undefined) return open;
  const owner = ownerAfter(present.owner, fresh);
  return owner === undefined ? wanted : { kind: "write", record: empty(owner, timeoutMs) };
}

/** Begins a transaction of which nobody but its process knows, as soon as what an earlier one left open is ended. */
export function planAtomic(
  present: Present,
  added: Additions,
  timeoutMs: number,
  nowMs: number,
  fresh: ProducerEpoch,
): TransactionPlan {
  if (present?.state === "CompleteCommit") return { kind: "settled", record: present };
  if (present !== undefined) {
    const open = planTakeover(present, nowMs);
    if (open !== undefined) return open;
  }
  const owner = present === undefined ? fresh : ownerAfter(present.owner, fresh);
  return owner === undefined ? wanted : { kind: "write", record: begun(owner, timeoutMs, added, nowMs) };
}

/** Ends what is over its time. `settled` with the record if it is not, or nothing is open. */
export function planExpiry(present: Present, nowMs: number): TransactionPlan {
  if (present === undefined) return { kind: "settled", record: undefined };
  if (isDecided(present)) return { kind: "finish", record: present, asked: false };
  if (present.state !== "Ongoing" || nowMs < dueAtMs(present)) return { kind: "settled", record: present };
  return { kind: "write", record: fencedOff(present, nowMs) };
}

/** When an open transaction is over its time. */
export function dueAtMs({ startedAtMs = 0, timeoutMs }: TransactionRecord): number {
  return startedAtMs + timeoutMs + transactionSkewMs;
}

/** All partitions and groups know of the decision. */
export function planComplete(present: Present, decided: DecidedTransaction): TransactionPlan {
  const isSame =
    present !== undefined && present.state === decided.state && isSameProducer(present.owner, decided.owner);
  if (!isSame) return { kind: "settled", record: present };
  return { kind: "write", record: completed(decided) };
}

function completed({ state, owner, next, timeoutMs, fenced, answer }: DecidedTransaction): TransactionRecord {
  return {
    state: completeState(state === "PrepareCommit"),
    owner: next,
    timeoutMs,
    ...nothing,
    ...(fenced === true ? {} : { ended: owner }),
    ...(answer === undefined || state === "PrepareAbort" ? {} : { answer }),
  };
}

/** Why a producer may not act for the id, or undefined. */
export function findOwnerProblem(present: Present, producer: ProducerEpoch): TransactionRefusal | undefined {
  if (present?.owner.producerId !== producer.producerId) return "INVALID_PRODUCER_ID_MAPPING";
  if (present.owner.producerEpoch !== producer.producerEpoch || present.fenced === true) return "PRODUCER_FENCED";
  return undefined;
}

function planTakeover(present: TransactionRecord, nowMs: number): TransactionPlan | undefined {
  if (isDecided(present)) return { kind: "finish", record: present, asked: false };
  return present.state === "Ongoing" ? { kind: "write", record: fencedOff(present, nowMs) } : undefined;
}

/** The owner is told nothing of the epoch after it, so it never writes again. */
function fencedOff(present: TransactionRecord, nowMs: number): TransactionRecord {
  const { producerId, producerEpoch } = present.owner;
  const next = { producerId, producerEpoch: producerEpoch + 1 };
  return { ...present, state: "PrepareAbort", decidedAtMs: nowMs, next, fenced: true };
}

/** Undefined if it needs a fresh producer id. */
function ownerAfter(
  { producerId, producerEpoch }: ProducerEpoch,
  fresh: ProducerEpoch | undefined,
): ProducerEpoch | undefined {
  if (producerEpoch < producerEpochMax) return { producerId, producerEpoch: producerEpoch + 1 };
  return fresh;
}

function begun(owner: ProducerEpoch, timeoutMs: number, added: Additions, startedAtMs: number): TransactionRecord {
  const topics = mergeTopics([], added.topics);
  const { answer } = added;
  const kept = answer === undefined ? {} : { answer };
  return { state: "Ongoing", owner, timeoutMs, startedAtMs, topics, groups: union([], added.groups), ...kept };
}

function empty(owner: ProducerEpoch, timeoutMs: number): TransactionRecord {
  return { state: "Empty", owner, timeoutMs, ...nothing };
}

function isEmpty({ topics, groups }: TransactionRecord): boolean {
  return topics.length === 0 && groups.length === 0;
}

function union(one: readonly string[], other: readonly string[]): readonly string[] {
  return [...new Set([...one, ...other])];
}

function prepareState(commit: boolean): "PrepareCommit" | "PrepareAbort" {
  return commit ? "PrepareCommit" : "PrepareAbort";
}

function completeState(commit: boolean): "CompleteCommit" | "CompleteAbort" {
  return commit ? "CompleteCommit" : "CompleteAbort";
}

function refused(refusal: TransactionRefusal): TransactionPlan {
  return { kind: "refused", refusal };
}
