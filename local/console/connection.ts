import type { Command } from "commander";
import { StreamkeeperClient } from "../../client/index.ts";
import type { AwsCredentials, StreamkeeperClientOptions } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";

export interface ConnectionOptions {
  readonly endpoint: string;
  readonly namespace: string;
  /** Requests are signed for it; without, only those to an endpoint on AWS are, whose name says the region. */
  readonly region?: string;
}

export const endpointDefault = "http://127.0.0.1:8080";

/** Adds `--endpoint`, `--namespace` and `--region`. */
export function withConnection(command: Command): Command {
  return command
    .option(
      "--endpoint <url>",
      "where the service is (or STREAMKEEPER_ENDPOINT)",
      process.env["STREAMKEEPER_ENDPOINT"] ?? endpointDefault,
    )
    .option("--namespace <name>", "namespace of the topics", "default")
    .option("--region <name>", "sign for this region of AWS (default: as the name of an endpoint on AWS says)");
}

/**
 * A client for the command line. Requests to an endpoint on AWS, or to any for a region that is given, are signed with the
 * credentials in the environment, where there are any.
 *
 * @throws CommandError if the endpoint is no URL, or if there are no credentials to sign with for the region
 */
export function connect(options: ConnectionOptions, more: Partial<StreamkeeperClientOptions> = {}): StreamkeeperClient {
  const { endpoint, namespace, region } = options;
  const isOnAws = /\.(amazonaws\.com|amazonaws\.com\.cn|on\.aws)$/.test(URL.parse(endpoint)?.hostname ?? "");
  const credentials = isOnAws || region !== undefined ? environmentCredentials() : undefined;
  if (region !== undefined && credentials === undefined) {
    throw new CommandError("--region needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to sign with");
  }
  try {
    return new StreamkeeperClient({ endpoint, namespace, credentials, region, ...more });
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
