import { failureOf, kafkaError } from "../error-codes.ts";
import type { Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import type { deleteRecords } from "../protocol/apis/delete-records.ts";

export const handleDeleteRecords: Handler<typeof deleteRecords> = async (request, { gateway }) => {
  const { services, namespace, log } = gateway;
  const topics = await inOrder(request.topics, async ({ name, partitions }) => ({
    name,
    partitions: await inOrder(partitions, async ({ partitionIndex, offset }) => {
      try {
        const { logStartOffset } = await services.truncate.truncate(namespace, name, partitionIndex, offset);
        return { partitionIndex, errorCode: kafkaError.NONE, lowWatermark: logStartOffset };
      } catch (error) {
        return { partitionIndex, errorCode: failureOf(error, log).errorCode };
      }
    }),
  }));
  return { topics };
};
