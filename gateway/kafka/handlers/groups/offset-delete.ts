import { failureOf, kafkaError } from "../../error-codes.ts";
import type { Handler } from "../../handler.ts";
import type { offsetDelete } from "../../protocol/apis/offset-delete.ts";
import { groupErrorOf } from "./group-failure.ts";

export const handleOffsetDelete: Handler<typeof offsetDelete> = async ({ groupId: group, topics }, context) => {
  const { services, namespace, log } = context.gateway;
  const offsets = topics.flatMap(({ name: topic, partitions }) =>
    partitions.map(({ partitionIndex: partition }) => ({ topic, partition })),
  );
  try {
    const forgotten = await services.groups.forget({ namespace, group, offsets });
    const results = forgotten.values();
    return {
      errorCode: kafkaError.NONE,
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => {
          const { value: result } = results.next();
          const isRefused = result !== undefined && "error" in result;
          return { partitionIndex, errorCode: isRefused ? failureOf(result.error, log).errorCode : kafkaError.NONE };
        }),
      })),
    };
  } catch (error) {
    return { errorCode: groupErrorOf(error, context), throttleTimeMs: 0, topics: [] };
  }
};
