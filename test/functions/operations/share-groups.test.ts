import { expect, test } from "vitest";
import { operations } from "../../../shared/api/operations/share-groups.ts";
import { startFunctions } from "../start-functions.ts";

const queue = "/v1/default/share-groups/q";

function acquiredOf(values: readonly string[]) {
  const records = values.map((value, offset) => ({
    topic: "jobs",
    partition: 0,
    deliveryCount: 1,
    offset,
    timestamp: 1,
    key: null,
    value: Buffer.from(value),
    headers: [],
  }));
  return { records, lockMs: 30_000 };
}

async function acquire(values: readonly string[], remainingMs?: number) {
  const { send, calls, replace } = startFunctions();
  replace("shareGroups.acquire", async () => acquiredOf(values));
  replace("shareGroups.acknowledge", async () => []);
  const body = JSON.stringify({ topics: ["jobs"], memberId: "w", maxBytes: 8_388_608, waitMs: 25_000 });
  const received = await send(`POST ${queue}/acquire`, { body, ...(remainingMs === undefined ? {} : { remainingMs }) });
  return { received, calls };
}

test("an acquisition asks for no more bytes than its JSON may carry, and waits no longer than the function lives", async () => {
  const { received, calls } = await acquire(["a"], 10_000);
  expect(operations.acquireRecords.answer.parse(received.json)).toEqual(received.json);
  const request = calls[0]?.args[0] as { maxBytes: number; waitMs: number; signal?: AbortSignal };
  expect(request.maxBytes).toBe(750_000);
  expect(request.waitMs).toBeLessThan(10_000);
  expect(request.signal).toBeInstanceOf(AbortSignal);
});

test("what does not fit the answer is given back", async () => {
  const { received, calls } = await acquire(Array.from({ length: 4 }, () => "x".repeat(1_500_000)));
  expect(received.status).toBe(200);
  expect(received.json["records"]).toMatchObject([{ offset: 0 }, { offset: 1 }]);
  expect(calls[1]?.args[0]).toMatchObject({
    memberId: "w",
    acknowledgements: [
      { firstOffset: 2, lastOffset: 2, type: "release" },
      { firstOffset: 3, lastOffset: 3, type: "release" },
    ],
  });
});

test("one record that is larger than any answer is given back, and said to be", async () => {
  const { received, calls } = await acquire(["x".repeat(5_000_000)]);
  expect([received.status, received.json["error"]]).toEqual([413, "MESSAGE_TOO_LARGE"]);
  expect(calls.map(({ name }) => name)).toEqual(["shareGroups.acquire", "shareGroups.acknowledge"]);
});
