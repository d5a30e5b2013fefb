import { ServiceError } from "../../../shared/api/errors.ts";
import { failureOf, kafkaError } from "../error-codes.ts";
import type { Handler, RequestContext } from "../handler.ts";
import type { RequestOf, ResponseOf } from "../protocol/api.ts";
import type { produce } from "../protocol/apis/produce.ts";

type Request = RequestOf<typeof produce>;
type PartitionAnswer = ResponseOf<typeof produce>["responses"][number]["partitionResponses"][number];

/** The first version whose records are RecordBatches v2. */
const batchesSince = 3;

export const handleProduce: Handler<typeof produce> = async (request, context) => {
  const isRefused = refusalOf(request, context.apiVersion);
  const count = request.topicData.reduce((sum, { partitionData }) => sum + partitionData.length, 0);
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
  return request.acks === 0 ? undefined : { responses };
};

function refusalOf({ acks }: Request, apiVersion: number): number | undefined {
  if (apiVersion < batchesSince) return kafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT;
  return acks < -1 || acks > 1 ? kafkaError.INVALID_REQUIRED_ACKS : undefined;
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
  const { services, namespace, log } = gateway;
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
    return { index: partition, errorCode: kafkaError.NONE, baseOffset, logStartOffset: 0 };
  } catch (error) {
    const { errorCode, errorMessage } = failureOf(error, log);
    return { index: partition, errorCode, baseOffset: -1, errorMessage };
  } finally {
    onQueued();
  }
}
