/** What DynamoDB's emulator says of units is checked against DynamoDB's rules: the meter believes it. */
import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { beforeAll, describe, expect, test } from "vitest";
import { createDynamoDbClient } from "../../../../shared/storage/aws/dynamodb-client.ts";
import { itemBytes, writeUnits } from "../../../../shared/storage/aws/request-units.ts";
import type { StoredItem } from "../../../../shared/storage/aws/stored-values.ts";
import { createNodeEnvironment } from "../../../../shared/storage/node/node-environment.ts";
import { type Usage, UsageMeter } from "../../../../shared/storage/usage.ts";
import { createEmulatedResources, openEmulatedStorage } from "../../../emulators/emulated-storage.ts";
import { emulatorCredentials, emulatorRegion, type Emulators, startEmulators } from "../../../emulators/emulators.ts";
import { freshLogId, patternBytes, sampleEntry } from "../contract/samples.ts";

const environment = createNodeEnvironment();
const usage = new UsageMeter();
let emulators: Emulators;
let names: Awaited<ReturnType<typeof createEmulatedResources>>;
let storage: ReturnType<typeof openEmulatedStorage>;

beforeAll(async () => {
  emulators = await startEmulators();
  names = await createEmulatedResources(emulators, environment, "metered");
  storage = openEmulatedStorage(emulators, environment, names, { usage });
  return async () => {
    await storage.close();
    await emulators.stop();
  };
});

async function used(work: () => Promise<unknown>): Promise<Partial<Usage>> {
  usage.reset();
  await work();
  return Object.fromEntries(Object.entries(usage.usage()).filter(([, value]) => value !== 0));
}

describe("the meter", () => {
  test("counts the write units of an entry by its size, and of a lost race by the larger of both", async () => {
    const logId = freshLogId();
    const entry = (bytes: number, position = 0) => ({
      ...sampleEntry(logId, position),
      payload: { kind: "inline" as const, bytes: patternBytes(bytes) },
    });
    expect(await used(() => storage.logs.putIfAbsent(entry(100)))).toEqual({ writeUnits: 1 });
    expect(await used(() => storage.logs.putIfAbsent(entry(100)))).toEqual({ writeUnits: 1, failedWriteUnits: 1 });
    expect(await used(() => storage.logs.putIfAbsent(entry(5_000)))).toEqual({ writeUnits: 5, failedWriteUnits: 5 });
    const next = sampleEntry(logId, 0).next;
    expect(await used(() => storage.logs.putIfAbsent(entry(10_000, next)))).toEqual({ writeUnits: 10 });
    expect(await used(() => storage.logs.putIfAbsent(entry(1, next)))).toEqual({
      writeUnits: 10,
      failedWriteUnits: 10,
    });
  });

  test("counts read units of what a query reads, one where it finds nothing", async () => {
    const logId = freshLogId();
    expect(await used(() => storage.logs.readLast(logId))).toEqual({ readUnits: 1 });
    const payload = { kind: "inline" as const, bytes: patternBytes(9_000) };
    await storage.logs.putIfAbsent({ ...sampleEntry(logId, 0), payload });
    expect(await used(() => storage.logs.readLast(logId))).toEqual({ readUnits: 3 });
  });

  test("counts items, and a failed condition on none as one unit", async () => {
    const key = { partition: "metered", sort: "a" };
    const set = { set: { text: "x".repeat(3_000) } };
    expect(await used(() => storage.items.update(key, set, [{ kind: "exists" }]))).toMatchObject({
      failedWriteUnits: 1,
    });
    expect(await used(() => storage.items.update(key, set))).toEqual({ writeUnits: 3 });
    expect(await used(() => storage.items.update(key, set, [{ kind: "absent" }]))).toEqual({
      writeUnits: 3,
      failedWriteUnits: 3,
    });
    expect(await used(() => storage.items.get(key))).toEqual({ readUnits: 1 });
    expect(await used(() => storage.items.delete(key))).toEqual({ writeUnits: 3 });
  });

  test("counts requests to S3 by their class, with bytes, and deletes as free", async () => {
    const bytes = patternBytes(1_000);
    expect(await used(() => storage.blobs.put("a", [bytes]))).toEqual({ blobWrites: 1, blobBytesWritten: 1_000 });
    expect(await used(() => storage.blobs.get("a", { start: 0, end: 10 }))).toEqual({
      blobReads: 1,
      blobBytesRead: 10,
    });
    expect(await used(() => storage.blobs.get("none"))).toEqual({ blobReads: 1 });
    expect(await used(() => storage.blobs.list("", { limit: 10 }))).toEqual({ blobWrites: 1 });
    expect(await used(() => storage.blobs.delete(["a"]))).toEqual({});
  });

  test("counts messages", async () => {
    const seal = { kind: "seal", topicId: "t", partition: 0 } as const;
    expect(await used(() => storage.wakeUps.wake(seal, 1_000))).toEqual({ queueRequests: 1 });
  });
});

describe("the emulator of DynamoDB", () => {
  test("bills what DynamoDB's rules say: 1 KB for a write, the larger of before and after, 4 KB for a read", async () => {
    const dynamodb = createDynamoDbClient({
      clock: environment.clock,
      region: emulatorRegion,
      credentials: emulatorCredentials,
      endpoint: emulators.endpoints.dynamodb,
    });
    const asked = { TableName: names.logTable, ReturnConsumedCapacity: "TOTAL" } as const;
    const item = (bytes: number, position = 0): StoredItem => ({
      pk: { S: "units" },
      sk: { N: String(position) },
      n: { N: "1234567" },
      t: { N: "1790000000000" },
      p: { B: new Uint8Array(bytes) },
    });
    const [atUnit] = Array.from({ length: 1_024 }, (_, bytes) => bytes).filter(
      (bytes) => itemBytes(item(bytes)) === 1_024,
    );
    if (atUnit === undefined) throw new Error("no item is of one unit exactly");
    for (const [position, bytes] of [1, atUnit, atUnit + 1, 5_000, 300_000].entries()) {
      const Item = item(bytes, position + 1);
      const { ConsumedCapacity } = await dynamodb.send(new PutItemCommand({ ...asked, Item }));
      expect(ConsumedCapacity?.CapacityUnits, `put of ${bytes}`).toBe(writeUnits(itemBytes(Item)));
    }
    const Key = { pk: { S: "units" }, sk: { N: "4" } };
    const shrink = { UpdateExpression: "REMOVE p", ...asked, Key };
    expect((await dynamodb.send(new UpdateItemCommand(shrink))).ConsumedCapacity?.CapacityUnits).toBe(5);
    expect((await dynamodb.send(new DeleteItemCommand({ ...asked, Key }))).ConsumedCapacity?.CapacityUnits).toBe(1);
    const get = new GetItemCommand({ ...asked, ConsistentRead: true, Key: { ...Key, sk: { N: "5" } } });
    expect((await dynamodb.send(get)).ConsumedCapacity?.CapacityUnits).toBe(
      Math.ceil(itemBytes(item(300_000, 5)) / 4_096),
    );
    const query = new QueryCommand({
      ...asked,
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk AND sk < :end",
      ExpressionAttributeValues: { ":pk": { S: "units" }, ":end": { N: "4" } },
    });
    // Sizes are added up before they are rounded.
    expect((await dynamodb.send(query)).ConsumedCapacity?.CapacityUnits).toBe(1);
    dynamodb.destroy();
  });
});
