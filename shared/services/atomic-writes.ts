/**
 * A transaction in one call: its partitions and groups are known from the start, so it is begun by one write, and costs as
 * little as one can.
 *
 *     begin          1 update, of all partitions and groups, conditional on being the first under its id
 *     records        1 put for each partition      offsets    1 update for each group
 *     decide         1 update, which keeps the answer for repeats
 *     make known     1 put for each partition      offsets    1 update for each group
 *     complete       1 update
 *
 * A repeat under an Idempotency-Key ends what it finds half-way, and does anew what was aborted.
 */
import { ServiceError } from "../api/errors.ts";
import { appendTriesMax, atomicWriteTimeoutMs, idleProducersMax, takeoversMax } from "../limits/transactions.ts";
import type { Storage } from "../storage/storage.ts";
import { planAtomic } from "../transactions/plan-transaction.ts";
import { isDecided, type ProducerEpoch } from "../transactions/transaction-record.ts";
import { type AppendedBatch, encodeAnswer, fingerprintOf } from "./atomic-answer.ts";
import {
  answerOf,
  type AssignedTopic,
  type AtomicDraft,
  checkAtomicWrite,
  isAnotherRequest,
  resultOf,
} from "./atomic-draft.ts";
import { withChangeErrors } from "./change-errors.ts";
import { PartitionChooser } from "./choose-partitions.ts";
import { findPartition } from "./find-partition.ts";
import type { TransactionalOffsets } from "./groups.ts";
import type { ProducerIdService, ProduceRecord, ProduceService, TopicFinder } from "./services.ts";
import type { TransactionFinisher } from "./transaction-finisher.ts";
import { atomicId } from "./transaction-ids.ts";
import type { TransactionItems } from "./transaction-items.ts";
import type { TransactionRecovery } from "./transaction-recovery.ts";
import { checkTransactionSize } from "./transaction-size.ts";
import { inParallel, isPassing, untilDone } from "./transaction-steps.ts";
import { transactionRefused } from "./transaction-verifier.ts";
import type { AtomicResult, AtomicWrite, TransactionalId } from "./transactions.ts";

/** What writes in one call need of the other services. */
export interface AtomicWriteParts {
  readonly topics: TopicFinder;
  readonly producers: ProducerIdService;
  readonly produce: Pick<ProduceService, "produceRecords">;
  readonly offsets: TransactionalOffsets;
}

export interface AtomicWriteEnds {
  readonly parts: AtomicWriteParts;
  readonly finisher: TransactionFinisher;
  readonly recovery: TransactionRecovery;
}

export class AtomicWrites {
  readonly #storage: Storage;
  readonly #items: TransactionItems;
  readonly #ends: AtomicWriteEnds;
  readonly #chooser: PartitionChooser;
  /** Whose transactions are committed: the next ones go on with their epochs, so that nobody has to remember ever more producers. */
  readonly #idle: ProducerEpoch[] = [];

  constructor(storage: Storage, items: TransactionItems, ends: AtomicWriteEnds) {
    this.#storage = storage;
    this.#items = items;
    this.#ends = ends;
    this.#chooser = new PartitionChooser(storage.random);
  }

  /** @throws as `TransactionService.execute` */
  async execute(write: AtomicWrite): Promise<AtomicResult> {
    checkAtomicWrite(write);
    return await withChangeErrors(async () => {
      const draft = await this.#draft(write);
      const { topics } = draft;
      const [only] = topics;
      if (only !== undefined && topics.length === 1 && only.assigned.size === 1 && write.offsets.length === 0) {
        return await this.#writePlainly(draft, only);
      }
      // Sent together with the beginning: a process that dies between the two would leave it to the sweep.
      const watched = this.#ends.recovery.watch(draft.id, atomicWriteTimeoutMs);
      const begun = await this.#begin(draft);
      if ("answer" in begun) return begun.answer;
      const batches = await this.#fill(draft, begun.owner);
      await watched;
      await this.#commit(draft, begun.owner, batches);
      return resultOf(draft, batches);
    });
  }

  async #draft(write: AtomicWrite): Promise<AtomicDraft> {
    const { namespace, produce, idempotencyKey } = write;
    const transactionalId = atomicId(idempotencyKey, this.#storage.random);
    const records = new Map<string, ProduceRecord[]>();
    for (const part of produce) records.set(part.topic, [...(records.get(part.topic) ?? []), ...part.records]);
    const topics = await Promise.all(
      [...records].map(async ([topic, all]) => await this.#assign(namespace, topic, all, idempotencyKey)),
    );
    const timestamp = this.#storage.clock.wallMs();
    return { write, id: { namespace, transactionalId }, topics, fingerprint: fingerprintOf(write), timestamp };
  }

  async #assign(
    namespace: string,
    topic: string,
    records: readonly ProduceRecord[],
    idempotencyKey: string | undefined,
  ): Promise<AssignedTopic> {
    const highest = records.reduce((most, { partition }) => Math.max(most, partition ?? 0), 0);
    const { topicId, partitions } = await findPartition(this.#ends.parts.topics, namespace, topic, highest);
    const assigned = this.#chooser.assign(topicId, partitions, records, idempotencyKey);
    return { topic, topicId, partitions, records, assigned };
  }

  /** One batch in one partition is all or nothing by itself. */
  async #writePlainly(draft: AtomicDraft, { topic, records, assigned }: AssignedTopic): Promise<AtomicResult> {
    const { namespace, idempotencyKey } = draft.write;
    const [partition = 0] = assigned.keys();
    const { baseOffset, timestamps } = await this.#ends.parts.produce.produceRecords({
      namespace,
      topic,
      partition,
      records,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
    const results = timestamps.map((timestamp, index) => ({ topic, partition, offset: baseOffset + index, timestamp }));
    return { results };
  }

