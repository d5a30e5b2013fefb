/**
 * Streamkeeper's storage on AWS: DynamoDB for logs and items, S3 for blobs, SQS and EventBridge Scheduler for wake-ups.
 *
 * Only the DynamoDB client is there from the start. The other clients are loaded when they are first needed: they
 * make up half of what a function would have to run before its first request, and most requests need none.
 */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SchedulerClient } from "@aws-sdk/client-scheduler";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { graceMsDefault, hotEntryMsDefault, tailEvidenceMsDefault } from "../../limits.ts";
import type { MetricRecorder } from "../../metrics/metrics.ts";
import { sweepEveryMs, sweepLeadMs, sweepRenewMs } from "../../limits/sweeps.ts";
import { armingStorage } from "../arm-sweeps.ts";
import type { WakeUps } from "../environment.ts";
import { type NodeEnvironment, createNodeEnvironment } from "../node/node-environment.ts";
import type { Lifetimes, Storage } from "../storage.ts";
import type { UsageRecorder } from "../usage.ts";
import { AwsRequests } from "./aws-requests.ts";
import { hasOwnS3Endpoint } from "./client-options.ts";
import { createDynamoDbClient } from "./dynamodb-client.ts";
import { DynamoDbItemStore } from "./dynamodb-item-store.ts";
import { DynamoDbLogStore } from "./dynamodb-log-store.ts";
import { LazyBlobStore } from "./lazy-blob-store.ts";
import { LazyWakeUps } from "./lazy-wake-ups.ts";
import { meteredClients } from "./meter-clients.ts";
import { decodeScheduleNames, type ScheduleNames } from "./schedule-names.ts";

/** Where everything is kept. */
export interface AwsResourceNames {
  readonly logTable: string;
  readonly itemTable: string;
  readonly bucket: string;
  /** Stands before the key of every object in the bucket. */
  readonly bucketPrefix?: string;
  /** The queue of wake-ups, unless the process does its background duties itself. */
  readonly dutyQueueUrl?: string | undefined;
  /** The queue of what is due at a time: sessions and znodes that expire. Without it they go to the other. */
  readonly expiryQueueUrl?: string | undefined;
  /** Where sweeps, and what is due beyond SQS's 15 minutes, are asked for; without them sweeps must come by themselves. */
  readonly scheduleNames?: ScheduleNames;
}

export interface AwsStorageOptions extends NodeEnvironment, AwsResourceNames {
  /** The clients must not retry by themselves; `createDynamoDbClient` and its like make such clients. */
  readonly dynamodb: DynamoDBClient;
  /** Called at the first use of a blob. */
  readonly s3: () => Promise<S3Client>;
  /** Called at the first wake-up. */
  readonly sqs: () => Promise<SQSClient>;
  /** Called when the first sweep is asked for; needed where schedules are named. */
  readonly scheduler?: () => Promise<SchedulerClient>;
  /** Takes the wake-ups where no queue is named; without both they are dropped, and duties wait for the next sweep. */
  readonly wakeUps?: WakeUps;
  readonly lifetimes?: Lifetimes;
  /** Told of requests that are sent again. */
  readonly metrics?: MetricRecorder | undefined;
  /** Told what each request is billed. */
  readonly usage?: UsageRecorder | undefined;
}

/** Storage that can be closed; closing ends the connections. */
export interface AwsStorage extends Storage {
  close(): Promise<void>;
}

