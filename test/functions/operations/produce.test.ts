import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { operations } from "../../../shared/api/operations.ts";
import { decompressedBatchBytesMax } from "../../../shared/limits.ts";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import { asBatches, batchOf, orders, records, startWithTopic } from "../start-functions.ts";
import type { Sent } from "../start-functions.ts";

const one = '{"records":[{"value":"v"}]}';

describe("produce to a topic", () => {
  test("answers one result per record, and one partition's failure hides no other's success", async () => {
    const { send } = await startWithTopic();
    const tooLarge = "v".repeat(1_100_000);
    const body = JSON.stringify({
      records: [
        { value: "a", partition: 0, timestamp: 5 },
        { value: tooLarge, partition: 2 },
        { value: "c", partition: 1 },
      ],
    });
    const { status, json } = await send(`POST ${orders}/records`, { body });
    expect(status).toBe(200);
    expect(json).toEqual({
      results: [
        { partition: 0, offset: 0, timestamp: 5 },
        {
          partition: 2,
          error: expect.objectContaining({ error: "MESSAGE_TOO_LARGE", message: expect.any(String), retriable: false }),
        },
        { partition: 1, offset: 0, timestamp: expect.any(Number) },
      ],
    });
    expect(operations.produce.answer.parse(json)).toEqual(json);
  });

  test("to a partition that the topic does not have is refused as a whole", async () => {
    const { send } = await startWithTopic();
    const body = '{"records":[{"value":"a","partition":0},{"value":"b","partition":3}]}';
    const refused = await send(`POST ${orders}/records`, { body });
    expect([refused.status, refused.json["error"]]).toEqual([404, "UNKNOWN_TOPIC_OR_PARTITION"]);
    expect((await send(`GET ${records}`)).json).toMatchObject({ records: [], highWatermark: 0 });
  });

  test("sends a record with a key where Kafka's Java client does", async () => {
    const { send } = await startWithTopic(5);
    const keys = ["foobar", "21", "abc", "foobar"];
    const body = JSON.stringify({ records: keys.map((key) => ({ key, value: "v" })) });
    const { json } = await send(`POST ${orders}/records`, { body });
    // From Kafka's UtilsTest: murmur2 gives -790332482, -973932308 and 479470107; without the sign, modulo 5.
    const partitions = (json["results"] as { partition: number }[]).map(({ partition }) => partition);
    expect(partitions).toEqual([1, 0, 2, 1]);
  });
});

