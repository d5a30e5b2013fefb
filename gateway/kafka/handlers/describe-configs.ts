import { brokerConfigEntries, type ConfigEntry, resourceType, topicConfigEntries } from "../config-entries.ts";
import { distinct } from "../distinct.ts";
import { failureOf, kafkaError } from "../error-codes.ts";
import type { Gateway, Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import type { RequestOf } from "../protocol/api.ts";
import type { describeConfigs } from "../protocol/apis/describe-configs.ts";
import { RequestProblem } from "../request-problem.ts";

type Request = RequestOf<typeof describeConfigs>;
type Resource = Request["resources"][number];

export const handleDescribeConfigs: Handler<typeof describeConfigs> = async (request, { gateway }) => {
  const results = await inOrder(distinct(request.resources, keyOf), async (resource) => {
    const { resourceType: type, resourceName } = resource;
    try {
      const configs = (await entriesOf(resource, gateway)).filter(isAskedFor(resource)).map(asAsked(request));
      return { errorCode: kafkaError.NONE, resourceType: type, resourceName, configs };
    } catch (error) {
      return { ...failureOf(error, gateway.log), resourceType: type, resourceName, configs: [] };
    }
  });
  return { results };
};

function keyOf({ resourceType: type, resourceName }: Resource): string {
  return `${type}/${resourceName}`;
}

async function entriesOf({ resourceType: type, resourceName }: Resource, gateway: Gateway): Promise<ConfigEntry[]> {
  switch (type) {
    case resourceType.topic: {
      const { topics } = gateway.services;
      return topicConfigEntries((await topics.describe(gateway.namespace, resourceName)).config, topics.configDefaults);
    }
    case resourceType.broker:
      return brokerEntries(resourceName, gateway);
    default:
      throw new RequestProblem(kafkaError.INVALID_REQUEST, `Unsupported resource type: ${type}`);
  }
}

/** No name stands for what is set for all brokers: nothing is. */
function brokerEntries(name: string, gateway: Gateway): ConfigEntry[] {
  if (name === "") return [];
  const { self } = gateway.placement;
  if (name === String(self.nodeId)) return brokerConfigEntries(gateway, self);
  throw new RequestProblem(
    kafkaError.INVALID_REQUEST,
    `Unexpected broker id, expected ${self.nodeId} or an empty string, but received ${name}`,
  );
}

function isAskedFor({ configurationKeys }: Resource): (entry: ConfigEntry) => boolean {
  if (configurationKeys === null || configurationKeys.length === 0) return () => true;
  const keys = new Set(configurationKeys);
  return ({ name }) => keys.has(name);
}

function asAsked({ includeSynonyms, includeDocumentation }: Request) {
  return ({ synonyms, documentation, ...entry }: ConfigEntry) => ({
    ...entry,
    synonyms: includeSynonyms ? synonyms : [],
    documentation: includeDocumentation ? documentation : null,
  });
}
