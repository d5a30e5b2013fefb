import { failureOf, kafkaError } from "../error-codes.ts";
import type { Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import type { RequestOf } from "../protocol/api.ts";
import type { describeProducers } from "../protocol/apis/describe-producers.ts";

/** Epochs are those of the transactions, also where clients keep an earlier one (docs/decisions/0034). */
export const handleDescribeProducers: Handler<typeof describeProducers> = async (request, { gateway }) => {
  const { services, namespace, log } = gateway;
  const topics = await inOrder(askedOnce(request), async ([name, partitionIndexes]) => ({
    name,
    partitions: await inOrder([...partitionIndexes], async (partitionIndex) => {
      try {
        const found = await services.partitionProducers.list(namespace, name, partitionIndex);
        const activeProducers = found.map(({ lastAppendedMs, openSinceOffset, ...producer }) => ({
          ...producer,
          lastTimestamp: lastAppendedMs ?? -1,
          currentTxnStartOffset: openSinceOffset ?? -1,
        }));
        return { partitionIndex, errorCode: kafkaError.NONE, activeProducers };
      } catch (error) {
        return { partitionIndex, ...failureOf(error, log) };
      }
    }),
  }));
  return { topics };
};

/** Partitions by topic, each once: of each there may be thousands of producers to tell. */
function askedOnce({
  topics,
}: RequestOf<typeof describeProducers>): readonly (readonly [string, ReadonlySet<number>])[] {
  const asked = new Map<string, Set<number>>();
  for (const { name, partitionIndexes } of topics) {
    const known = asked.get(name) ?? new Set();
    for (const index of partitionIndexes) known.add(index);
    asked.set(name, known);
  }
  return [...asked];
}
