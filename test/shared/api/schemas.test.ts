import { describe, expect, test } from "vitest";
import { operations } from "../../../shared/api/operations.ts";
import type { Operation } from "../../../shared/api/operation.ts";
import type { OperationId } from "../../../shared/api/routes.ts";
import { errorAnswer } from "../../../shared/api/schemas/common.ts";

const accepts = (id: OperationId, part: "query" | "body" | "answer", value: unknown): boolean => {
  const operation: Operation = operations[id];
  return operation[part]?.safeParse(value).success ?? false;
};

describe("the examples of the design", () => {
  const examples: readonly [OperationId, "query" | "body" | "answer", unknown][] = [
    ["createNamespace", "body", { name: "team" }],
    ["createTopic", "body", { name: "orders", partitions: 3, config: { "retention.ms": "60000" } }],
    ["alterTopic", "body", { partitions: 4, config: { "retention.ms": null } }],
    ["produce", "body", { records: [{ value: "v" }] }],
    [
      "produce",
      "body",
      { records: [{ key: "k", value: { base64: "AAEC" }, headers: { trace: "1" }, partition: 0, timestamp: 1 }] },
    ],
    ["produce", "answer", { results: [{ partition: 0, offset: 7, timestamp: 1 }] }],
    [
      "produce",
      "answer",
      {
        results: [
          { partition: 1, error: { error: "KAFKA_STORAGE_ERROR", message: "m", retriable: true, details: {} } },
        ],
      },
    ],
    [
      "produceToPartition",
      "body",
      {
        records: [{ value: null }],
        producerId: "9223372036854775807",
        producerEpoch: 0,
        baseSequence: 0,
        expectedOffset: 0,
        fencingToken: 1,
      },
    ],
    ["produceToPartition", "answer", { results: [{ partition: 0, offset: 7, timestamp: 1 }] }],
    [
      "fetch",
      "query",
      { offset: "0", maxBytes: "1", maxRecords: "1", minBytes: "0", waitMs: "0", isolation: "read_committed" },
    ],
    ["fetch", "query", { offset: "latest" }],
    [
      "fetch",
      "answer",
      {
        records: [{ offset: 0, timestamp: 1, key: null, value: "v", headers: [{ key: "trace", value: "1" }] }],
        nextOffset: 1,
        highWatermark: 1,
        lastStableOffset: 1,
        logStartOffset: 0,
      },
    ],
    ["listOffset", "query", { at: "earliest" }],
    ["listOffset", "query", { at: "1700000000000" }],
    ["truncate", "body", { beforeOffset: 5 }],
    ["createProducer", "body", {}],
    ["createProducer", "answer", { producerId: "1000", producerEpoch: 0 }],
    ["listOffset", "query", { at: "latest", isolation: "read_committed" }],
    ["createProducer", "body", { transactionalId: "billing-7", timeoutMs: 60_000 }],
    [
      "produceToPartition",
      "body",
      { records: [{ value: "v" }], producerId: "7", producerEpoch: 0, baseSequence: 0, transactionalId: "billing-7" },
    ],
    ["joinGroup", "body", { topics: ["orders"] }],
    [
      "joinGroup",
      "body",
      {
        topicPattern: "orders\\..*",
        memberId: "m",
        instanceId: "i",
        assignor: "range",
        sessionTimeoutMs: 45_000,
        rebalanceTimeoutMs: 300_000,
        clientId: "c",
      },
    ],
    [
      "joinGroup",
      "answer",
      {
        memberId: "m",
        memberEpoch: 1,
        assignment: [{ topic: "orders", partitions: [0, 1] }],
        heartbeatIntervalMs: 3_000,
        sessionTimeoutMs: 45_000,
      },
    ],
    ["heartbeatMember", "body", { memberEpoch: 1, owned: [{ topic: "orders", partitions: [] }] }],
    ["leaveGroup", "query", { forever: "true" }],
    ["commitOffsets", "body", { offsets: [{ topic: "orders", partition: 0, offset: 7 }] }],
    [
      "commitOffsets",
      "body",
      { memberId: "m", memberEpoch: 1, offsets: [{ topic: "orders", partition: 0, offset: 7, metadata: "x" }] },
    ],
    ["getGroupOffsets", "query", { topics: "orders,payments", stable: "true" }],
    ["resetGroupOffsets", "body", { to: "earliest" }],
    [
      "resetGroupOffsets",
      "body",
      { to: "shift", by: -10, topics: [{ topic: "orders", partitions: [0] }], dryRun: true },
    ],
    ["configureShareGroup", "body", { config: {} }],
    ["configureShareGroup", "body", { config: { lockMs: 0, deadLetterTopic: "dead" } }],
    ["acquireRecords", "body", { topics: ["jobs"], memberId: "w" }],
    [
      "acknowledgeRecords",
      "body",
      {
        memberId: "w",
        acknowledgements: [{ topic: "jobs", partition: 0, firstOffset: 0, lastOffset: 9, type: "accept" }],
      },
    ],
    ["redriveRecords", "body", {}],
    ["writeAtomically", "body", {}],
    [
      "writeAtomically",
      "body",
      {
        produce: [{ topic: "orders", records: [{ key: "k", value: "v", partition: 0 }] }],
        offsets: [{ group: "g", offsets: [{ topic: "jobs", partition: 0, offset: 1 }] }],
      },
    ],
    [
      "addPartitionsToTransaction",
      "body",
      { producerId: "7", producerEpoch: 0, partitions: [{ topic: "orders", partitions: [0] }] },
    ],
    [
      "addOffsetsToTransaction",
      "body",
      { producerId: "7", producerEpoch: 0, group: "g", offsets: [{ topic: "jobs", partition: 0, offset: 1 }] },
    ],
    ["commitTransaction", "body", { producerId: "7", producerEpoch: 0 }],
    ["createSession", "body", { timeoutMs: 10_000 }],
    ["createZnode", "body", {}],
    ["createZnode", "body", { data: { base64: "AAEC" }, mode: "persistent_with_ttl", ttlMs: 1_000 }],
    ["createZnode", "body", { acl: [{ permissions: ["read", "admin"], scheme: "ip", id: "10.0.0.0/8" }] }],
    ["setZnode", "body", { data: null }],
    ["setZnode", "query", { view: "acl" }],
    ["getZnode", "query", { view: "children", minZxid: "7", limit: "1000", nextToken: "n" }],
    ["deleteZnode", "query", { version: "-1" }],
    [
      "multi",
      "body",
      {
        ops: [
          { type: "create", path: "/a", mode: "container" },
          { type: "setData", path: "/a", data: "x", version: 0 },
          { type: "check", path: "/a", version: -1 },
          { type: "fence", path: "/locks/l/write-a-0000000000", fencingToken: 7 },
          { type: "delete", path: "/a" },
        ],
      },
    ],
    ["multiRead", "body", { ops: [{ type: "getChildren", path: "/" }], minZxid: 7 }],
    ["getChanges", "query", { since: "0", path: "/a", recursive: "true", limit: "10", waitMs: "25000" }],
    ["campaign", "body", { contenderId: "a", data: "x", waitMs: 25_000 }],
    ["proclaim", "body", { data: null }],
    ["observeElection", "query", { since: "12-3", waitMs: "0" }],
    ["acquireLock", "body", { mode: "read", keepPlace: true }],
    ["describeElection", "answer", { leader: null, candidates: 0, since: "0" }],
  ];

  for (const [id, part, value] of examples) {
    test(`${id} ${part} ${JSON.stringify(value).slice(0, 60)} is valid`, () => {
      expect(accepts(id, part, value)).toBe(true);
    });
  }

  test("an error is {error, message, retriable, details, requestId}", () => {
    const error = { error: "BAD_VERSION", message: "m", retriable: false, details: { highWatermark: 9 } };
    expect(errorAnswer.safeParse({ ...error, requestId: "r" }).success).toBe(true);
    expect(errorAnswer.safeParse(error).success).toBe(false);
    expect(errorAnswer.safeParse({ ...error, error: "NO_SUCH_NAME", requestId: "r" }).success).toBe(false);
  });
});

