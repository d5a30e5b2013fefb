/** Real SDK clients against canned answers, so that a change of the SDK's errors shows. */
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { storageFailureOf } from "../../../../shared/storage/aws/aws-errors.ts";
import type { AwsStorage } from "../../../../shared/storage/aws/aws-storage.ts";
import { clientConfiguration } from "../../../../shared/storage/aws/client-options.ts";
import { HttpConnections } from "../../../../shared/storage/aws/http-connections.ts";
import {
  StorageThrottledError,
  StorageTimeoutError,
  StorageUnavailableError,
} from "../../../../shared/storage/errors.ts";
import { nodeClock } from "../../../../shared/storage/node/node-clock.ts";
import { createNodeEnvironment } from "../../../../shared/storage/node/node-environment.ts";
import {
  type CannedAnswer,
  type CannedServer,
  jsonError,
  startCannedServer,
  xmlError,
} from "../../../emulators/canned-server.ts";
import { openEmulatedStorage } from "../../../emulators/emulated-storage.ts";
import { emulatorCredentials, emulatorRegion } from "../../../emulators/emulators.ts";
import { startFaultProxy } from "../../../emulators/fault-proxy.ts";
import { freshLogId, itemKey, patternBytes, sampleEntry } from "../contract/samples.ts";

let server: CannedServer;
let storage: AwsStorage;

beforeAll(async () => {
  server = await startCannedServer();
  const endpoints = { dynamodb: server.endpoint, s3: server.endpoint, sqs: server.endpoint };
  const names = { logTable: "l", itemTable: "i", bucket: "bucket", dutyQueueUrl: `${server.endpoint}/0/duties` };
  storage = openEmulatedStorage({ endpoints }, createNodeEnvironment(), names);
});

afterAll(async () => {
  await storage.close();
  await server.stop();
});

beforeEach(() => {
  server.requests = 0;
});

const emptyObject: CannedAnswer = {
  status: 200,
  headers: { "content-type": "application/x-amz-json-1.0" },
  body: "{}",
};
const json = { headers: { "content-type": "application/x-amz-json-1.0" } };
const put = async (): Promise<unknown> => await storage.logs.putIfAbsent(sampleEntry(freshLogId(), 0));
const update = async (): Promise<unknown> => await storage.items.update(itemKey("a"), { add: { count: 1 } });
const read = async (): Promise<unknown> => await storage.logs.readLast(freshLogId());

describe("a write of DynamoDB", () => {
  test.each([
    ["ProvisionedThroughputExceededException", 400, StorageThrottledError, 3],
    ["ThrottlingException", 400, StorageThrottledError, 3],
    ["RequestLimitExceeded", 400, StorageThrottledError, 3],
    ["ReplicatedWriteConflictException", 400, StorageThrottledError, 3],
    ["SomethingNew", 429, StorageThrottledError, 3],
    ["ValidationException", 400, StorageUnavailableError, 1],
    ["ResourceNotFoundException", 400, StorageUnavailableError, 1],
    ["AccessDeniedException", 400, StorageUnavailableError, 1],
    ["ExpiredTokenException", 400, StorageUnavailableError, 1],
    ["InternalServerError", 500, StorageTimeoutError, 1],
    ["ServiceUnavailable", 503, StorageTimeoutError, 1],
  ])(
    "that is answered with %s (%i) has the right outcome, and is sent again only if it was not applied",
    async (name, status, expected, requests) => {
      server.answers = [jsonError(status, name)];
      await expect(update()).rejects.toThrow(expected);
      expect(server.requests).toBe(requests);
    },
  );

  test("is unclear when a proxy answers with a page", async () => {
    server.answers = [{ status: 502, headers: { "content-type": "text/html" }, body: "<html>bad gateway</html>" }];
    await expect(put()).rejects.toThrow(StorageTimeoutError);
    server.answers = [{ status: 200, ...json, body: "<html>" }];
    await expect(update()).rejects.toThrow(StorageTimeoutError);
  });

  test("is unclear when its answer breaks off", async () => {
    server.answers = [{ status: 200, ...json, body: "{", announcedBytes: 100 }];
    await expect(update()).rejects.toThrow(StorageTimeoutError);
    expect(server.requests).toBe(1);
  });

  test("succeeds when the store was throttled for a moment", async () => {
    server.answers = [jsonError(400, "ThrottlingException"), { ...emptyObject }];
    expect(await storage.items.delete(itemKey("a"))).toEqual({ applied: true });
    expect(server.requests).toBe(2);
  });

  test("that puts a log entry is sent once, whatever the answer: the core puts again", async () => {
    server.answers = [jsonError(400, "ThrottlingException")];
    await expect(put()).rejects.toThrow(StorageThrottledError);
    expect(server.requests).toBe(1);
  });
});

