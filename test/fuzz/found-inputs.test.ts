/** Inputs that a run has found, each as small as it was made: what they showed is mended, and stays so. */
import { describe, expect, test } from "vitest";
import { CommandError } from "../../local/command-error.ts";
import { parseResetPoint } from "../../local/console/reset-point.ts";
import { unescapeBytes } from "../../local/console/escapes.ts";
import { recordBatchMediaType, routes } from "../../shared/api/routes.ts";
import { compress } from "../../shared/compression/compression.ts";
import { decodeCommitted, decodeDecided, decodeStaged } from "../../shared/groups/committed-offset.ts";
import { decodeGroup } from "../../shared/groups/encode-group.ts";
import { partitionLogId, segmentsLogId } from "../../shared/log/log-id.ts";
import { decodeEntryMeta } from "../../shared/partition/entry-meta.ts";
import { batchesFrom } from "../../shared/partition/read-segment.ts";
import { decodeSegmentDescriptor } from "../../shared/partition/segment-descriptor.ts";
import { encodeBatch } from "../../shared/record/encode-batch.ts";
import { decodeAnswer } from "../../shared/services/atomic-answer.ts";
import { leaseOf } from "../../shared/services/session-lease.ts";
import { projectionOf } from "../../shared/services/topic-projection.ts";
import { decodeDuty } from "../../shared/storage/aws/duty-message.ts";
import { itemKeyBytes } from "../../shared/storage/embedded/embedded-keys.ts";
import { decodeItem, encodeItem } from "../../shared/storage/embedded/item-codec.ts";
import { StorageCorruptError } from "../../shared/storage/errors.ts";
import type { Attributes, Item } from "../../shared/storage/item-store.ts";
import { FuzzWorld } from "./routes/world.ts";

const key = { partition: "p", sort: "s" };

function itemOf(attributes: Attributes, sort = "s"): Item {
  return { key: { partition: "p", sort }, version: 1, attributes };
}

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** The state of a group whose members are to have these partitions. */
function groupWith(...targets: readonly string[]): string {
  const members = targets.map((target, index) => ({ i: `m${index}`, e: 1, b: -1, s: 0, st: 1, rt: 1, t: target }));
  return JSON.stringify({ v: 1, e: 1, a: "range", t: [["a", "a", 1, 1]], p: [], s: [[["a"], null]], m: members });
}

describe("what was stored and does not decode is said to be corrupt", () => {
  test.each<[string, () => unknown]>([
    [
      "a segment whose batch has another magic",
      () => batchesFrom(new Uint8Array(61), "key", 0, { bytesMax: 1, recordsMax: 1 }),
    ],
    [
      "a segment whose batch is of magic 0",
      () =>
        batchesFrom(hex(`00000000000000000000003100000000${"00".repeat(45)}`), "key", 0, {
          bytesMax: 1,
          recordsMax: 1,
        }),
    ],
    ["a lease whose key is no session's", () => leaseOf(itemOf({}, "9a"))],
    ["a group with a partition beyond 2^53", () => decodeGroup(groupWith("0:99999999999999999999"))],
    ["a group with more partitions than one may have", () => decodeGroup(groupWith("0:0-2999,3000-5999,6000-8999"))],
    ["a group in which two hold a partition", () => decodeGroup(groupWith("0:0-2", "0:1"))],
    ["a committed offset beyond 2^53-1", () => decodeCommitted("9999999999999999,1,")],
    ["a decision at a time beyond 2^53-1", () => decodeDecided("00001,9999999999999999")],
    ["staged offsets of an epoch that is no number", () => decodeStaged('{"e":1e400,"t":[],"o":[]}')],
    ["staged offsets asked for at no time", () => decodeStaged('{"e":1,"c":1e400,"t":[],"o":[]}')],
    ["a staged offset that is not whole", () => decodeStaged('{"e":1,"t":[["a","a"]],"o":[[0,0.5,1,""]]}')],
    ["a remembered answer with a number that JSON cannot hold", () => decodeAnswer('{"fingerprint":1e400}')],
    ["a duty of a topic without an id", () => decodeDuty('{"kind":"collect","partition":0,"topicId":""}')],
    [
      "a duty of a topic id that leaves its folder",
      () => decodeDuty('{"kind":"collect","partition":0,"topicId":"../x"}'),
    ],
    ["a duty of a partition below 0", () => decodeDuty('{"kind":"seal","partition":-1,"topicId":"a"}')],
  ])("%s", (_, decode) => {
    expect(decode).toThrow(StorageCorruptError);
  });

  test.each([
    ["a timestamp before the epoch", "010000000000000104000009e5ff8081bd818100"],
    ["a marker outside of a transaction", "0200000000010001110000090000000100"],
  ])("an entry's meta with %s", (_, meta) => {
    const payload = { kind: "blob", key: "hot/topic/0/x", lengthBytes: 4_096 } as const;
    const logId = partitionLogId("topic", 0);
    const entry = {
      logId,
      position: 1_000,
      next: 1_009,
      attempt: "a",
      appendedAtMs: 1_750_000_000_000,
      meta: hex(meta),
      payload,
    };
    expect(() => decodeEntryMeta(entry)).toThrow(StorageCorruptError);
  });
});

