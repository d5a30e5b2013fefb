/** What coordination costs in requests (DESIGN section 9), whatever the size of the tree. */
import { beforeAll, describe, expect, test } from "vitest";
import { largeTreePath, storeLargeTree } from "../../bench/tree/large-tree.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { CallContext } from "../../shared/services/coordination.ts";
import type { Services } from "../../shared/services/services.ts";
import { countRequests } from "../../shared/storage/count-requests.ts";
import { createMemoryStorage, type MemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import type { RequestName } from "../../shared/storage/request-name.ts";

type Counts = Partial<Record<RequestName, number>>;

const namespace = "default";
const anyone: CallContext = { namespace, identities: [] };
/** What it takes to load a tree: the list of snapshots, the snapshot, and what came after it. */
const load: Counts = { "logs.readLast": 1, "blobs.get": 1, "logs.readFrom": 1 };

async function costOf(counted: ReturnType<typeof countRequests>, act: () => Promise<unknown>): Promise<Counts> {
  counted.reset();
  await act();
  return counted.counts();
}

describe.each([100, 10_000, 1_000_000])("in a tree of %i znodes", (znodes) => {
  let memory: MemoryStorage;
  let counted: ReturnType<typeof countRequests>;
  let services: Services;
  beforeAll(async () => {
    memory = createMemoryStorage();
    await storeLargeTree(memory.storage, namespace, znodes, 10);
    counted = countRequests(memory.storage);
    services = createServices(counted.storage);
    return async () => await memory.close();
  }, 60_000);

  test("a write is one put, a read one query or none, cold or warm", { timeout: 60_000 }, async () => {
    const path = largeTreePath(znodes - 1);
    const data = Uint8Array.of(1);
    const write = () => services.znodes.setData(anyone, { path, data, version: -1 });
    expect(await costOf(counted, write), "cold write").toEqual({ ...load, "logs.putIfAbsent": 1 });
    expect(await costOf(counted, write), "warm write").toEqual({ "logs.putIfAbsent": 1 });
    const many = () => Promise.all(Array.from({ length: 200 }, write));
    const grouped = (await costOf(counted, many))["logs.putIfAbsent"] ?? Infinity;
    // The first goes alone, the others wait for it and go together.
    expect(grouped, "puts of 200 writes at once").toBeLessThanOrEqual(2);
    const multi = () =>
      services.znodes.multi(anyone, {
        operations: Array.from({ length: 500 }, (_, index) => ({
          kind: "create" as const,
          path: `/large/m-${index}`,
          data,
          mode: "persistent" as const,
        })),
      });
    expect(await costOf(counted, multi), "multi of 500").toEqual({ "logs.putIfAbsent": 1 });
    const { zxid } = await services.znodes.getData(anyone, path);
    for (const [what, read] of [
      ["getData", () => services.znodes.getData(anyone, path)],
      ["getChildren", () => services.znodes.getChildren(anyone, "/large/0", { limit: 100 })],
      ["multiRead", () => services.znodes.multiRead(anyone, [{ kind: "getData", path }])],
      ["changes", () => services.changes.changes(anyone, { since: zxid, path, recursive: true, limit: 9, waitMs: 0 })],
    ] as const) {
      expect(await costOf(counted, read), `linearizable ${what}`).toEqual({ "logs.readFrom": 1 });
    }
    const cached = () => services.znodes.getData(anyone, path, { minZxid: zxid });
    expect(await costOf(counted, cached), "session-consistent read").toEqual({});
    const atOnce = () => Promise.all(Array.from({ length: 100 }, () => services.znodes.getData(anyone, path)));
    expect((await costOf(counted, atOnce))["logs.readFrom"], "queries of 100 reads at once").toBeLessThanOrEqual(2);

    const cold = countRequests(memory.storage);
    const coldServices = createServices(cold.storage);
    expect(await costOf(cold, () => coldServices.znodes.getData(anyone, path)), "cold read").toEqual(load);
  });

  test("sessions, locks and elections cost the same", { timeout: 60_000 }, async () => {
    const { sessions, znodes: tree, locks, elections } = services;
    await tree.getData(anyone, "/");
    const session = await sessions.create(namespace, {});
    const context = { ...anyone, session };
    expect(await costOf(counted, () => sessions.create(namespace, {})), "create session").toEqual({
      "items.update": 1,
      "logs.putIfAbsent": 1,
    });
    expect(await costOf(counted, () => sessions.heartbeat(namespace, session)), "heartbeat").toEqual({
      "items.update": 1,
    });
    // The first of a name also creates what stands above it, in the same put.
    for (const round of ["first", "next"]) {
      const acquire = () => locks.acquire(context, "l", { mode: "write", waitMs: 0 });
      expect(await costOf(counted, acquire), `${round} acquire`).toEqual({ "logs.readFrom": 1, "logs.putIfAbsent": 1 });
      const release = () => locks.release(context, "l", {});
      expect(await costOf(counted, release), `${round} release`).toEqual({ "logs.putIfAbsent": 1 });
      const campaign = () => elections.campaign(context, "e", { waitMs: 0 });
      expect(await costOf(counted, campaign), `${round} campaign`).toEqual({
        "logs.readFrom": 1,
        "logs.putIfAbsent": 1,
      });
      const proclaim = () => elections.proclaim(context, "e", { data: null });
      expect(await costOf(counted, proclaim), `${round} proclaim`).toEqual({ "logs.putIfAbsent": 1 });
      const resign = () => elections.resign(context, "e", {});
      expect(await costOf(counted, resign), `${round} resign`).toEqual({ "logs.putIfAbsent": 1 });
    }
  });
});
