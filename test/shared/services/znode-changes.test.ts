import { expect, test } from "vitest";
import { createServices } from "../../../shared/services/create-services.ts";
import type { CallContext } from "../../../shared/services/coordination.ts";
import type { FetchedRecord } from "../../../shared/services/services.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Identity } from "../../../shared/tree/acl.ts";
import { refusal } from "./topic-process.ts";

const namespace = "default";
const topic = "__znode_changes";
const ann: Identity = { scheme: "digest", id: "ann:1" };
const asAnn: CallContext = { namespace, identities: [ann] };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function open() {
  const memory = createMemoryStorage();
  const services = createServices(memory.storage);
  const fetch = async (offset: number, identities?: readonly Identity[], more = {}) =>
    await services.fetch.fetchRecords({
      namespace,
      topic,
      partition: 0,
      offset,
      maxBytes: 1_000_000,
      maxRecords: 1_000,
      minBytes: 1,
      waitMs: 0,
      isolation: "read_uncommitted",
      ...(identities === undefined ? {} : { identities }),
      ...more,
    });
  return { memory, services, fetch };
}

function json({ value }: FetchedRecord): { readonly changes: readonly Record<string, unknown>[] } {
  return JSON.parse(new TextDecoder().decode(value ?? undefined)) as never;
}

test("every transaction is a record at the offset of its zxid, with what it changed", async () => {
  const { services, fetch, memory } = open();
  const { znodes, sessions } = services;
  const { zxid } = await znodes.create(asAnn, { path: "/a", data: bytes("text"), mode: "persistent" });
  await znodes.setData(asAnn, { path: "/a", data: Uint8Array.of(0xff, 0), version: 0 });
  await znodes.multi(asAnn, {
    operations: [
      { kind: "create", path: "/b", data: null, mode: "persistent" },
      { kind: "check", path: "/a", version: 1 },
      { kind: "delete", path: "/a", version: -1 },
    ],
  });
  const session = await sessions.create(namespace, { timeoutMs: 5_000 });
  const under: CallContext = { ...asAnn, session };
  await znodes.create(under, { path: "/b/e", data: null, mode: "ephemeral" });
  const closed = await sessions.close(namespace, session);
  const { records, nextOffset, highWatermark, logStartOffset } = await fetch(0);
  expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index));
  expect({ nextOffset, highWatermark, logStartOffset }).toEqual({
    nextOffset: closed.zxid + 1,
    highWatermark: closed.zxid + 1,
    logStartOffset: 0,
  });
  const from = records.slice(zxid);
  expect(from.map(({ key }) => (key === null ? null : new TextDecoder().decode(key)))).toEqual([
    "/a",
    "/a",
    null,
    null,
    "/b/e",
    null,
  ]);
  const sessionId = session.sessionId.toString();
  expect(from.map((record) => json(record).changes)).toEqual([
    [{ type: "create", path: "/a", data: "text", ephemeralOwner: "0" }],
    [{ type: "setData", path: "/a", data: { base64: "/wA=" }, version: 1 }],
    [
      { type: "create", path: "/b", data: null, ephemeralOwner: "0" },
      { type: "delete", path: "/a" },
    ],
    [{ type: "createSession", sessionId, timeoutMs: 5_000 }],
    [{ type: "create", path: "/b/e", data: null, ephemeralOwner: sessionId }],
    [{ type: "closeSession", sessionId, deleted: ["/b/e"] }],
  ]);
  expect(JSON.stringify(from.map(json))).not.toContain("password");
  await memory.close();
});

test("a reader is not told what it may not read, and its offsets have no gap", async () => {
  const { services, fetch, memory } = open();
  const acl = [{ permissions: 31, ...ann }];
  await services.znodes.create(asAnn, { path: "/secret", data: bytes("x"), mode: "persistent", acl });
  await services.znodes.create(asAnn, { path: "/open", data: null, mode: "persistent" });
  const told = async (identities: readonly Identity[]): Promise<readonly unknown[]> =>
    (await fetch(0, identities)).records.map((record) => json(record).changes.map(({ path }) => path));
  expect(await told([{ scheme: "digest", id: "bob:2" }])).toEqual([[], [], ["/open"]]);
  expect(await told([ann])).toEqual([[], ["/secret"], ["/open"]]);
  expect(await told([{ scheme: "super", id: "" }])).toEqual([[], ["/secret"], ["/open"]]);
  await memory.close();
});

test("is described, has offsets, waits for more, and can be neither created nor written to", async () => {
  const { services, fetch, memory } = open();
  expect(await services.topics.describe(namespace, topic)).toMatchObject({ name: topic, partitions: 1 });
  await refusal(services.topics.create(namespace, { name: topic }), "INVALID_TOPIC_EXCEPTION");
  const record = { key: null, value: bytes("x"), headers: [] };
  const produced = services.produce.produce({ namespace, topic, records: [record] });
  await refusal(produced, "UNKNOWN_TOPIC_OR_PARTITION");
  const point = (at: "earliest" | "latest" | "maxTimestamp") => services.fetch.listOffset(namespace, topic, 0, { at });
  expect(await point("latest")).toEqual({ offset: 0, timestamp: -1 });
  await services.znodes.create(asAnn, { path: "/a", data: null, mode: "persistent" });
  const startMs = memory.storage.clock.wallMs();
  await memory.time.advance(60_000);
  const { zxid } = await services.znodes.create(asAnn, { path: "/b", data: null, mode: "persistent" });
  expect((await point("earliest")).offset).toBe(0);
  expect((await point("latest")).offset).toBe(zxid + 1);
  expect((await point("maxTimestamp")).offset).toBe(zxid);
  const found = await services.fetch.listOffset(namespace, topic, 0, { at: "timestamp", timestampMs: startMs + 1_000 });
  expect(found.offset).toBe(zxid);
  const late = { at: "timestamp", timestampMs: startMs + 1e9 } as const;
  expect(await services.fetch.listOffset(namespace, topic, 0, late)).toEqual({ offset: -1, timestamp: -1 });
  const waiting = fetch(zxid + 1, undefined, { waitMs: 10_000 });
  await services.znodes.create(asAnn, { path: "/c", data: null, mode: "persistent" });
  expect((await waiting).records).toHaveLength(1);
  await refusal(fetch(zxid + 100), "OFFSET_OUT_OF_RANGE");
  await refusal(fetch(0, undefined, { partition: 1 }), "UNKNOWN_TOPIC_OR_PARTITION");
  await memory.close();
});
