import { failureOf, kafkaError } from "../error-codes.ts";
import type { Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import { passingInReads } from "../passing-errors.ts";
import type { offsetForLeaderEpoch } from "../protocol/apis/offset-for-leader-epoch.ts";

/** No leader is ever put in another's place: the only epoch is 0, and it ends where the log does. */
const onlyEpoch = 0;

export const handleOffsetForLeaderEpoch: Handler<typeof offsetForLeaderEpoch> = async (request, { gateway }) => {
  const { services, namespace, log } = gateway;
  const topics = await inOrder(request.topics, async ({ topic, partitions }) => ({
    topic,
    partitions: await inOrder(partitions, async ({ partition, currentLeaderEpoch, leaderEpoch }) => {
      try {
        const { offset } = await services.fetch.listOffset(namespace, topic, partition, { at: "latest" });
        if (currentLeaderEpoch > onlyEpoch) return { partition, errorCode: kafkaError.UNKNOWN_LEADER_EPOCH };
        const isKnown = leaderEpoch === onlyEpoch;
        return { partition, errorCode: kafkaError.NONE, ...(isKnown ? { leaderEpoch, endOffset: offset } : {}) };
      } catch (error) {
        return { partition, errorCode: failureOf(error, log, passingInReads).errorCode };
      }
    }),
  }));
  return { topics };
};
