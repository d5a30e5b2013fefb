import { S3Client, CreateBucketCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import type { CloudFormationCustomResourceEvent } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEmptyBucketHandler } from "../../functions/empty-bucket.ts";
import { emptyBucket } from "../../shared/storage/aws/empty-bucket.ts";
import { type S3SqsEmulator, startS3Sqs } from "../emulators/s3-sqs-emulator.ts";

const bucket = "blobs";
const event = {
  RequestType: "Delete",
  ResponseURL: "https://example.com/answer",
  StackId: "stack",
  RequestId: "request",
  LogicalResourceId: "Emptying",
  PhysicalResourceId: bucket,
} as CloudFormationCustomResourceEvent;

let emulator: S3SqsEmulator;
let client: S3Client;
/** The emulator has no tags of buckets. */
let tags: readonly { readonly Key: string; readonly Value: string }[] | undefined;

beforeAll(async () => {
  emulator = await startS3Sqs();
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  client = new S3Client({ endpoint: emulator.endpoint, region: "us-east-1", credentials, forcePathStyle: true });
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (request) => {
        if (commandName !== "GetBucketTaggingCommand") return await next(request);
        return { response: undefined, output: { TagSet: tags, $metadata: {} } as never };
      },
    { step: "initialize" },
  );
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
});
afterAll(async () => {
  client.destroy();
  await emulator.stop();
});

async function objects(): Promise<number> {
  return (await client.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents?.length ?? 0;
}

async function answerTo(change: Partial<CloudFormationCustomResourceEvent>, remainingMs = 900_000): Promise<unknown> {
  const answers: unknown[] = [];
  const handler = createEmptyBucketHandler(
    {
      bucket,
      empty: async (isLate) => await emptyBucket(client, bucket, isLate),
      put: (url, body) => {
        answers.push([url, JSON.parse(Buffer.from(body).toString())]);
        return Promise.resolve();
      },
    },
    () => undefined,
  );
  await handler({ ...event, ...change } as CloudFormationCustomResourceEvent, {
    getRemainingTimeInMillis: () => remainingMs,
  });
  expect(answers).toHaveLength(1);
  return answers[0];
}

const success = [
  "https://example.com/answer",
  {
    Status: "SUCCESS",
    PhysicalResourceId: bucket,
    StackId: "stack",
    RequestId: "request",
    LogicalResourceId: "Emptying",
  },
];

describe("the function that empties a bucket", () => {
  test("deletes nothing unless the stack is deleted, and the bucket is one to be thrown away", async () => {
    await Promise.all(
      Array.from({ length: 3 }, async (_, index) => {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: `hot/${index}`, Body: "x" }));
      }),
    );
    tags = [{ Key: "streamkeeper:delete-with-stack", Value: "true" }];
    expect(await answerTo({ RequestType: "Create" })).toEqual(success);
    expect(await answerTo({ RequestType: "Update" })).toEqual(success);
    tags = [{ Key: "team", Value: "a" }];
    expect(await answerTo({})).toEqual(success);
    expect(await objects()).toBe(3);
  });

  test("says that it failed where its time is up, so that the stack can be deleted again", async () => {
    tags = [{ Key: "streamkeeper:delete-with-stack", Value: "true" }];
    expect(await answerTo({}, 29_000)).toMatchObject([
      expect.any(String),
      { Status: "FAILED", Reason: "time was up after 0 objects; delete the stack again to go on" },
    ]);
    expect(await objects()).toBe(3);
  });

  test("deletes everything then, and an empty bucket is as good", async () => {
    expect(await answerTo({})).toEqual(success);
    expect(await objects()).toBe(0);
    expect(await answerTo({})).toEqual(success);
  });
});
