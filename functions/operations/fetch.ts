import { ServiceError } from "../../shared/api/errors.ts";
import { operations } from "../../shared/api/operations/fetch.ts";
import { fetchHeaders, jsonMediaType, recordBatchMediaType } from "../../shared/api/routes.ts";
import type { FetchAnswer, FetchQuery } from "../../shared/api/schemas/fetch.ts";
import { committedBatches } from "../../shared/services/committed-batches.ts";
import type { FetchRequest, OffsetPoint, Services } from "../../shared/services/services.ts";
import { znodeChangesTopic } from "../../shared/services/znode-changes.ts";
import { answerTooLarge, isTooLarge } from "../http/answer.ts";
import { type AccessSettings, callContext, transportPrincipal } from "../http/caller.ts";
import type { HttpAnswer, RoutedRequest } from "../http/event.ts";
import { acceptedKind } from "../http/media-type.ts";
import type { MediaKind } from "../http/media-type.ts";
import { checkedParams, checkedQuery, serving } from "../http/operation.ts";
import type { Params, ServedOperation } from "../http/operation.ts";
import { telling } from "../push/telling.ts";
import { fetchedRecordAnswer } from "../records/fetched-records.ts";

const { jsonOperation } = serving(operations);

/** Times that `earliest` or `latest` is looked up, where the records it names are deleted before they are fetched. */
const lookUpsMax = 3;

/** Reading records, and finding offsets. */
export function fetchOperations(
  services: Pick<Services, "fetch" | "push">,
  access: AccessSettings,
): readonly ServedOperation[] {
  return [
    telling(access, { id: "fetch", serve: async (routed) => fetchOperation(services, routed, access) }),
    jsonOperation("listOffset", async ({ params, query }) => {
      const { namespace, topic, partition } = params;
      const point = typeof query.at === "number" ? timestampPoint(query.at) : { at: query.at };
      const { offset, timestamp } = await services.fetch.listOffset(
        namespace,
        topic,
        partition,
        point,
        query.isolation,
      );
      return { offset, timestamp };
    }),
    jsonOperation("subscribeToPartition", async ({ params, body, routed }) => {
      const { connectionId } = body;
      const owner = { connectionId, principal: transportPrincipal(routed.caller) };
      return { ...(await services.push.subscribeToPartition(owner, params)) };
    }),
  ];
}

function timestampPoint(timestampMs: number): OffsetPoint {
  return { at: "timestamp", timestampMs };
}

async function fetchOperation(
  services: Pick<Services, "fetch">,
  routed: RoutedRequest,
  access: AccessSettings,
): Promise<HttpAnswer> {
  const params = checkedParams(operations.fetch, routed);
  const query = checkedQuery(operations.fetch.query, routed);
  const kind = acceptedKind(routed.headers);
  const bounds = { ...boundsOf(query, routed), ...identitiesFor(params, routed, access) };
  for (let lookUp = 1; ; lookUp++) {
    const offset = await offsetOf(services, params, query);
    try {
      return await fetchFrom(services, { ...params, ...bounds, offset }, kind, routed);
    } catch (error) {
      const passed = error instanceof ServiceError && error.code === "OFFSET_OUT_OF_RANGE";
      if (!passed || typeof query.offset === "number" || lookUp >= lookUpsMax) throw error;
    }
  }
}

/** Access control lists bind readers of the tree's changes; whoever may call the route reads every other topic. */
function identitiesFor(
  { namespace, topic }: Params<"fetch">,
  routed: RoutedRequest,
  access: AccessSettings,
): Pick<FetchRequest, "identities"> {
  return topic === znodeChangesTopic ? { identities: callContext(routed, namespace, access).identities } : {};
}

function boundsOf(query: FetchQuery, routed: RoutedRequest): Omit<FetchRequest, "offset" | keyof Params<"fetch">> {
  const maxBytes = Math.min(query.maxBytes, routed.answerBytesMax);
  const waitMs = Math.min(query.waitMs, routed.waitMsMax);
  return { ...query, maxBytes, waitMs, ...(waitMs === 0 ? {} : { signal: routed.signal }) };
}

async function offsetOf(
  { fetch }: Pick<Services, "fetch">,
  params: Params<"fetch">,
  query: FetchQuery,
): Promise<number> {
  if (typeof query.offset === "number") return query.offset;
  const { namespace, topic, partition } = params;
  const { offset } = await fetch.listOffset(namespace, topic, partition, { at: query.offset }, query.isolation);
  return offset;
}

function fetchFrom(
  services: Pick<Services, "fetch">,
  request: FetchRequest,
  kind: MediaKind,
  { answerBytesMax }: RoutedRequest,
): Promise<HttpAnswer> {
  return kind === "batches"
    ? fetchBatches(services, request, answerBytesMax)
    : fetchRecords(services, request, answerBytesMax);
}

async function fetchBatches(
  { fetch }: Pick<Services, "fetch">,
  request: FetchRequest,
  answerBytesMax: number,
): Promise<HttpAnswer> {
  const fetched = await fetch.fetchBatches(request);
  const { nextOffset, highWatermark, lastStableOffset, logStartOffset } = fetched;
  // A list of aborted transactions has no place beside the bytes.
  const isCommitted = request.isolation === "read_committed";
  const batches = isCommitted ? committedBatches(fetched.batches, fetched.aborted) : fetched.batches;
  const lengthBytes = batches.reduce((sum, batch) => sum + batch.byteLength, 0);
  if (lengthBytes > answerBytesMax) throw answerTooLarge(answerBytesMax);
  return {
    status: operations.fetch.status,
    headers: {
      "content-type": recordBatchMediaType,
      [fetchHeaders.nextOffset]: String(nextOffset),
      [fetchHeaders.highWatermark]: String(highWatermark),
      [fetchHeaders.lastStableOffset]: String(lastStableOffset),
      [fetchHeaders.logStartOffset]: String(logStartOffset),
    },
    body: batches,
  };
}

/** JSON may be larger than the bytes that it tells of: where it would not fit, fewer records are answered. */
async function fetchRecords(
  { fetch }: Pick<Services, "fetch">,
  request: FetchRequest,
  answerBytesMax: number,
): Promise<HttpAnswer> {
  const { records, nextOffset, highWatermark, lastStableOffset, logStartOffset } = await fetch.fetchRecords(request);
  const answer: FetchAnswer = {
    records: records.map(fetchedRecordAnswer),
    nextOffset,
    highWatermark,
    lastStableOffset,
    logStartOffset,
  };
  let body = JSON.stringify(answer);
  while (isTooLarge(body, answerBytesMax)) {
    const kept = Math.floor(answer.records.length / 2);
    const next = answer.records[kept];
    if (kept === 0 || next === undefined) throw answerTooLarge(answerBytesMax);
    answer.records.length = kept;
    answer.nextOffset = next.offset;
    body = JSON.stringify(answer);
  }
  return { status: operations.fetch.status, headers: { "content-type": jsonMediaType }, body };
}
