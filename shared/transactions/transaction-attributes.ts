/**
 * A transactional id's record as the attributes of its item; lists are JSON, producer ids are decimal.
 *
 *     state, producerId, producerEpoch, timeoutMs       always
 *     clientEpoch                                       of a client that keeps the epoch that it was given
 *     resumedProducerId, resumedProducerEpoch           of who asked for the present epoch, or the coming, with its own
 *     startedAtMs                                       while a transaction is under way, and when it is complete
 *     topics, groups                                    while a transaction is under way
 *     decidedAtMs, nextProducerId, nextProducerEpoch    while its end is not known everywhere; fenced: 1
 *     endedProducerId, endedProducerEpoch               of the last transaction, if its owner ended it
 *     answer                                            of a one-call transaction that is committed
 */
import { transactionListCharsMax } from "../limits/transactions.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import type { Attributes } from "../storage/item-store.ts";
import type { ProducerEpoch, TransactionRecord, TransactionState, TransactionTopic } from "./transaction-record.ts";

const optional = [
  "clientEpoch",
  "resumedProducerId",
  "resumedProducerEpoch",
  "startedAtMs",
  "topics",
  "groups",
  "decidedAtMs",
  "nextProducerId",
  "nextProducerEpoch",
  "fenced",
  "endedProducerId",
  "endedProducerEpoch",
  "answer",
] as const;

const states: ReadonlySet<string> = new Set<TransactionState>([
  "Empty",
  "Ongoing",
  "PrepareCommit",
  "PrepareAbort",
  "CompleteCommit",
  "CompleteAbort",
]);

/**
 * What an update sets and removes, so that the item says this and nothing else.
 *
 * @throws RangeError if the lists are too long
 */
export function changeToRecord(record: TransactionRecord): {
  readonly set: Attributes;
  readonly remove: readonly string[];
} {
  const { state, owner, timeoutMs, startedAtMs, topics, groups, decidedAtMs, next, fenced, ended, answer } = record;
  const { clientEpoch, resumed } = record;
  const lists = {
    ...(topics.length === 0 ? {} : { topics: JSON.stringify(topics.map(rowOf)) }),
    ...(groups.length === 0 ? {} : { groups: JSON.stringify(groups) }),
  };
  const chars = [...Object.values(lists), answer ?? ""].reduce((sum, { length }) => sum + length, 0);
  if (chars > 2 * transactionListCharsMax) throw new RangeError(`a transaction's lists have ${chars} characters`);
  const set: Attributes = {
    state,
    producerId: owner.producerId.toString(),
    producerEpoch: owner.producerEpoch,
    timeoutMs,
    ...lists,
    ...(clientEpoch === undefined ? {} : { clientEpoch }),
    ...(resumed && { resumedProducerId: resumed.producerId.toString(), resumedProducerEpoch: resumed.producerEpoch }),
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    ...(decidedAtMs === undefined ? {} : { decidedAtMs }),
    ...(next && { nextProducerId: next.producerId.toString(), nextProducerEpoch: next.producerEpoch }),
    ...(fenced === true ? { fenced: 1 } : {}),
    ...(ended && { endedProducerId: ended.producerId.toString(), endedProducerEpoch: ended.producerEpoch }),
    ...(answer === undefined ? {} : { answer }),
  };
  return { set, remove: optional.filter((name) => !(name in set)) };
}

/** @throws StorageCorruptError if they are no transactional id's */
export function recordOf(attributes: Attributes): TransactionRecord {
  const { state, timeoutMs, clientEpoch, startedAtMs, decidedAtMs, fenced, answer } = attributes;
  const owner = producerOf(attributes["producerId"], attributes["producerEpoch"]);
  const next = producerOf(attributes["nextProducerId"], attributes["nextProducerEpoch"]);
  const resumed = producerOf(attributes["resumedProducerId"], attributes["resumedProducerEpoch"]);
  const ended = producerOf(attributes["endedProducerId"], attributes["endedProducerEpoch"]);
  const isRight =
    isState(state) &&
    owner !== undefined &&
    isWhole(timeoutMs) &&
    isMaybeWhole(clientEpoch) &&
    isMaybeWhole(startedAtMs) &&
    isMaybeWhole(decidedAtMs);
  if (!isRight) throw new StorageCorruptError(`not a transaction: ${String(state)}`);
  const undecided = decidedAtMs === undefined || next === undefined;
  if (undecided && (state === "PrepareCommit" || state === "PrepareAbort")) {
    throw new StorageCorruptError(`a transaction in ${state} lacks its decision`);
  }
  return {
    state,
    owner,
    timeoutMs,
    topics: topicsOf(attributes["topics"]),
    groups: groupsOf(attributes["groups"]),
    ...(clientEpoch === undefined ? {} : { clientEpoch }),
    ...(resumed && { resumed }),
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    ...(decidedAtMs === undefined ? {} : { decidedAtMs }),
    ...(next && { next }),
    ...(fenced === 1 ? { fenced: true } : {}),
    ...(ended && { ended }),
    ...(typeof answer === "string" ? { answer } : {}),
  };
}

function rowOf({ topicId, topic, partitions }: TransactionTopic): readonly unknown[] {
  return [topicId, topic, ...partitions];
}

function producerOf(producerId: unknown, producerEpoch: unknown): ProducerEpoch | undefined {
  if (typeof producerId !== "string" || !/^\d{1,19}$/.test(producerId) || !isWhole(producerEpoch)) return undefined;
  return { producerId: BigInt(producerId), producerEpoch };
}

function topicsOf(text: unknown): readonly TransactionTopic[] {
  return listOf(text).map((row): TransactionTopic => {
    const [topicId, topic, ...partitions] = Array.isArray(row) ? (row as readonly unknown[]) : [];
    if (typeof topicId !== "string" || typeof topic !== "string" || !partitions.every(isWhole)) {
      throw new StorageCorruptError(`not a topic of a transaction: ${String(row)}`);
    }
    return { topicId, topic, partitions };
  });
}

function groupsOf(text: unknown): readonly string[] {
  const groups = listOf(text);
  if (groups.every((group) => typeof group === "string")) return groups;
  throw new StorageCorruptError("not the groups of a transaction");
}

function listOf(text: unknown): readonly unknown[] {
  if (text === undefined) return [];
  if (typeof text !== "string") throw new StorageCorruptError("a list of a transaction is no text");
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw new StorageCorruptError("a list of a transaction is no JSON", { cause });
  }
  if (Array.isArray(list)) return list;
  throw new StorageCorruptError("a list of a transaction is none");
}

function isState(state: unknown): state is TransactionState {
  return typeof state === "string" && states.has(state);
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isMaybeWhole(value: unknown): value is number | undefined {
  return value === undefined || isWhole(value);
}