  /** Whose the transaction is, or what an equal request answered before. */
  async #begin(draft: AtomicDraft): Promise<{ readonly owner: ProducerEpoch } | { readonly answer: AtomicResult }> {
    const { id, fingerprint, write } = draft;
    const topics = draft.topics.map(({ topic, topicId, assigned }) => ({
      topic,
      topicId,
      partitions: [...assigned.keys()],
    }));
    const added = { topics, groups: write.offsets.map(({ group }) => group) };
    checkTransactionSize(added);
    const fresh = this.#idle.pop() ?? (await this.#ends.parts.producers.allocate(id.namespace));
    const marked = { ...added, answer: encodeAnswer({ fingerprint }) };
    for (let round = 0; round < takeoversMax; round += 1) {
      const changed = await this.#items.change(
        id,
        (present) =>
          isAnotherRequest(present, fingerprint)
            ? { kind: "settled", record: present }
            : planAtomic(present, marked, atomicWriteTimeoutMs, this.#storage.clock.wallMs(), fresh),
        { isNew: true },
      );
      if (changed.kind === "settled") return { answer: answerOf(draft, changed.record) };
      if (changed.kind !== "written" && changed.kind !== "finish") {
        throw new Error(`the beginning of a transaction was answered with ${changed.kind}`);
      }
      if (!isDecided(changed.record)) return { owner: changed.record.owner };
      await this.#ends.finisher.finishOrAskAgain(id, changed.record);
    }
    throw transactionRefused("CONCURRENT_TRANSACTIONS", "Other requests have the same Idempotency-Key");
  }

  /** Puts records and offsets where nobody sees them yet; if any cannot be, all are aborted. */
  async #fill({ write, id, topics, timestamp }: AtomicDraft, owner: ProducerEpoch): Promise<readonly AppendedBatch[]> {
    const { produce, offsets } = this.#ends.parts;
    const { namespace, transactionalId } = id;
    const batches: AppendedBatch[] = [];
    const steps = topics.flatMap(({ topic, records, assigned }, topicIndex) =>
      [...assigned].map(([partition, indexes]) => async (): Promise<void> => {
        const batch = indexes.flatMap((index) => records[index] ?? []);
        const { baseOffset } = await produce.produceRecords({
          namespace,
          topic,
          partition,
          records: batch.map((record) => ({ ...record, timestamp: record.timestamp ?? timestamp })),
          transactionalId,
          producer: { ...owner, baseSequence: 0 },
        });
        batches.push([topicIndex, partition, baseOffset]);
      }),
    );
    for (const commit of write.offsets) steps.push(() => offsets.stage({ ...commit, namespace, ...owner }));
    const failures = await inParallel(steps.map((step) => () => untilDone(this.#storage, appendTriesMax, step)));
    if (failures.length === 0) return batches;
    await this.#abort(id, owner);
    throw failureOf(failures[0]);
  }

  async #commit(
    { id, fingerprint, topics, timestamp }: AtomicDraft,
    owner: ProducerEpoch,
    batches: readonly AppendedBatch[],
  ) {
    const partitions = topics.map((topic) => topic.partitions);
    const answer = encodeAnswer({ fingerprint, timestamp, partitions, batches });
    try {
      const next = await this.#ends.finisher.end(id, owner, true, { answer });
      // Only after a commit: what was aborted is done anew under the same id, with the epochs after it.
      if (this.#idle.length < idleProducersMax) this.#idle.push(next);
    } catch (cause) {
      const code = cause instanceof ServiceError ? cause.code : undefined;
      if (code === "PRODUCER_FENCED") throw tookTooLong();
      if (code !== "INVALID_PRODUCER_ID_MAPPING") throw cause;
      // So late that even the answer of what may have been committed has expired.
      throw new ServiceError("REQUEST_TIMED_OUT", "Nobody knows any more how it ended", { effect: "unknown", cause });
    }
  }

  /** Whatever comes of it, nothing will be seen: only its process commits a transaction. */
  async #abort(id: TransactionalId, owner: ProducerEpoch): Promise<void> {
    try {
      await this.#ends.finisher.end(id, owner, false);
    } catch (cause) {
      if (!isPassing(cause) && !(cause instanceof ServiceError)) throw cause;
    }
  }
}

/** What another who has ended the transaction meanwhile makes of its records and offsets. */
const overtaken: ReadonlySet<string> = new Set([
  "INVALID_PRODUCER_EPOCH",
  "INVALID_PRODUCER_ID_MAPPING",
  "INVALID_TXN_STATE",
  "PRODUCER_FENCED",
]);

/** Of what was aborted nothing is ever seen, also where nobody knows whether it was appended. */
function failureOf(cause: unknown): unknown {
  if (!(cause instanceof ServiceError)) return cause;
  if (overtaken.has(cause.code)) return tookTooLong();
  if (cause.effect === "none") return cause;
  return new ServiceError("KAFKA_STORAGE_ERROR", "The storage did not answer in time; nothing was written", { cause });
}

function tookTooLong(): ServiceError {
  return transactionRefused("CONCURRENT_TRANSACTIONS", "It was aborted: it took too long, or was sent again meanwhile");
}
