import { failureOf, kafkaError } from "../error-codes.ts";
import type { Gateway, Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import type { RequestOf } from "../protocol/api.ts";
import type { createPartitions } from "../protocol/apis/create-partitions.ts";
import { checkAssignments, misassigned } from "../replicas.ts";

type Wanted = RequestOf<typeof createPartitions>["topics"][number];

export const handleCreatePartitions: Handler<typeof createPartitions> = async (request, { gateway }) => {
  const { topics, validateOnly } = request;
  const results = await inOrder(topics, async (wanted) => {
    const { name, count: partitions } = wanted;
    try {
      await checkAssigned(wanted, gateway);
      await gateway.services.topics.alter(gateway.namespace, name, { partitions, validateOnly });
      return { name, errorCode: kafkaError.NONE };
    } catch (error) {
      return { name, ...failureOf(error, gateway.log) };
    }
  });
  return { results };
};

/** @throws RequestProblem INVALID_REPLICA_ASSIGNMENT */
async function checkAssigned({ name, count, assignments }: Wanted, gateway: Gateway): Promise<void> {
  if (assignments === null) return;
  const { services, namespace, placement } = gateway;
  const { partitions } = await services.topics.describe(namespace, name);
  const added = Math.max(0, count - partitions);
  if (assignments.length !== added) {
    throw misassigned(`${added} partitions are added, but ${assignments.length} assignments were given.`);
  }
  const brokers = assignments.map(({ brokerIds }) => brokerIds);
  checkAssignments(brokers, placement);
}
