import type { Command } from "commander";
import { StreamkeeperClient } from "../../client/index.ts";
import type { AwsCredentials, StreamkeeperClientOptions } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";

export interface ConnectionOptions {
  readonly endpoint: string;
  readonly namespace: string;
}

export const endpointDefault = "http://127.0.0.1:8080";

/** Adds `--endpoint` and `--namespace`. */
export function withConnection(command: Command): Command {
  return command
    .option(
      "--endpoint <url>",
      "where the service is (or STREAMKEEPER_ENDPOINT)",
      process.env["STREAMKEEPER_ENDPOINT"] ?? endpointDefault,
    )
    .option("--namespace <name>", "namespace of the topics", "default");
}

/**
 * A client for the command line. An endpoint on AWS is signed for with the credentials in the environment, where there
 * are any.
 *
 * @throws CommandError if the endpoint is no URL
 */
export function connect(options: ConnectionOptions, more: Partial<StreamkeeperClientOptions> = {}): StreamkeeperClient {
  const { endpoint, namespace } = options;
  const isOnAws = /\.(amazonaws\.com|amazonaws\.com\.cn|on\.aws)$/.test(URL.parse(endpoint)?.hostname ?? "");
  const credentials = isOnAws ? environmentCredentials() : undefined;
  try {
    return new StreamkeeperClient({ endpoint, namespace, credentials, ...more });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new CommandError(cause.message, { cause });
  }
}

function environmentCredentials(): AwsCredentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env;
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const { AWS_SESSION_TOKEN: sessionToken } = process.env;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
