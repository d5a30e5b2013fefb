import { coordinatorErrorOf } from "../coordinator-errors.ts";
import { kafkaError } from "../error-codes.ts";
import type { Handler } from "../handler.ts";
import type { addOffsetsToTxn } from "../protocol/apis/add-offsets-to-txn.ts";

/** The first version with PRODUCER_FENCED. */
const fencedSince = 2;

export const handleAddOffsetsToTxn: Handler<typeof addOffsetsToTxn> = async (request, { gateway, apiVersion }) => {
  const { services, namespace, log } = gateway;
  const { groupId: group, ...producer } = request;
  try {
    await services.transactions.addGroup({ namespace, ...producer, group, keepsEpoch: true });
    return { errorCode: kafkaError.NONE };
  } catch (error) {
    return { errorCode: coordinatorErrorOf(error, log, apiVersion >= fencedSince) };
  }
};
