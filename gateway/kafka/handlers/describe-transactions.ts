import { itemsOf } from "../../../shared/services/pages.ts";
import { distinct } from "../distinct.ts";
import { failureOf, kafkaError } from "../error-codes.ts";
import type { Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import type { describeTransactions, listTransactions } from "../protocol/apis/describe-transactions.ts";

export const handleDescribeTransactions: Handler<typeof describeTransactions> = async (request, { gateway }) => {
  const { services, namespace, log } = gateway;
  const transactionStates = await inOrder(distinct(request.transactionalIds, String), async (transactionalId) => {
    try {
      const found = await services.transactions.describe({ namespace, transactionalId });
      return {
        errorCode: kafkaError.NONE,
        transactionalId,
        transactionState: found.state,
        transactionTimeoutMs: found.timeoutMs,
        transactionStartTimeMs: found.startedAtMs ?? -1,
        producerId: found.producerId,
        producerEpoch: found.producerEpoch,
        topics: found.partitions,
      };
    } catch (error) {
      return { errorCode: failureOf(error, log).errorCode, transactionalId };
    }
  });
  return { transactionStates };
};

/** All that Kafka knows; the last two are never found here. */
const states: ReadonlySet<string> = new Set([
  "Empty",
  "Ongoing",
  "PrepareCommit",
  "PrepareAbort",
  "CompleteCommit",
  "CompleteAbort",
  "PrepareEpochFence",
  "Dead",
]);

/** Those that this gateway coordinates: a client asks every one of them, and puts the answers together. */
export const handleListTransactions: Handler<typeof listTransactions> = async (request, { gateway }) => {
  const { services, namespace, placement, clock } = gateway;
  const { stateFilters, producerIdFilters, durationFilter } = request;
  const asked = new Set(stateFilters.filter((state) => states.has(state)));
  const unknownStateFilters = stateFilters.filter((state) => !states.has(state));
  const producerIds = new Set(producerIdFilters);
  const startedBeforeMs = durationFilter < 0 ? Infinity : clock.wallMs() - durationFilter;
  const transactionStates = [];
  for await (const found of itemsOf((page) => services.transactions.list(namespace, page))) {
    const { transactionalId, producerId, state: transactionState, startedAtMs } = found;
    if (placement.coordinatorOf(transactionalId).nodeId !== placement.self.nodeId) continue;
    if (stateFilters.length > 0 && !asked.has(transactionState)) continue;
    if (producerIds.size > 0 && !producerIds.has(producerId)) continue;
    if (startedBeforeMs !== Infinity && !(startedAtMs !== undefined && startedAtMs < startedBeforeMs)) continue;
    transactionStates.push({ transactionalId, producerId, transactionState });
  }
  return { errorCode: kafkaError.NONE, unknownStateFilters, transactionStates };
};