describe("what is refused", () => {
  const refused: readonly [OperationId, "query" | "body", unknown][] = [
    ["createNamespace", "body", {}],
    ["createNamespace", "body", { name: "team", colour: "blue" }],
    ["createTopic", "body", { name: "orders", partitions: "3" }],
    ["createTopic", "body", { name: "orders", partitions: 1.5 }],
    ["createTopic", "body", { name: "orders", config: { "retention.ms": 60_000 } }],
    ["createTopic", "body", { name: "orders", config: { "retention.ms": null } }],
    ["produceToPartition", "body", { records: [{ value: "v" }], producerId: 7 }],
    ["produceToPartition", "body", { records: [{ value: "v" }], producerId: "9223372036854775808" }],
    ["produceToPartition", "body", { records: [{ value: "v" }], producerId: "-1" }],
    ["produceToPartition", "body", { records: [{ value: "v", partition: 0 }] }],
    ["truncate", "body", { beforeOffset: "5" }],
    ["fetch", "query", { offset: "007" }],
    ["fetch", "query", { offset: "1e3" }],
    ["fetch", "query", { offset: " 1" }],
    ["fetch", "query", { offset: "" }],
    ["fetch", "query", { offset: "9007199254740992" }],
    ["fetch", "query", { maxBytes: "0" }],
    ["fetch", "query", { maxBytes: "8388609" }],
    ["fetch", "query", { waitMs: "25001" }],
    ["fetch", "query", { isolation: "serializable" }],
    ["fetch", "query", { limit: "1" }],
    ["listOffset", "query", {}],
    ["listOffset", "query", { at: "yesterday" }],
    ["listTopics", "query", { limit: "0" }],
    ["listTopics", "query", { limit: "1001" }],
    ["listOffset", "query", { at: "latest", isolation: "serializable" }],
    ["joinGroup", "body", { topics: "orders" }],
    ["joinGroup", "body", { memberId: "" }],
    ["joinGroup", "body", { memberId: "m".repeat(250) }],
    ["joinGroup", "body", { sessionTimeoutMs: "45000" }],
    ["joinGroup", "body", { topics: Array.from({ length: 1_001 }, () => "t") }],
    ["heartbeatMember", "body", {}],
    ["heartbeatMember", "body", { memberEpoch: -1 }],
    ["heartbeatMember", "body", { memberEpoch: 1, owned: [{ topic: "t", partitions: [-1] }] }],
    ["leaveGroup", "query", { forever: "yes" }],
    ["commitOffsets", "body", { offsets: [] }],
    ["commitOffsets", "body", { offsets: [{ topic: "t", partition: 0, offset: -1 }] }],
    ["commitOffsets", "body", { offsets: [{ topic: "t", partition: 0, offset: 2 ** 53 }] }],
    ["getGroupOffsets", "query", { topics: "" }],
    ["getGroupOffsets", "query", { stable: "1" }],
    ["resetGroupOffsets", "body", {}],
    ["resetGroupOffsets", "body", { to: "yesterday" }],
    ["resetGroupOffsets", "body", { to: "offset", offset: -1 }],
    ["configureShareGroup", "body", {}],
    ["configureShareGroup", "body", { config: { colour: "blue" } }],
    ["configureShareGroup", "body", { config: { startAt: "middle" } }],
    ["acquireRecords", "body", { topics: [], memberId: "w" }],
    ["acquireRecords", "body", { topics: ["t"] }],
    ["acquireRecords", "body", { topics: ["t"], memberId: "w", maxRecords: 1_001 }],
    ["acquireRecords", "body", { topics: ["t"], memberId: "w", waitMs: 25_001 }],
    ["acknowledgeRecords", "body", { memberId: "w", acknowledgements: [] }],
    [
      "acknowledgeRecords",
      "body",
      { memberId: "w", acknowledgements: [{ topic: "t", partition: 0, firstOffset: 0, lastOffset: 0, type: "keep" }] },
    ],
    ["redriveRecords", "body", { maxRecords: 0 }],
    ["writeAtomically", "body", { produce: [{ topic: "t", records: [] }] }],
    ["writeAtomically", "body", { offsets: [{ group: "g", offsets: [] }] }],
    ["addPartitionsToTransaction", "body", { producerId: 7, producerEpoch: 0, partitions: [] }],
    ["commitTransaction", "body", { producerId: "7" }],
    ["commitTransaction", "body", { producerId: "7", producerEpoch: 32_768 }],
    ["createSession", "body", { timeoutMs: 0 }],
    ["createSession", "body", { timeoutMs: "10000" }],
    ["createZnode", "body", { path: "/a" }],
    ["createZnode", "body", { mode: "PERSISTENT" }],
    ["createZnode", "body", { data: { base64: "A" } }],
    ["createZnode", "body", { data: "\ud800" }],
    ["createZnode", "body", { ttlMs: 2 ** 40 }],
    ["createZnode", "body", { acl: [{ permissions: ["read"], scheme: "ip", id: "x".repeat(513) }] }],
    ["setZnode", "body", { data: "x", version: 2 ** 31 }],
    ["getZnode", "query", { limit: "1001" }],
    ["getZnode", "query", { limit: "0" }],
    ["getZnode", "query", { minZxid: "-1" }],
    ["getZnode", "query", { nextToken: "" }],
    ["deleteZnode", "query", { version: "+1" }],
    ["deleteZnode", "query", { version: "2147483648" }],
    ["multi", "body", {}],
    ["multi", "body", { ops: [{ type: "check", path: "/".padEnd(4_098, "a") }] }],
    ["multi", "body", { ops: [{ type: "fence", path: "/a", fencingToken: -1 }] }],
    ["multiRead", "body", { ops: [{ type: "exists", path: "/" }] }],
    ["getChanges", "query", { since: "-1" }],
    ["getChanges", "query", { path: "/".padEnd(4_098, "a") }],
    ["campaign", "body", { waitMs: 25_001 }],
    ["observeElection", "query", { since: "1".repeat(33) }],
    ["acquireLock", "body", { contenderId: "a".repeat(65) }],
  ];

  for (const [id, part, value] of refused) {
    test(`${id} ${part} ${JSON.stringify(value)}`, () => {
      expect(accepts(id, part, value)).toBe(false);
    });
  }
});

test("a fetch that says nothing reads a megabyte from the earliest record and does not wait", () => {
  expect(operations.fetch.query.parse({})).toEqual({
    offset: "earliest",
    maxBytes: 1_048_576,
    maxRecords: 100_000,
    minBytes: 1,
    waitMs: 0,
    isolation: "read_uncommitted",
  });
});
