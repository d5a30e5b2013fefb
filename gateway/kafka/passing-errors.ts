/**
 * Failures that pass by themselves, told by numbers that make clients send the same request again. Kafka's own table says of each
 * number whether it is retriable, but clients go by the few that they expect of each API:
 *
 * | API | what passes | told as | because |
 * |---|---|---|---|
 * | Produce | throttled: nothing was appended | 19 NOT_ENOUGH_REPLICAS | librdkafka fails the batch for good on 89, and with it an idempotent producer; 19 it sends again, to the same broker. Java and Node clients do so on both |
 * | Produce | the transaction is about to begin or end | 19 NOT_ENOUGH_REPLICAS | as Kafka tells clients before KIP-890; those after it send it again as well |
 * | Produce | no answer of the store: perhaps appended | 7 REQUEST_TIMED_OUT | all send it again; librdkafka notes that it may be there |
 * | Produce | the store fails: nothing was appended | 56 KAFKA_STORAGE_ERROR | all ask who leads, and send it again |
 * | Fetch, ListOffsets, OffsetForLeaderEpoch | any | 56 KAFKA_STORAGE_ERROR | Java's consumer throws IllegalStateException on numbers that it does not expect, 7 and 89 among them |
 * | Metadata | any | 5 LEADER_NOT_AVAILABLE | what every client waits on and asks again |
 * | InitProducerId without a transactional id | any | 14 COORDINATOR_LOAD_IN_PROGRESS | Java's producer sends it again; 15 and 16 would make it look for the coordinator of no id |
 * | the other APIs of transactions | any | 15 COORDINATOR_NOT_AVAILABLE | see `coordinator-errors.ts` |
 * | the APIs of groups | any | 15 COORDINATOR_NOT_AVAILABLE | see `handlers/groups/group-failure.ts` |
 * | administration | any | as they are | Java's admin client knows 7 and 89 (KIP-599) |
 *
 * Sources: Kafka 4.2 `Sender`, `TransactionManager`, `FetchCollector`; librdkafka 2.x `rd_kafka_err_action`,
 * `rd_kafka_handle_Produce_error`, `rd_kafka_fetch_reply_handle_partition_error`; KafkaJS 2.2 and Platformatic's `errors.js`.
 */
import type { ErrorCode } from "../../shared/api/errors.ts";

/** Numbers in place of those of the table of errors. */
export type Passing = Partial<Readonly<Record<ErrorCode, number>>>;

const notEnoughReplicas = 19;
const storageError = 56;
const leaderNotAvailable = 5;
const coordinatorLoading = 14;

export const passingInProduce: Passing = {
  THROTTLING_QUOTA_EXCEEDED: notEnoughReplicas,
  CONCURRENT_TRANSACTIONS: notEnoughReplicas,
};

export const passingInReads: Passing = all(storageError);

export const passingInMetadata: Passing = all(leaderNotAvailable);

export const passingInProducerIds: Passing = all(coordinatorLoading);

function all(told: number): Passing {
  return { THROTTLING_QUOTA_EXCEEDED: told, REQUEST_TIMED_OUT: told, KAFKA_STORAGE_ERROR: told };
}
