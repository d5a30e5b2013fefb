import { kafkaError } from "./error-codes.ts";
import type { Gateway } from "./handler.ts";

/** What clients are told of a partition: its one replica is the gateway that they are sent to, and its epoch never changes. */
export function partitionAnswer(topicId: string, partitionIndex: number, { placement }: Pick<Gateway, "placement">) {
  const { nodeId } = placement.leaderOf(topicId, partitionIndex);
  return {
    errorCode: kafkaError.NONE,
    partitionIndex,
    leaderId: nodeId,
    leaderEpoch: 0,
    replicaNodes: [nodeId],
    isrNodes: [nodeId],
  };
}
