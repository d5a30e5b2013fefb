import { errorTable } from "../../../shared/api/errors.ts";
import { coordinatorErrorOf } from "../coordinator-errors.ts";
import { kafkaError } from "../error-codes.ts";
import type { Handler } from "../handler.ts";
import type { RequestOf } from "../protocol/api.ts";
import { addsGroupSince, type txnOffsetCommit } from "../protocol/apis/txn-offset-commit.ts";

type Request = RequestOf<typeof txnOffsetCommit>;

/** All of a request's offsets become a part of the transaction, or none. */
export const handleTxnOffsetCommit: Handler<typeof txnOffsetCommit> = async (request, { gateway, apiVersion }) => {
  const { services, namespace, log } = gateway;
  const { transactionalId, producerId, producerEpoch, groupId: group } = request;
  let errorCode: number = kafkaError.NONE;
  try {
    await services.transactions.addOffsets({
      namespace,
      transactionalId,
      producerId,
      producerEpoch,
      group,
      offsets: offsetsOf(request),
      isAdded: apiVersion < addsGroupSince,
      ...memberOf(request),
    });
  } catch (error) {
    errorCode = commitErrorOf(coordinatorErrorOf(error, log, true));
  }
  const topics = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  }));
  return { topics };
};

function offsetsOf({ topics }: Request) {
  return topics.flatMap(({ name: topic, partitions }) =>
    partitions.map(({ partitionIndex: partition, committedOffset: offset, committedMetadata }) => ({
      topic,
      partition,
      offset,
      metadata: committedMetadata ?? "",
    })),
  );
}

/** Before KIP-447 clients do not say who they are: the transaction alone says that they may commit. */
function memberOf({ memberId, generationId: memberEpoch, groupInstanceId: instanceId }: Request) {
  if (memberId === "") return { anyone: true };
  return { memberId, memberEpoch, ...(instanceId === null ? {} : { instanceId }) };
}

/**
 * A commit that comes from an earlier membership aborts a transaction; clients know it by this number. What may be sent again is
 * told by one after which also those do so that do not expect the other here.
 */
function commitErrorOf(errorCode: number): number {
  const { STALE_MEMBER_EPOCH, FENCED_MEMBER_EPOCH, CONCURRENT_TRANSACTIONS } = errorTable;
  if (errorCode === CONCURRENT_TRANSACTIONS.kafka) return kafkaError.COORDINATOR_LOAD_IN_PROGRESS;
  const isStale = errorCode === STALE_MEMBER_EPOCH.kafka || errorCode === FENCED_MEMBER_EPOCH.kafka;
  return isStale ? kafkaError.ILLEGAL_GENERATION : errorCode;
}
