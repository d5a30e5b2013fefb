/** What a caller learns when an answer is lost, after the store has applied the request. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { instantOf } from "../../../../shared/log/evidence.ts";
import { putEntry } from "../../../../shared/log/put-entry.ts";
import type { AwsStorage } from "../../../../shared/storage/aws/aws-storage.ts";
import { StorageTimeoutError, StorageUnavailableError } from "../../../../shared/storage/errors.ts";
import { createNodeEnvironment } from "../../../../shared/storage/node/node-environment.ts";
import { startDynoxide } from "../../../emulators/dynamodb-emulator.ts";
import { createEmulatedResources, openEmulatedStorage } from "../../../emulators/emulated-storage.ts";
import { type Emulators, startEmulators } from "../../../emulators/emulators.ts";
import { type FaultProxy, startFaultProxy } from "../../../emulators/fault-proxy.ts";
import { expectBytes, freshLogId, freshName, itemKey, patternBytes, sampleEntry } from "../contract/samples.ts";

const requestMsMax = 400;
let emulators: Emulators;
let tables: FaultProxy;
let objects: FaultProxy;
/** Goes through the proxies. */
let storage: AwsStorage;
/** Does not. */
let witness: AwsStorage;

beforeAll(async () => {
  emulators = await startEmulators({ dynamoDb: startDynoxide });
  tables = await startFaultProxy(emulators.endpoints.dynamodb);
  objects = await startFaultProxy(emulators.endpoints.s3);
  const environment = createNodeEnvironment();
  const names = await createEmulatedResources(emulators, environment, "faults");
  const endpoints = { dynamodb: tables.endpoint, s3: objects.endpoint, sqs: objects.endpoint };
  storage = openEmulatedStorage({ endpoints }, environment, names, { requestMsMax });
  witness = openEmulatedStorage(emulators, environment, names);
});

afterAll(async () => {
  await Promise.all([storage.close(), witness.close()]);
  await Promise.all([tables.stop(), objects.stop()]);
  await emulators.stop();
});

beforeEach(() => {
  tables.mode = "pass";
  objects.mode = "pass";
});

test("reports a put whose answer does not come as unclear, and finds its own attempt when it puts again", async () => {
  const entry = sampleEntry(freshLogId(), 0);
  tables.mode = "swallow";
  const before = tables.lostAnswers;
  await expect(storage.logs.putIfAbsent(entry)).rejects.toThrow(StorageTimeoutError);
  expect(tables.lostAnswers, "sent once").toBe(before + 1);
  tables.mode = "pass";
  const again = await storage.logs.putIfAbsent(entry);
  expect(again.won).toBe(false);
  if (!again.won) expect(again.existing?.attempt).toBe(entry.attempt);
});

test("lets the core append although the answer to its put was reset", async () => {
  const entry = sampleEntry(freshLogId(), 0);
  tables.mode = "reset-once";
  expect(await putEntry(storage, entry, instantOf(storage.clock))).toEqual({ kind: "appended" });
  expect((await witness.logs.readLast(entry.logId))?.attempt).toBe(entry.attempt);
});

test("does not repeat an addition whose answer was reset", async () => {
  const key = itemKey(freshName());
  tables.mode = "reset-once";
  await expect(storage.items.update(key, { add: { count: 1 } })).rejects.toThrow(StorageTimeoutError);
  expect(await witness.items.get(key)).toEqual({ key, version: 1, attributes: { count: 1 } });
});

test("does not report a failed condition for an update that was applied", async () => {
  const key = itemKey(freshName());
  tables.mode = "swallow";
  await expect(storage.items.update(key, { set: { owner: "a" } }, [{ kind: "absent" }])).rejects.toThrow(
    StorageTimeoutError,
  );
  await expect(storage.items.delete(key, [{ kind: "version", version: 1 }])).rejects.toThrow(StorageTimeoutError);
  expect(await witness.items.get(key)).toBeUndefined();
});

test("reads again when the answer to a read was reset", async () => {
  const entry = sampleEntry(freshLogId(), 0);
  await witness.logs.putIfAbsent(entry);
  tables.mode = "reset-once";
  expect((await storage.logs.readLast(entry.logId))?.attempt).toBe(entry.attempt);
  expect(tables.mode, "an answer was lost").toBe("pass");
});

test("gives up on a read after three lost answers", async () => {
  tables.mode = "reset";
  const before = tables.lostAnswers;
  await expect(storage.logs.readLast(freshLogId())).rejects.toThrow(StorageTimeoutError);
  expect(tables.lostAnswers).toBe(before + 3);
});

test("puts a blob again when the answer was reset", async () => {
  const key = `${freshName()}/blob`;
  objects.mode = "reset-once";
  await storage.blobs.put(key, [patternBytes(1_000)]);
  expectBytes(await witness.blobs.get(key), patternBytes(1_000));
  objects.mode = "reset-once";
  expectBytes(await storage.blobs.get(key), patternBytes(1_000));
});

test("reports a blob store that does not answer as unclear, in bounded time", async () => {
  objects.mode = "swallow";
  await expect(storage.blobs.get("never")).rejects.toThrow(StorageTimeoutError);
});

test("reports a store where nothing listens as unavailable", async () => {
  const gone = await startFaultProxy(emulators.endpoints.dynamodb);
  await gone.stop();
  const endpoints = { dynamodb: gone.endpoint, s3: gone.endpoint, sqs: gone.endpoint };
  const names = { logTable: "l", itemTable: "i", bucket: "bucket", dutyQueueUrl: `${gone.endpoint}/0/duties` };
  const unreachable = openEmulatedStorage({ endpoints }, createNodeEnvironment(), names);
  await expect(unreachable.logs.putIfAbsent(sampleEntry(freshLogId(), 0))).rejects.toThrow(StorageUnavailableError);
  await expect(unreachable.items.get(itemKey("a"))).rejects.toThrow(StorageUnavailableError);
  await expect(unreachable.blobs.put("a", [])).rejects.toThrow(StorageUnavailableError);
  const duty = { kind: "seal", topicId: "t", partition: 0 } as const;
  await expect(unreachable.wakeUps.wake(duty, 0)).rejects.toThrow(StorageUnavailableError);
  await unreachable.close();
});

test("reports a table that does not exist as unavailable, without asking again", async () => {
  const names = { logTable: "nowhere", itemTable: "nowhere", bucket: "nowhere" };
  const endpoints = { dynamodb: tables.endpoint, s3: objects.endpoint, sqs: objects.endpoint };
  const lost = openEmulatedStorage({ endpoints }, createNodeEnvironment(), names);
  await expect(lost.logs.readLast(freshLogId())).rejects.toThrow(/ResourceNotFoundException/);
  await expect(lost.logs.putIfAbsent(sampleEntry(freshLogId(), 0))).rejects.toThrow(StorageUnavailableError);
  await expect(lost.blobs.get("a")).rejects.toThrow(StorageUnavailableError);
  await lost.close();
});
