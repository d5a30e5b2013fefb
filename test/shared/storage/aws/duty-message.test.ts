import { expect, test } from "vitest";
import { decodeDuty, encodeDuty } from "../../../../shared/storage/aws/duty-message.ts";
import type { Duty } from "../../../../shared/storage/environment.ts";
import { StorageCorruptError } from "../../../../shared/storage/errors.ts";

const sessionId = (2n ** 62n - 1n).toString();

test.each<Duty>([
  { kind: "seal", topicId: "topic", partition: 0 },
  { kind: "seal", topicId: "topic", partition: 0, segmentBytes: 1_048_576 },
  { kind: "retain", topicId: "topic", partition: 3 },
  { kind: "collect", topicId: "topic", partition: 9_999 },
  {
    kind: "compact",
    topicId: "topic",
    partition: 3,
    askedAtMs: 1_700_000_000_000,
    segmentBytes: 67_108_864,
    minCompactionLagMs: 0,
    maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
    deleteRetentionMs: 86_400_000,
    minCleanableDirtyRatio: 0.5,
  },
  { kind: "reap", namespace: "team-1", sessionId },
  { kind: "reap", namespace: "default", sessionId: "1" },
  { kind: "expire", namespace: "default" },
  { kind: "transaction", namespace: "default", transactionalId: "orders 1" },
  { kind: "transaction", namespace: "team-1", transactionalId: "\u0001k:one call" },
])("gives back %o", (duty) => {
  expect(decodeDuty(encodeDuty(duty))).toEqual(duty);
});

test("keeps nothing that a duty does not have", () => {
  expect(decodeDuty('{"kind":"expire","namespace":"team","topicId":"t","more":1}')).toEqual({
    kind: "expire",
    namespace: "team",
  });
});

test.each([
  "",
  "null",
  "[]",
  "{}",
  '"reap"',
  '{"kind":"other","topicId":"t","partition":1}',
  '{"kind":"seal","topicId":"t"}',
  '{"kind":"seal","topicId":"t","partition":1.5}',
  '{"kind":"seal","topicId":"t","partition":1,"segmentBytes":0}',
  '{"kind":"seal","topicId":"t","partition":1,"segmentBytes":"1048576"}',
  '{"kind":"compact","topicId":"t","partition":1}',
  '{"kind":"reap","namespace":"team"}',
  '{"kind":"reap","sessionId":"1"}',
  '{"kind":"reap","namespace":"team","sessionId":1}',
  '{"kind":"reap","namespace":"team","sessionId":""}',
  '{"kind":"reap","namespace":"team","sessionId":"0"}',
  '{"kind":"reap","namespace":"team","sessionId":"-1"}',
  '{"kind":"reap","namespace":"team","sessionId":"0x1"}',
  `{"kind":"reap","namespace":"team","sessionId":"${"1".repeat(20)}"}`,
  '{"kind":"reap","namespace":"Team/1","sessionId":"1"}',
  '{"kind":"expire"}',
  '{"kind":"transaction","namespace":"team"}',
  '{"kind":"transaction","namespace":"team","transactionalId":""}',
  '{"kind":"transaction","namespace":"team","transactionalId":7}',
  '{"kind":"transaction","namespace":"team","transactionalId":"a\\u0000"}',
  `{"kind":"transaction","namespace":"team","transactionalId":"${"i".repeat(600)}"}`,
  '{"kind":"transaction","transactionalId":"orders"}',
  '{"kind":"expire","namespace":""}',
  '{"kind":"expire","namespace":7}',
  `{"kind":"expire","namespace":"${"n".repeat(2_000)}"}`,
])("calls %s corrupt", (body) => {
  expect(() => decodeDuty(body)).toThrow(StorageCorruptError);
});
