/**
 * Decides what becomes of a transactional id; nothing here is written, and no record is changed: pure.
 *
 * Model: `models/transactions/Transactions.tla`.
 */
import { keptEpochMax, producerEpochMax, transactionSkewMs } from "../limits/transactions.ts";
import {
  actingAs,
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
  const refusal = findOwnerProblem(present, actingAs(present, producer));
  if (present === undefined || refusal !== undefined) return refused(refusal ?? "INVALID_PRODUCER_ID_MAPPING");
  if (isDecided(present)) return refused("CONCURRENT_TRANSACTIONS");
  if (present.state !== "Ongoing") {
    const record = { ...begun(present.owner, present.timeoutMs, added, nowMs), ...clientOf(present) };
    return { kind: "write", record };
  }
  if (covers(present, added)) return { kind: "settled", record: present };
  const topics = mergeTopics(present.topics, added.topics);
  return { kind: "write", record: { ...present, topics, groups: union(present.groups, added.groups) } };
}

export interface EndOptions {
  /** One that nobody has been. */
  readonly fresh?: ProducerEpoch | undefined;
  /** Kept with the decision. */
  readonly answer?: string | undefined;
  /** The client is told nothing of the epoch after it, and goes on with the one that it has. */
  readonly keepsEpoch?: boolean | undefined;
}

/** Ends the owner's transaction. */
export function planEnd(
  present: Present,
  producer: ProducerEpoch,
  commit: boolean,
  nowMs: number,
  { fresh, answer, keepsEpoch = false }: EndOptions = {},
): TransactionPlan {
  if (present !== undefined && isSameProducer(present.ended, producer)) {
    // The end was answered before, or would have been.
    if (present.state !== completeState(commit)) return refused("INVALID_TXN_STATE");
    return { kind: "settled", record: present };
  }
  const refusal = findOwnerProblem(present, actingAs(present, producer));
  if (present === undefined || refusal !== undefined) return refused(refusal ?? "INVALID_PRODUCER_ID_MAPPING");
  if (isDecided(present)) {
    if (present.state !== prepareState(commit)) return refused("INVALID_TXN_STATE");
    return { kind: "finish", record: present, asked: true };
  }
  if (keepsEpoch) return planEndUnderKeptEpoch(present, commit, nowMs);
  const next = ownerAfter(present.owner, fresh);
  if (next === undefined) return wanted;
  const ended = present.owner;
  // One that never began ends as well: an addition that comes late must not get into the next.
  if (present.state !== "Ongoing" || isEmpty(present)) {
    const { timeoutMs } = present;
    return { kind: "write", record: { state: completeState(commit), owner: next, timeoutMs, ended, ...nothing } };
  }
  // The client is told of the epoch that is next, so it is known by that from then on.
  const { clientEpoch: _, ...open } = present;
  const decided = { ...open, state: prepareState(commit), decidedAtMs: nowMs, next } as const;
  return { kind: "write", record: answer === undefined ? decided : { ...decided, answer } };
}

/**
 * As Kafka before KIP-890: one epoch for the client, whatever becomes of its transactions. Here each has its own all the same,
 * beyond 16 bits if need be, because no batch and no client is told of it.
 */
function planEndUnderKeptEpoch(present: TransactionRecord, commit: boolean, nowMs: number): TransactionPlan {
  // A repeat of the end cannot be told from the end of a transaction to which nothing was added.
  if (present.state === completeState(commit)) return { kind: "settled", record: present };
  if (present.state !== "Ongoing") return refused("INVALID_TXN_STATE");
  const { owner, clientEpoch = owner.producerEpoch } = present;
  if (owner.producerEpoch >= keptEpochMax) return refused("INVALID_PRODUCER_ID_MAPPING");
  const next = { ...owner, producerEpoch: owner.producerEpoch + 1 };
  return {
    kind: "write",
    record: { ...present, state: prepareState(commit), decidedAtMs: nowMs, next, clientEpoch },
  };
}

