import { ServiceError } from "../../../../shared/api/errors.ts";
import { offsetMetadataCharsMax } from "../../../../shared/limits/groups.ts";
import type { OffsetToCommit } from "../../../../shared/services/groups.ts";
import { checkTopicName } from "../../../../shared/services/topic-checks.ts";
import { failureOf, kafkaError } from "../../error-codes.ts";
import type { Handler, RequestContext } from "../../handler.ts";
import type { RequestOf } from "../../protocol/api.ts";
import type { offsetCommit } from "../../protocol/apis/offset-commit.ts";
import { groupErrorOf } from "./group-failure.ts";

type Request = RequestOf<typeof offsetCommit>;

export const handleOffsetCommit: Handler<typeof offsetCommit> = async (request, context) => {
  const codes = await commit(request, context);
  let place = 0;
  const topics = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => {
      const errorCode = codes[place] ?? kafkaError.UNKNOWN_SERVER_ERROR;
      place += 1;
      return { partitionIndex, errorCode };
    }),
  }));
  return { throttleTimeMs: 0, topics };
};

/** One number for each partition, in their order. */
async function commit(request: Request, context: RequestContext): Promise<readonly number[]> {
  const { services, namespace, log } = context.gateway;
  const asked = request.topics.flatMap(({ name, partitions }) =>
    partitions.map((partition) => offsetOf(name, partition.partitionIndex, partition)),
  );
  const codes = asked.map((one) => ("code" in one ? one.code : kafkaError.NONE));
  const good = asked.flatMap((one, index) => ("code" in one ? [] : [{ ...one, index }]));
  if (good.length === 0) return codes;
  try {
    const results = await services.groups.commit({
      namespace,
      group: request.groupId,
      offsets: good.map(({ index: _index, ...offset }) => offset),
      ...committerOf(request),
    });
    for (const [place, result] of results.entries()) {
      const { index } = good[place] ?? { index: -1 };
      if ("error" in result) codes[index] = failureOf(result.error, log).errorCode;
    }
  } catch (error) {
    const code = groupErrorOf(error, context);
    for (const { index } of good) codes[index] = code;
  }
  return codes;
}

/** Without a generation whoever commits is no member, whatever id it has. */
function committerOf({
  memberId,
  generationIdOrMemberEpoch: memberEpoch,
  groupInstanceId,
}: Pick<Request, "memberId" | "generationIdOrMemberEpoch" | "groupInstanceId">) {
  if (memberEpoch < 0) return {};
  // No member has an empty id, nor may it be asked for by one.
  if (memberId === "") throw new ServiceError("UNKNOWN_MEMBER_ID", "A generation is of a member");
  return { memberId, memberEpoch, ...(groupInstanceId === null ? {} : { instanceId: groupInstanceId }) };
}

/** An offset as it is committed; or why it cannot be, which is told of its partition alone. */
function offsetOf(
  topic: string,
  partition: number,
  given: { readonly committedOffset: number; readonly committedMetadata: string | null },
): OffsetToCommit | { readonly code: number } {
  const { committedOffset: offset, committedMetadata } = given;
  const metadata = committedMetadata ?? "";
  if (metadata.length > offsetMetadataCharsMax) return { code: kafkaError.OFFSET_METADATA_TOO_LARGE };
  if (!isTopicName(topic) || partition < 0) return { code: kafkaError.UNKNOWN_TOPIC_OR_PARTITION };
  if (offset < 0 || !metadata.isWellFormed()) return { code: kafkaError.INVALID_REQUEST };
  return { topic, partition, offset, metadata };
}

function isTopicName(topic: string): boolean {
  try {
    checkTopicName(topic);
    return true;
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
}
