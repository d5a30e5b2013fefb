import { expect, test } from "vitest";
import { doDuty } from "../../../functions/duties/do-duty.ts";
import { segmentsLogId } from "../../../shared/log/log-id.ts";
import { decodeDuty, encodeDuty } from "../../../shared/storage/aws/duty-message.ts";
import { partitionWriter } from "../../../shared/partition/partition-writer.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import type { Duty } from "../../../shared/storage/environment.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { append, name } from "./partition-fixture.ts";

/** Storage that only notes which wake-ups are asked for at once. */
function watchedStorage(): { readonly storage: Storage; readonly woken: Duty[] } {
  const woken: Duty[] = [];
  const wake: Storage["wakeUps"]["wake"] = (duty, delayMs) => {
    if (delayMs === 0) woken.push(duty);
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
  expect(woken[0]).toEqual({ kind: "seal", ...name, segmentBytes: 100_000 });
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

test("seals by the size that was asked for, in a process that has not seen the topic's settings", async () => {
  const { storage, woken } = watchedStorage();
  const { topics, produce } = createServices(storage);
  const place = { namespace: "default", topic: "small", partition: 0 };
  const { topicId } = await topics.create(place.namespace, {
    name: place.topic,
    config: { "segment.bytes": "1048576" },
  });
  const records = [{ key: null, value: new Uint8Array(300_000), headers: [] }];
  for (let batches = 0; batches < 4; batches += 1) await produce.produceRecords({ ...place, records });
  const sealedEnd = async (): Promise<number | undefined> =>
    (await storage.logs.readLast(segmentsLogId(topicId, place.partition)))?.next;
  const { duties } = createServices(storage);
  await doDuty(duties, { kind: "seal", topicId, partition: place.partition });
  expect(await sealedEnd()).toBeUndefined();
  const [asked] = woken;
  if (asked === undefined) throw new Error("nothing was asked for");
  await doDuty(duties, decodeDuty(encodeDuty(asked)));
  expect(await sealedEnd()).toBe(4);
});
