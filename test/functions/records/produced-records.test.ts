import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePartitionProduceBody, parseProduceBody } from "../../../functions/records/produced-records.ts";
import { ServiceError } from "../../../shared/api/errors.ts";
import { produceBody, produceToPartitionBody } from "../../../shared/api/schemas/produce.ts";
import { recordHeadersMax, recordKeyBytesMax, requestRecordsMax } from "../../../shared/limits.ts";

const utf8 = (text: string): Uint8Array => Buffer.from(text, "utf8");

const failureOf = (work: () => unknown): { code: string; field: unknown } | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof ServiceError) return { code: error.code, field: error.details["field"] };
    throw error;
  }
};

describe("parseProduceBody", () => {
  test("takes text, base64, null and what is left out", () => {
    const records = parseProduceBody({
      records: [
        { value: "grüße" },
        { key: "k", value: { base64: "/+8=" }, partition: 2, timestamp: 5 },
        { key: null, value: null, headers: { trace: "1", none: null } },
        {
          key: { base64: "" },
          value: "",
          headers: [
            { key: "a", value: "1" },
            { key: "a", value: { base64: "AA==" } },
          ],
        },
      ],
    });
    expect(records).toEqual([
      { key: null, value: utf8("grüße"), headers: [] },
      { key: utf8("k"), value: Buffer.from([0xff, 0xef]), headers: [], partition: 2, timestamp: 5 },
      {
        key: null,
        value: null,
        headers: [
          { key: "trace", value: utf8("1") },
          { key: "none", value: null },
        ],
      },
      {
        key: utf8(""),
        value: utf8(""),
        headers: [
          { key: "a", value: utf8("1") },
          { key: "a", value: Buffer.from([0]) },
        ],
      },
    ]);
  });

  test.each<[unknown, string]>([
    [null, ""],
    [[], ""],
    ["records", ""],
    [{}, "records"],
    [{ records: {} }, "records"],
    [{ records: [] }, "records"],
    [{ records: [{ value: "v" }], acks: "all" }, "acks"],
    [{ records: [1] }, "records[0]"],
    [{ records: [{ value: "v" }, {}] }, "records[1].value"],
    [{ records: [{ value: { a: 1 } }] }, "records[0].value.a"],
    [{ records: [{ value: 1 }] }, "records[0].value"],
    [{ records: [{ value: ["v"] }] }, "records[0].value"],
    [{ records: [{ value: { base64: 1 } }] }, "records[0].value"],
    [{ records: [{ value: { base64: "AA=" } }] }, "records[0].value.base64"],
    [{ records: [{ value: { base64: "AA" } }] }, "records[0].value.base64"],
    [{ records: [{ value: { base64: "A-_A" } }] }, "records[0].value.base64"],
    [{ records: [{ value: { base64: "AA A" } }] }, "records[0].value.base64"],
    [{ records: [{ value: { base64: "=AAA" } }] }, "records[0].value.base64"],
    [{ records: [{ value: "\ud800" }] }, "records[0].value"],
    [{ records: [{ value: "v", key: 7 }] }, "records[0].key"],
    [{ records: [{ value: "v", partition: -1 }] }, "records[0].partition"],
    [{ records: [{ value: "v", partition: "0" }] }, "records[0].partition"],
    [{ records: [{ value: "v", timestamp: 1.5 }] }, "records[0].timestamp"],
    [{ records: [{ value: "v", timestamp: 2 ** 53 }] }, "records[0].timestamp"],
    [{ records: [{ value: "v", offset: 1 }] }, "records[0].offset"],
    [{ records: [{ value: "v", headers: "h" }] }, "records[0].headers"],
    [{ records: [{ value: "v", headers: { h: 1 } }] }, "records[0].headers.h"],
    [{ records: [{ value: "v", headers: [{ key: "h" }] }] }, "records[0].headers[0].value"],
    [{ records: [{ value: "v", headers: [{ key: 1, value: "" }] }] }, "records[0].headers[0].key"],
  ])("refuses %j, naming %s", (body, field) => {
    expect(failureOf(() => parseProduceBody(body))).toEqual({ code: "INVALID_REQUEST", field });
  });

  test("bounds records, headers and keys", () => {
    const many = Array.from({ length: requestRecordsMax + 1 }, () => ({ value: null }));
    expect(failureOf(() => parseProduceBody({ records: many }))?.code).toBe("RECORD_LIST_TOO_LARGE");
    const headers = Object.fromEntries(Array.from({ length: recordHeadersMax + 1 }, (_, index) => [`h${index}`, ""]));
    expect(failureOf(() => parseProduceBody({ records: [{ value: "", headers }] }))?.code).toBe("INVALID_REQUEST");
    const key = "k".repeat(recordKeyBytesMax);
    expect(failureOf(() => parseProduceBody({ records: [{ key, value: "" }] }))).toBeUndefined();
    const failure = failureOf(() => parseProduceBody({ records: [{ key: `${key}k`, value: "" }] }));
    expect(failure).toEqual({ code: "MESSAGE_TOO_LARGE", field: "records[0].key" });
  });
});

