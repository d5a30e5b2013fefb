/** Namespaces and topics: create, list, describe, alter, delete. */
import { operations } from "../../shared/api/operations/topics.ts";
import type { NamespaceDescription, Services, TopicDescription } from "../../shared/services/services.ts";
import type { NamespaceAnswer } from "../../shared/api/schemas/namespaces.ts";
import type { TopicAnswer } from "../../shared/api/schemas/topics.ts";
import { serving } from "../http/operation.ts";
import type { ServedOperation } from "../http/operation.ts";

const { jsonOperation } = serving(operations);

export function topicsOperations({
  namespaces,
  topics,
}: Pick<Services, "namespaces" | "topics">): readonly ServedOperation[] {
  return [
    jsonOperation("createNamespace", async ({ body }) => namespaceAnswer(await namespaces.create(body.name))),
    jsonOperation("listNamespaces", async ({ query }) => {
      const { items, nextToken } = await namespaces.list(query);
      return { namespaces: items.map(namespaceAnswer), nextToken };
    }),
    jsonOperation("deleteNamespace", async ({ params }) => {
      await namespaces.delete(params.namespace);
    }),

    jsonOperation("createTopic", async ({ params, body, idempotency }) =>
      topicAnswer(await topics.create(params.namespace, { ...body, ...idempotency })),
    ),
    jsonOperation("listTopics", async ({ params, query }) => {
      const { items, nextToken } = await topics.list(params.namespace, query);
      return { topics: items.map(({ name, topicId, partitions }) => ({ name, topicId, partitions })), nextToken };
    }),
    jsonOperation("describeTopic", async ({ params }) =>
      topicAnswer(await topics.describe(params.namespace, params.topic)),
    ),
    jsonOperation("describePartitions", async ({ params }) =>
      topicAnswer(await topics.describe(params.namespace, params.topic)),
    ),
    jsonOperation("alterTopic", async ({ params, body, idempotency }) =>
      topicAnswer(await topics.alter(params.namespace, params.topic, { ...body, ...idempotency })),
    ),
    jsonOperation("deleteTopic", async ({ params, idempotency }) => {
      await topics.delete(params.namespace, params.topic, idempotency);
    }),
  ];
}

function namespaceAnswer({ name, createdAtMs }: NamespaceDescription): NamespaceAnswer {
  return { name, createdAtMs };
}

function topicAnswer({ name, topicId, partitions, config, createdAtMs }: TopicDescription): TopicAnswer {
  return { name, topicId, partitions, config, createdAtMs };
}
