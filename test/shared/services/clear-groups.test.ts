import { describe, expect, test } from "vitest";
import { clearGroups } from "../../../shared/services/clear-groups.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import { eraseDeletedTopics } from "../../../shared/services/deleted-topics.ts";
import type { Services } from "../../../shared/services/services.ts";
import { garbagePartition, groupKey, sharePartition } from "../../../shared/storage/item-keys.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { dyingProcess } from "../partition/dying-process.ts";

const namespaces = ["default", "other"];
const topics = ["gone", "kept"];
const minuteMs = 60_000;

/** Two namespaces with the topics `gone` and `kept`, and in each a group of either kind that has read both. */
async function worldWithGroups() {
  const memory = createMemoryStorage();
  const services = createServices(memory.storage);
  await services.namespaces.create("other");
  const ids = new Map<string, string>();
  for (const namespace of namespaces) {
    for (const name of topics) {
      const { topicId } = await services.topics.create(namespace, { name, partitions: 2 });
      ids.set(`${namespace}/${name}`, topicId);
      for (const partition of [0, 1]) {
        const records = [{ key: null, value: new Uint8Array(1), headers: [] }];
        await services.produce.produceRecords({ namespace, topic: name, partition, records });
      }
    }
    const offsets = topics.flatMap((topic) => [0, 1].map((partition) => ({ topic, partition, offset: 1 })));
    await services.groups.commit({ namespace, group: "readers", offsets });
    await services.shareGroups.configure({ namespace, group: "queue" }, { startAt: "earliest" });
    for (let round = 0; round < 4; round += 1) {
      const bounds = { maxRecords: 10, maxBytes: 1_000_000, waitMs: 0 };
      await services.shareGroups.acquire({ namespace, group: "queue", topics, memberId: "w", ...bounds });
    }
  }
  return { memory, services, ids };
}

/** Of how many partitions of each topic the groups of a namespace keep anything, and how many topics they list. */
function keptOf({ store }: MemoryStorage, namespace: string, topicId: string) {
  const { attributes = {} } = store.items.get(groupKey(namespace, "readers")) ?? {};
  const names = Object.keys(attributes).filter((name) => name.includes(topicId));
  const states = store.items.query(sharePartition(namespace, "queue"), { prefix: topicId, limit: 10 }).items;
  const list = String(store.items.get(groupKey(namespace, "queue"))?.attributes["topics"]);
  return { offsets: names.length, states: states.length, isListed: list.includes(topicId) };
}

const all = { offsets: 3, states: 2, isListed: true };
const nothing = { offsets: 0, states: 0, isListed: false };
const idOf = (ids: ReadonlyMap<string, string>, place: string): string => ids.get(place) ?? "missing";

function expectCleared(memory: MemoryStorage, ids: ReadonlyMap<string, string>, hint: string): void {
  expect(keptOf(memory, "default", idOf(ids, "default/gone")), hint).toEqual(nothing);
  for (const [namespace, place] of [
    ["default", "default/kept"],
    ["other", "other/gone"],
    ["other", "other/kept"],
  ] as const) {
    expect(keptOf(memory, namespace, idOf(ids, place)), `${hint} ${place}`).toEqual(all);
  }
}

async function readable({ groups, shareGroups }: Services): Promise<void> {
  const offsets = await groups.offsets({ namespace: "default", group: "readers" });
  expect(offsets.map(({ topic, offset }) => [topic, offset])).toEqual([
    ["kept", 1],
    ["kept", 1],
  ]);
  const { partitions } = await shareGroups.describe({ namespace: "default", group: "queue" });
  expect(partitions.map(({ topic, acquired }) => [topic, acquired])).toEqual([
    ["kept", 1],
    ["kept", 1],
  ]);
}

