/** Opening storage, and what the contract does not see: the queue, the prefix, the shape of what is created. */
import { DescribeTimeToLiveCommand } from "@aws-sdk/client-dynamodb";
import { ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type AwsStorage, awsStorageFromEnvironment } from "../../../../shared/storage/aws/aws-storage.ts";
import { createDynamoDbClient } from "../../../../shared/storage/aws/dynamodb-client.ts";
import { decodeDuty, encodeDuty } from "../../../../shared/storage/aws/duty-message.ts";
import { createSqsClient } from "../../../../shared/storage/aws/sqs-client.ts";
import { StorageCorruptError } from "../../../../shared/storage/errors.ts";
import type { Duty } from "../../../../shared/storage/environment.ts";
import { nodeClock } from "../../../../shared/storage/node/node-clock.ts";
import { createNodeEnvironment } from "../../../../shared/storage/node/node-environment.ts";
import { createEmulatedResources } from "../../../emulators/emulated-storage.ts";
import { type Emulators, emulatorCredentials, emulatorRegion, startEmulators } from "../../../emulators/emulators.ts";
import {
  expectBytes,
  expectEntry,
  freshLogId,
  freshName,
  itemKey,
  patternBytes,
  sampleEntry,
} from "../contract/samples.ts";

const name = "opening";
const duty: Duty = { kind: "retain", topicId: "topic", partition: 3 };
const variables = {
  STREAMKEEPER_LOG_TABLE: `${name}-log`,
  STREAMKEEPER_ITEM_TABLE: `${name}-items`,
  STREAMKEEPER_BUCKET: `${name}-blobs`,
};
let emulators: Emulators;
let dutyQueueUrl: string;
const opened: AwsStorage[] = [];

beforeAll(async () => {
  emulators = await startEmulators();
  const names = await createEmulatedResources(emulators, createNodeEnvironment(), name);
  dutyQueueUrl = names.dutyQueueUrl ?? "";
});

afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.close();
});

afterAll(async () => {
  await emulators.stop();
});

/** The variables reach the SDK by the process only. */
function open(changed: Readonly<Record<string, string>> = {}, options = {}): AwsStorage {
  const all = { ...emulators.variables, ...variables, ...changed };
  for (const [variable, value] of Object.entries(all)) vi.stubEnv(variable, value);
  const storage = awsStorageFromEnvironment(process.env, options);
  opened.push(storage);
  return storage;
}

test("opens on what the environment names", async () => {
  const storage = open({ STREAMKEEPER_DUTY_QUEUE_URL: dutyQueueUrl });
  const entry = sampleEntry(freshLogId(), 0);
  expect(await storage.logs.putIfAbsent(entry)).toEqual({ won: true });
  expectEntry(await storage.logs.readLast(entry.logId), entry);
  const key = itemKey(freshName());
  await storage.items.update(key, { set: { a: 1 } });
  expect((await storage.items.get(key))?.attributes).toEqual({ a: 1 });
  await storage.blobs.put("a/b", [patternBytes(5)]);
  expectBytes(await storage.blobs.get("a/b"), patternBytes(5));
});

test("names the variable that is missing", () => {
  expect(() => open({ STREAMKEEPER_ITEM_TABLE: "" })).toThrow("STREAMKEEPER_ITEM_TABLE");
});

test("keeps blobs of two prefixes in one bucket apart", async () => {
  const left = open({ STREAMKEEPER_BUCKET_PREFIX: "left/" });
  const right = open({ STREAMKEEPER_BUCKET_PREFIX: "right/" });
  await left.blobs.put("key", [patternBytes(5)]);
  expect(await right.blobs.get("key")).toBeUndefined();
  expect((await left.blobs.list("", { limit: 10 })).blobs.map((blob) => blob.key)).toEqual(["key"]);
  await right.blobs.delete(["key"]);
  expectBytes(await left.blobs.get("key"), patternBytes(5));
});

test("puts a segment of 64 MiB in one request", async () => {
  const chunk = new Uint8Array(1024 * 1024);
  await open().blobs.put(
    "segment",
    Array.from({ length: 64 }, () => chunk),
  );
  expect((await open().blobs.list("segment", { limit: 1 })).blobs[0]?.sizeBytes).toBe(64 * 1024 * 1024);
});

test("changes 450 attributes of an item in one request", async () => {
  const set = Object.fromEntries(Array.from({ length: 450 }, (_, index) => [`offset:${index}`, index]));
  const result = await open().items.update(itemKey(freshName()), { set });
  expect(result.applied && Object.keys(result.item.attributes)).toHaveLength(450);
});

test("hands a wake-up to the queue, after its delay", async () => {
  const storage = open({ STREAMKEEPER_DUTY_QUEUE_URL: dutyQueueUrl });
  const sqs = createSqsClient({
    clock: nodeClock,
    endpoint: emulators.endpoints.sqs,
    region: emulatorRegion,
    credentials: emulatorCredentials,
  });
  const receive = async (waitSeconds: number): Promise<readonly Duty[]> => {
    const command = new ReceiveMessageCommand({ QueueUrl: dutyQueueUrl, WaitTimeSeconds: waitSeconds });
    const { Messages = [] } = await sqs.send(command);
    return Messages.map((message) => decodeDuty(message.Body ?? ""));
  };
  await storage.wakeUps.wake(duty, 600);
  expect(await receive(0)).toEqual([]);
  expect(await receive(3)).toEqual([duty]);
  await storage.wakeUps.wake(duty, -5);
  expect(await receive(1)).toEqual([duty]);
  await storage.wakeUps.wake(duty, Number.MAX_SAFE_INTEGER);
  sqs.destroy();
});

test("hands wake-ups to the process where no queue is named, and drops them where neither is", async () => {
  const taken: Duty[] = [];
  const wakeUps = { wake: async (asked: Duty) => void taken.push(asked) };
  await open({}, { wakeUps }).wakeUps.wake(duty, 5);
  await open().wakeUps.wake(duty, 5);
  expect(taken).toEqual([duty]);
});

test("gives back a duty, and calls a message corrupt that is none", () => {
  expect(decodeDuty(encodeDuty(duty))).toEqual(duty);
  for (const body of [
    "",
    "null",
    "[]",
    "{}",
    '{"kind":"other","topicId":"t","partition":1}',
    '{"kind":"seal","topicId":"t"}',
  ]) {
    expect(() => decodeDuty(body)).toThrow(StorageCorruptError);
  }
});

test("creates tables whose items expire, and minds nothing that is there already", async () => {
  await createEmulatedResources(emulators, createNodeEnvironment(), name);
  const { endpoints } = emulators;
  const client = createDynamoDbClient({
    clock: nodeClock,
    endpoint: endpoints.dynamodb,
    region: emulatorRegion,
    credentials: emulatorCredentials,
  });
  const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: `${name}-log` }));
  if (emulators.dynamoDbName === "dynoxide") expect(TimeToLiveDescription?.AttributeName).toBe("e");
  client.destroy();
});
