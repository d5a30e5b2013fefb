/**
 * The adapter on a store that does not tell the item which made a condition fail.
 *
 * Not the whole contract: dynalite compares strings in conditions by their UTF-16 units, where DynamoDB takes the bytes.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AwsStorage } from "../../../../shared/storage/aws/aws-storage.ts";
import { createNodeEnvironment } from "../../../../shared/storage/node/node-environment.ts";
import { startDynalite } from "../../../emulators/dynamodb-emulator.ts";
import { createEmulatedResources, openEmulatedStorage } from "../../../emulators/emulated-storage.ts";
import { type Emulators, startEmulators } from "../../../emulators/emulators.ts";
import { itemStoreContract } from "../contract/item-store.ts";
import { logStoreRaceContract } from "../contract/log-store-races.ts";
import { freshLogId, freshName, itemKey, sampleEntry } from "../contract/samples.ts";

let emulators: Emulators;
let storage: AwsStorage;

beforeAll(async () => {
  emulators = await startEmulators({ dynamoDb: startDynalite });
  const environment = createNodeEnvironment();
  const names = await createEmulatedResources(emulators, environment, "dynalite");
  storage = openEmulatedStorage(emulators, environment, names);
});

afterAll(async () => {
  await storage.close();
  await emulators.stop();
});

describe("storage contract: aws on dynalite", () => {
  logStoreRaceContract(() => storage.logs);
  itemStoreContract(() => storage.items);
});

test("answers that a put lost, though it cannot tell to which entry", async () => {
  const logId = freshLogId();
  await storage.logs.putIfAbsent(sampleEntry(logId, 0));
  expect(await storage.logs.putIfAbsent(sampleEntry(logId, 0))).toEqual({ won: false });
});

test("reads the item that made an update or a deletion fail", async () => {
  const key = itemKey(freshName());
  const stored = await storage.items.update(key, { set: { owner: "a" } });
  if (!stored.applied) throw new Error("the first update was not applied");
  const existing = stored.item;
  expect(await storage.items.update(key, {}, [{ kind: "version", version: 9 }])).toEqual({ applied: false, existing });
  expect(await storage.items.delete(key, [{ kind: "absent" }])).toEqual({ applied: false, existing });
});

test("finds no item where a condition failed because there is none", async () => {
  const key = itemKey(freshName());
  expect(await storage.items.update(key, {}, [{ kind: "exists" }])).toEqual({ applied: false });
  expect(await storage.items.delete(key, [{ kind: "exists" }])).toEqual({ applied: false });
});
