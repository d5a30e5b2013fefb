import { coordinatorErrorOf } from "../coordinator-errors.ts";
import { kafkaError } from "../error-codes.ts";
import type { Handler } from "../handler.ts";
import { type endTxn, raisesEpochSince } from "../protocol/apis/end-txn.ts";

/** The first version with PRODUCER_FENCED. */
const fencedSince = 2;

/** Answered when all partitions and groups know. Older versions know nothing of the next epoch (docs/decisions/0034). */
export const handleEndTxn: Handler<typeof endTxn> = async (request, { gateway, apiVersion }) => {
  const { services, namespace, log } = gateway;
  const { committed: commit, ...producer } = request;
  const keepsEpoch = apiVersion < raisesEpochSince;
  try {
    const next = await services.transactions.end({ namespace, ...producer, commit, keepsEpoch });
    return { errorCode: kafkaError.NONE, ...next };
  } catch (error) {
    return { errorCode: coordinatorErrorOf(error, log, apiVersion >= fencedSince) };
  }
};
