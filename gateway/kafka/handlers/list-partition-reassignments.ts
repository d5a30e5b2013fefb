import { kafkaError } from "../error-codes.ts";
import type { Handler } from "../handler.ts";
import type { listPartitionReassignments } from "../protocol/apis/list-partition-reassignments.ts";

/** Partitions have no replicas that could move from broker to broker. */
export const handleListPartitionReassignments: Handler<typeof listPartitionReassignments> = () => ({
  errorCode: kafkaError.NONE,
  topics: [],
});
