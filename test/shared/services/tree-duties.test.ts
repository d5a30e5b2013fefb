import { expect, test } from "vitest";
import { sweepMsMax } from "../../../shared/limits.ts";
import { sweepEveryMs, sweepLeadMs } from "../../../shared/limits/sweeps.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import { NextSweep } from "../../../shared/services/next-sweep.ts";
import { armingStorage } from "../../../shared/storage/arm-sweeps.ts";
import { sessionsPartition } from "../../../shared/storage/item-keys.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** What a Lambda function has. */
const functionMs = 15 * minuteMs;

/** A process in which some queries take a minute, and what it asked for. */
function slowProcess(names: readonly string[]) {
  const memory = createMemoryStorage();
  const { storage } = memory;
  const asked: { readonly kind: string; readonly delayMs: number; readonly atMs: number }[] = [];
  const wake = async ({ kind }: { readonly kind: string }, delayMs: number): Promise<void> => {
    asked.push({ kind, delayMs, atMs: storage.clock.monotonicMs() });
  };
  /** Partitions whose queries take a minute, or longer than anybody waits. */
  const slow = new Map<string, number>();
  /** Of those that are slow. */
  const queried: string[] = [];
  const items: typeof storage.items = Object.create(storage.items, {
    query: {
      value: async (...[partition, page]: Parameters<typeof storage.items.query>) => {
        const ms = slow.get(partition);
        if (ms !== undefined) queried.push(partition);
        if (ms !== undefined) await storage.timers.sleep(ms);
        return await storage.items.query(partition, page);
      },
    },
  });
  const options = { everyMs: sweepEveryMs, leadMs: sweepLeadMs };
  const services = createServices(armingStorage({ ...storage, items, wakeUps: { wake } }, options));
  const create = async (): Promise<void> => {
    for (const name of names) await services.namespaces.create(name);
  };
  /** Sweeps for as long as a function has; undefined if it is not done by then. */
  const sweep = async (): Promise<number | undefined> => {
    const beganMs = storage.clock.monotonicMs();
    let tookMs: number | undefined;
    void services.duties.sweep().then(() => {
      tookMs = storage.clock.monotonicMs() - beganMs;
    });
    await memory.time.advance(functionMs);
    return tookMs;
  };
  return { ...memory, services, slow, queried, asked, create, sweep };
}

const names = Array.from({ length: 15 }, (_, index) => `n${index + 10}`);

test("a sweep that many large deleted namespaces keep busy ends in time, asks for the next at once, and that one goes on", async () => {
  const { services, create, slow, queried, asked, sweep } = slowProcess(names);
  await create();
  for (const name of names) {
    await services.namespaces.delete(name);
    slow.set(sessionsPartition(name), minuteMs);
  }
  asked.length = 0;
  // Those that are there have half of the time.
  expect(await sweep()).toBeLessThanOrEqual(sweepMsMax / 2 + minuteMs);
  expect(asked).toMatchObject([{ kind: "sweep", delayMs: 30_000 }]);
  for (let round = 0; round < 2; round += 1) await sweep();
  expect(queried).toEqual(names.map((name) => sessionsPartition(name)));
  slow.clear();
  await sweep();
  // When they are forgotten.
  expect(asked.at(-1)?.delayMs).toBeGreaterThan(dayMs);
});

test("a sweep that many namespaces keep busy ends in time, and the next one goes on where it stopped", async () => {
  const { create, slow, queried, asked, sweep } = slowProcess(names);
  await create();
  for (const name of names) slow.set(sessionsPartition(name), minuteMs);
  asked.length = 0;
  expect(await sweep()).toBeLessThanOrEqual(sweepMsMax + minuteMs);
  expect(queried.length).toBeLessThan(names.length);
  expect(asked).toMatchObject([{ kind: "sweep", delayMs: 30_000 }]);
  await sweep();
  expect(queried).toEqual(names.map((name) => sessionsPartition(name)));
});

test("a sweep that hangs has asked for another one before its function is ended", async () => {
  const { create, slow, asked, sweep, time } = slowProcess(["a"]);
  await create();
  await time.advance(2 * 60 * minuteMs);
  slow.set(sessionsPartition("a"), dayMs);
  asked.length = 0;
  expect(await sweep()).toBeUndefined();
  expect(asked).toMatchObject([{ kind: "sweep" }]);
  await time.advance(dayMs);
});

test("a sweep that is done in time asks for nothing later on", async () => {
  const { create, asked, sweep, time } = slowProcess(["a"]);
  await create();
  await time.advance(2 * 60 * minuteMs);
  expect(await sweep()).toBe(0);
  const count = asked.length;
  await time.advance(dayMs);
  expect(asked).toHaveLength(count);
});

test("what the part before a cut has told is asked for when the rest is done", async () => {
  const { storage } = createMemoryStorage();
  const asked: number[] = [];
  const wakeUps = { sweepEveryMs, wake: async (_: object, delayMs: number) => void asked.push(delayMs) };
  const cut = new NextSweep({ ...storage, wakeUps });
  cut.later(storage.clock.wallMs() + dayMs);
  cut.cut();
  await cut.ask();
  const rest = new NextSweep({ ...storage, wakeUps }, cut);
  rest.later(storage.clock.wallMs() + 2 * dayMs);
  await rest.ask();
  await new NextSweep({ ...storage, wakeUps }, rest).ask();
  expect(asked).toEqual([30_000, dayMs]);
});
