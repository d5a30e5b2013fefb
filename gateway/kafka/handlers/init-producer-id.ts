import { coordinatorErrorOf } from "../coordinator-errors.ts";
import { failureOf, kafkaError } from "../error-codes.ts";
import type { Gateway, Handler } from "../handler.ts";
import { passingInProducerIds } from "../passing-errors.ts";
import type { RequestOf } from "../protocol/api.ts";
import type { initProducerId } from "../protocol/apis/init-producer-id.ts";
import { RequestProblem } from "../request-problem.ts";

type Request = RequestOf<typeof initProducerId>;

/** The first version with PRODUCER_FENCED. */
const fencedSince = 4;

/** Without a transactional id each call gives a fresh id: a producer that lost its place goes on under another. */
export const handleInitProducerId: Handler<typeof initProducerId> = async (request, { gateway, apiVersion }) => {
  const { services, namespace, log } = gateway;
  try {
    const given =
      request.transactionalId === null
        ? await services.producers.allocate(namespace)
        : await init(request.transactionalId, request, gateway);
    return { throttleTimeMs: 0, errorCode: kafkaError.NONE, ...given };
  } catch (error) {
    const errorCode =
      request.transactionalId === null
        ? failureOf(error, log, passingInProducerIds).errorCode
        : coordinatorErrorOf(error, log, apiVersion >= fencedSince);
    return { throttleTimeMs: 0, errorCode };
  }
};

/** KIP-360: who names the id and epoch that it has gets the next epoch, unless another has taken over. */
function init(transactionalId: string, request: Request, { services, namespace }: Gateway) {
  const { transactionTimeoutMs: timeoutMs, producerId, producerEpoch } = request;
  const isResuming = producerId !== -1n;
  if (isResuming !== (producerEpoch !== -1)) {
    throw new RequestProblem(kafkaError.INVALID_REQUEST, "A producer id comes with its epoch");
  }
  const resumes = isResuming ? { resumes: { producerId, producerEpoch } } : {};
  return services.transactions.init({ namespace, transactionalId, timeoutMs, ...resumes });
}