export interface InitOptions {
  /** One that nobody has been. */
  readonly fresh?: ProducerEpoch | undefined;
  /** Who asks for another epoch of its own (KIP-360). */
  readonly resumes?: ProducerEpoch | undefined;
  /** Who the owner is then: after what it left open was ended, the one after it. By default who asks. */
  readonly expected?: ProducerEpoch | undefined;
}

/** Gives the id to a new owner, as soon as what the earlier one left open is ended. */
export function planInit(
  present: Present,
  timeoutMs: number,
  nowMs: number,
  { fresh, resumes, expected = resumes }: InitOptions = {},
): TransactionPlan {
  if (present === undefined) {
    return fresh === undefined ? wanted : { kind: "write", record: empty(fresh, timeoutMs) };
  }
  if (resumes !== undefined && expected !== undefined) {
    const isRepeat = isSameProducer(present.resumed, resumes);
    if (isRepeat && present.state === "Empty") return { kind: "settled", record: present };
    const refusal = findOwnerProblem(present, actingAs(present, expected));
    if (refusal !== undefined && !isRepeat) {
      // It ended its transaction itself, and the epoch after that is nobody else's.
      if (isSameProducer(present.ended, resumes)) return { kind: "settled", record: present };
      return refused("PRODUCER_FENCED");
    }
  }
  const open = planTakeover(present, nowMs, resumes);
  if (open !== undefined) return open;
  const owner = ownerAfter(present.owner, fresh);
  if (owner === undefined) return wanted;
  return { kind: "write", record: { ...empty(owner, timeoutMs), ...resumedOf({ resumed: resumes }) } };
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

/**
 * True for what was asked for before the open transaction began: under an epoch that its client keeps, it is of an earlier one.
 * What came shortly before it, as clocks tell, is taken for one of it.
 */
export function isAskedBefore({ clientEpoch, startedAtMs = 0 }: TransactionRecord, askedAtMs: number): boolean {
  return clientEpoch !== undefined && askedAtMs + transactionSkewMs < startedAtMs;
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

function completed(decided: DecidedTransaction): TransactionRecord {
  const { state, owner, next, timeoutMs, startedAtMs, fenced, answer } = decided;
  return {
    state: completeState(state === "PrepareCommit"),
    owner: next,
    timeoutMs,
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    ...nothing,
    ...(fenced === true ? resumedOf(decided) : { ended: owner, ...clientOf(decided) }),
    ...(answer === undefined || state === "PrepareAbort" ? {} : { answer }),
  };
}

/** Why a producer may not act for the id, or undefined. */
export function findOwnerProblem(present: Present, producer: ProducerEpoch): TransactionRefusal | undefined {
  if (present?.owner.producerId !== producer.producerId) return "INVALID_PRODUCER_ID_MAPPING";
  if (present.owner.producerEpoch !== producer.producerEpoch || present.fenced === true) return "PRODUCER_FENCED";
  return undefined;
}

function planTakeover(present: TransactionRecord, nowMs: number, resumed?: ProducerEpoch): TransactionPlan | undefined {
  if (isDecided(present)) return { kind: "finish", record: present, asked: false };
  return present.state === "Ongoing" ? { kind: "write", record: fencedOff(present, nowMs, resumed) } : undefined;
}

/** The owner is told nothing of the epoch after it, so it never writes again. @param resumed who asked, if that is the owner */
function fencedOff(present: TransactionRecord, nowMs: number, resumed?: ProducerEpoch): TransactionRecord {
  const { resumed: _, ...open } = present;
  const { producerId, producerEpoch } = present.owner;
  const next = { producerId, producerEpoch: producerEpoch + 1 };
  return { ...open, state: "PrepareAbort", decidedAtMs: nowMs, next, fenced: true, ...resumedOf({ resumed }) };
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

function clientOf({ clientEpoch }: TransactionRecord): Pick<TransactionRecord, "clientEpoch"> {
  return clientEpoch === undefined ? {} : { clientEpoch };
}

function resumedOf({ resumed }: { readonly resumed?: ProducerEpoch | undefined }): Pick<TransactionRecord, "resumed"> {
  return resumed === undefined ? {} : { resumed };
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
