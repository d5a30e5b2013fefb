import { describe, expect, test } from "vitest";
import { failureOf } from "../../../gateway/kafka/error-codes.ts";
import {
  type Passing,
  passingInMetadata,
  passingInProduce,
  passingInReads,
  passingInProducerIds,
} from "../../../gateway/kafka/passing-errors.ts";
import { type ErrorCode, ServiceError } from "../../../shared/api/errors.ts";

const passes: readonly ErrorCode[] = ["THROTTLING_QUOTA_EXCEEDED", "REQUEST_TIMED_OUT", "KAFKA_STORAGE_ERROR"];

function toldOf(code: ErrorCode, passing: Passing): number {
  return failureOf(new ServiceError(code, "it passes"), () => undefined, passing).errorCode;
}

describe("what passes by itself is told by a number on which clients send the request again", () => {
  // Kafka 4.2 and librdkafka 2.x: what their sources name in the handlers of these answers.
  test.each([
    ["Produce", passingInProduce, [6, 7, 19, 56]],
    ["Fetch", passingInReads, [5, 6, 9, 56, 74, 75, 78]],
    ["Metadata", passingInMetadata, [5]],
    ["InitProducerId", passingInProducerIds, [14, 51]],
  ] as const)("in %s", (_api, passing, numbers) => {
    for (const code of passes) expect(numbers).toContain(toldOf(code, passing));
  });

  test("and that a batch may have been appended is not told as if it were not", () => {
    expect(toldOf("REQUEST_TIMED_OUT", passingInProduce)).toBe(7);
  });

  test("and what does not pass keeps its number", () => {
    expect(toldOf("OUT_OF_ORDER_SEQUENCE_NUMBER", passingInProduce)).toBe(45);
    expect(toldOf("OFFSET_OUT_OF_RANGE", passingInReads)).toBe(1);
  });
});
