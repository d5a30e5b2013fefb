import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAtomicBody } from "../../../functions/records/atomic-body.ts";
import { ServiceError } from "../../../shared/api/errors.ts";
import { writeAtomicallyBody } from "../../../shared/api/schemas/transactions.ts";

function refusalOf(body: unknown): ServiceError {
  try {
    parseAtomicBody(body);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error("it was taken");
}

const offset = { topic: "jobs", partition: 0, offset: 1 };

describe("the body of a transaction in one call", () => {
  test("becomes records as the service takes them, and offsets as they are", () => {
    const { produce, offsets } = parseAtomicBody({
      produce: [{ topic: "orders", records: [{ key: "k", value: { base64: "AAEC" }, partition: 1 }] }],
      offsets: [{ group: "g", memberId: "m", memberEpoch: 2, offsets: [offset] }],
    });
    expect(produce).toEqual([
      {
        topic: "orders",
        records: [
          { key: Buffer.from("k"), value: Buffer.from([0, 1, 2]), headers: [], partition: 1, timestamp: undefined },
        ],
      },
    ]);
    expect(offsets).toEqual([{ group: "g", memberId: "m", memberEpoch: 2, offsets: [offset] }]);
  });

  test("may leave out either", () => {
    expect(parseAtomicBody({})).toEqual({ produce: [], offsets: [] });
  });

  test.each<[object, string]>([
    [{ colour: 1 }, "colour"],
    [{ produce: {} }, "produce"],
    [{ produce: [1] }, "produce[0]"],
    [{ produce: [{ topic: 1, records: [{ value: "v" }] }] }, "produce[0].topic"],
    [{ produce: [{ topic: "t", records: [{ value: "v" }], key: 1 }] }, "produce[0].key"],
    [{ produce: [{ topic: "t" }] }, "produce[0].records"],
    [
      {
        produce: [
          { topic: "t", records: [{ value: "v" }] },
          { topic: "t", records: [{}] },
        ],
      },
      "produce[1].records[0].value",
    ],
    [{ offsets: [{ group: "g", offsets: [{ ...offset, offset: -1 }] }] }, "offsets[0].offsets[0].offset"],
    [{ offsets: [{ group: "g", memberId: "m", offsets: [offset] }] }, "offsets[0].memberEpoch"],
    [{ offsets: [{ group: "g", memberEpoch: 1, offsets: [offset] }] }, "offsets[0].memberId"],
  ])("that is wrong is refused by its field: %j", (body, field) => {
    const { code, details, message } = refusalOf(body);
    expect([code, details]).toEqual(["INVALID_REQUEST", { in: "body", field }]);
    expect(message).toContain(field);
  });

  test("may hold as many records as one produce, over all topics", () => {
    const records = Array.from({ length: 50_001 }, () => ({ value: "v" }));
    const topic = { topic: "t", records };
    expect(parseAtomicBody({ produce: [topic] }).produce[0]?.records).toHaveLength(50_001);
    expect(refusalOf({ produce: [topic, topic] }).code).toBe("RECORD_LIST_TOO_LARGE");
  });

  test("is taken where its schema takes it", () => {
    const topic = fc.oneof(fc.constantFrom("t", "u"), fc.integer());
    const record = fc.record(
      { key: fc.option(fc.string()), value: fc.option(fc.string()), partition: fc.integer({ min: -1, max: 3 }) },
      { requiredKeys: [] },
    );
    const part = fc.record({ topic, records: fc.array(record, { maxLength: 2 }) }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.record({ produce: fc.array(part, { maxLength: 3 }) }, { requiredKeys: [] }), (body) => {
        let taken = true;
        try {
          parseAtomicBody(body);
        } catch {
          taken = false;
        }
        expect(taken).toBe(writeAtomicallyBody.safeParse(body).success);
      }),
    );
  });
});