test("a segment's index that goes beyond 2^53 is corrupt", () => {
  const meta = hex("0206000000000000000000000005ffffffffffffff0f00000000000000000000000000000000");
  const payload = { kind: "inline", bytes: new Uint8Array() } as const;
  const entry = {
    logId: segmentsLogId("topic", 0),
    position: 1_000,
    next: 1_009,
    attempt: "a",
    appendedAtMs: 0,
    meta,
    payload,
  };
  expect(() => decodeSegmentDescriptor(entry)).toThrow(StorageCorruptError);
});

test.each(["a", "null", "[]", '{"retention.ms":5}'])("a projection with the configuration %s is none", (config) => {
  expect(projectionOf(itemOf({ mzxid: 1, topicId: "a", partitions: 1, config }))).toBeUndefined();
});

test("the embedded store keeps an attribute that is called __proto__", () => {
  const item = itemOf(Object.fromEntries([["__proto__", "x"]]));
  const stored = encodeItem(itemKeyBytes(key), { item });
  expect(Object.entries(decodeItem(key, itemKeyBytes(key), stored).item.attributes)).toEqual([["__proto__", "x"]]);
});

test("a backslash before a character beyond U+FFFF leaves it whole", () => {
  expect(unescapeBytes("\\\u{1f600}").toString()).toBe("\u{1f600}");
});

test("a long text is no time, and is known to be none at once", () => {
  const startedMs = performance.now();
  expect(() => parseResetPoint({ toDatetime: "T".repeat(100_000) })).toThrow(CommandError);
  expect(performance.now() - startedMs).toBeLessThan(1_000);
});

test.each(["", "%01k:key"])("records under the transactional id %j are refused", async (transactionalId) => {
  const world = new FuzzWorld(1);
  const json = { "content-type": "application/json" };
  const topic = {
    path: "/v1/default/topics",
    query: "",
    headers: json,
    body: { text: '{"name":"orders","partitions":1}' },
  };
  await world.send({ ...topic, method: "POST", via: "direct" });
  const records = [{ key: null, value: null, timestamp: 1_750_000_000_000 }];
  const batch = encodeBatch(
    { records, producerId: 1n, producerEpoch: 0, baseSequence: 0, isTransactional: true },
    compress,
  );
  const { status, bytes } = await world.send({
    method: "POST",
    path: "/v1/default/topics/orders/partitions/0/records",
    query: `transactionalId=${transactionalId}`,
    headers: { "content-type": recordBatchMediaType },
    body: { hex: Buffer.from(batch).toString("hex") },
    via: "direct",
  });
  expect([status, JSON.parse(bytes.toString())]).toMatchObject([400, { error: "BAD_ARGUMENTS" }]);
});

describe("a namespace that none can be", () => {
  test.each([
    ["describeTransaction", undefined],
    ["commitTransaction", { producerId: "0", producerEpoch: 0 }],
    ["abortTransaction", { producerId: "0", producerEpoch: 0 }],
  ] as const)("is unknown to %s", async (id, body) => {
    const path = routes[id].path.replace("{namespace}", "tea%00").replace("{transactionalId}", "t");
    const content = body === undefined ? {} : { body: { text: JSON.stringify(body) } };
    const headers = { "content-type": "application/json" };
    const { status, bytes } = await new FuzzWorld(1).send({
      method: routes[id].method,
      path,
      query: "",
      headers,
      ...content,
      via: "direct",
    });
    expect([status, JSON.parse(bytes.toString())]).toMatchObject([404, { error: "UNKNOWN_NAMESPACE" }]);
  });
});
