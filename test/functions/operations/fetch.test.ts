import { describe, expect, test } from "vitest";
import { operations } from "../../../shared/api/operations.ts";
import type { FetchRequest } from "../../../shared/services/services.ts";
import { ServiceError } from "../../../shared/api/errors.ts";
import { acceptBatches, asBatches, batchOf, orders, records, startWithTopic } from "../start-functions.ts";

const partition = { namespace: "default", topic: "orders", partition: 0 };

async function startWithRecords() {
  const functions = await startWithTopic();
  await functions.services.produce.produceRecords({
    ...partition,
    records: [
      {
        key: Buffer.from("k"),
        value: Buffer.from("grüße"),
        headers: [{ key: "h", value: Buffer.of(0xff) }],
        timestamp: 5,
      },
      { key: null, value: null, headers: [], timestamp: 6 },
      { key: Buffer.of(0xc3), value: Buffer.from("\ufeffbom\u0000"), headers: [], timestamp: 7 },
    ],
  });
  functions.calls.length = 0;
  return functions;
}

describe("fetch", () => {
  test("answers records as JSON: bytes as text where they are UTF-8, else as base64", async () => {
    const { send } = await startWithRecords();
    const { status, json } = await send(`GET ${records}?offset=0`);
    expect(status).toBe(200);
    expect(json).toEqual({
      records: [
        { offset: 0, timestamp: 5, key: "k", value: "grüße", headers: [{ key: "h", value: { base64: "/w==" } }] },
        { offset: 1, timestamp: 6, key: null, value: null, headers: [] },
        { offset: 2, timestamp: 7, key: { base64: "ww==" }, value: "\ufeffbom\u0000", headers: [] },
      ],
      nextOffset: 3,
      highWatermark: 3,
      lastStableOffset: 3,
      logStartOffset: 0,
    });
    expect(operations.fetch.answer.parse(json)).toEqual(json);
  });

  test("begins at the earliest or the latest offset where that is asked for", async () => {
    const { send } = await startWithRecords();
    expect((await send(`GET ${records}`)).json["nextOffset"]).toBe(3);
    expect((await send(`GET ${records}?offset=latest`)).json).toMatchObject({ records: [], nextOffset: 3 });
    expect((await send(`GET ${records}?offset=2`)).json["records"]).toHaveLength(1);
    expect((await send(`GET ${records}?offset=1&maxRecords=1`)).json).toMatchObject({
      records: [{ offset: 1 }],
      nextOffset: 2,
    });
  });

  test("looks up the earliest offset again where its record was just deleted, and gives up at last", async () => {
    const { send, failNext, replace } = await startWithRecords();
    const gone = new ServiceError("OFFSET_OUT_OF_RANGE", "gone");
    failNext("fetch.fetchRecords", gone);
    expect((await send(`GET ${records}?offset=earliest`)).status).toBe(200);
    let tries = 0;
    replace("fetch.fetchRecords", async () => {
      tries++;
      throw gone;
    });
    expect((await send(`GET ${records}?offset=earliest`)).status).toBe(416);
    expect(tries).toBe(3);
  });

  test("answers where the log begins and ends for an offset in the future, and refuses a negative one", async () => {
    const { send } = await startWithRecords();
    const future = await send(`GET ${records}?offset=4`);
    expect([future.status, future.json["error"]]).toEqual([416, "OFFSET_OUT_OF_RANGE"]);
    expect(future.json["details"]).toMatchObject({ logStartOffset: 0, highWatermark: 3 });
    const negative = await send(`GET ${records}?offset=-1`);
    expect([negative.status, negative.json["error"]]).toEqual([416, "OFFSET_OUT_OF_RANGE"]);
  });

  test("answers record batches as bytes, with the offsets in headers", async () => {
    const { send } = await startWithTopic();
    const bytes = Buffer.concat([batchOf("a", "b"), batchOf("c")]);
    await send(`POST ${records}`, { body: bytes, headers: asBatches });
    const { status, headers, raw, answer } = await send(`GET ${records}?offset=0`, { headers: acceptBatches });
    expect([status, answer.isBase64Encoded, raw.byteLength]).toEqual([200, true, bytes.byteLength]);
    // All but the base offset and the leader epoch, which a broker writes, is as it was sent.
    const kept = batchOf("a", "b").subarray(16);
    expect(raw.subarray(16, 16 + kept.byteLength).equals(kept)).toBe(true);
    expect(headers).toMatchObject({
      "content-type": acceptBatches.accept,
      "x-streamkeeper-next-offset": "3",
      "x-streamkeeper-high-watermark": "3",
      "x-streamkeeper-last-stable-offset": "3",
      "x-streamkeeper-log-start-offset": "0",
    });
  });

  test("refuses a type that it does not answer", async () => {
    const { send } = await startWithRecords();
    const { status, json } = await send(`GET ${records}`, { headers: { accept: "text/csv" } });
    expect([status, json["error"]]).toEqual([406, "NOT_ACCEPTABLE"]);
  });

  test("passes the bounds on, cut to what the function can wait and carry", async () => {
    const { send, calls } = await startWithRecords();
    const query = "offset=1&maxBytes=8388608&maxRecords=7&minBytes=1&waitMs=25000&isolation=read_committed";
    await send(`GET ${records}?${query}`, { remainingMs: 12_000 });
    const call = calls.at(-1);
    const { signal, ...request } = (call?.args ?? [])[0] as FetchRequest;
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(request).toEqual({
      ...partition,
      offset: 1,
      maxBytes: 4_500_000,
      maxRecords: 7,
      minBytes: 1,
      waitMs: 10_000,
      isolation: "read_committed",
    });
  });

  test("answers fewer records where their JSON would not fit, and goes on after them", async () => {
    const { send, services } = await startWithTopic();
    const value = Buffer.alloc(100_000, 1);
    for (let request = 0; request < 10; request++) {
      const batch = Array.from({ length: 5 }, () => ({ key: null, value, headers: [] }));
      await services.produce.produceRecords({ ...partition, records: batch });
    }
    const sizes: number[] = [];
    for (let offset = 0; offset < 50;) {
      const { status, json, answer } = await send(`GET ${records}?offset=${offset}&maxBytes=8388608`);
      expect(status).toBe(200);
      expect(String(answer.body).length).toBeLessThan(6_291_456);
      const fetched = json["records"] as { offset: number }[];
      expect(fetched[0]?.offset).toBe(offset);
      sizes.push(fetched.length);
      offset += fetched.length;
      expect(json["nextOffset"]).toBe(offset);
    }
    expect(sizes.length).toBeGreaterThan(1);
    // The batches of 44 would fit, but not as JSON.
    expect(sizes[0]).toBeLessThan(40);
  });

  test("says so where one record or batch is larger than a function can answer", async () => {
    const { send, services } = await startWithTopic();
    await services.topics.alter("default", "orders", { config: { "max.message.bytes": "8388608" } });
    const value = Buffer.alloc(4_500_000, 97);
    await services.produce.produceRecords({ ...partition, records: [{ key: null, value, headers: [] }] });
    expect((await send(`GET ${records}?offset=0`)).json["error"]).toBe("MESSAGE_TOO_LARGE");
    const batches = await send(`GET ${records}?offset=0`, { headers: acceptBatches });
    expect([batches.status, batches.json["details"]]).toEqual([413, { answerBytesMax: 4_500_000 }]);
  });

  test.each([
    [`${orders}/partitions/3/records`, 404, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["/v1/default/topics/unknown/partitions/0/records", 404, "UNKNOWN_TOPIC_OR_PARTITION"],
    [`${records}?offset=1.5`, 400, "INVALID_REQUEST"],
    [`${records}?offset=first`, 400, "INVALID_REQUEST"],
    [`${records}?offset=9007199254740992`, 400, "INVALID_REQUEST"],
    [`${records}?maxBytes=0`, 400, "INVALID_REQUEST"],
    [`${records}?waitMs=25001`, 400, "INVALID_REQUEST"],
    [`${records}?isolation=serializable`, 400, "INVALID_REQUEST"],
  ])("GET %s answers %i %s", async (path, status, error) => {
    const { send } = await startWithTopic();
    const answer = await send(`GET ${path}`);
    expect([answer.status, answer.json["error"]]).toEqual([status, error]);
  });
});

describe("offsets", () => {
  const offsets = `${orders}/partitions/0/offsets`;

  test("are found for the earliest, the latest and a timestamp", async () => {
    const { send } = await startWithRecords();
    expect((await send(`GET ${offsets}?at=earliest`)).json).toEqual({ offset: 0, timestamp: -1 });
    expect((await send(`GET ${offsets}?at=latest`)).json).toEqual({ offset: 3, timestamp: -1 });
    expect((await send(`GET ${offsets}?at=6`)).json).toEqual({ offset: 1, timestamp: 6 });
    expect((await send(`GET ${offsets}?at=8`)).json).toEqual({ offset: -1, timestamp: -1 });
  });

  test.each(["", "?at=", "?at=now", "?at=-1", "?at=1.5"])("refuse %j", async (query) => {
    const { send } = await startWithRecords();
    expect((await send(`GET ${offsets}${query}`)).json["error"]).toBe("INVALID_REQUEST");
  });
});
