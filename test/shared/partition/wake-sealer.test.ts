import { expect, test } from "vitest";
import { partitionWriter } from "../../../shared/partition/partition-writer.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { append, name } from "./partition-fixture.ts";

/** Storage that only notes which wake-ups are asked for at once. */
function watchedStorage(): { readonly storage: Storage; readonly woken: string[] } {
  const woken: string[] = [];
  const wake: Storage["wakeUps"]["wake"] = (duty, delayMs) => {
    if (delayMs === 0) woken.push(duty.kind);
    return Promise.resolve();
  };
  return { storage: { ...createMemoryStorage().storage, wakeUps: { wake } }, woken };
}

test("asks for sealing at once whenever a segment of the topic's size is full", async () => {
  const { storage, woken } = watchedStorage();
  const writer = partitionWriter(
    storage,
    name,
    () => 16_384,
    undefined,
    () => 100_000,
  );
  const value = "x".repeat(30_000);
  const askedAfter: number[] = [];
  for (let records = 0; records < 8; records += 1) {
    await append(writer, [value]);
    askedAfter.push(woken.length);
  }
  expect(askedAfter).toEqual([0, 0, 0, 1, 1, 1, 2, 2]);
  expect(new Set(woken)).toEqual(new Set(["seal"]));
});

test("goes by the topic's segment.bytes", async () => {
  const { storage, woken } = watchedStorage();
  const { topics, produce } = createServices(storage);
  const place = { namespace: "default", topic: "small", partition: 0 };
  await topics.create(place.namespace, { name: place.topic, config: { "segment.bytes": "1048576" } });
  const records = [{ key: null, value: new Uint8Array(300_000), headers: [] }];
  const askedAfter: number[] = [];
  for (let batches = 0; batches < 5; batches += 1) {
    await produce.produceRecords({ ...place, records });
    askedAfter.push(woken.length);
  }
  expect(askedAfter).toEqual([0, 0, 0, 1, 1]);
});
