import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { doDuty } from "../../functions/duties/do-duty.ts";
import { DutyLoop } from "../../local/duty-loop.ts";
import { createServices } from "../../shared/services/create-services.ts";
import { openEmbeddedStorage } from "../../shared/storage/embedded/embedded-storage.ts";
import { describeCoordination } from "./suite.ts";

describeCoordination("embedded", async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), "streamkeeper-coordination-"));
  const embedded = await openEmbeddedStorage({ dataFolder });
  const services = createServices(embedded.storage);
  let isClosing = false;
  embedded.onWake(
    (duty) =>
      void doDuty(services.duties, duty).catch((cause: unknown) => {
        // What the end of the tests interrupts is of no use to them.
        if (!isClosing) throw cause;
      }),
  );
  return {
    services,
    other: createServices(embedded.storage),
    close: async () => {
      isClosing = true;
      await embedded.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
});

test("a session outlives a restart of its server, and still ends within 2 s of its timeout", async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), "streamkeeper-restart-"));
  const logged: string[] = [];
  const start = async () => {
    const embedded = await openEmbeddedStorage({ dataFolder });
    const services = createServices(embedded.storage);
    const { clock, timers } = embedded.storage;
    const log = (_level: string, event: string): void => void logged.push(event);
    const loop = new DutyLoop({ duties: services.duties, clock, timers, log });
    embedded.onWake((duty) => loop.add(duty));
    loop.start();
    const stop = async (): Promise<void> => {
      await loop.stop();
      await embedded.close();
    };
    return { ...services, stop };
  };
  const timeoutMs = 2_000;
  const anyone = { namespace: "default", identities: [] };
  const first = await start();
  const session = await first.sessions.create("default", { timeoutMs });
  await first.znodes.create({ ...anyone, session }, { path: "/e", data: null, mode: "ephemeral" });
  await first.stop();
  const second = await start();
  await sleep(timeoutMs / 2);
  await second.sessions.heartbeat("default", session);
  const beatenAtMs = performance.now();
  const { zxid: since } = await second.changes.changes(anyone, { path: "/e", recursive: false, limit: 1, waitMs: 0 });
  const change = { since, path: "/e", recursive: false, limit: 1, waitMs: 10_000 };
  const { events } = await second.changes.changes(anyone, change);
  const tookMs = performance.now() - beatenAtMs;
  expect(events).toMatchObject([{ type: "NodeDeleted", path: "/e" }]);
  expect(tookMs).toBeGreaterThan(timeoutMs - 1);
  expect(tookMs).toBeLessThan(timeoutMs + 2_000);
  expect(logged).toEqual([]);
  await second.stop();
  await rm(dataFolder, { recursive: true, force: true });
});