describe("produce to a partition", () => {
  test("takes JSON, with the producer and the conditions", async () => {
    const { send, calls } = await startWithTopic();
    const body = JSON.stringify({
      records: [{ value: "a" }, { value: "b", timestamp: 7 }],
      producerId: "1000",
      producerEpoch: 0,
      baseSequence: 0,
      expectedOffset: 0,
      fencingToken: 2,
    });
    const answer = {
      results: [
        { partition: 0, offset: 0, timestamp: expect.any(Number) },
        { partition: 0, offset: 1, timestamp: 7 },
      ],
    };
    expect((await send(`POST ${records}`, { body, headers: { "idempotency-key": "key-1" } })).json).toEqual(answer);
    expect(calls.at(-1)?.args[0]).toMatchObject({
      namespace: "default",
      topic: "orders",
      partition: 0,
      producer: { producerId: 1000n, producerEpoch: 0, baseSequence: 0 },
      conditions: { expectedOffset: 0, fencingToken: 2 },
      idempotencyKey: "key-1",
    });
  });

  test("answers a repeated batch of an idempotent producer with its first offset", async () => {
    const { send } = await startWithTopic();
    const body = '{"records":[{"value":"v"}],"producerId":"1000","producerEpoch":0,"baseSequence":0}';
    for (let attempt = 0; attempt < 2; attempt++) {
      expect((await send(`POST ${records}`, { body })).json["results"]).toMatchObject([{ partition: 0, offset: 0 }]);
    }
    const gap = await send(`POST ${records}`, { body: body.replace('"baseSequence":0', '"baseSequence":5') });
    expect([gap.status, gap.json["error"]]).toEqual([409, "OUT_OF_ORDER_SEQUENCE_NUMBER"]);
  });

  test("refuses where a condition does not hold, with the fact needed to recover", async () => {
    const { send } = await startWithTopic();
    await send(`POST ${records}`, { body: '{"records":[{"value":"v"}],"fencingToken":5}' });
    const late = await send(`POST ${records}`, { body: '{"records":[{"value":"v"}],"expectedOffset":0}' });
    expect([late.status, late.json["error"], late.json["details"]]).toEqual([409, "BAD_VERSION", { highWatermark: 1 }]);
    const deposed = await send(`POST ${records}?fencingToken=4`, { body: batchOf("v"), headers: asBatches });
    expect([deposed.status, deposed.json["error"], deposed.json["details"]]).toEqual([
      409,
      "FENCED",
      { fencingToken: 5 },
    ]);
  });

  test("takes record batches as they are, with the conditions in the query", async () => {
    const { send, calls } = await startWithTopic();
    const bytes = batchOf("a", "b");
    const body = Buffer.concat([bytes, batchOf("c")]);
    const { status, json } = await send(`POST ${records}?expectedOffset=0&fencingToken=2`, {
      body,
      headers: asBatches,
    });
    expect([status, json]).toEqual([200, { baseOffset: 0, appendedAtMs: expect.any(Number) }]);
    expect(calls.at(-1)?.args[0]).toMatchObject({ conditions: { expectedOffset: 0, fencingToken: 2 } });
    const next = await send(`POST ${records}`, { body: bytes, headers: asBatches });
    expect(next.json["baseOffset"]).toBe(3);
  });

  test.each<[string, Sent, number, string]>([
    ["malformed JSON", { body: '{"records":[' }, 400, "INVALID_REQUEST"],
    [
      "JSON that is not UTF-8",
      { body: Uint8Array.of(0x22, 0xff, 0x22), headers: { "content-type": "application/json" } },
      400,
      "INVALID_REQUEST",
    ],
    ["no JSON", { headers: { "content-type": "application/json" } }, 400, "INVALID_REQUEST"],
    ["no batch", { headers: asBatches }, 400, "INVALID_REQUEST"],
    ["no type", { body: Uint8Array.of(1) }, 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["a form", { body: "a=b", headers: { "content-type": "text/plain" } }, 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["compressed JSON", { body: "{}", headers: { "content-encoding": "gzip" } }, 415, "UNSUPPORTED_MEDIA_TYPE"],
    [
      "a key over 1 MB",
      { body: JSON.stringify({ records: [{ key: "k".repeat(1_048_577), value: "" }] }) },
      413,
      "MESSAGE_TOO_LARGE",
    ],
    ["a body over the limit", { body: `{"records":["${"a".repeat(10_485_760)}"]}` }, 413, "MESSAGE_TOO_LARGE"],
    ["more records than fit", { body: `{"records":[${"0,".repeat(100_000)}0]}` }, 413, "RECORD_LIST_TOO_LARGE"],
  ])("%s is refused before the service is asked", async (_title, sent, status, error) => {
    const { send, calls } = await startWithTopic();
    const answer = await send(`POST ${records}`, sent);
    expect([answer.status, answer.json["error"]]).toEqual([status, error]);
    expect(calls).toEqual([]);
  });

  const damaged = (change: (bytes: Uint8Array) => void): Uint8Array => {
    const bytes = Uint8Array.from(batchOf("value"));
    change(bytes);
    return bytes;
  };

  const bomb = (): Uint8Array =>
    encodeBatch(
      { records: [{ key: null, value: Buffer.alloc(decompressedBatchBytesMax) }], compressionType: "gzip" },
      (_type, bytes) => gzipSync(bytes, { level: 1 }),
    );

  test.each<[string, Sent, number, string]>([
    ["a wrong CRC", { body: damaged((bytes) => bytes.fill(0x7f, -1)) }, 400, "CORRUPT_MESSAGE"],
    ["a truncated batch", { body: batchOf("value").subarray(0, -1) }, 400, "CORRUPT_MESSAGE"],
    ["too short for a batch", { body: Uint8Array.of(1, 2, 3) }, 400, "CORRUPT_MESSAGE"],
    ["an old format", { body: damaged((bytes) => (bytes[16] = 1)) }, 400, "UNSUPPORTED_FOR_MESSAGE_FORMAT"],
    ["a decompression bomb", { body: bomb() }, 413, "MESSAGE_TOO_LARGE"],
    ["an oversized batch", { body: batchOf("v".repeat(1_048_588)) }, 413, "MESSAGE_TOO_LARGE"],
  ])("%s is refused, and nothing is written", async (_title, sent, status, error) => {
    const { send } = await startWithTopic();
    const answer = await send(`POST ${records}`, { ...sent, headers: asBatches });
    expect([answer.status, answer.json["error"]]).toEqual([status, error]);
    expect((await send(`GET ${records}`)).json).toMatchObject({ records: [], highWatermark: 0 });
  });

  test("a key of 1 MB is refused where its batch is larger than the topic takes", async () => {
    const { send } = await startWithTopic();
    const body = JSON.stringify({ records: [{ key: "k".repeat(1_048_576), value: "" }] });
    const answer = await send(`POST ${records}`, { body });
    expect([answer.status, answer.json["error"]]).toEqual([413, "MESSAGE_TOO_LARGE"]);
  });

  test.each([
    [`${orders}/partitions/7/records`, 404, "UNKNOWN_TOPIC_OR_PARTITION"],
    [`${orders}/partitions/-1/records`, 400, "INVALID_REQUEST"],
    [`${orders}/partitions/one/records`, 400, "INVALID_REQUEST"],
    [`${orders}/partitions/2147483648/records`, 400, "INVALID_REQUEST"],
    [`${orders}/partitions/0/records?expectedOffset=0`, 400, "INVALID_REQUEST"],
    ["/v1/default/topics/unknown/partitions/0/records", 404, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["/v1/default/topics/unknown/records", 404, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["/v1/default/topics/a%2Fb/records", 400, "INVALID_TOPIC_EXCEPTION"],
    ["/v1/nowhere/topics/orders/records", 404, "UNKNOWN_NAMESPACE"],
  ])("POST %s answers %i %s", async (path, status, error) => {
    const { send } = await startWithTopic();
    const answer = await send(`POST ${path}`, { body: one });
    expect([answer.status, answer.json["error"]]).toEqual([status, error]);
  });
});

describe("truncate", () => {
  test("deletes records before an offset, or all", async () => {
    const { send } = await startWithTopic();
    await send(`POST ${records}`, { body: '{"records":[{"value":"a"},{"value":"b"}]}' });
    const truncate = async (body: string) => send(`POST ${orders}/partitions/0/truncate`, { body });
    expect((await truncate('{"beforeOffset":1}')).json).toEqual({ logStartOffset: 1 });
    expect((await send(`GET ${records}`)).json).toMatchObject({ records: [{ offset: 1 }], logStartOffset: 1 });
    expect((await truncate('{"beforeOffset":-1}')).json).toEqual({ logStartOffset: 2 });
    for (const offset of [3, -2]) {
      const refused = await truncate(`{"beforeOffset":${offset}}`);
      expect([refused.status, refused.json["error"]]).toEqual([416, "OFFSET_OUT_OF_RANGE"]);
    }
    expect((await truncate('{"beforeOffset":"0"}')).json["error"]).toBe("INVALID_REQUEST");
  });
});

describe("producers", () => {
  test("get ids that are given once", async () => {
    const { send } = await startWithTopic();
    const first = await send("POST /v1/default/producers");
    const second = await send("POST /v1/default/producers", { body: "{}" });
    expect(operations.createProducer.answer.parse(first.json)).toEqual(first.json);
    expect(first.json["producerEpoch"]).toBe(0);
    expect(second.json["producerId"]).not.toBe(first.json["producerId"]);
  });

  test("of a topic get ids of the same kind, and can name no transactional id", async () => {
    const { send } = await startWithTopic();
    const first = await send("POST /v1/default/producers");
    const second = await send(`POST ${orders}/producers`);
    expect(operations.createTopicProducer.answer.parse(second.json)).toEqual(second.json);
    expect(second.json["producerId"]).not.toBe(first.json["producerId"]);
    const refused = await send(`POST ${orders}/producers`, { body: '{"transactionalId":"billing"}' });
    expect(refused.json["error"]).toBe("INVALID_REQUEST");
  });

  test("take over a transactional id, and fence who had it", async () => {
    const { send } = await startWithTopic();
    const body = '{"transactionalId":"billing","timeoutMs":5000}';
    const first = await send("POST /v1/default/producers", { body });
    const second = await send("POST /v1/default/producers", { body });
    expect(operations.createProducer.answer.parse(first.json)).toEqual(first.json);
    expect(second.json["producerId"]).toBe(first.json["producerId"]);
    expect(Number(second.json["producerEpoch"])).toBeGreaterThan(Number(first.json["producerEpoch"]));
  });

  test("have a time-out only with a transactional id", async () => {
    const { send } = await startWithTopic();
    const { status, json } = await send("POST /v1/default/producers", { body: '{"timeoutMs":5000}' });
    expect([status, json]).toMatchObject([
      400,
      { error: "INVALID_REQUEST", details: { in: "body", field: "timeoutMs" } },
    ]);
  });
});