describe("parsePartitionProduceBody", () => {
  test("takes the producer's identity and the conditions", () => {
    const parsed = parsePartitionProduceBody({
      records: [{ value: "v" }],
      producerId: "9223372036854775807",
      producerEpoch: 3,
      baseSequence: 2_147_483_647,
      expectedOffset: 0,
      fencingToken: 9,
    });
    expect(parsed).toEqual({
      records: [{ key: null, value: utf8("v"), headers: [] }],
      producer: { producerId: 2n ** 63n - 1n, producerEpoch: 3, baseSequence: 2_147_483_647 },
      conditions: { expectedOffset: 0, fencingToken: 9 },
    });
    expect(parsePartitionProduceBody({ records: [{ value: "v" }] })).toMatchObject({ conditions: {} });
  });

  test("takes the transactional id beside the producer's identity", () => {
    const producer = { producerId: "7", producerEpoch: 1, baseSequence: 0 };
    expect(parsePartitionProduceBody({ records: [{ value: "v" }], ...producer, transactionalId: "t" })).toMatchObject({
      producer: { producerId: 7n, producerEpoch: 1, baseSequence: 0 },
      transactionalId: "t",
    });
  });

  test.each<[object, string]>([
    [{ producerId: "1" }, "producerEpoch"],
    [{ producerId: "1", producerEpoch: 0 }, "baseSequence"],
    [{ baseSequence: 0 }, "producerId"],
    [{ producerId: 1, producerEpoch: 0, baseSequence: 0 }, "producerId"],
    [{ producerId: "1", producerEpoch: 40_000, baseSequence: 0 }, "producerEpoch"],
    [{ expectedOffset: -1 }, "expectedOffset"],
    [{ fencingToken: "1" }, "fencingToken"],
    [{ transactionalId: "t" }, "producerId"],
  ])("refuses %j, naming %s", (fields, field) => {
    const body = { records: [{ value: "v" }], ...fields };
    expect(failureOf(() => parsePartitionProduceBody(body))).toEqual({ code: "INVALID_REQUEST", field });
  });

  test("refuses a partition in a record", () => {
    const failure = failureOf(() => parsePartitionProduceBody({ records: [{ value: "v", partition: 0 }] }));
    expect(failure).toEqual({ code: "INVALID_REQUEST", field: "records[0].partition" });
  });
});

