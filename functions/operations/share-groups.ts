import { operations } from "../../shared/api/operations/share-groups.ts";
import type { AcquireRecordsAnswer } from "../../shared/api/schemas/share-groups.ts";
import type { Services } from "../../shared/services/services.ts";
import type { AcknowledgeResult, AcquiredRecord } from "../../shared/services/share-groups.ts";
import { answerTooLarge, isTooLarge, partErrorOf } from "../http/answer.ts";
import { boundedWait } from "../http/caller.ts";
import { type ApiRequest, serving } from "../http/operation.ts";
import type { ServedOperation } from "../http/operation.ts";
import { fetchedRecordAnswer } from "../records/fetched-records.ts";

const { jsonOperation } = serving(operations);

/** Share groups: records as a queue. */
export function shareGroupsOperations({ shareGroups }: Pick<Services, "shareGroups">): readonly ServedOperation[] {
  return [
    jsonOperation("listShareGroups", async ({ params, query }) => {
      const { items, nextToken } = await shareGroups.list(params.namespace, query);
      return { groups: items.map(({ group }) => ({ group })), nextToken };
    }),
    jsonOperation("configureShareGroup", async ({ params, body }) => ({
      config: { ...(await shareGroups.configure(params, body.config)) },
    })),
    jsonOperation("describeShareGroup", async ({ params }) => {
      const { group, config, partitions } = await shareGroups.describe(params);
      return { group, config: { ...config }, partitions: partitions.map((partition) => ({ ...partition })) };
    }),
    jsonOperation("deleteShareGroup", async ({ params }) => {
      await shareGroups.delete(params);
    }),
    jsonOperation("acquireRecords", (request) => acquire({ shareGroups }, request)),
    jsonOperation("acquireTopicRecords", ({ params: { topic, ...params }, body, routed }) =>
      acquire({ shareGroups }, { params, body: { topics: [topic], ...body }, routed }),
    ),
    jsonOperation("acknowledgeRecords", async ({ params, body }) => ({
      results: (await shareGroups.acknowledge({ ...params, ...body })).map(acknowledgeResultAnswer),
    })),
    jsonOperation("acknowledgeTopicRecords", async ({ params: { topic, ...params }, body }) => {
      const acknowledgements = body.acknowledgements.map((one) => ({ topic, ...one }));
      const results = await shareGroups.acknowledge({ ...params, memberId: body.memberId, acknowledgements });
      return { results: results.map(acknowledgeResultAnswer) };
    }),
    jsonOperation("redriveRecords", async ({ params, body }) => ({
      ...(await shareGroups.redrive({ ...params, ...body })),
    })),
  ];
}

/** JSON takes up to six times the bytes that it tells of (`\u0000`), and has names and numbers beside them. */
const jsonGrowthMax = 6;

async function acquire(
  { shareGroups }: Pick<Services, "shareGroups">,
  { params, body, routed }: Pick<ApiRequest<"acquireRecords">, "params" | "body" | "routed">,
): Promise<AcquireRecordsAnswer> {
  const { answerBytesMax } = routed;
  const maxBytes = Math.max(1, Math.min(body.maxBytes, Math.floor(answerBytesMax / jsonGrowthMax)));
  const wait = boundedWait(routed, body.waitMs);
  const { records, lockMs } = await shareGroups.acquire({ ...params, ...body, ...wait, maxBytes });
  const answer: AcquireRecordsAnswer = { records: records.map(acquiredRecordAnswer), lockMs };
  while (answer.records.length > 0 && isTooLarge(JSON.stringify(answer), answerBytesMax)) {
    answer.records.length = Math.floor(answer.records.length / 2);
  }
  const left = records.slice(answer.records.length);
  if (left.length === 0) return answer;
  // Given back, so that they need not wait until their lock is over.
  await release({ shareGroups }, { params, body }, left);
  if (answer.records.length === 0) throw answerTooLarge(answerBytesMax);
  return answer;
}

async function release(
  { shareGroups }: Pick<Services, "shareGroups">,
  { params, body }: Pick<ApiRequest<"acquireRecords">, "params" | "body">,
  records: readonly AcquiredRecord[],
): Promise<void> {
  const acknowledgements = records.map(({ topic, partition, offset }) => ({
    topic,
    partition,
    firstOffset: offset,
    lastOffset: offset,
    type: "release" as const,
  }));
  await shareGroups.acknowledge({ ...params, memberId: body.memberId, acknowledgements });
}

function acquiredRecordAnswer(record: AcquiredRecord): AcquireRecordsAnswer["records"][number] {
  const { topic, partition, deliveryCount } = record;
  return { topic, partition, deliveryCount, ...fetchedRecordAnswer(record) };
}

function acknowledgeResultAnswer({ error, ...acknowledgement }: AcknowledgeResult) {
  return error === undefined ? acknowledgement : { ...acknowledgement, error: partErrorOf(error) };
}
