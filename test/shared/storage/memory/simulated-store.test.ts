import { expect, test } from "vitest";
import { StorageTimeoutError } from "../../../../shared/storage/errors.ts";
import type { LogEntry, LogId, PutIfAbsentResult } from "../../../../shared/storage/log-store.ts";
import type { Faults } from "../../../../shared/storage/memory/faults.ts";
import type { SimulatedProcess } from "../../../../shared/storage/memory/simulated-process.ts";
import { SimulatedStore } from "../../../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../../../shared/storage/storage.ts";

const logId = "partition:simulated:0" as LogId;
const allFaults: Partial<Faults> = {
  throttled: 0.03,
  unavailable: 0.02,
  timeoutBefore: 0.03,
  timeoutAfter: 0.03,
  timeoutLate: 0.03,
  repeated: 0.03,
  slow: 0.05,
  existingUnknown: 0.1,
  tornRange: 0.3,
  shortRange: 0.1,
};

function entryAt(storage: Storage, position: number, change: Partial<LogEntry> = {}): LogEntry {
  const meta = new Uint8Array([position & 255]);
  const payload = { kind: "inline", bytes: new Uint8Array(64) } as const;
  const attempt = storage.random.id();
  return {
    logId,
    position,
    next: position + 1,
    attempt,
    appendedAtMs: storage.clock.wallMs(),
    meta,
    payload,
    ...change,
  };
}

async function readAll(storage: Storage): Promise<readonly LogEntry[]> {
  return (await storage.logs.readFrom(logId, 0, { entriesMax: 1_000, bytesMax: 1e9 })).entries;
}

/** A minimal optimistic appender: puts at its tail, follows the winner, and never gives an attempt two places. */
async function append(storage: Storage, from: number): Promise<LogEntry> {
  let entry = entryAt(storage, from);
  for (let probe = 0; probe < 500; probe++) {
    let result: PutIfAbsentResult | undefined;
    try {
      result = await storage.logs.putIfAbsent(entry);
      if (result.won || result.existing?.attempt === entry.attempt) return entry;
    } catch {
      await storage.timers.sleep(20);
      continue;
    }
    const existing = result.existing ?? (await readAtPatiently(storage, entry.position));
    if (existing?.attempt === entry.attempt) return entry;
    if (existing !== undefined) entry = entryAt(storage, existing.next);
  }
  throw new Error("an append never ended");
}

async function readAtPatiently(storage: Storage, position: number): Promise<LogEntry | undefined> {
  for (let probe = 0; probe < 100; probe++) {
    try {
      return await storage.logs.readAt(logId, position);
    } catch {
      await storage.timers.sleep(20);
    }
  }
  throw new Error("a read never succeeded");
}

interface History {
  readonly events: number;
  readonly endMs: number;
  readonly attempts: readonly string[];
}

/** Four processes append 25 entries each; one of them is frozen, one killed. */
async function simulate(seed: number): Promise<History> {
  const store = new SimulatedStore({ seed, faults: allFaults });
  const acknowledged: LogEntry[] = [];
  const writers = Array.from({ length: 4 }, (_, index) => store.process({ wallSkewMs: index * 1_000 }));
  const write = async ({ storage }: SimulatedProcess): Promise<void> => {
    for (let count = 0, from = 0; count < 25; count++) {
      const entry = await append(storage, from);
      acknowledged.push(entry);
      from = entry.next;
    }
  };
  const [frozen, killed, ...others] = writers;
  await store.time.run(async () => {
    if (frozen === undefined || killed === undefined) throw new Error("no writers");
    void write(killed);
    const writing = [frozen, ...others].map(write);
    await others[0]?.storage.timers.sleep(store.random.between(0, 300));
    frozen.freeze(store.random.between(0, 5_000));
    killed.kill();
    await Promise.all(writing);
  });
  const entries = store.logs.from(logId, 0, 1_000);
  expect(
    entries.map((entry) => entry.position),
    `seed ${seed}`,
  ).toEqual(entries.map((_, index) => index));
  const attempts = entries.map((entry) => entry.attempt);
  expect(new Set(attempts).size, `seed ${seed}`).toBe(attempts.length);
  for (const entry of acknowledged) expect(attempts[entry.position], `seed ${seed}`).toBe(entry.attempt);
  expect(acknowledged.length).toBeGreaterThanOrEqual(75);
  return { events: store.time.events, endMs: store.time.nowMs, attempts };
}

