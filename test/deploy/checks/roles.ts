/** The control of it all: the emulator really holds functions to what their roles allow. */
import { HealthCommand, StreamkeeperServiceException } from "../../../client/index.ts";
import { callQueryApi } from "../aws-api.ts";
import { deployedFunctions } from "../deployed-functions.ts";
import { clientOf } from "../deployment.ts";
import type { Deployment } from "../deployment.ts";
import { check } from "../report.ts";
import type { Report } from "../report.ts";

const version = "2010-05-08";

/** Takes the policies away from one function; it does not get them back. @throws CheckFailure */
export async function checkRoles(deployment: Deployment, report: Report): Promise<void> {
  using client = clientOf(deployment, { maxAttempts: 1 });
  const { status } = await client.send(new HealthCommand({}));
  check(status === "ok", `the service is not well: ${status}`);
  const functions = await deployedFunctions(deployment);
  const role = functions
    .find(({ FunctionName: name }) => name.includes("-health"))
    ?.Role.split("/")
    .at(-1);
  check(role !== undefined, "there is no function for health");
  const call = (action: string, more: Readonly<Record<string, string>> = {}): Promise<string> =>
    callQueryApi(deployment.emulator, "iam", { Action: action, Version: version, RoleName: role, ...more });
  const names = [...(await call("ListRolePolicies")).matchAll(/<member>([^<]+)<\/member>/g)].map(
    ([, name = ""]) => name,
  );
  check(names.length > 0, "the role of the function has no policies");
  for (const name of names) await call("DeleteRolePolicy", { PolicyName: name });
  const outcome: unknown = await client.send(new HealthCommand({})).catch((error: unknown) => error);
  check(
    outcome instanceof StreamkeeperServiceException && (outcome.$metadata.httpStatusCode ?? 0) >= 500,
    `a function whose role may nothing still reaches the tables: ${JSON.stringify(outcome)}`,
  );
  report.note("a function without its role's policies reaches nothing: what all others did, their roles allow");
}
