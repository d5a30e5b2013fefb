/** A deployment on the emulator, and clients of it that sign what they ask. */
import { StreamkeeperClient } from "../../client/index.ts";
import type { AwsCredentials, StreamkeeperClientOptions } from "../../client/index.ts";
import type { Outputs } from "./cdk.ts";
import { emulatedRegion } from "./emulator.ts";
import type { Emulator } from "./emulator.ts";

export interface Deployment {
  readonly emulator: Emulator;
  /** Names of its functions begin with it. */
  readonly stackName: string;
  /** Of the HTTP API. */
  readonly apiId: string;
  /** Where the HTTP API is asked for. */
  readonly endpoint: string;
  readonly outputs: Outputs;
  /** Files that a check leaves go here. */
  readonly folder: string;
  /** Who may call all of the API, and nothing else of AWS. */
  readonly credentials: AwsCredentials;
  readonly signal: AbortSignal;
}

/** The id of the HTTP API in what a deployment says about itself. @throws Error if it names none */
export function apiIdOf(outputs: Outputs): string {
  for (const stack of Object.values(outputs)) {
    for (const value of Object.values(stack)) {
      const id = /^https?:\/\/([a-z0-9]+)\.execute-api\./.exec(value)?.[1];
      if (id !== undefined) return id;
    }
  }
  throw new Error(`no HTTP API in the outputs: ${JSON.stringify(outputs)}`);
}

/** The ids of all APIs in what a deployment says about itself: the one for requests, and the one for hints. */
export function apiIdsOf(outputs: Outputs): readonly string[] {
  const values = Object.values(outputs).flatMap((stack) => Object.values(stack));
  const ids = values.map((value) => /^wss:.*\/_aws\/execute-api\/([a-z0-9]+)\//.exec(value)?.[1]);
  return [apiIdOf(outputs), ...ids.filter((id) => id !== undefined)];
}

/**
 * The emulator's other address of an HTTP API: the true one, `<id>.execute-api.localhost`, is a name that few systems
 * resolve.
 */
export function endpointOf(emulator: Emulator, apiId: string): string {
  return `${emulator.url}/_aws/execute-api/${apiId}/$default`;
}

/** A client that signs with the deployment's credentials, or with others. */
export function clientOf(
  { endpoint, credentials }: Deployment,
  options: Partial<StreamkeeperClientOptions> = {},
): StreamkeeperClient {
  return new StreamkeeperClient({ endpoint, credentials, region: emulatedRegion, ...options });
}
