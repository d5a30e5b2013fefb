import { ServiceError } from "../../../shared/api/errors.ts";
import { failureOf, kafkaError } from "../error-codes.ts";
import type { Gateway, Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import type { RequestOf, ResponseOf } from "../protocol/api.ts";
import type { deleteTopics } from "../protocol/apis/delete-topics.ts";
import { zeroUuid } from "../protocol/types.ts";
import { RequestProblem } from "../request-problem.ts";

type Wanted = RequestOf<typeof deleteTopics>["topics"][number];
type Answer = ResponseOf<typeof deleteTopics>["responses"][number];

/** By name, or since v6 by id. */
export const handleDeleteTopics: Handler<typeof deleteTopics> = async (request, { gateway }) => {
  const wanted = [...request.topics, ...request.topicNames.map((name) => ({ name, topicId: zeroUuid }))];
  const responses = await inOrder(wanted, async ({ name, topicId }): Promise<Answer> => {
    try {
      const found = await find({ name, topicId }, gateway);
      await gateway.services.topics.delete(gateway.namespace, found.name);
      return { ...found, errorCode: kafkaError.NONE };
    } catch (error) {
      return { name, topicId, ...failureOf(error, gateway.log) };
    }
  });
  return { responses };
};

async function find({ name, topicId }: Wanted, { services, namespace, topicIds }: Gateway): Promise<Named> {
  if ((name === null) === (topicId === zeroUuid)) {
    throw new RequestProblem(kafkaError.INVALID_REQUEST, "A topic is named by its name or by its id.");
  }
  if (name !== null) return { name, topicId: (await services.topics.describe(namespace, name)).topicId };
  const known = await topicIds.nameOf(topicId);
  // The name may be another topic's by now.
  const isStill = known !== undefined && (await topicIdOf(services, namespace, known)) === topicId;
  if (!isStill) throw new RequestProblem(kafkaError.UNKNOWN_TOPIC_ID, "This server does not host this topic ID.");
  return { name: known, topicId };
}

interface Named {
  readonly name: string;
  readonly topicId: string;
}

async function topicIdOf(services: Gateway["services"], namespace: string, name: string): Promise<string | undefined> {
  try {
    return (await services.topics.describe(namespace, name)).topicId;
  } catch (error) {
    if (error instanceof ServiceError && error.code === "UNKNOWN_TOPIC_OR_PARTITION") return undefined;
    throw error;
  }
}
