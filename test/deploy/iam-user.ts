/** Users of the emulated account, so that nothing is asked of the API in the administrator's name. */
import type { AwsCredentials } from "../../client/index.ts";
import { callQueryApi, elementOf } from "./aws-api.ts";
import { emulatedAccount, emulatedRegion } from "./emulator.ts";
import type { Emulator } from "./emulator.ts";

const version = "2010-05-08";

/** A user who may call these parts of HTTP APIs (`<id>/<stage>/<method>/<path>`), and nothing else. */
export async function createApiUser(
  emulator: Emulator,
  name: string,
  callable: readonly string[],
): Promise<AwsCredentials> {
  const call = (parameters: Readonly<Record<string, string>>): Promise<string> =>
    callQueryApi(emulator, "iam", { Version: version, UserName: name, ...parameters });
  await call({ Action: "CreateUser" });
  const resources = callable.map((part) => `arn:aws:execute-api:${emulatedRegion}:${emulatedAccount}:${part}`);
  const statement = { Effect: "Allow", Action: "execute-api:Invoke", Resource: resources };
  const policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  if (callable.length > 0) await call({ Action: "PutUserPolicy", PolicyName: "api", PolicyDocument: policy });
  const answer = await call({ Action: "CreateAccessKey" });
  return {
    accessKeyId: elementOf(answer, "AccessKeyId"),
    secretAccessKey: elementOf(answer, "SecretAccessKey"),
  };
}
