import { afterAll, beforeAll, expect, test } from "vitest";
import { compress } from "../../shared/compression/compression.ts";
import { ambiguityProbesMax } from "../../shared/limits.ts";
import { partitionLogId } from "../../shared/log/log-id.ts";
import { partitionWriter } from "../../shared/partition/partition-writer.ts";
import { encodeBatch } from "../../shared/record/encode-batch.ts";
import { appendedOrThrow } from "../../shared/services/append-errors.ts";
import { ServiceError } from "../../shared/api/errors.ts";
import type { AwsStorage } from "../../shared/storage/aws/aws-storage.ts";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";
import { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import { createEmulatedResources, openEmulatedStorage } from "../emulators/emulated-storage.ts";
import { type Emulators, startEmulators } from "../emulators/emulators.ts";
import { startThrottlingProxy, type ThrottlingProxy } from "../emulators/throttling-proxy.ts";

let emulators: Emulators;
let proxy: ThrottlingProxy;
let storage: AwsStorage;

beforeAll(async () => {
  emulators = await startEmulators();
  proxy = await startThrottlingProxy(emulators.endpoints.dynamodb);
  const environment = createNodeEnvironment();
  const { dutyQueueUrl: _, ...names } = await createEmulatedResources(emulators, environment, "throttling");
  const endpoints = { ...emulators.endpoints, dynamodb: proxy.endpoint };
  storage = openEmulatedStorage({ endpoints }, environment, names);
});

afterAll(async () => {
  await storage.close();
  await proxy.stop();
  await emulators.stop();
});

function writerOf(topicId: string) {
  return partitionWriter(storage, { topicId, partition: 0 }, () => 16_384);
}

/** What a caller is told, by the name of the error if it is one. */
async function append(writer: ReturnType<typeof writerOf>, value: string): Promise<number | ServiceError> {
  const records = [{ key: null, value: new TextEncoder().encode(value), timestamp: 1 }];
  const bytes = encodeBatch({ records }, compress);
  const batches = [{ start: 0, length: bytes.length, recordCount: 1, maxTimestamp: 1 }];
  try {
    return appendedOrThrow(await writer.append({ bytes, batches })).baseOffset;
  } catch (cause) {
    if (cause instanceof ServiceError) return cause;
    throw cause;
  }
}

test("three of ten requests throttled: each append is acknowledged once, after a bounded number of puts", async () => {
  const random = new SeededRandom(6);
  proxy.isThrottled = () => random.chance(0.3);
  proxy.requests.clear();
  const writers = [writerOf("busy"), writerOf("busy"), writerOf("other")];
  const appends = 15;
  let attempts = 0;
  const offsets = await Promise.all(
    writers.map(async (writer, index) => {
      const acknowledged: number[] = [];
      while (acknowledged.length < appends) {
        const answer = await append(writer, `${index}-${acknowledged.length}`);
        attempts += 1;
        if (typeof answer === "number") acknowledged.push(answer);
        else expect(answer).toMatchObject({ code: "THROTTLING_QUOTA_EXCEEDED", status: 429, retriable: true });
      }
      return acknowledged;
    }),
  );
  proxy.isThrottled = () => false;
  const [one = [], two = [], other = []] = offsets;
  const inOrder = (count: number) => Array.from({ length: count }, (_, index) => index);
  expect([...one, ...two].toSorted((a, b) => a - b)).toEqual(inOrder(2 * appends));
  expect(other).toEqual(inOrder(appends));
  // Nothing stands there twice.
  expect((await writerOf("busy").catchUp()).position).toBe(2 * appends);
  expect((await writerOf("other").catchUp()).position).toBe(appends);
  // One in 400 appends is refused after five puts; what is lost to the other writer adds some.
  expect(attempts).toBeLessThan(3 * appends + 5);
  expect(proxy.throttled.get("PutItem")).toBeGreaterThan(5);
  expect(proxy.requests.get("PutItem")).toBeLessThan(3 * appends * 2.5);
});

test("a partition that is throttled for ever answers 429 after a bounded number of puts, and holds up no other", async () => {
  const logId = partitionLogId("hot", 0);
  const hot = writerOf("hot");
  await append(hot, "warm");
  const others = Array.from({ length: 8 }, (_, index) => writerOf(`cold-${index}`));
  await Promise.all(others.map(async (writer) => await append(writer, "warm")));
  proxy.isThrottled = ({ body }) => body.includes(logId);
  proxy.requests.clear();
  proxy.throttled.clear();
  const stuck = Array.from({ length: 20 }, async (_, index) => await append(hot, `hot-${index}`));
  const waitsMs = await Promise.all(
    others.map(async (writer) => {
      const begunMs = performance.now();
      for (let index = 0; index < 5; index += 1) {
        expect(await append(writer, String(index))).toBe(1 + index);
      }
      return performance.now() - begunMs;
    }),
  );
  const done = new Set<unknown>();
  for (const answer of await Promise.all(stuck)) {
    expect(answer).toMatchObject({ code: "THROTTLING_QUOTA_EXCEEDED", status: 429, retriable: true });
    done.add(answer);
  }
  expect(done.size).toBe(20);
  const refused = proxy.throttled.get("PutItem") ?? 0;
  // The first goes alone, the rest as one group.
  expect(refused).toBeLessThanOrEqual(2 * (ambiguityProbesMax + 1));
  expect(proxy.requests.get("PutItem")).toBe(8 * 5 + refused);
  // Five puts on a busy machine; the throttled one sleeps up to 400 ms between two tries.
  expect(Math.max(...waitsMs)).toBeLessThan(2_000);
});
