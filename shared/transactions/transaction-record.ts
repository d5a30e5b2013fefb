/**
 * What is kept of a transactional id: pure.
 *
 *     init ──► Empty ──(add)──► Ongoing ──(end)──► PrepareCommit ──(all know)──► CompleteCommit ──(add)──► Ongoing ...
 *                                  └────(end, time-out, init)──► PrepareAbort ──(all know)──► CompleteAbort
 *
 * The state is decided by one conditional write; what follows from a decision (markers, offsets) may be done by anyone,
 * and any number of times. The epoch rises with each transaction (KIP-890), also where the client does not know of it.
 */

/** Kafka's names. */
export type TransactionState =
  | "Empty"
  | "Ongoing"
  | "PrepareCommit"
  | "PrepareAbort"
  | "CompleteCommit"
  | "CompleteAbort";

/** Who may write under a transactional id. */
export interface ProducerEpoch {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** Partitions of one topic, ascending. */
export interface TransactionTopic {
  readonly topicId: string;
  readonly topic: string;
  readonly partitions: readonly number[];
}

export interface TransactionRecord {
  readonly state: TransactionState;
  /** Whose the transaction is; where none is under way, whose the next one will be. */
  readonly owner: ProducerEpoch;
  readonly timeoutMs: number;
  /**
   * The epoch that the owner's client goes by, where it keeps the one that it was given (Kafka before KIP-890); absent where
   * it is told of each new one.
   */
  readonly clientEpoch?: number;
  /**
   * Who asked for an epoch after its own (KIP-360): for the one that the owner has now or, while what it left open is being
   * aborted for it, for the one that is to come. A repeat of that is known by it.
   */
  readonly resumed?: ProducerEpoch;
  /** Of the transaction under way or, as Kafka tells it, of the one that is complete; ms since the epoch. */
  readonly startedAtMs?: number;
  readonly topics: readonly TransactionTopic[];
  readonly groups: readonly string[];
  /** Once it is decided: when, and whose the next transaction will be. */
  readonly decidedAtMs?: number;
  readonly next?: ProducerEpoch;
  /** True if it was not the owner who decided: the owner is not to go on. */
  readonly fenced?: boolean;
  /** When it is complete, and its owner decided: who that was. A repeat of the end is known by it. */
  readonly ended?: ProducerEpoch;
  /** What the one-call form keeps for repeats. */
  readonly answer?: string;
}

/** A transaction whose end is decided, and not yet known everywhere. */
export interface DecidedTransaction extends TransactionRecord {
  readonly state: "PrepareCommit" | "PrepareAbort";
  readonly decidedAtMs: number;
  readonly next: ProducerEpoch;
}

export function isDecided(record: TransactionRecord): record is DecidedTransaction {
  return record.state === "PrepareCommit" || record.state === "PrepareAbort";
}

export function isSameProducer(one: ProducerEpoch | undefined, other: ProducerEpoch): boolean {
  return one !== undefined && one.producerId === other.producerId && one.producerEpoch === other.producerEpoch;
}

/** Who a producer is: the owner, if that is what its client goes by; else who it says. */
export function actingAs(record: TransactionRecord | undefined, producer: ProducerEpoch): ProducerEpoch {
  if (record === undefined || record.fenced === true) return producer;
  const { owner, clientEpoch } = record;
  const isClient = producer.producerId === owner.producerId && producer.producerEpoch === clientEpoch;
  return isClient ? owner : producer;
}

export function hasPartition({ topics }: TransactionRecord, topicId: string, partition: number): boolean {
  return topics.some((topic) => topic.topicId === topicId && topic.partitions.includes(partition));
}

/** True if all of the partitions and groups are in the transaction. */
export function covers(record: TransactionRecord, added: Pick<TransactionRecord, "topics" | "groups">): boolean {
  return (
    added.groups.every((group) => record.groups.includes(group)) &&
    added.topics.every(({ topicId, partitions }) =>
      partitions.every((partition) => hasPartition(record, topicId, partition)),
    )
  );
}

/** Both together, in ascending order of names and partitions. */
export function mergeTopics(
  one: readonly TransactionTopic[],
  other: readonly TransactionTopic[],
): readonly TransactionTopic[] {
  const merged = new Map<string, { readonly topic: string; readonly partitions: Set<number> }>();
  for (const { topicId, topic, partitions } of [...one, ...other]) {
    const known = merged.get(topicId) ?? { topic, partitions: new Set<number>() };
    for (const partition of partitions) known.partitions.add(partition);
    merged.set(topicId, known);
  }
  return [...merged]
    .map(([topicId, { topic, partitions }]) => ({
      topicId,
      topic,
      partitions: [...partitions].toSorted((a, b) => a - b),
    }))
    .toSorted((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.topicId < b.topicId ? -1 : 1));
}

export function countPartitions({ topics }: Pick<TransactionRecord, "topics">): number {
  return topics.reduce((sum, { partitions }) => sum + partitions.length, 0);
}
