import { describe, expect, test } from "vitest";
import { doDuty } from "../../../functions/duties/do-duty.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import type { Services } from "../../../shared/services/services.ts";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import type { Duty } from "../../../shared/storage/environment.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { keyedBatch } from "../partition/compaction-fixture.ts";
import { refusal } from "./topic-process.ts";

const ns = "default";
const minuteMs = 60_000;
const text = new TextEncoder();
const isolation = "read_committed" as const;

interface World extends MemoryStorage {
  readonly services: Services;
  readonly topicId: string;
  readonly woken: Duty[];
}

/** A topic of one partition. */
async function world(config: Readonly<Record<string, string>>): Promise<World> {
  const memory = createMemoryStorage({ dropsExpiredEntries: false });
  const woken: Duty[] = [];
  memory.store.onWake((duty) => woken.push(duty));
  const services = createServices(memory.storage);
  const { topicId } = await services.topics.create(ns, { name: "t", partitions: 1, config });
  return { ...memory, services, topicId, woken };
}

async function put({ services }: World, key: string, value: string | null): Promise<void> {
  const record = { key: text.encode(key), value: value === null ? null : text.encode(value), headers: [] };
  await services.produce.produceRecords({ namespace: ns, topic: "t", partition: 0, records: [record] });
}

async function valuesOf(services: Services): Promise<string[]> {
  const request = {
    namespace: ns,
    topic: "t",
    partition: 0,
    minBytes: 0,
    waitMs: 0,
    identities: [],
    isolation,
  } as const;
  const limits = { maxBytes: 1_000_000, maxRecords: 1_000 };
  const found: string[] = [];
  const { offset: end } = await services.fetch.listOffset(ns, "t", 0, { at: "latest" });
  const { offset: start } = await services.fetch.listOffset(ns, "t", 0, { at: "earliest" });
  for (let offset = start; offset < end;) {
    const read = await services.fetch.fetchRecords({ ...request, ...limits, offset });
    for (const { key, value } of read.records) {
      found.push(`${new TextDecoder().decode(key ?? undefined)}=${new TextDecoder().decode(value ?? undefined)}`);
    }
    offset = read.nextOffset;
  }
  return found;
}

/** Sweeps, and does what it asks for and what that asks for. */
async function sweep({ services, time, woken }: World, doing = services): Promise<readonly string[]> {
  await time.advance(1);
  woken.length = 0;
  await services.duties.sweep();
  const done: string[] = [];
  for (let round = 0; round < 10; round += 1) {
    await time.advance(1);
    for (const duty of woken.splice(0)) {
      if (duty.kind !== "seal" && duty.kind !== "compact") continue;
      done.push(duty.kind);
      await doDuty(doing.duties, duty);
    }
  }
  return done;
}

