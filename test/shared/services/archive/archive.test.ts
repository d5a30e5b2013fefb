import { describe, expect, test } from "vitest";
import { ArchiveError } from "../../../../shared/services/archive/archive-format.ts";
import { exportNamespace } from "../../../../shared/services/archive/export-namespace.ts";
import { type ImportedNamespace, importNamespace } from "../../../../shared/services/archive/import-namespace.ts";
import { createServices } from "../../../../shared/services/create-services.ts";
import type { Services } from "../../../../shared/services/services.ts";
import { garbagePartition } from "../../../../shared/storage/item-keys.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../../shared/storage/storage.ts";

const ns = "default";
const utf8 = new TextEncoder();
const text = new TextDecoder();

interface World extends MemoryStorage {
  readonly services: Services;
}

function world(): World {
  const memory = createMemoryStorage({ dropsExpiredEntries: false });
  return { ...memory, services: createServices(memory.storage) };
}

const record = (value: string, key?: string) => {
  return { key: key === undefined ? null : utf8.encode(key), value: utf8.encode(value), headers: [] };
};

async function put({ produce }: Services, topic: string, partition: number, ...values: string[]): Promise<number> {
  const records = values.map((value) => record(value, "k"));
  return (await produce.produceRecords({ namespace: ns, topic, partition, records })).baseOffset;
}

/** `offset=value` of all that a reader of what is committed gets, and where the log begins and ends. */
async function contentsOf({ fetch }: Services, topic: string, partition: number, namespace = ns) {
  const { offset: start } = await fetch.listOffset(namespace, topic, partition, { at: "earliest" });
  const { offset: end } = await fetch.listOffset(namespace, topic, partition, { at: "latest" });
  const found: string[] = [];
  const limits = { maxBytes: 10_000, maxRecords: 100, minBytes: 0, waitMs: 0, isolation: "read_committed" } as const;
  for (let offset = start; ;) {
    const read = await fetch.fetchRecords({ namespace, topic, partition, offset, ...limits });
    for (const one of read.records) found.push(`${one.offset}=${text.decode(one.value ?? undefined)}`);
    if (read.nextOffset <= offset) return { start, end, found };
    offset = read.nextOffset;
  }
}

async function transactional(services: Services, id: string, value: string, end: "commit" | "abort" | "open") {
  const { transactions, produce } = services;
  const name = { namespace: ns, transactionalId: id };
  const producer = await transactions.init({ ...name, timeoutMs: 60_000 });
  await transactions.addPartitions({ ...name, ...producer, partitions: [{ topic: "orders", partitions: [0] }] });
  const request = { namespace: ns, topic: "orders", partition: 0, records: [record(value)] };
  const identity = { ...producer, baseSequence: 0 };
  await produce.produceRecords({ ...request, producer: identity, transactionalId: id });
  if (end !== "open") await transactions.end({ ...name, ...producer, commit: end === "commit" });
}

/** Something of everything that a namespace holds. */
async function fill({ services }: World): Promise<void> {
  const { topics, groups, shareGroups, znodes, sessions, truncate, duties } = services;
  const { topicId } = await topics.create(ns, { name: "orders", partitions: 2, config: { "retention.ms": "-1" } });
  await topics.create(ns, { name: "empty", partitions: 1, config: {} });
  await put(services, "orders", 0, "a", "b", "c");
  await put(services, "orders", 0, "d");
  await truncate.truncate(ns, "orders", 0, 2);
  await transactional(services, "t1", "committed", "commit");
  await transactional(services, "t2", "aborted", "abort");
  await duties.seal(topicId, 0);
  await transactional(services, "t3", "open", "open");
  await put(services, "orders", 0, "behind an open transaction");
  await transactional(services, "t4", "aborted behind it", "abort");
  await transactional(services, "t5", "committed behind it", "commit");
  await put(services, "orders", 1, "x", "y");
  await truncate.truncate(ns, "orders", 1, -1);
  await groups.commit({
    namespace: ns,
    group: "billing",
    offsets: [{ topic: "orders", partition: 0, offset: 4, metadata: "half" }],
  });
  await shareGroups.configure({ namespace: ns, group: "workers" }, { startAt: "earliest", lockMs: 5_000 });
  const member = { namespace: ns, group: "workers", memberId: "w" };
  const acquire = { ...member, topics: ["orders"], maxRecords: 1, maxBytes: 1_000, waitMs: 0 };
  const { records } = await shareGroups.acquire(acquire);
  const acknowledgements = records.map(({ topic, partition, offset }) => {
    return { topic, partition, firstOffset: offset, lastOffset: offset, type: "accept" } as const;
  });
  await shareGroups.acknowledge({ ...member, acknowledgements });
  const context = { namespace: ns, identities: [] };
  const session = await sessions.create(ns, { timeoutMs: 30_000 });
  await znodes.create(context, { path: "/app", data: utf8.encode("v0"), mode: "persistent" });
  await znodes.setData(context, { path: "/app", data: utf8.encode("v1"), version: 0 });
  await znodes.create(context, { path: "/app/n-", data: null, mode: "persistent_sequential" });
  await znodes.create({ ...context, session }, { path: "/app/here", data: null, mode: "ephemeral" });
}

