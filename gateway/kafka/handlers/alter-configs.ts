import type { ConfigChange, TopicConfig } from "../../../shared/services/services.ts";
import { resourceType } from "../config-entries.ts";
import { failureOf, kafkaError } from "../error-codes.ts";
import type { Gateway, Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import type { RequestOf, ResponseOf } from "../protocol/api.ts";
import type { alterConfigs, incrementalAlterConfigs } from "../protocol/apis/alter-configs.ts";
import { topicConfigKeys } from "../../../shared/topics/topic-config.ts";
import { RequestProblem } from "../request-problem.ts";

type Replacement = RequestOf<typeof alterConfigs>["resources"][number]["configs"];
type Changes = RequestOf<typeof incrementalAlterConfigs>["resources"][number]["configs"];
type Answer = ResponseOf<typeof alterConfigs>["responses"][number];

/** Kafka's numbers of the operations (KIP-339). */
const operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

export const handleAlterConfigs: Handler<typeof alterConfigs> = async ({ resources, validateOnly }, { gateway }) => ({
  responses: await inOrder(resources, ({ configs, ...resource }) =>
    alter(resource, (present) => replacement(configs, present), validateOnly, gateway),
  ),
});

export const handleIncrementalAlterConfigs: Handler<typeof incrementalAlterConfigs> = async (request, { gateway }) => ({
  responses: await inOrder(request.resources, ({ configs, ...resource }) =>
    alter(resource, (present) => changed(configs, present), request.validateOnly, gateway),
  ),
});

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

async function alter(
  resource: Resource,
  config: (present: TopicConfig) => ConfigChange,
  validateOnly: boolean,
  { services, namespace, log }: Gateway,
): Promise<Answer> {
  try {
    if (resource.resourceType !== resourceType.topic) {
      const message = `Only topics can be configured here, and this is of resource type ${resource.resourceType}: a gateway goes by its options`;
      throw new RequestProblem(kafkaError.INVALID_REQUEST, message);
    }
    await services.topics.alter(namespace, resource.resourceName, { config, validateOnly });
    return { ...resource, errorCode: kafkaError.NONE };
  } catch (error) {
    return { ...resource, ...failureOf(error, log) };
  }
}

/** What is not named goes back to its default. */
function replacement(configs: Replacement, present: TopicConfig): ConfigChange {
  const removed = Object.keys(present).map((name): [string, null] => [name, null]);
  const set = configs.map(({ name, value }) => [name, valueOf(name, value)] as const);
  return Object.fromEntries([...removed, ...set]);
}

function changed(configs: Changes, present: TopicConfig): ConfigChange {
  if (new Set(configs.map(({ name }) => name)).size < configs.length) {
    throw new RequestProblem(kafkaError.INVALID_REQUEST, "A configuration key is named more than once.");
  }
  return Object.fromEntries(
    configs.map(({ name, configOperation, value }) => {
      switch (configOperation) {
        case operation.set:
          return [name, valueOf(name, value)];
        case operation.delete:
          return [name, null];
        case operation.append:
        case operation.subtract:
          return [name, changedList(name, valueOf(name, value), present, configOperation)];
        default:
          throw new RequestProblem(kafkaError.INVALID_REQUEST, `Unknown operation ${configOperation}`);
      }
    }),
  );
}

function changedList(name: string, value: string, present: TopicConfig, how: 2 | 3): string {
  const known = topicConfigKeys.get(name);
  if (known !== undefined && known.type !== "LIST") {
    throw new RequestProblem(kafkaError.INVALID_CONFIG, `Can't append to or subtract from key ${name}: it is no list.`);
  }
  const before = elementsOf(present[name] ?? known?.default ?? "");
  const named = elementsOf(value);
  const after =
    how === operation.append
      ? [...before, ...named.filter((element) => !before.includes(element))]
      : before.filter((element) => !named.includes(element));
  return after.join(",");
}

function elementsOf(list: string): string[] {
  return list
    .split(",")
    .map((element) => element.trim())
    .filter((element) => element !== "");
}

function valueOf(name: string, value: string | null): string {
  if (value !== null) return value;
  throw new RequestProblem(kafkaError.INVALID_CONFIG, `Null value not supported for : ${name}`);
}
