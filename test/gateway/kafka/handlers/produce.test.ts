import { afterEach, beforeEach, expect, test } from "vitest";
import { listOffsets, offsetPoint } from "../../../../gateway/kafka/protocol/apis/list-offsets.ts";
import { produce } from "../../../../gateway/kafka/protocol/apis/produce.ts";
import { encodeBatch } from "../../../../shared/record/encode-batch.ts";
import { type GatewayBed, gatewayBed, namespace } from "../gateway-bed.ts";

let bed: GatewayBed;

beforeEach(async () => {
  bed = await gatewayBed();
  await bed.services.topics.create(namespace, { name: "orders", partitions: 1 });
});
afterEach(() => bed.close());

const batch = encodeBatch({ records: [{ key: null, value: Uint8Array.of(1) }] }, () => new Uint8Array());

function without(acks: number, name: string) {
  const topicData = [{ name, partitionData: [{ index: 0, records: [batch] }] }];
  return { transactionalId: null, acks, timeoutMs: 1_000, topicData };
}

async function end(): Promise<number | undefined> {
  const partitions = [{ partitionIndex: 0, timestamp: offsetPoint.latest }];
  const { topics } = await bed.client.send(listOffsets, {
    isolationLevel: 0,
    topics: [{ name: "orders", partitions }],
  });
  return topics[0]?.partitions[0]?.offset;
}

test("records that want no acknowledgement are written without an answer, in their order", async () => {
  for (let count = 0; count < 5; count += 1) bed.client.write(produce, without(0, "orders"));
  const { responses } = await bed.client.send(produce, without(1, "orders"));
  expect(responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 5 });
  expect(await end()).toBe(6);
});

test("where such a record is not written the connection ends, as that is all that its client can hear", async () => {
  bed.client.write(produce, without(0, "nowhere"));
  await bed.client.closed;
  expect(bed.failures).toEqual([]);
});