describe("a topic that is compacted", () => {
  test("keeps the last value of each key, by a process that knows nothing of the topic", async () => {
    const own = await world({ "cleanup.policy": "compact", "retention.ms": "1" });
    for (const [key, value] of [
      ["a", "1"],
      ["b", "1"],
      ["a", "2"],
    ] as const)
      await put(own, key, value);
    await own.time.advance(11 * minuteMs);
    const other = createServices(own.store.process().storage);
    expect(await sweep(own, other)).toEqual(["seal"]);
    expect(await sweep(own, other)).toEqual(["compact"]);
    await own.time.advance(6_000);
    expect(await valuesOf(own.services)).toEqual(["b=1", "a=2"]);
    expect(await sweep(own, other)).toEqual([]);
  });

  test("is compacted right after it was sealed, by a process that knows it", async () => {
    const own = await world({ "cleanup.policy": "compact" });
    for (const value of ["1", "2"]) await put(own, "a", value);
    await own.time.advance(11 * minuteMs);
    expect(await sweep(own)).toEqual(["seal", "compact"]);
    await own.time.advance(6_000);
    expect(await valuesOf(own.services)).toEqual(["a=2"]);
  });

  test("waits until enough of it is dirty, or until max.compaction.lag.ms is over", async () => {
    const own = await world({ "cleanup.policy": "compact", "max.compaction.lag.ms": String(100 * minuteMs) });
    const write = async (value: string): Promise<readonly string[]> => {
      await put(own, value.slice(0, 1), value);
      await own.time.advance(11 * minuteMs);
      return await sweep(own);
    };
    expect(await write("a".repeat(2_000))).toEqual(["seal", "compact"]);
    expect(await write("b".repeat(100))).toEqual(["seal"]);
    await own.time.advance(80 * minuteMs);
    expect(await sweep(own)).toEqual([]);
    await own.time.advance(20 * minuteMs);
    expect(await sweep(own)).toEqual(["compact"]);
    expect(await write("c".repeat(4_000))).toEqual(["seal", "compact"]);
  });

  test("does not do what was asked for too long ago", async () => {
    const own = await world({ "cleanup.policy": "compact" });
    for (const value of ["1", "2"]) await put(own, "a", value);
    await own.time.advance(11 * minuteMs);
    await own.services.duties.seal(own.topicId, 0);
    await own.services.duties.sweep();
    await own.time.advance(1);
    const duty = own.woken.find(({ kind }) => kind === "compact");
    if (duty?.kind !== "compact") throw new Error("nothing was asked for");
    await own.time.advance(61 * minuteMs);
    await own.services.duties.compact(duty);
    expect(await valuesOf(own.services)).toEqual(["a=1", "a=2"]);
    await own.services.duties.compact({ ...duty, askedAtMs: own.storage.clock.wallMs() });
    await own.time.advance(6_000);
    expect(await valuesOf(own.services)).toEqual(["a=2"]);
  });

  test("takes no record without a key, neither as JSON nor in a batch", async () => {
    const { services } = await world({ "cleanup.policy": "compact,delete" });
    const target = { namespace: ns, topic: "t", partition: 0 };
    const record = { key: null, value: new Uint8Array(1), headers: [] };
    await refusal(services.produce.produceRecords({ ...target, records: [record] }), "INVALID_RECORD");
    const bytes = keyedBatch([
      ["a", "1"],
      [null, "1"],
    ]);
    await refusal(services.produce.produceBatches({ ...target, bytes }), "INVALID_RECORD");
    const empty = { ...record, key: new Uint8Array(0) };
    await services.produce.produceRecords({ ...target, records: [empty] });
  });

  test("is not truncated, unless its records may be deleted", async () => {
    const compacted = await world({ "cleanup.policy": "compact" });
    await put(compacted, "a", "1");
    await refusal(compacted.services.truncate.truncate(ns, "t", 0, 1), "POLICY_VIOLATION");
    const both = await world({ "cleanup.policy": "compact,delete" });
    await put(both, "a", "1");
    expect(await both.services.truncate.truncate(ns, "t", 0, 1)).toEqual({ logStartOffset: 1 });
  });

  test("answers the offset of a time by what is left", async () => {
    const own = await world({ "cleanup.policy": "compact" });
    const times: number[] = [];
    for (const value of ["1", "2", "3"]) {
      times.push(own.storage.clock.wallMs());
      await put(own, value === "2" ? "b" : "a", value);
      await own.time.advance(minuteMs);
    }
    await own.time.advance(11 * minuteMs);
    await sweep(own);
    await own.time.advance(6_000);
    const at = (timestampMs: number) => own.services.fetch.listOffset(ns, "t", 0, { at: "timestamp", timestampMs });
    expect(await at(0)).toMatchObject({ offset: 1 });
    expect(await at(times[1] ?? 0)).toMatchObject({ offset: 1 });
    expect(await at((times[1] ?? 0) + 1)).toMatchObject({ offset: 2 });
    expect(await at((times[2] ?? 0) + 1)).toMatchObject({ offset: -1 });
  });

  test("is read by one request, and a new manifest by one more", async () => {
    const own = await world({ "cleanup.policy": "compact" });
    for (const value of ["1", "2"]) await put(own, "a", value);
    await own.time.advance(11 * minuteMs);
    await sweep(own);
    const counted = countRequests(own.store.process().storage);
    const { fetch } = createServices(counted.storage);
    const read = async (): Promise<number> => {
      counted.reset();
      const limits = { maxBytes: 1_000, maxRecords: 10, minBytes: 0, waitMs: 0, identities: [], isolation } as const;
      await fetch.fetchRecords({ namespace: ns, topic: "t", partition: 0, offset: 0, ...limits });
      return counted.total();
    };
    const cold = await read();
    expect(await read()).toBe(1);
    // Topic, start of the log, manifest, records, and the high watermark.
    expect(cold).toBeLessThanOrEqual(6);
  });
});
