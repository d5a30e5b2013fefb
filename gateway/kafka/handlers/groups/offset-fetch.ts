import type { PlainOffset } from "../../../../shared/services/groups.ts";
import { distinct } from "../../distinct.ts";
import { kafkaError } from "../../error-codes.ts";
import type { Handler, RequestContext } from "../../handler.ts";
import { inOrder } from "../../in-order.ts";
import type { RequestOf, ResponseOf } from "../../protocol/api.ts";
import type { offsetFetch } from "../../protocol/apis/offset-fetch.ts";
import { groupErrorOf } from "./group-failure.ts";

type Request = RequestOf<typeof offsetFetch>;
type AskedGroup = Request["groups"][number];
type Topics = NonNullable<ResponseOf<typeof offsetFetch>["topics"]>;
type Partition = Topics[number]["partitions"][number];

/** From here on several groups are asked for at once. */
const severalSince = 8;
/** From here on a whole answer has an error; before, each of its partitions. */
const groupErrorSince = 2;

export const handleOffsetFetch: Handler<typeof offsetFetch> = async (request, context) => {
  const { requireStable } = request;
  if (context.apiVersion >= severalSince) {
    const asked = distinct(request.groups, ({ groupId }) => groupId);
    const groups = await inOrder(asked, async (group) => ({
      groupId: group.groupId,
      ...(await fetchGroup(group, requireStable, context)),
    }));
    return { throttleTimeMs: 0, groups };
  }
  const { groupId, topics } = request;
  const group = { groupId, memberId: null, memberEpoch: -1, topics };
  const fetched = await fetchGroup(group, requireStable, context);
  if (context.apiVersion >= groupErrorSince || fetched.errorCode === kafkaError.NONE) {
    return { throttleTimeMs: 0, ...fetched };
  }
  return { throttleTimeMs: 0, topics: failed(topics, fetched.errorCode) };
};

async function fetchGroup(
  { groupId: group, memberId, memberEpoch, topics }: AskedGroup,
  requireStable: boolean,
  context: RequestContext,
): Promise<{ readonly errorCode: number; readonly topics: Topics }> {
  const { services, namespace } = context.gateway;
  const member = memberId === null || memberEpoch < 0 ? {} : { memberId, memberEpoch };
  try {
    const committed = await services.groups.committed({ namespace, group, ...member });
    return { errorCode: kafkaError.NONE, topics: answerOf(committed, topics, requireStable) };
  } catch (error) {
    return { errorCode: groupErrorOf(error, context, kafkaError.COORDINATOR_LOAD_IN_PROGRESS), topics: [] };
  }
}

function answerOf(committed: readonly PlainOffset[], asked: AskedGroup["topics"], requireStable: boolean): Topics {
  if (asked === null) {
    const byTopic = Map.groupBy(committed, ({ topic }) => topic);
    const topics = [...byTopic].map(([name, offsets]) => ({
      name,
      partitions: offsets.flatMap((offset) => {
        const isNothing = offset.offset < 0 && !requireStable;
        return isNothing ? [] : [partitionOf(offset.partition, offset, requireStable)];
      }),
    }));
    return topics.filter(({ partitions }) => partitions.length > 0);
  }
  const known = new Map(committed.map((offset) => [`${offset.topic}/${offset.partition}`, offset]));
  return asked.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((index) => partitionOf(index, known.get(`${name}/${index}`), requireStable)),
  }));
}

function partitionOf(partitionIndex: number, offset: PlainOffset | undefined, requireStable: boolean): Partition {
  const nothing = { partitionIndex, committedOffset: -1, metadata: "", errorCode: kafkaError.NONE };
  if (offset === undefined) return nothing;
  if (offset.unstable && requireStable) return { ...nothing, errorCode: kafkaError.UNSTABLE_OFFSET_COMMIT };
  return { ...nothing, committedOffset: offset.offset, metadata: offset.metadata };
}

function failed(asked: AskedGroup["topics"], errorCode: number): Topics {
  return (asked ?? []).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => ({
      partitionIndex,
      committedOffset: -1,
      metadata: "",
      errorCode,
    })),
  }));
}
