/** A write in one call, looked through: which record goes to which partition, and what is answered. */
import { checkGroupName } from "./group-name.ts";
import { ServiceError } from "../api/errors.ts";
import { requestBodyBytesMax, requestRecordsMax } from "../limits.ts";
import type { TransactionRecord } from "../transactions/transaction-record.ts";
import { type AppendedBatch, decodeAnswer } from "./atomic-answer.ts";
import { PartitionChooser } from "./choose-partitions.ts";
import { checkCommit } from "./group-checks.ts";
import type { ProduceRecord } from "./services.ts";
import type { AtomicResult, AtomicWrite, TransactionalId } from "./transactions.ts";

type Result = AtomicResult["results"][number];

/** The records of one topic, by partition. */
export interface AssignedTopic {
  readonly topic: string;
  readonly topicId: string;
  readonly partitions: number;
  readonly records: readonly ProduceRecord[];
  /** Indexes into `records`. */
  readonly assigned: ReadonlyMap<number, readonly number[]>;
}

/** A request that was looked through, and what it answers as. */
export interface AtomicDraft {
  readonly write: AtomicWrite;
  readonly id: TransactionalId;
  readonly topics: readonly AssignedTopic[];
  readonly fingerprint: number;
  /** Of records that bring none. */
  readonly timestamp: number;
}

/** @throws ServiceError INVALID_RECORD | RECORD_LIST_TOO_LARGE | INVALID_REQUEST, and what no group takes */
export function checkAtomicWrite({ namespace, produce, offsets }: AtomicWrite): void {
  const records = produce.flatMap((part) => part.records);
  if (produce.some((part) => part.records.length === 0) || records.length + offsets.length === 0) {
    throw new ServiceError("INVALID_RECORD", "The request holds no record");
  }
  if (records.length > requestRecordsMax) {
    throw new ServiceError("RECORD_LIST_TOO_LARGE", `${records.length} records in one request`, {
      details: { records: records.length, recordsMax: requestRecordsMax },
    });
  }
  let bytes = 0;
  for (const { key, value, headers } of records) {
    bytes += (key?.length ?? 0) + (value?.length ?? 0);
    for (const header of headers) bytes += header.key.length + (header.value?.length ?? 0);
  }
  if (bytes > requestBodyBytesMax) {
    throw new ServiceError("RECORD_LIST_TOO_LARGE", `The records of one request have ${bytes} bytes`, {
      details: { bytes, bytesMax: requestBodyBytesMax },
    });
  }
  if (new Set(offsets.map(({ group }) => group)).size < offsets.length) {
    throw new ServiceError("INVALID_REQUEST", "A group stands twice in the request");
  }
  for (const part of offsets) {
    checkGroupName({ namespace, group: part.group });
    checkCommit(part);
  }
}

/** True if another request has been sent under the key, and was not aborted. */
export function isAnotherRequest(present: TransactionRecord | undefined, fingerprint: number): boolean {
  return present?.answer !== undefined && decodeAnswer(present.answer).fingerprint !== fingerprint;
}

/** What an equal request was answered. @throws ServiceError BAD_ARGUMENTS if it was not equal */
export function answerOf(draft: AtomicDraft, record: TransactionRecord | undefined): AtomicResult {
  const answer = record?.answer === undefined ? undefined : decodeAnswer(record.answer);
  if (answer?.fingerprint !== draft.fingerprint) {
    throw new ServiceError("BAD_ARGUMENTS", "The Idempotency-Key was used for another request");
  }
  const { timestamp = draft.timestamp, partitions = [], batches = [] } = answer;
  // A topic may have more partitions by now.
  const topics = draft.topics.map((topic, index) => {
    const { idempotencyKey } = draft.write;
    const chooser = new PartitionChooser({ uint32: () => 0, id: () => "" });
    const assigned = chooser.assign(
      topic.topicId,
      partitions[index] ?? topic.partitions,
      topic.records,
      idempotencyKey,
    );
    return { ...topic, assigned };
  });
  return resultOf({ ...draft, timestamp, topics }, batches);
}

/** In the order of the request, in which a topic may stand more than once. */
export function resultOf({ write, topics, timestamp }: AtomicDraft, batches: readonly AppendedBatch[]): AtomicResult {
  const byTopic = new Map(topics.map(({ topic }): [string, Result[]] => [topic, []]));
  for (const [topicIndex, partition, baseOffset] of batches) {
    const assigned = topics[topicIndex];
    if (assigned === undefined) continue;
    const { topic, records } = assigned;
    const results = byTopic.get(topic) ?? [];
    assigned.assigned.get(partition)?.forEach((index, place) => {
      const own = records[index]?.timestamp;
      results[index] = { topic, partition, offset: baseOffset + place, timestamp: own ?? timestamp };
    });
  }
  return {
    results: write.produce.flatMap(({ topic, records }) => byTopic.get(topic)?.splice(0, records.length) ?? []),
  };
}
