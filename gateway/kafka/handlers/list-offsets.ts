import type { OffsetPoint } from "../../../shared/services/services.ts";
import { failureOf, kafkaError } from "../error-codes.ts";
import type { Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import { passingInReads } from "../passing-errors.ts";
import { type listOffsets, offsetPoint } from "../protocol/apis/list-offsets.ts";

export const handleListOffsets: Handler<typeof listOffsets> = async (request, { gateway }) => {
  const { services, namespace, log } = gateway;
  const isolation = request.isolationLevel === 1 ? "read_committed" : "read_uncommitted";
  const topics = await inOrder(request.topics, async ({ name, partitions }) => ({
    name,
    partitions: await inOrder(partitions, async ({ partitionIndex, timestamp }) => {
      const point = pointOf(timestamp);
      if (point === undefined) return { partitionIndex, errorCode: kafkaError.UNSUPPORTED_VERSION };
      try {
        const found = await services.fetch.listOffset(namespace, name, partitionIndex, point, isolation);
        return { partitionIndex, errorCode: kafkaError.NONE, ...found, leaderEpoch: found.offset < 0 ? -1 : 0 };
      } catch (error) {
        return { partitionIndex, errorCode: failureOf(error, log, passingInReads).errorCode };
      }
    }),
  }));
  return { topics };
};

/** Undefined for a negative one that stands for nothing known. */
function pointOf(timestamp: number): OffsetPoint | undefined {
  if (timestamp === offsetPoint.latest) return { at: "latest" };
  if (timestamp === offsetPoint.earliest) return { at: "earliest" };
  if (timestamp === offsetPoint.maxTimestamp) return { at: "maxTimestamp" };
  return timestamp >= 0 ? { at: "timestamp", timestampMs: timestamp } : undefined;
}
