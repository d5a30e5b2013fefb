import { kafkaFetchBytesMax, kafkaFetchWaitMsMax } from "../../../shared/limits/kafka-gateway.ts";
import { fetchRecordsMax } from "../../../shared/limits.ts";
import type { FetchedBatches, Isolation } from "../../../shared/services/services.ts";
import { failureOf, kafkaError } from "../error-codes.ts";
import type { Handler, RequestContext } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import { passingInReads } from "../passing-errors.ts";
import type { RequestOf, ResponseOf } from "../protocol/api.ts";
import type { fetch } from "../protocol/apis/fetch.ts";

type Request = RequestOf<typeof fetch>;
type PartitionAnswer = ResponseOf<typeof fetch>["responses"][number]["partitions"][number];

interface Wanted {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly maxBytes: number;
}

interface Found {
  readonly answer: PartitionAnswer;
  readonly bytes: number;
  readonly isFailure: boolean;
}

/** Every answer is of a full fetch: session id 0 tells a client that there are no incremental ones (KIP-227). */
export const handleFetch: Handler<typeof fetch> = async (request, context) => {
  const wanted = request.topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, fetchOffset: offset, partitionMaxBytes: maxBytes }) => ({
      topic,
      partition,
      offset,
      maxBytes,
    })),
  );
  const found = await findEnough(wanted, request, context);
  let next = 0;
  return {
    errorCode: kafkaError.NONE,
    sessionId: 0,
    responses: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.flatMap(() => found[next++]?.answer ?? []),
    })),
  };
};

/** Waits until there are `minBytes` in all of the partitions together, or there is a failure, or the time is over. */
async function findEnough(wanted: readonly Wanted[], request: Request, context: RequestContext): Promise<Found[]> {
  const { clock } = context.gateway;
  const endMs = clock.monotonicMs() + Math.min(Math.max(request.maxWaitMs, 0), kafkaFetchWaitMsMax);
  let found = await findOnce(wanted, request, context, { waitMs: 0, signal: context.signal });
  for (;;) {
    const bytes = found.reduce((sum, one) => sum + one.bytes, 0);
    const leftMs = endMs - clock.monotonicMs();
    const isEnough = bytes >= request.minBytes || found.some(({ isFailure }) => isFailure);
    if (isEnough || leftMs <= 0 || context.signal.aborted) return found;
    found = await findMore(wanted, found, { request, context, leftMs });
  }
}

/** Waits until one of the partitions has more than it had. */
async function findMore(
  wanted: readonly Wanted[],
  before: readonly Found[],
  {
    request,
    context,
    leftMs,
  }: { readonly request: Request; readonly context: RequestContext; readonly leftMs: number },
): Promise<Found[]> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, context.signal]);
  const isolation = isolationOf(request);
  if (wanted.length === 0) {
    await context.gateway.timers.sleep(leftMs, signal).catch(() => undefined);
    return [];
  }
  const reads = wanted.map(async (one, index) => {
    const minBytes = (before[index]?.bytes ?? 0) + 1;
    const found = await findOne(one, { isolation, context, minBytes, waitMs: Math.ceil(leftMs), signal });
    if (found.isFailure || found.bytes >= minBytes) over.abort();
    return found;
  });
  return within(await Promise.all(reads), request);
}

interface Wait {
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

async function findOnce(
  wanted: readonly Wanted[],
  request: Request,
  context: RequestContext,
  wait: Wait,
): Promise<Found[]> {
  const isolation = isolationOf(request);
  return within(await inOrder(wanted, (one) => findOne(one, { isolation, context, minBytes: 0, ...wait })), request);
}

function isolationOf({ isolationLevel }: Request): Isolation {
  return isolationLevel === 1 ? "read_committed" : "read_uncommitted";
}

/** Partitions that come when the answer is full are answered without records; the client asks again. */
function within(found: readonly Found[], { maxBytes }: Request): Found[] {
  let left = Math.min(Math.max(maxBytes, 1), kafkaFetchBytesMax);
  let isFirst = true;
  return found.map((one) => {
    if (one.bytes === 0) return one;
    if (one.bytes > left && !isFirst) return { ...one, answer: { ...one.answer, records: [] }, bytes: 0 };
    isFirst = false;
    left -= one.bytes;
    return one;
  });
}

async function findOne(
  { topic, partition, offset, maxBytes }: Wanted,
  options: Wait & { readonly isolation: Isolation; readonly context: RequestContext; readonly minBytes: number },
): Promise<Found> {
  const { isolation, context, minBytes, waitMs, signal } = options;
  const { services, namespace, log } = context.gateway;
  try {
    const fetched = await services.fetch.fetchBatches({
      namespace,
      topic,
      partition,
      offset,
      maxBytes: Math.max(maxBytes, 1),
      maxRecords: fetchRecordsMax,
      minBytes,
      waitMs,
      isolation,
      // Of the tree's changes only what everybody may read: access control lists of znodes know no users of Kafka's.
      identities: [{ scheme: "ip", id: context.peer.host }],
      signal,
    });
    const bytes = fetched.batches.reduce((sum, batch) => sum + batch.length, 0);
    return { answer: answerOf(partition, fetched, isolation), bytes, isFailure: false };
  } catch (error) {
    const { errorCode } = failureOf(error, log, passingInReads);
    const answer = { partitionIndex: partition, errorCode, highWatermark: -1, abortedTransactions: null, records: [] };
    return { answer, bytes: 0, isFailure: true };
  }
}

function answerOf(partitionIndex: number, fetched: FetchedBatches, isolation: Isolation): PartitionAnswer {
  const { highWatermark, lastStableOffset, logStartOffset, batches, aborted } = fetched;
  return {
    partitionIndex,
    errorCode: kafkaError.NONE,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    abortedTransactions:
      isolation === "read_committed"
        ? aborted.map(({ producerId, firstOffset }) => ({ producerId, firstOffset }))
        : null,
    records: batches,
  };
}
