import { expect, test } from "vitest";
import { DutyLoop } from "../../local/duty-loop.ts";
import { embeddedGraceMs, embeddedHotEntryMs, embeddedTailEvidenceMsMax, localSweepMs } from "../../shared/limits.ts";
import { localSweepLeadMs } from "../../shared/limits/sweeps.ts";
import { createServices } from "../../shared/services/create-services.ts";
import { armingStorage } from "../../shared/storage/arm-sweeps.ts";
import { countRequests } from "../../shared/storage/count-requests.ts";
import { createMemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import { InProcessWakeUps } from "../../shared/storage/node/in-process-wake-ups.ts";

const ns = "default";
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A server that has its store to itself, as `serve` puts it together, in virtual time. */
function startServer() {
  const lifetimes = {
    hotEntryMs: embeddedHotEntryMs,
    graceMs: embeddedGraceMs,
    tailEvidenceMsMax: embeddedTailEvidenceMsMax,
  };
  const { storage, store, time } = createMemoryStorage({ dropsExpiredEntries: false, lifetimes });
  const { clock, timers } = storage;
  const wakeUps = new InProcessWakeUps(clock, timers);
  const requests = countRequests({ ...storage, wakeUps });
  const armed = armingStorage(requests.storage, { everyMs: localSweepMs, leadMs: localSweepLeadMs });
  const services = createServices(armed);
  const failed: string[] = [];
  const log = (_level: string, event: string, details?: unknown): void =>
    void failed.push(JSON.stringify([event, details]));
  const loop = new DutyLoop({ duties: services.duties, clock, timers, log, sweepMs: Infinity });
  wakeUps.onWake((duty) => loop.add(duty));
  loop.start();
  return { services, store, time, requests, failed };
}

test("an idle server does what is due, and reads nothing between", async () => {
  const { services, store, time, requests, failed } = startServer();
  const config = { "retention.ms": String(7 * dayMs) };
  await services.topics.create(ns, { name: "week", partitions: 1, config });
  const record = { key: null, value: new Uint8Array(40_000), headers: [], timestamp: store.wallMs() };
  await services.produce.produceRecords({ namespace: ns, topic: "week", partition: 0, records: [record] });
  const session = await services.sessions.create(ns, { timeoutMs: 10_000 });
  const context = { namespace: ns, identities: [], session };
  await services.znodes.create(context, { path: "/ephemeral", data: null, mode: "ephemeral" });
  await time.advance(2 * hourMs);
  expect(store.blobs.list("segments/", { limit: 9 }).blobs.length).toBeGreaterThan(2);
  // Sealed, and the grace period is over.
  expect(store.blobs.list("hot/", { limit: 9 }).blobs).toEqual([]);
  const { session: _over, ...anybody } = context;
  await expect(services.znodes.getData(anybody, "/ephemeral")).rejects.toMatchObject({ code: "NO_NODE" });

  for (const ms of [hourMs, dayMs, 5 * dayMs]) {
    requests.reset();
    await time.advance(ms);
    expect(requests.total()).toBe(0);
  }
  await time.advance(dayMs);
  expect(store.blobs.list("segments/", { limit: 9 }).blobs).toEqual([]);
  requests.reset();
  await time.advance(30 * dayMs);
  expect(requests.total()).toBe(0);
  expect(failed).toEqual([]);
});
