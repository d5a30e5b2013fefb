/** Two deployments in one account are two services. */
import {
  CreateNamespaceCommand,
  CreateTopicCommand,
  FetchCommand,
  isServiceException,
  ListNamespacesCommand,
  ListTopicsCommand,
  ProduceCommand,
  StreamkeeperServiceException,
} from "../../../client/index.ts";
import { clientOf } from "../deployment.ts";
import type { Deployment } from "../deployment.ts";
import { check } from "../report.ts";
import type { Report } from "../report.ts";

const namespace = "own";
/** Also what `checkRetention` looks for. */
export const keptTopic = "kept";
export const keptValue = "of the second deployment";

/** @throws CheckFailure */
export async function checkIsolation(first: Deployment, second: Deployment, report: Report): Promise<void> {
  using one = clientOf(first);
  using two = clientOf(second);
  const { topics } = await two.send(new ListTopicsCommand({}));
  check(topics.length === 0, `a new deployment has topics: ${JSON.stringify(topics)}`);
  await two.send(new CreateNamespaceCommand({ name: namespace }));
  await two.send(new CreateTopicCommand({ name: keptTopic, partitions: 1 }));
  await two.send(new ProduceCommand({ topic: keptTopic, records: [{ value: keptValue }] }));

  const { namespaces } = await one.send(new ListNamespacesCommand({}));
  check(
    namespaces.every(({ name }) => name !== namespace),
    "the first deployment sees a namespace of the second",
  );
  const missing: unknown = await one
    .send(new FetchCommand({ topic: keptTopic, partition: 0 }))
    .catch((error: unknown) => error);
  check(
    isServiceException(missing, "UNKNOWN_TOPIC_OR_PARTITION"),
    `the first sees a topic of the second: ${String(missing)}`,
  );

  using stranger = clientOf(second, { credentials: first.credentials });
  const refusal: unknown = await stranger.send(new ListTopicsCommand({})).catch((error: unknown) => error);
  check(
    refusal instanceof StreamkeeperServiceException && refusal.$metadata.httpStatusCode === 403,
    `who may call the first deployment may call the second: ${String(refusal)}`,
  );
  report.note("neither namespaces, nor topics, nor permissions of the one are the other's");
}