describe("what groups keep of a deleted topic", () => {
  test("is not seen from then on, and erased by the sweep, of that topic alone", async () => {
    const { memory, services, ids } = await worldWithGroups();
    await services.topics.delete("default", "gone");
    expect(keptOf(memory, "default", idOf(ids, "default/gone"))).toEqual(all);
    await readable(services);
    const { attributes: before = {} } = memory.store.items.get(groupKey("default", "readers")) ?? {};
    await memory.time.advance(memory.storage.lifetimes.graceMs + minuteMs);
    await services.duties.sweep();
    expectCleared(memory, ids, "swept");
    const { attributes: after = {} } = memory.store.items.get(groupKey("default", "readers")) ?? {};
    // It counts from the group's own last use when it is forgotten.
    expect(after["touchedAtMs"]).toBe(before["touchedAtMs"]);
  });

  test("is erased by who comes next where the process dies at any request", async () => {
    for (const when of ["before", "after"] as const) {
      let ended = false;
      for (let request = 0; !ended; request += 1) {
        const { memory, services, ids } = await worldWithGroups();
        await services.topics.delete("default", "gone");
        await memory.time.advance(memory.storage.lifetimes.graceMs + minuteMs);
        const dying = dyingProcess(memory.storage, request, when);
        const run = eraseDeletedTopics(dying.storage, { units: 1_000 }).then(() => "ended");
        ended = (await Promise.race([run, dying.died])) === "ended";
        await eraseDeletedTopics(memory.storage, { units: 1_000 });
        expectCleared(memory, ids, `died ${when} ${request}`);
      }
    }
  });

  test("is erased again a day later, for who committed late, and the garbage forgotten", async () => {
    const { memory, services, ids } = await worldWithGroups();
    await services.topics.delete("default", "gone");
    await memory.time.advance(memory.storage.lifetimes.graceMs + minuteMs);
    await services.duties.sweep();
    const name = `o:${idOf(ids, "default/gone")}/0`;
    await memory.storage.items.update(groupKey("default", "readers"), { set: { [name]: "1,1," } });
    await memory.time.advance(30 * 60 * minuteMs);
    await services.duties.sweep();
    expect(keptOf(memory, "default", idOf(ids, "default/gone"))).toEqual(nothing);
    expect(memory.store.items.query(garbagePartition, { limit: 10 }).items).toEqual([]);
  });

  test("does not hinder the others where a group is damaged", async () => {
    const { memory, services, ids } = await worldWithGroups();
    await services.topics.delete("default", "gone");
    await memory.storage.items.update(groupKey("default", "queue"), { set: { cursors: "{" } });
    await memory.time.advance(memory.storage.lifetimes.graceMs + minuteMs);
    await services.duties.sweep();
    expect(keptOf(memory, "default", idOf(ids, "default/gone"))).toEqual({ offsets: 0, states: 0, isListed: true });
  });
});

test("clears as many groups as its budget allows, and goes on there", async () => {
  const { storage, store } = createMemoryStorage();
  const groups = Array.from({ length: 250 }, (_, index) => `g${String(index).padStart(3, "0")}`);
  for (const group of groups) {
    const set = { kind: "consumer", "o:dead/0": "1,1,", "n:dead": "t", "o:alive/0": "1,1,", "n:alive": "u" };
    await storage.items.update(groupKey("default", group), { set });
  }
  const left = (): number =>
    groups.filter((group) => store.items.get(groupKey("default", group))?.attributes["n:dead"] !== undefined).length;
  const clearing = { namespace: "default", topicIds: new Set(["dead"]) };
  const first = await clearGroups(storage, clearing, { pages: 1 });
  expect(left()).toBe(150);
  expect(await clearGroups(storage, { ...clearing, after: first ?? "" }, { pages: 0 })).toBe(first);
  expect(await clearGroups(storage, { ...clearing, after: first ?? "" }, { pages: 10 })).toBeUndefined();
  expect(left()).toBe(0);
  const { attributes } = store.items.get(groupKey("default", "g000")) ?? {};
  expect(attributes).toEqual({ kind: "consumer", "o:alive/0": "1,1,", "n:alive": "u" });
});
