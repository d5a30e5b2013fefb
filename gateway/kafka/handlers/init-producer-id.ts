import { failureOf, kafkaError } from "../error-codes.ts";
import type { Handler } from "../handler.ts";
import type { initProducerId } from "../protocol/apis/init-producer-id.ts";

/** Without a transactional id each call gives a fresh id: a producer that lost its place goes on under another. */
export const handleInitProducerId: Handler<typeof initProducerId> = async (request, { gateway }) => {
  const { services, namespace, log } = gateway;
  const { transactionalId, transactionTimeoutMs: timeoutMs } = request;
  try {
    const given =
      transactionalId === null
        ? await services.producers.allocate(namespace)
        : await services.transactions.init({ namespace, transactionalId, timeoutMs });
    return { throttleTimeMs: 0, errorCode: kafkaError.NONE, ...given };
  } catch (error) {
    return { throttleTimeMs: 0, errorCode: failureOf(error, log).errorCode };
  }
};
