/** Gates of the APIs of transactions (KafkaApis). */
import { addOffsetsToTxn } from "../protocol/apis/add-offsets-to-txn.ts";
import { addPartitionsToTxn } from "../protocol/apis/add-partitions-to-txn.ts";
import { describeTransactions, listTransactions } from "../protocol/apis/describe-transactions.ts";
import { endTxn } from "../protocol/apis/end-txn.ts";
import { txnOffsetCommit } from "../protocol/apis/txn-offset-commit.ts";
import { type Gate, gate, type GateEntry, split } from "./gate.ts";
import { securityError } from "./security-errors.ts";

const refusedTransaction = securityError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
const refusedTopic = securityError.TOPIC_AUTHORIZATION_FAILED;
const refusedGroup = securityError.GROUP_AUTHORIZATION_FAILED;

/** All or nothing: where one topic is refused, the others are not attempted. */
const passAddPartitions: Gate<typeof addPartitionsToTxn> = async ({ request, access, next }) => {
  const { v3AndBelowTransactionalId: transactionalId, v3AndBelowTopics: topics } = request;
  const mayTransact = access.may("Write", "TransactionalId", transactionalId);
  const { refused } = split(topics, ({ name }) => mayTransact && access.may("Write", "Topic", name));
  if (refused.length === 0 && mayTransact) return next(request);
  const isRefused = new Set(refused);
  const results = topics.map((topic) => {
    const ofTopic = isRefused.has(topic) ? refusedTopic : securityError.OPERATION_NOT_ATTEMPTED;
    const partitionErrorCode = mayTransact ? ofTopic : refusedTransaction;
    const partitions = topic.partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode }));
    return { name: topic.name, resultsByPartition: partitions };
  });
  return { resultsByTopicV3AndBelow: results };
};

const passAddOffsets: Gate<typeof addOffsetsToTxn> = async ({ request, access, next }) => {
  if (!access.may("Write", "TransactionalId", request.transactionalId)) return { errorCode: refusedTransaction };
  return access.may("Read", "Group", request.groupId) ? next(request) : { errorCode: refusedGroup };
};

const passEndTxn: Gate<typeof endTxn> = async ({ request, access, next }) => {
  if (access.may("Write", "TransactionalId", request.transactionalId)) return next(request);
  return { errorCode: refusedTransaction };
};

const passTxnOffsetCommit: Gate<typeof txnOffsetCommit> = async ({ request, access, next }) => {
  const { transactionalId, groupId, topics } = request;
  const mayTransact = access.may("Write", "TransactionalId", transactionalId);
  const whole = !mayTransact ? refusedTransaction : access.may("Read", "Group", groupId) ? undefined : refusedGroup;
  const { allowed, refused } = split(topics, ({ name }) => whole === undefined && access.may("Read", "Topic", name));
  if (refused.length === 0 && whole === undefined) return next(request);
  const answer = allowed.length === 0 ? { topics: [] } : await next({ ...request, topics: allowed });
  const refusals = refused.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: whole ?? refusedTopic })),
  }));
  return answer && { ...answer, topics: [...answer.topics, ...refusals] };
};

/** Topics that may not be described are left out. */
const passDescribeTransactions: Gate<typeof describeTransactions> = async ({ request, access, next }) => {
  const { allowed, refused } = split(request.transactionalIds, (id) => access.may("Describe", "TransactionalId", id));
  const answer =
    allowed.length === 0 ? { transactionStates: [] } : await next({ ...request, transactionalIds: allowed });
  if (answer === undefined) return undefined;
  const states = answer.transactionStates.map((state) => ({
    ...state,
    topics: (state.topics ?? []).filter(({ topic }) => access.may("Describe", "Topic", topic)),
  }));
  const refusals = refused.map((transactionalId) => ({ transactionalId, errorCode: refusedTransaction }));
  return { ...answer, transactionStates: [...states, ...refusals] };
};

const passListTransactions: Gate<typeof listTransactions> = async ({ request, access, next }) => {
  const answer = await next(request);
  if (answer === undefined) return undefined;
  const transactionStates = answer.transactionStates.filter(({ transactionalId }) => {
    return access.may("Describe", "TransactionalId", transactionalId);
  });
  return { ...answer, transactionStates };
};

export const transactionGates: readonly GateEntry[] = [
  gate(addPartitionsToTxn, passAddPartitions),
  gate(addOffsetsToTxn, passAddOffsets),
  gate(endTxn, passEndTxn),
  gate(txnOffsetCommit, passTxnOffsetCommit),
  gate(describeTransactions, passDescribeTransactions),
  gate(listTransactions, passListTransactions),
];