test("an optimistic appender keeps the chain whole under every fault, seed by seed", async () => {
  for (let seed = 1; seed <= 200; seed++) await simulate(seed);
});

test("the same seed gives the same history, another seed another one", async () => {
  const first = await simulate(7);
  expect(await simulate(7)).toEqual(first);
  expect(await simulate(8)).not.toEqual(first);
});

test("a time-out before, after or long before the put is applied looks the same to the caller", async () => {
  for (const [fault, appliedAtOnce, appliedLater] of [
    ["timeoutBefore", false, false],
    ["timeoutAfter", true, true],
    ["timeoutLate", false, true],
  ] as const) {
    const store = new SimulatedStore({ seed: 1 });
    const { storage } = store.process();
    await store.time.run(async () => {
      store.failNext("logs.putIfAbsent", fault);
      await expect(storage.logs.putIfAbsent(entryAt(storage, 0))).rejects.toBeInstanceOf(StorageTimeoutError);
      expect(store.time.nowMs).toBe(1_000);
      expect(store.logs.from(logId, 0, 1).length === 1, fault).toBe(appliedAtOnce);
      await storage.timers.sleep(20_000);
      expect(store.logs.from(logId, 0, 1).length === 1, fault).toBe(appliedLater);
    });
  }
});

test.each([
  ["throttled", "StorageThrottledError"],
  ["unavailable", "StorageUnavailableError"],
] as const)("a request that is %s is not applied", async (fault, name) => {
  const store = new SimulatedStore({ seed: 1 });
  const { storage } = store.process();
  await store.time.run(async () => {
    store.failNext("logs.putIfAbsent", fault, 2);
    for (let time = 0; time < 2; time++) {
      await expect(storage.logs.putIfAbsent(entryAt(storage, 0))).rejects.toMatchObject({ name });
    }
    await storage.timers.sleep(100_000);
    expect(await readAll(storage)).toEqual([]);
    expect(await storage.logs.putIfAbsent(entryAt(storage, 0))).toEqual({ won: true });
  });
});

test("a put that is sent twice is lost to itself", async () => {
  const store = new SimulatedStore({ seed: 1 });
  const { storage } = store.process();
  await store.time.run(async () => {
    store.failNext("logs.putIfAbsent", "repeated");
    const entry = entryAt(storage, 0);
    expect(await storage.logs.putIfAbsent(entry)).toEqual({ won: false, existing: entry });
  });
});

test("a torn range read may miss an entry before one that it has, and never one that was there when it began", async () => {
  let gaps = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const store = new SimulatedStore({ seed, faults: { tornRange: 1 }, delays: { tornMsMax: 40 } });
    const { storage } = store.process();
    const other = store.process();
    await store.time.run(async () => {
      let acknowledged = 0;
      const writing = (async () => {
        for (let position = 0; position < 10; position++) {
          await other.storage.logs.putIfAbsent(entryAt(other.storage, position));
          acknowledged = position + 1;
        }
      })();
      await storage.timers.sleep(20);
      for (let read = 0; read < 5; read++) {
        const before = acknowledged;
        const positions = (await readAll(storage)).map((entry) => entry.position);
        expect(positions.slice(0, before)).toEqual(Array.from({ length: before }, (_, position) => position));
        if (positions.some((position, index) => position !== index)) gaps += 1;
      }
      await writing;
    });
  }
  expect(gaps).toBeGreaterThan(0);
});