async function bytesOf(storage: Storage, services: Services, namespace = ns): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of exportNamespace(storage, { namespace, duties: services.duties })) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

async function importInto({ storage }: World, archive: Uint8Array, namespace?: string): Promise<ImportedNamespace> {
  // In pieces that have nothing to do with its parts.
  async function* pieces(): AsyncGenerator<Uint8Array, void> {
    for (let at = 0; at < archive.length; at += 1_000) yield archive.subarray(at, at + 1_000);
  }
  return await importNamespace(storage, pieces(), namespace === undefined ? {} : { namespace });
}

describe("a namespace that is exported and imported elsewhere", async () => {
  const source = world();
  await fill(source);
  const archive = await bytesOf(source.storage, source.services);
  const target = world();
  const imported = await importInto(target, archive);
  const services = createServices(target.storage);
  const context = { namespace: ns, identities: [] };

  test("has what was committed, at its offsets, and not what was aborted or is open", async () => {
    const before = await contentsOf(source.services, "orders", 0);
    const after = await contentsOf(services, "orders", 0);
    const values = ["2=c", "3=d", "4=committed"];
    expect(before.found).toEqual(values);
    expect(after.found.slice(0, 3)).toEqual(values);
    expect(after.found.map((one) => one.replace(/^\d+=/, "")).slice(3)).toEqual([
      "behind an open transaction",
      "committed behind it",
    ]);
    expect([after.start, after.end]).toEqual([before.start, before.end]);
  });

  test("goes on at the end of each log", async () => {
    const { end } = await contentsOf(services, "orders", 0);
    expect(await put(services, "orders", 0, "new")).toBe(end);
    expect((await contentsOf(services, "orders", 0)).found.at(-1)).toBe(`${end}=new`);
    expect(await contentsOf(services, "orders", 1)).toEqual({ start: 2, end: 2, found: [] });
    expect(await put(services, "orders", 1, "z")).toBe(2);
    expect(await put(services, "empty", 0, "first")).toBe(0);
  });

  test("keeps the topics' settings under new ids", async () => {
    const [before, after] = await Promise.all(
      [source.services, services].map(({ topics }) => topics.describe(ns, "orders")),
    );
    expect(after?.topicId).not.toBe(before?.topicId);
    expect({ ...after, topicId: "" }).toEqual({ ...before, topicId: "" });
  });

  test("keeps what groups have committed, and what share groups have done", async () => {
    const offsets = await services.groups.offsets({ namespace: ns, group: "billing" });
    expect(offsets).toMatchObject([{ topic: "orders", partition: 0, offset: 4, metadata: "half" }]);
    const group = { namespace: ns, group: "workers" };
    expect(await services.shareGroups.describe(group)).toMatchObject({
      config: { startAt: "earliest", lockMs: 5_000 },
    });
    const request = { ...group, memberId: "w", topics: ["orders"], maxRecords: 1, maxBytes: 1_000, waitMs: 0 };
    const { records } = await services.shareGroups.acquire(request);
    expect(records.map(({ value }) => text.decode(value ?? undefined))).toEqual(["d"]);
  });

  test("keeps znodes with every field of their Stat, and counts on; ephemerals went with their sessions", async () => {
    const before = await source.services.znodes.getData(context, "/app");
    const after = await services.znodes.getData(context, "/app");
    expect(text.decode(after.data ?? undefined)).toBe("v1");
    // The ephemeral child that went: one more change of the children, one child less.
    const { czxid, mzxid, ctime, mtime, version, aversion, cversion, dataLength } = before.stat;
    expect(after.stat).toMatchObject({ czxid, mzxid, ctime, mtime, version, aversion, dataLength, numChildren: 1 });
    expect(after.stat.cversion).toBe(cversion + 1);
    const next = await services.znodes.create(context, { path: "/app/n-", data: null, mode: "persistent_sequential" });
    expect(next.path).toBe("/app/n-0000000002");
  });

  test("says what it was, and leaves nothing to the sweep", async () => {
    expect(imported).toMatchObject({ namespace: ns, topics: 2, totals: { partitions: 3, groups: 2 } });
    expect((await target.storage.items.query(garbagePartition, { limit: 10 })).items).toEqual([]);
  });

  test("loses nothing to the sweeps of the days after", async () => {
    const other = world();
    await importInto(other, archive);
    const before = await contentsOf(createServices(other.storage), "orders", 0);
    const { duties } = createServices(other.storage);
    for (let hours = 0; hours < 72; hours += 6) {
      await other.time.advance(6 * 3_600_000);
      await duties.sweep();
    }
    const { topicId } = await other.services.topics.describe(ns, "orders");
    await duties.collect(topicId, 0);
    expect(await contentsOf(createServices(other.storage), "orders", 0)).toEqual(before);
    const next = await put(createServices(other.storage), "orders", 0, "days after");
    expect(next).toBe(before.end);
  });

  test("is exported again as it is", async () => {
    const again = world();
    await importInto(again, await bytesOf(target.storage, services), "copy");
    const copy = createServices(again.storage);
    expect((await copy.namespaces.list({ limit: 10 })).items.map(({ name }) => name)).toEqual(["copy", ns]);
    const { found } = await contentsOf(copy, "orders", 0, "copy");
    expect(found).toEqual((await contentsOf(services, "orders", 0)).found);
  });

  test("is not imported over another", async () => {
    await expect(importInto(target, archive)).rejects.toMatchObject({ code: "NAMESPACE_ALREADY_EXISTS" });
    await importInto(target, archive, "beside");
    await expect(importInto(target, archive, "beside")).rejects.toMatchObject({ code: "NAMESPACE_ALREADY_EXISTS" });
    await expect(importInto(world(), archive, "No Name")).rejects.toMatchObject({ code: "BAD_ARGUMENTS" });
  });

  test("must be there", async () => {
    const bytes = bytesOf(source.storage, source.services, "nowhere");
    await expect(bytes).rejects.toMatchObject({ code: "UNKNOWN_NAMESPACE" });
  });

  test("that is cut off anywhere, or damaged anywhere, is not imported, and can be afterwards", async () => {
    const other = world();
    const step = Math.ceil(archive.length / 60);
    for (let length = 0; length < archive.length; length += step) {
      await expect(importInto(other, archive.subarray(0, length)), `${length}`).rejects.toThrow(ArchiveError);
    }
    for (let at = 0; at < archive.length; at += step) {
      const damaged = archive.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      await expect(importInto(other, damaged), `${at}`).rejects.toThrow(ArchiveError);
    }
    await expect(importInto(other, Buffer.concat([archive, archive]))).rejects.toThrow("bytes follow");
    expect((await other.services.topics.list(ns, { limit: 10 })).items).toEqual([]);
    await importInto(other, archive);
    expect((await contentsOf(createServices(other.storage), "orders", 0)).found[0]).toBe("2=c");
  });

  /** Imports while sweeps go on, with a pause after each of the last parts, when a partition is stored already. */
  async function importSlowly(other: World, pauseMs: number): Promise<unknown> {
    const sweeper = createServices(other.storage);
    const parts: Uint8Array[] = [];
    for await (const part of exportNamespace(source.storage, { namespace: ns, duties: source.services.duties })) {
      parts.push(part);
    }
    async function* slowly(): AsyncGenerator<Uint8Array, void> {
      for (const [index, part] of parts.entries()) {
        yield part;
        if (index < parts.length - 3) continue;
        await other.storage.timers.sleep(pauseMs);
        await sweeper.duties.sweep();
      }
    }
    return await other.time.run(() => importNamespace(other.storage, slowly()));
  }

  test("is imported as a whole however long it takes, and not at all when the import stood still for too long", async () => {
    const other = world();
    const { graceMs } = other.storage.lifetimes;
    await importSlowly(other, graceMs * 0.45);
    const { found } = await other.time.run(() => contentsOf(createServices(other.storage), "orders", 0));
    const values = ["2=c", "3=d", "4=committed", "9=behind an open transaction", "12=committed behind it"];
    expect(found).toEqual(values);
    await expect(importSlowly(world(), graceMs * 0.6)).rejects.toThrow("stood still");
  });
});
