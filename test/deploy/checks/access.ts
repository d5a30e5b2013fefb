/** Who may not, is refused: by API Gateway, before any function runs. */
import { CreateTopicCommand, HealthCommand, ListTopicsCommand } from "../../../client/index.ts";
import type { StreamkeeperClient } from "../../../client/index.ts";
import { StreamkeeperServiceException } from "../../../client/index.ts";
import { clientOf } from "../deployment.ts";
import type { Deployment } from "../deployment.ts";
import { createApiUser } from "../iam-user.ts";
import { check } from "../report.ts";
import type { Report } from "../report.ts";

/** @throws CheckFailure */
export async function checkAccess(deployment: Deployment, report: Report): Promise<void> {
  const { emulator, apiId, credentials, stackName } = deployment;
  using unsigned = clientOf(deployment, { credentials: undefined });
  await expectRefused(unsigned, "who does not sign");
  using impostor = clientOf(deployment, { credentials: { ...credentials, secretAccessKey: "a guess" } });
  await expectRefused(impostor, "who signs with a wrong secret");
  using stranger = clientOf(deployment, { credentials: await createApiUser(emulator, `${stackName}-stranger`, []) });
  await expectRefused(stranger, "who has no policy");

  const reading = [`${apiId}/$default/GET/v1/default/*`];
  const readerCredentials = await createApiUser(emulator, `${stackName}-reader`, reading);
  using reader = clientOf(deployment, { credentials: readerCredentials });
  await reader.send(new ListTopicsCommand({}));
  await refused(
    () => reader.send(new CreateTopicCommand({ name: "unwanted", partitions: 1 })),
    "who may only read writes",
  );
  await refused(
    () => reader.send(new ListTopicsCommand({ namespace: "other" })),
    "who may read one namespace reads another",
  );
  report.note("refused: unsigned, a wrong secret, no policy, a write with a policy to read, another namespace");
}

async function expectRefused(client: StreamkeeperClient, who: string): Promise<void> {
  await refused(() => client.send(new HealthCommand({})), `${who} is answered`);
}

async function refused(call: () => Promise<unknown>, otherwise: string): Promise<void> {
  const outcome: unknown = await call().catch((error: unknown) => error);
  check(
    outcome instanceof StreamkeeperServiceException && outcome.$metadata.httpStatusCode === 403,
    `${otherwise}: ${String(outcome)}`,
  );
}