test("what expires is dropped in any order, late or never, and never early", async () => {
  const store = new SimulatedStore({ seed: 3, faults: { expiryNever: 0.2 }, delays: { expiryLateMsMax: 10_000 } });
  const { storage } = store.process();
  await store.time.run(async () => {
    const expiresAtMs = store.wallMs() + 60_000;
    for (let position = 0; position < 20; position++) {
      await storage.logs.putIfAbsent(entryAt(storage, position, { expiresAtMs }));
    }
    await storage.timers.sleep(expiresAtMs - store.wallMs() - 100);
    expect(await readAll(storage)).toHaveLength(20);
    await storage.timers.sleep(5_000);
    const kept = (await readAll(storage)).map((entry) => entry.position);
    expect(kept.length).toBeGreaterThan(4);
    expect(kept.length).toBeLessThan(18);
    const dropped = Array.from({ length: 20 }, (_, position) => position).filter(
      (position) => !kept.includes(position),
    );
    expect(Math.max(...dropped)).toBeGreaterThan(Math.min(...kept));
    await storage.timers.sleep(100 * 3_600_000);
    const never = await readAll(storage);
    expect(never.length).toBeGreaterThan(0);
    expect(never.length).toBeLessThan(kept.length);
  });
});

test("a hint reaches every process, late, twice or not at all", async () => {
  const store = new SimulatedStore({ seed: 1, faults: { hintRepeated: 1 } });
  const writer = store.process();
  const readers = [store.process(), store.process()];
  await store.time.run(async () => {
    const waits = readers.map(({ storage }) => storage.notifier.wait(logId, 0, 60_000));
    writer.storage.notifier.notify(logId, 1);
    await Promise.all(waits);
    expect(store.time.nowMs).toBeLessThan(20);
    store.setFaults({ hintLost: 1 });
    const startMs = store.time.nowMs;
    writer.storage.notifier.notify(logId, 2);
    await readers[0]?.storage.notifier.wait(logId, 1, 60_000);
    expect(store.time.nowMs - startMs).toBeGreaterThanOrEqual(60_000);
  });
});

test("a wake-up comes after its delay, and again or not at all where faults say so", async () => {
  const duty = { kind: "seal", topicId: "t", partition: 3 } as const;
  for (const [faults, times] of [
    [{}, 1],
    [{ wakeRepeated: 1 }, 2],
    [{ wakeLost: 1 }, 0],
  ] as const) {
    const store = new SimulatedStore({ seed: 1, faults });
    const { storage } = store.process();
    const cameAtMs: number[] = [];
    store.onWake((due) => {
      expect(due).toEqual(duty);
      cameAtMs.push(store.time.nowMs);
    });
    await store.time.run(async () => {
      await storage.wakeUps.wake(duty, 5_000);
      await storage.timers.sleep(10_000);
    });
    expect(cameAtMs).toHaveLength(times);
    for (const atMs of cameAtMs) expect(atMs).toBeGreaterThanOrEqual(5_000);
  }
});

test("a blob may be missing, cut or wrong for one read, and is whole in the next", async () => {
  const store = new SimulatedStore({ seed: 1 });
  const { storage } = store.process();
  const bytes = new Uint8Array(100);
  await store.time.run(async () => {
    await storage.blobs.put("a/b", [bytes]);
    store.setFaults({ blobMissing: 1 });
    expect(await storage.blobs.get("a/b")).toBeUndefined();
    store.setFaults({ blobTruncated: 1 });
    expect((await storage.blobs.get("a/b"))?.length).toBeLessThan(100);
    store.setFaults({ blobFlipped: 1 });
    expect((await storage.blobs.get("a/b"))?.filter((byte) => byte !== 0)).toHaveLength(1);
    store.setFaults({});
    expect(await storage.blobs.get("a/b")).toEqual(bytes);
  });
});
