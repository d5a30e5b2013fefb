import {
  fetchPollMsOfPartition,
  fetchWaitsMax,
  kafkaFetchWaitMsMax,
  parallelPartsMax,
} from "../../../shared/limits/kafka-gateway.ts";
import { fetchRecordsMax } from "../../../shared/limits.ts";
import type { FetchedBatches, FetchRequest, Isolation } from "../../../shared/services/services.ts";
import { AnswerRoom } from "../answer-room.ts";
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
  /** It failed, or more is there than this answer has room for: there is nothing to wait for. */
  readonly isEnough: boolean;
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
  const room = new AnswerRoom(request.maxBytes, Math.min(wanted.length, parallelPartsMax), context.gateway.fetchBytes);
  const found = await findEnough(wanted, request, context, room).finally(() => room.leave());
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

/** Waits until there are `minBytes` in all of the partitions together, or more than is taken, or a failure, or the time is over. */
async function findEnough(
  wanted: readonly Wanted[],
  request: Request,
  context: RequestContext,
  room: AnswerRoom,
): Promise<Found[]> {
  const { clock } = context.gateway;
  const endMs = clock.monotonicMs() + Math.min(Math.max(request.maxWaitMs, 0), kafkaFetchWaitMsMax);
  let found = await findOnce(wanted, request, context, room);
  for (;;) {
    const bytes = found.reduce((sum, one) => sum + one.bytes, 0);
    const leftMs = endMs - clock.monotonicMs();
    if (bytes >= request.minBytes || found.some(({ isEnough }) => isEnough)) return found;
    if (leftMs <= 0 || context.signal.aborted) return found;
    found = await findMore(wanted, found, { request, context, leftMs });
  }
}

/** Waits until one of the partitions has more than it had; of very many, one of the first. */
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
  if (wanted.length === 0) {
    await context.gateway.timers.sleep(leftMs, signal).catch(() => undefined);
    return [];
  }
  const isolation = isolationOf(request);
  const waited = wanted.slice(0, fetchWaitsMax);
  const room = new AnswerRoom(request.maxBytes, waited.length);
  const pollMs = fetchPollMsOfPartition * waited.length;
  const reads = waited.map(async (one, index) => {
    const known = before[index];
    const minBytes = (known?.bytes ?? 0) + 1;
    const wait = { isolation, context, minBytes, waitMs: Math.ceil(leftMs), signal };
    const read = (maxBytes: number) => findOne({ ...one, maxBytes }, wait, known && { ...known, pollMs });
    const found = await room.fill(one.maxBytes, read, withoutRecords);
    if (found.isEnough || found.bytes >= minBytes) over.abort();
    return found;
  });
  return [...(await Promise.all(reads)), ...before.slice(fetchWaitsMax)];
}

async function findOnce(
  wanted: readonly Wanted[],
  request: Request,
  context: RequestContext,
  room: AnswerRoom,
): Promise<Found[]> {
  const { signal } = context;
  const atOnce = { isolation: isolationOf(request), context, minBytes: 0, waitMs: 0, signal };
  return inOrder(wanted, (one) =>
    room.fill(one.maxBytes, (maxBytes) => findOne({ ...one, maxBytes }, atOnce), withoutRecords),
  );
}

function isolationOf({ isolationLevel }: Request): Isolation {
  return isolationLevel === 1 ? "read_committed" : "read_uncommitted";
}

/** Of a partition that comes when the answer is full; the client asks again. */
function withoutRecords(found: Found): Found {
  return { ...found, answer: { ...found.answer, records: [] }, bytes: 0, isEnough: true };
}

interface Find {
  readonly isolation: Isolation;
  readonly context: RequestContext;
  readonly minBytes: number;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** @param known what was found before; it is the answer if nothing has come since */
async function findOne(
  { topic, partition, offset, maxBytes }: Wanted,
  { isolation, context, minBytes, waitMs, signal }: Find,
  known?: Found & { readonly pollMs: number },
): Promise<Found> {
  const { services, namespace, log } = context.gateway;
  const request = {
    namespace,
    topic,
    partition,
    offset,
    maxBytes,
    maxRecords: fetchRecordsMax,
    minBytes,
    waitMs,
    isolation,
    // Of the tree's changes only what everybody may read: access control lists of znodes know no users of Kafka's.
    identities: [{ scheme: "ip", id: context.peer.host }],
    signal,
  };
  try {
    if (known === undefined) return foundIn(await services.fetch.fetchBatches(request), request);
    const seen = { highWatermark: known.answer.highWatermark, pollMs: known.pollMs };
    const fetched = await services.fetch.fetchMore(request, seen);
    return fetched === undefined ? known : foundIn(fetched, request);
  } catch (error) {
    const { errorCode } = failureOf(error, log, passingInReads);
    const answer = { partitionIndex: partition, errorCode, highWatermark: -1, abortedTransactions: null, records: [] };
    return { answer, bytes: 0, isEnough: true };
  }
}

function foundIn(
  fetched: FetchedBatches,
  { partition, isolation }: Pick<FetchRequest, "partition" | "isolation">,
): Found {
  const { highWatermark, lastStableOffset, batches, nextOffset } = fetched;
  const bytes = batches.reduce((sum, batch) => sum + batch.length, 0);
  const end = isolation === "read_committed" ? lastStableOffset : highWatermark;
  return {
    answer: answerOf(partition, fetched, isolation),
    bytes,
    isEnough: bytes > 0 && nextOffset < end,
  };
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
