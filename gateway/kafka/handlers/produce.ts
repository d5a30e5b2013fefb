import { errorTable, ServiceError } from "../../../shared/api/errors.ts";
import { producePartitionsMax } from "../../../shared/limits/kafka-gateway.ts";
import { failureOf, kafkaError } from "../error-codes.ts";
import type { Gateway, Handler, RequestContext } from "../handler.ts";
import { passingInProduce } from "../passing-errors.ts";
import type { RequestOf, ResponseOf } from "../protocol/api.ts";
import { addsPartitionsSince, type produce } from "../protocol/apis/produce.ts";
import { addProducedPartitions } from "../produced-partitions.ts";

type Request = RequestOf<typeof produce>;
type PartitionAnswer = ResponseOf<typeof produce>["responses"][number]["partitionResponses"][number];

/** The first version whose records are RecordBatches v2. */
const batchesSince = 3;

export const handleProduce: Handler<typeof produce> = async (request, context) => {
  const count = request.topicData.reduce((sum, { partitionData }) => sum + partitionData.length, 0);
  const isRefused = refusalOf(request, context.apiVersion, count) ?? (await addPartitions(request, context));
  const onQueued = afterAll(count, context.passTurn);
  const responses = await Promise.all(
    request.topicData.map(async ({ name, partitionData }) => ({
      name,
      partitionResponses: await Promise.all(
        partitionData.map(async ({ index, records }) => {
          if (isRefused !== undefined) return { index, errorCode: isRefused, baseOffset: -1 };
          return append({ topic: name, partition: index, records }, request, context, once(onQueued));
        }),
      ),
    })),
  );
  if (request.acks !== 0) return { responses };
  // Nobody waits for an answer: a connection that ends is how the client hears that it has to look where its topic is.
  const isFailed = responses.some((topic) => topic.partitionResponses.some(({ errorCode }) => errorCode !== 0));
  if (isFailed) context.endConnection();
  return undefined;
};

function refusalOf({ acks }: Request, apiVersion: number, partitions: number): number | undefined {
  if (apiVersion < batchesSince) return kafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT;
  if (partitions > producePartitionsMax) return kafkaError.INVALID_REQUEST;
  return acks < -1 || acks > 1 ? kafkaError.INVALID_REQUIRED_ACKS : undefined;
}

/** The number that all partitions are refused with where they cannot be in the transaction. */
async function addPartitions(request: Request, { gateway, apiVersion }: RequestContext): Promise<number | undefined> {
  if (request.transactionalId === null || apiVersion < addsPartitionsSince) return undefined;
  try {
    await addProducedPartitions(request, gateway);
    return undefined;
  } catch (error) {
    return produceErrorOf(error, gateway).errorCode;
  }
}

/** A producer that is fenced learns it from the partition: Kafka's clients know only that. */
function produceErrorOf(error: unknown, { log }: Gateway): ReturnType<typeof failureOf> {
  const failure = failureOf(error, log, passingInProduce);
  const isFenced = failure.errorCode === errorTable.PRODUCER_FENCED.kafka;
  return isFenced ? { ...failure, errorCode: errorTable.INVALID_PRODUCER_EPOCH.kafka } : failure;
}

/** A callback that calls another when it is called for the last of `count` times. */
function afterAll(count: number, callback: () => void): () => void {
  let left = count;
  return () => {
    left -= 1;
    if (left === 0) callback();
  };
}

function once(callback: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) callback();
    isDone = true;
  };
}

interface Part {
  readonly topic: string;
  readonly partition: number;
  readonly records: Uint8Array | null;
}

async function append(
  { topic, partition, records }: Part,
  { transactionalId }: Request,
  { gateway }: RequestContext,
  onQueued: () => void,
): Promise<PartitionAnswer> {
  const { services, namespace } = gateway;
  try {
    if (records === null) throw new ServiceError("INVALID_RECORD", "There are no records");
    const { baseOffset } = await services.produce.produceBatches({
      namespace,
      topic,
      partition,
      bytes: records,
      ...(transactionalId === null ? {} : { transactionalId }),
      onQueued,
    });
    return { index: partition, errorCode: kafkaError.NONE, baseOffset };
  } catch (error) {
    const { errorCode, errorMessage } = produceErrorOf(error, gateway);
    return { index: partition, errorCode, baseOffset: -1, errorMessage };
  } finally {
    onQueued();
  }
}