/** Opens storage on clients that the caller made; sends nothing yet. */
export function openAwsStorage(options: AwsStorageOptions): AwsStorage {
  const { clock, random, timers, notifier, bucket, dutyQueueUrl } = options;
  const { dynamodb, s3, sqs } = options.usage === undefined ? options : meteredClients(options, options.usage);
  const requests = new AwsRequests({ timers, random, metrics: options.metrics });
  const blobs = new LazyBlobStore({ client: s3, bucket, prefix: options.bucketPrefix ?? "", requests });
  const { scheduler: client, scheduleNames: names } = options;
  const schedules = client === undefined || names === undefined ? undefined : { client, names };
  const queue =
    dutyQueueUrl === undefined
      ? undefined
      : new LazyWakeUps({
          sqs,
          dutyQueueUrl,
          expiryQueueUrl: options.expiryQueueUrl ?? dutyQueueUrl,
          schedules,
          requests,
          clock,
        });
  const storage = {
    logs: new DynamoDbLogStore({ client: dynamodb, table: options.logTable, requests }),
    items: new DynamoDbItemStore({ client: dynamodb, table: options.itemTable, requests }),
    blobs,
    clock,
    random,
    timers,
    notifier,
    wakeUps: queue ?? options.wakeUps ?? { wake: async () => {} },
    lifetimes: options.lifetimes ?? awsLifetimes,
    dropsExpiredEntries: true,
    close: async () => {
      dynamodb.destroy();
      await blobs.close();
      await queue?.close();
    },
  };
  if (queue === undefined || schedules === undefined) return storage;
  const armed = armingStorage(storage, { everyMs: sweepEveryMs, leadMs: sweepLeadMs, renewMs: sweepRenewMs });
  return { ...armed, close: storage.close };
}

/**
 * Opens storage on what the environment names: `STREAMKEEPER_LOG_TABLE`, `STREAMKEEPER_ITEM_TABLE`, `STREAMKEEPER_BUCKET`,
 * and where they are set `STREAMKEEPER_BUCKET_PREFIX` and `STREAMKEEPER_DUTY_QUEUE_URL`, `STREAMKEEPER_EXPIRY_QUEUE_URL`,
 * `STREAMKEEPER_SCHEDULES`. Region, credentials and endpoints
 * (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_DYNAMODB`, `_S3`, `_SQS`, `_SCHEDULER`) the SDK reads from the process by itself.
 *
 * @throws Error if a variable is missing, naming it
 */
export function awsStorageFromEnvironment(
  variables: Variables,
  options: Partial<NodeEnvironment> & Pick<AwsStorageOptions, "wakeUps" | "lifetimes" | "metrics" | "usage"> = {},
): AwsStorage {
  const environment = { ...createNodeEnvironment(), ...options };
  const { clock } = environment;
  return openAwsStorage({
    ...environment,
    ...awsResourceNamesFrom(variables),
    dynamodb: createDynamoDbClient({ clock }),
    s3: async () => (await import("./s3-client.ts")).createS3Client({ clock, pathStyle: hasOwnS3Endpoint(variables) }),
    sqs: async () => (await import("./sqs-client.ts")).createSqsClient({ clock }),
    scheduler: async () => (await import("./scheduler-client.ts")).createSchedulerClient({ clock }),
  });
}

export type Variables = Readonly<Record<string, string | undefined>>;

/** @throws Error if a variable is missing, naming it */
function awsResourceNamesFrom(variables: Variables): AwsResourceNames {
  const schedules = variables["STREAMKEEPER_SCHEDULES"];
  return {
    logTable: required(variables, "STREAMKEEPER_LOG_TABLE"),
    itemTable: required(variables, "STREAMKEEPER_ITEM_TABLE"),
    bucket: required(variables, "STREAMKEEPER_BUCKET"),
    bucketPrefix: variables["STREAMKEEPER_BUCKET_PREFIX"],
    // Empty counts as not set, since a shell can hardly take a variable away.
    dutyQueueUrl: variables["STREAMKEEPER_DUTY_QUEUE_URL"] || undefined,
    expiryQueueUrl: variables["STREAMKEEPER_EXPIRY_QUEUE_URL"] || undefined,
    ...(schedules === undefined || schedules === "" ? {} : { scheduleNames: decodeScheduleNames(schedules) }),
  };
}

const awsLifetimes: Lifetimes = {
  hotEntryMs: hotEntryMsDefault,
  graceMs: graceMsDefault,
  tailEvidenceMsMax: tailEvidenceMsDefault,
};

function required(variables: Variables, name: string): string {
  const value = variables[name];
  if (value === undefined || value === "")
    throw new Error(`the environment variable ${name} is not set (docs/gateways.md names them all)`);
  return value;
}
