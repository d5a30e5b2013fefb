/**
 * Creates what the adapter needs, for emulators and tests. In production the CDK app owns the resources; their shape is
 * explained in docs/decisions/0004-dynamodb-layout.md and must be the same in both places.
 */
import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { BucketAlreadyExists, BucketAlreadyOwnedByYou, CreateBucketCommand, type S3Client } from "@aws-sdk/client-s3";
import { CreateQueueCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { tableCreationProbesMax, tableCreationProbeMs } from "../../limits.ts";
import type { Timers } from "../environment.ts";
import { StorageTimeoutError, StorageUnavailableError } from "../errors.ts";
import type { AwsResourceNames } from "./aws-storage.ts";
import { ttlAttribute } from "./log-entry-item.ts";

/** Creates the tables, the bucket and the queues that do not exist yet, and answers their names as the adapter takes them. */
export async function createAwsResources(options: {
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly timers: Timers;
  /** Starts the name of every resource; lower-case letters, digits and hyphens. */
  readonly name: string;
}): Promise<Required<Omit<AwsResourceNames, "bucketPrefix" | "scheduleNames">>> {
  const { dynamodb, timers, name } = options;
  const logTable = `${name}-log`;
  const itemTable = `${name}-items`;
  const bucket = `${name}-blobs`;
  const [dutyQueueUrl, expiryQueueUrl] = await Promise.all([
    createQueue(options.sqs, `${name}-duties`),
    createQueue(options.sqs, `${name}-expiry`),
    createBucket(options.s3, bucket),
    createTable(dynamodb, timers, logTable, "N"),
    createTable(dynamodb, timers, itemTable, "S"),
  ]);
  return { logTable, itemTable, bucket, dutyQueueUrl, expiryQueueUrl };
}

async function createQueue(sqs: SQSClient, name: string): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  if (QueueUrl === undefined) throw new StorageUnavailableError(`SQS created the queue ${name} without a URL`);
  return QueueUrl;
}

async function createBucket(s3: S3Client, bucket: string): Promise<void> {
  try {
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (cause) {
    if (cause instanceof BucketAlreadyOwnedByYou || cause instanceof BucketAlreadyExists) return;
    throw cause;
  }
}

async function createTable(client: DynamoDBClient, timers: Timers, table: string, sortType: "N" | "S"): Promise<void> {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: "PAY_PER_REQUEST",
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "sk", KeyType: "RANGE" },
        ],
        AttributeDefinitions: [
          { AttributeName: "pk", AttributeType: "S" },
          { AttributeName: "sk", AttributeType: sortType },
        ],
      }),
    );
  } catch (cause) {
    if (!(cause instanceof ResourceInUseException)) throw cause;
  }
  await untilActive(client, timers, table);
  await enableTtl(client, table);
}

async function untilActive(client: DynamoDBClient, timers: Timers, table: string): Promise<void> {
  for (let probe = 0; probe < tableCreationProbesMax; probe += 1) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
    if (Table?.TableStatus === "ACTIVE") return;
    await timers.sleep(tableCreationProbeMs);
  }
  throw new StorageTimeoutError(`table ${table} did not become active`);
}

/** Emulators without TTL never drop an item by themselves, which the port allows. */
async function enableTtl(client: DynamoDBClient, table: string): Promise<void> {
  try {
    const TimeToLiveSpecification = { AttributeName: ttlAttribute, Enabled: true };
    await client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }));
  } catch (cause) {
    const enabledBefore = cause instanceof Error && cause.message.includes("already enabled");
    const unknownHere = cause instanceof Error && cause.name === "UnknownOperationException";
    if (!enabledBefore && !unknownHere) throw cause;
  }
}
