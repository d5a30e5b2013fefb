import { describe, expect, test } from "vitest";
import { treeLogId } from "../../../shared/log/log-id.ts";
import { type ArmOptions, armingStorage } from "../../../shared/storage/arm-sweeps.ts";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import type { Duty } from "../../../shared/storage/environment.ts";
import { StorageTimeoutError, StorageUnavailableError } from "../../../shared/storage/errors.ts";
import type { LogEntry, PutIfAbsentResult } from "../../../shared/storage/log-store.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const options = { everyMs: hourMs, leadMs: 5 * minuteMs };
const startWallMs = Date.UTC(2026, 0, 1, 16, 15);

function open(wake: (duty: Duty) => Promise<void> = async () => {}, arming: ArmOptions = options, seed = 1) {
  const memory = createMemoryStorage({ startWallMs, seed });
  const asked: string[] = [];
  const counted = countRequests({
    ...memory.storage,
    wakeUps: {
      wake: async (duty, delayMs) => {
        asked.push(`${duty.kind} in ${delayMs / minuteMs} min`);
        await wake(duty);
      },
    },
  });
  let position = 0;
  const storage = armingStorage(counted.storage, arming);
  const put = async (through: Storage = storage): Promise<PutIfAbsentResult> =>
    await through.logs.putIfAbsent(entryAt(position++, memory.storage));
  return { ...memory, storage, asked, counted, put };
}

function entryAt(position: number, { clock, random }: Storage): LogEntry {
  const payload = { kind: "inline", bytes: new Uint8Array() } as const;
  const logId = treeLogId("default");
  const [appendedAtMs, meta] = [clock.wallMs(), new Uint8Array()];
  return { logId, position, next: position + 1, attempt: random.id(), appendedAtMs, meta, payload };
}

test("asks for a sweep before the first entry of an hour, for a while after that hour, and puts the rest as they are", async () => {
  const { asked, put, counted, time } = open();
  for (let entry = 0; entry < 3; entry += 1) expect(await put()).toEqual({ won: true });
  expect(asked).toEqual(["sweep in 50 min"]);
  await time.advance(44 * minuteMs);
  await put();
  expect(asked).toHaveLength(1);
  await time.advance(minuteMs);
  await put();
  expect(asked.slice(1)).toEqual(["sweep in 65 min"]);
  expect(counted.counts()).toEqual({ "logs.putIfAbsent": 5 });
});

test("asks once for entries that are put at the same time", async () => {
  const { asked, put } = open();
  await Promise.all([put(), put(), put()]);
  expect(asked).toHaveLength(1);
});

test("neither reads nor items ask for anything", async () => {
  const { storage, asked } = open();
  await storage.logs.readLast(treeLogId("default"));
  await storage.items.update({ partition: "health", sort: "a" }, { set: { a: 1 } });
  expect(asked).toEqual([]);
});

test("lets somebody else ask where Scheduler fails, and does not ask again in that hour", async () => {
  const { asked, put } = open(async ({ kind }) => {
    if (kind === "sweep") throw new StorageTimeoutError("no answer");
  });
  await put();
  await put();
  expect(asked).toEqual(["sweep in 50 min", "arm in 15 min"]);
});

test("refuses an entry while nobody can be asked, has no effect then, and asks again with the next", async () => {
  let isOut = true;
  const { asked, put, counted } = open(async () => {
    if (isOut) throw new StorageTimeoutError("no answer");
  });
  await expect(put()).rejects.toThrow(StorageUnavailableError);
  expect(counted.total()).toBe(0);
  isOut = false;
  await put();
  expect(asked).toHaveLength(3);
});

test("does not send an entry that was held up until after its sweep", async () => {
  const { storage, time, counted } = open();
  const held: Storage = {
    ...storage,
    logs: {
      ...counted.storage.logs,
      // As a client that signs its request, and is frozen before it leaves.
      putIfAbsent: async (entry, maySend) => {
        await time.advance(48 * minuteMs);
        if (maySend?.() === false) throw new StorageUnavailableError("too late");
        return await counted.storage.logs.putIfAbsent(entry);
      },
    },
  };
  const late = armingStorage(held, options);
  await expect(late.logs.putIfAbsent(entryAt(0, storage))).rejects.toThrow("too late");
});

test("asks again when the clock was put back by more than the time between two sweeps", async () => {
  const { asked, put, process } = open();
  await put();
  process.stepWall(-2 * hourMs);
  await put();
  expect(asked).toHaveLength(2);
});

describe("ahead of time", () => {
  const renewing = { ...options, renewMs: 10 * minuteMs };

  test("asks once within the last ten minutes, each process at a moment of its own, for a while after the next hour", async () => {
    const moments = new Set<number>();
    for (let seed = 1; seed <= 20; seed += 1) {
      const { asked, put, time } = open(async () => {}, renewing, seed);
      await put();
      await time.advance(35 * minuteMs);
      await put();
      expect(asked).toEqual(["sweep in 50 min"]);
      let waitedMin = 50;
      for (; asked.length === 1; waitedMin -= 0.25) {
        await time.advance(minuteMs / 4);
        await put();
      }
      expect(waitedMin).toBeGreaterThan(39);
      moments.add(waitedMin);
      expect(Number(asked[1]?.split(" ")[2])).toBeGreaterThan(65);
      expect(Number(asked[1]?.split(" ")[2])).toBeLessThan(75);
      // Up to the last ten minutes of that hour.
      await time.advance(50 * minuteMs);
      await put();
      expect(asked).toHaveLength(2);
    }
    expect(moments.size).toBeGreaterThan(5);
  });

  test("lets no entry wait for it; one in the last ten minutes of an hour that is the first waits, and asks for both", async () => {
    const never = new Promise<void>(() => {});
    let isHeld = false;
    const { asked, put, time } = open(async () => await (isHeld ? never : undefined), renewing);
    await put();
    isHeld = true;
    await time.advance(45 * minuteMs - 1);
    for (let entry = 0; entry < 3; entry += 1) expect(await put()).toEqual({ won: true });
    expect(asked).toHaveLength(2);
    // That one came to nothing: who comes after the hour waits for another.
    isHeld = false;
    await time.advance(1);
    await put();
    expect(asked.slice(2)).toEqual(["sweep in 65 min"]);
    await time.advance(114 * minuteMs);
    await put();
    expect(asked.slice(3)).toEqual(["sweep in 71 min"]);
  });

  test("refuses nothing that is covered when it fails, and nothing that is not covered is put", async () => {
    let isOut = false;
    const { asked, put, time, counted } = open(async () => {
      if (isOut) throw new StorageTimeoutError("no answer");
    }, renewing);
    await put();
    isOut = true;
    await time.advance(45 * minuteMs - 1);
    expect(await put()).toEqual({ won: true });
    expect(asked).toEqual(["sweep in 50 min", expect.stringContaining("sweep in")]);
    await time.advance(1);
    await expect(put()).rejects.toThrow(StorageUnavailableError);
    expect(counted.total()).toBe(2);
  });
});
