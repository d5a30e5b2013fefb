/** Storage on emulators, with resources of its own. */
import { type AwsResourceNames, type AwsStorage, openAwsStorage } from "../../shared/storage/aws/aws-storage.ts";
import { createAwsResources } from "../../shared/storage/aws/aws-resources.ts";
import { createDynamoDbClient } from "../../shared/storage/aws/dynamodb-client.ts";
import { createS3Client } from "../../shared/storage/aws/s3-client.ts";
import { createSqsClient } from "../../shared/storage/aws/sqs-client.ts";
import type { NodeEnvironment } from "../../shared/storage/node/node-environment.ts";
import type { UsageRecorder } from "../../shared/storage/usage.ts";
import { type Emulators, emulatorCredentials, emulatorRegion } from "./emulators.ts";

/** Creates tables, bucket and queue whose names start with `name`, where they do not exist. */
export async function createEmulatedResources(
  emulators: Pick<Emulators, "endpoints">,
  environment: NodeEnvironment,
  name: string,
): Promise<AwsResourceNames> {
  const clients = createClients(emulators, environment);
  try {
    return await createAwsResources({ ...clients, timers: environment.timers, name });
  } finally {
    for (const client of [clients.dynamodb, clients.s3, clients.sqs]) client.destroy();
  }
}

/** Opens storage on resources that exist; `requestMsMax` bounds each request. */
export function openEmulatedStorage(
  emulators: Pick<Emulators, "endpoints">,
  environment: NodeEnvironment,
  names: AwsResourceNames,
  options: { readonly requestMsMax?: number; readonly usage?: UsageRecorder } = {},
): AwsStorage {
  const { dynamodb, s3, sqs } = createClients(emulators, environment, options);
  const { usage } = options;
  return openAwsStorage({ ...environment, ...names, usage, dynamodb, s3: async () => s3, sqs: async () => sqs });
}

function createClients(
  { endpoints }: Pick<Emulators, "endpoints">,
  { clock }: NodeEnvironment,
  options: { readonly requestMsMax?: number } = {},
) {
  const common = { ...options, clock, region: emulatorRegion, credentials: emulatorCredentials };
  return {
    dynamodb: createDynamoDbClient({ ...common, endpoint: endpoints.dynamodb }),
    s3: createS3Client({ ...common, endpoint: endpoints.s3, pathStyle: true }),
    sqs: createSqsClient({ ...common, endpoint: endpoints.sqs }),
  };
}
