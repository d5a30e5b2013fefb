/** Everything of AWS that Streamkeeper uses, on this machine: for tests and for `--store aws`. */
import { type DynamoDbEmulator, type DynamoDbEmulatorOptions, startDynamoDb } from "./dynamodb-emulator.ts";
import { startS3Sqs } from "./s3-sqs-emulator.ts";

export interface Emulators {
  readonly dynamoDbName: DynamoDbEmulator["name"];
  readonly endpoints: { readonly dynamodb: string; readonly s3: string; readonly sqs: string };
  /** The variables by which the SDK finds the emulators. */
  readonly variables: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** The emulators take any credentials, but the SDK wants some. */
export const emulatorRegion = "us-east-1";
export const emulatorCredentials = { accessKeyId: "emulator", secretAccessKey: "emulator" };

export async function startEmulators(
  options: {
    readonly dynamoDb?: (options: DynamoDbEmulatorOptions) => Promise<DynamoDbEmulator>;
    readonly dynamoDbPort?: number;
    readonly s3SqsPort?: number;
    /** Keeps tables and blobs in this existing folder; queues are in memory only. */
    readonly folder?: string;
  } = {},
): Promise<Emulators> {
  const { dynamoDb = startDynamoDb, dynamoDbPort, s3SqsPort, folder } = options;
  const s3Sqs = await startS3Sqs({ port: s3SqsPort, folder });
  try {
    const tables = await dynamoDb({ port: dynamoDbPort, folder });
    return {
      dynamoDbName: tables.name,
      endpoints: { dynamodb: tables.endpoint, s3: s3Sqs.endpoint, sqs: s3Sqs.endpoint },
      variables: {
        AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
        AWS_ENDPOINT_URL_S3: s3Sqs.endpoint,
        AWS_ENDPOINT_URL_SQS: s3Sqs.endpoint,
        AWS_REGION: emulatorRegion,
        AWS_ACCESS_KEY_ID: emulatorCredentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: emulatorCredentials.secretAccessKey,
      },
      stop: async () => {
        await Promise.all([tables.stop(), s3Sqs.stop()]);
      },
    };
  } catch (cause) {
    await s3Sqs.stop();
    throw cause;
  }
}