describe("the parser and the schema", () => {
  const base64 = fc.oneof(
    fc.base64String({ maxLength: 12 }),
    fc.stringMatching(/^[A-Za-z0-9+/=_-]{0,9}$/),
    fc.constantFrom("=", "====", "A===", "AA==AA==", "AAAA\n"),
  );
  const bytes = fc.oneof(
    { weight: 6, arbitrary: fc.string({ unit: "binary", maxLength: 8 }) },
    { weight: 4, arbitrary: fc.record({ base64 }) },
    fc.constantFrom(null, undefined, 1, true, [], {}, "\udc00", { base64: null }, { base64: "", more: 1 }, ["a"]),
  );
  const header = fc.oneof(
    { weight: 8, arbitrary: fc.record({ key: fc.string({ maxLength: 3 }), value: bytes }) },
    fc.constantFrom(
      null,
      {},
      { key: "k" },
      { key: 1, value: "" },
      { key: "\ud800", value: "" },
      { key: "k", value: "", x: 1 },
    ),
  );
  const headers = fc.oneof(
    fc.dictionary(fc.string({ maxLength: 3 }), bytes, { maxKeys: 3, noNullPrototype: true }),
    fc.array(header, { maxLength: 3 }),
    fc.constantFrom(null, undefined, "h", 1, { "\ud800": "" }),
  );
  const number = fc.oneof(
    { weight: 4, arbitrary: fc.nat() },
    fc.constantFrom(
      undefined,
      -1,
      -0,
      0.5,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 53 - 1,
      2 ** 53,
      Number.NaN,
      Infinity,
      "1",
      null,
    ),
  );
  const record = fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record(
        { value: bytes, key: bytes, headers, partition: number, timestamp: number },
        { requiredKeys: ["value"], noNullPrototype: true },
      ),
    },
    fc.constantFrom(null, [], {}, "v", { value: "v", offset: 1 }),
  );
  const records = fc.oneof(
    { weight: 12, arbitrary: fc.array(record, { minLength: 1, maxLength: 2 }) },
    fc.constantFrom(undefined, null, {}, [], "records"),
  );
  const withJsonOnly = (body: unknown): unknown => JSON.parse(JSON.stringify(body) ?? "null");

  test("accept the same bodies for a topic", () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.record({ records, extra: fc.constantFrom(undefined, undefined, 1) }), (drawn) => {
        const body = withJsonOnly(drawn);
        const bySchema = produceBody.safeParse(body).success;
        if (bySchema) accepted++;
        expect(failureOf(() => parseProduceBody(body)) === undefined).toBe(bySchema);
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  test("accept the same bodies for a partition", () => {
    const identity = fc.record({
      producerId: fc.constantFrom("1", "1", "1", "x", "", 1),
      producerEpoch: fc.oneof({ weight: 3, arbitrary: fc.nat(32_767) }, number),
      baseSequence: fc.oneof({ weight: 3, arbitrary: fc.nat() }, number),
    });
    const conditions = fc.record({ expectedOffset: number, fencingToken: number }, { requiredKeys: [] });
    // A record that names its partition is refused here: most lists have none, or hardly a body would be accepted.
    const plainRecord = record.map((drawn) => {
      if (typeof drawn !== "object" || drawn === null || Array.isArray(drawn)) return drawn;
      return { ...drawn, partition: undefined };
    });
    const mostlyPlain = fc.oneof(
      { weight: 3, arbitrary: fc.array(plainRecord, { minLength: 1, maxLength: 2 }) },
      records,
    );
    let accepted = 0;
    fc.assert(
      fc.property(mostlyPlain, fc.oneof(fc.constant({}), identity), conditions, (list, producer, rest) => {
        const body = withJsonOnly({ records: list, ...producer, ...rest }) as Record<string, unknown>;
        // That the three come together is the parser's own rule: JSON Schema has no short way to say it.
        const isPartial = "producerId" in body && !("producerEpoch" in body && "baseSequence" in body);
        if (isPartial) return;
        const bySchema = produceToPartitionBody.safeParse(body).success;
        if (bySchema) accepted++;
        expect(failureOf(() => parsePartitionProduceBody(body)) === undefined).toBe(bySchema);
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(20);
  });
});