test("a read is sent three times before it fails", async () => {
  server.answers = [jsonError(500, "InternalServerError")];
  await expect(read()).rejects.toThrow(StorageTimeoutError);
  expect(server.requests).toBe(3);
});

test("a trim gives up when the store leaves deletions undone", async () => {
  const key = { pk: { S: "l" }, sk: { N: "0" } };
  const found = { ...json, status: 200, body: JSON.stringify({ Items: [{ ...key, n: { N: "1" } }] }) };
  const left = {
    ...json,
    status: 200,
    body: JSON.stringify({ UnprocessedItems: { l: [{ DeleteRequest: { Key: key } }] } }),
  };
  server.answers = [found, left];
  await expect(storage.logs.trim(freshLogId(), 5, 10)).rejects.toThrow(StorageThrottledError);
  expect(server.requests).toBe(1 + 3);
});

describe("a request of S3", () => {
  test.each([
    ["SlowDown", 503, StorageThrottledError, 3],
    ["InternalError", 500, StorageTimeoutError, 3],
    ["AccessDenied", 403, StorageUnavailableError, 1],
    ["NoSuchBucket", 404, StorageUnavailableError, 1],
  ])("that is answered with %s (%i) has the right outcome", async (name, status, expected, requests) => {
    server.answers = [xmlError(status, name)];
    await expect(storage.blobs.get("key")).rejects.toThrow(expected);
    expect(server.requests).toBe(requests);
    server.requests = 0;
    await expect(storage.blobs.put("key", [patternBytes(10)])).rejects.toThrow(expected);
    expect(server.requests).toBe(requests);
  });

  test("never gives a part of a blob for the whole", async () => {
    server.answers = [{ status: 200, body: "half", announcedBytes: 8 }];
    await expect(storage.blobs.get("key")).rejects.toThrow(StorageTimeoutError);
    expect(server.requests).toBe(3);
  });

  test("that deletes names the key that was left", async () => {
    const body = "<DeleteResult><Error><Key>a</Key><Code>InternalError</Code></Error></DeleteResult>";
    server.answers = [{ status: 200, headers: { "content-type": "application/xml" }, body }];
    await expect(storage.blobs.delete(["a", "b"])).rejects.toThrow("DeleteObjects left a: InternalError");
  });
});

test("a wake-up of a throttled queue is sent again", async () => {
  server.answers = [jsonError(400, "RequestThrottled")];
  await expect(storage.wakeUps.wake({ kind: "seal", topicId: "t", partition: 1 }, 0)).rejects.toThrow(
    StorageThrottledError,
  );
  expect(server.requests).toBe(3);
});

test("a request that found no connection in time was not sent", async () => {
  const silent = await startFaultProxy(server.endpoint);
  silent.mode = "swallow";
  const connections = new HttpConnections(nodeClock, 1);
  const options = {
    clock: nodeClock,
    endpoint: silent.endpoint,
    region: emulatorRegion,
    credentials: emulatorCredentials,
  };
  const client = new DynamoDBClient(clientConfiguration(options, connections, 2_000));
  server.answers = [emptyObject];
  const get = async (): Promise<unknown> =>
    await client.send(new GetItemCommand({ TableName: "t", Key: { pk: { S: "a" } } }));
  const [first, second] = await Promise.allSettled([get(), get()]);
  if (first.status === "fulfilled" || second.status === "fulfilled") throw new Error("an answer came");
  expect(storageFailureOf("GetItem", first.reason).error).toBeInstanceOf(StorageTimeoutError);
  expect(storageFailureOf("GetItem", second.reason).error).toBeInstanceOf(StorageUnavailableError);
  client.destroy();
  await silent.stop();
});

test("missing credentials are not asked for again", () => {
  const cause = Object.assign(new Error("Could not load credentials"), { name: "CredentialsProviderError" });
  const { error, passing } = storageFailureOf("GetItem", cause);
  expect(error).toBeInstanceOf(StorageUnavailableError);
  expect(error.cause).toBe(cause);
  expect(passing).toBe(false);
});

test.each([
  ["ECONNRESET", StorageTimeoutError],
  ["EPIPE", StorageTimeoutError],
  ["ETIMEDOUT", StorageTimeoutError],
  ["ENOTFOUND", StorageUnavailableError],
  ["EAI_AGAIN", StorageUnavailableError],
])("%s tells whether the request was sent", (code, expected) => {
  expect(storageFailureOf("GetItem", Object.assign(new Error(code), { code })).error).toBeInstanceOf(expected);
});

test("what nobody foresaw counts as perhaps applied", () => {
  expect(storageFailureOf("GetItem", "no error at all").error).toBeInstanceOf(StorageTimeoutError);
});
