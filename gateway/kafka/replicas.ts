/**
 * Replicas as Kafka's clients ask for them. The store keeps every record in several places, whatever they ask for: any
 * factor is taken, and one replica of each partition is told, the gateway that clients are sent to.
 */
import { kafkaError } from "./error-codes.ts";
import type { Placement } from "./placement.ts";
import { RequestProblem } from "./request-problem.ts";

/** What a partition is told to have. */
export const replicasOfPartition = 1;

/** @throws RequestProblem INVALID_REPLICATION_FACTOR */
export function checkReplicationFactor(replicationFactor: number): void {
  if (replicationFactor === -1 || replicationFactor > 0) return;
  const message = "Replication factor must be larger than 0, or -1 to use the default value.";
  throw new RequestProblem(kafkaError.INVALID_REPLICATION_FACTOR, message);
}

/**
 * Brokers of each partition, in their order; which they are has no effect.
 *
 * @throws RequestProblem INVALID_REPLICA_ASSIGNMENT for what no cluster could do
 */
export function checkAssignments(assignments: readonly (readonly number[])[], placement: Placement): void {
  const known = new Set(placement.brokers().map(({ nodeId }) => nodeId));
  for (const brokerIds of assignments) {
    if (brokerIds.length === 0) throw misassigned("The manual partition assignment includes an empty replica list.");
    if (new Set(brokerIds).size < brokerIds.length) {
      throw misassigned("The manual partition assignment includes a broker more than once.");
    }
    const unknown = brokerIds.find((brokerId) => !known.has(brokerId));
    if (unknown === undefined) continue;
    throw misassigned(`The manual partition assignment includes broker ${unknown}, but no such broker is registered.`);
  }
}

export function misassigned(message: string): RequestProblem {
  return new RequestProblem(kafkaError.INVALID_REPLICA_ASSIGNMENT, message);
}
