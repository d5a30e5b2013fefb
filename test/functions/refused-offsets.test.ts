/** Offsets that are refused must leave the transaction as it was: one that cannot end holds back every reader. */
import { expect, test } from "vitest";
import { type Call, goodCalls, GroupBed, offsets, transaction } from "./group-bed.ts";

const tooLong = { ...offsets[0], metadata: "x".repeat(4_097) };

test.each<[string, object]>([
  ["a group id that none has", { group: "a/b" }],
  ["a topic name that none has", { offsets: [{ ...offsets[0], topic: "a b" }] }],
  ["metadata that is too long", { offsets: [tooLong] }],
])("a transaction ends after offsets with %s were refused", async (_what, wrong) => {
  const bed = new GroupBed();
  const call = await goodCalls.addOffsetsToTransaction(bed);
  const { producerId, producerEpoch } = call.body as { producerId: string; producerEpoch: number };
  expect((await bed.send({ ...call, body: { ...(call.body as object), ...wrong } })).status).toBeGreaterThanOrEqual(
    400,
  );
  await bed.ok({ id: "abortTransaction", params: transaction, body: { producerId, producerEpoch } });
  await bed.ok({ id: "createProducer", body: { transactionalId: "t" } });
});

test("a transaction ends after offsets of a share group were refused", async () => {
  const bed = new GroupBed();
  const call = await goodCalls.addOffsetsToTransaction(bed);
  const { producerId, producerEpoch } = call.body as { producerId: string; producerEpoch: number };
  await bed.makeShareGroup();
  expect((await bed.send(call)).json).toMatchObject({ error: "INCONSISTENT_GROUP_PROTOCOL" });
  await bed.ok({ id: "abortTransaction", params: transaction, body: { producerId, producerEpoch } });
});

test("a write in one call whose offsets are refused leaves nothing behind", async () => {
  const bed = new GroupBed();
  const call = await goodCalls.writeAtomically(bed);
  const { produce } = call.body as { produce: object[] };
  const refused: Call = { ...call, body: { produce, offsets: [{ group: "a/b", offsets }] } };
  expect((await bed.send(refused)).json).toMatchObject({ error: "INVALID_GROUP_ID" });
  for (const partition of [0, 1]) {
    const { json } = await bed.functions.send(
      `GET /v1/default/topics/orders/partitions/${partition}/records?offset=0&isolation=read_committed`,
    );
    expect(json).toMatchObject({ records: [], highWatermark: 0, lastStableOffset: 0 });
  }
});
