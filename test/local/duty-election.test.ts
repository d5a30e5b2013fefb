import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { doDuty } from "../../functions/duties/do-duty.ts";
import { DutyElection } from "../../local/duty-election.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { Services } from "../../shared/services/services.ts";
import { createMemoryStorage, type MemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import { InProcessWakeUps } from "../../shared/storage/node/in-process-wake-ups.ts";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";

const sessionTimeoutMs = 1_000;

let memory: MemoryStorage;
beforeEach(() => {
  memory = createMemoryStorage({ dropsExpiredEntries: false });
});
afterEach(async () => await memory.close());

/** A process on the store, with wake-ups that end with it. */
class Candidate {
  leads = false;
  /** By the monotonic clock. */
  leadsSinceMs = 0;
  readonly logged: string[] = [];
  readonly #election: DutyElection;
  readonly #wakeUps: InProcessWakeUps;
  #frozen = false;

  constructor() {
    const environment = createNodeEnvironment();
    this.#wakeUps = new InProcessWakeUps(environment.clock, environment.timers);
    const services = createServices({ ...memory.storage, ...environment, wakeUps: this.#wakeUps });
    this.#wakeUps.onWake((duty) => void doDuty(services.duties, duty).catch(() => undefined));
    this.#election = new DutyElection({
      ...environment,
      services: this.#mortal(services),
      sessionTimeoutMs,
      log: (_level, event) => void this.logged.push(event),
      onLead: (leads) => {
        if (leads && !this.leads) this.leadsSinceMs = performance.now();
        this.leads = leads;
      },
    });
    this.#election.start();
  }

  /** As `kill -9` does it: no request leaves the process any more, and no wake-up comes. */
  kill(): void {
    this.#frozen = true;
    this.#wakeUps.close();
  }

  async stop(): Promise<void> {
    this.#frozen = false;
    await this.#election.stop();
    this.#wakeUps.close();
  }

  #mortal({ sessions, elections }: Services): Pick<Services, "sessions" | "elections"> {
    const alive = <Method extends (...args: never[]) => Promise<unknown>>(method: Method): Method =>
      ((...args: Parameters<Method>) =>
        this.#frozen ? Promise.reject(new Error("killed")) : method(...args)) as Method;
    return {
      sessions: {
        create: alive(sessions.create.bind(sessions)),
        heartbeat: alive(sessions.heartbeat.bind(sessions)),
        close: alive(sessions.close.bind(sessions)),
        describe: alive(sessions.describe.bind(sessions)),
        reap: alive(sessions.reap.bind(sessions)),
        sweep: alive(sessions.sweep.bind(sessions)),
      },
      elections: {
        campaign: alive(elections.campaign.bind(elections)),
        resign: alive(elections.resign.bind(elections)),
        proclaim: alive(elections.proclaim.bind(elections)),
        leader: alive(elections.leader.bind(elections)),
        observe: alive(elections.observe.bind(elections)),
      },
    };
  }
}

async function until(isSo: () => boolean, msMax = 10_000): Promise<number> {
  const begunMs = performance.now();
  while (!isSo()) {
    if (performance.now() - begunMs > msMax) throw new Error("it did not come to that");
    await sleep(5);
  }
  return performance.now() - begunMs;
}

test(
  "one of many leads; another takes over at once when it stops, and in time when it dies",
  { timeout: 30_000 },
  async () => {
    const candidates = [new Candidate(), new Candidate(), new Candidate()];
    const leaders = (): Candidate[] => candidates.filter(({ leads }) => leads);
    await until(() => leaders().length === 1);
    await sleep(1_500);
    expect(leaders()).toHaveLength(1);

    const [first] = leaders();
    await first?.stop();
    expect(first?.leads).toBe(false);
    expect(await until(() => leaders().length === 1)).toBeLessThan(500);

    const [second] = leaders();
    second?.kill();
    const others = candidates.filter((candidate) => candidate !== first && candidate !== second);
    const tookMs = await until(() => others.some(({ leads }) => leads));
    expect(tookMs).toBeLessThan(sessionTimeoutMs + 2_000);
    await Promise.all(candidates.map((candidate) => candidate.stop()));
  },
);

test("a leader that gets no answer stops leading before another may begin", { timeout: 30_000 }, async () => {
  const one = new Candidate();
  await until(() => one.leads);
  const other = new Candidate();
  one.kill();
  await until(() => !one.leads);
  expect(other.leads).toBe(false);
  await until(() => other.leads);
  await Promise.all([one.stop(), other.stop()]);
});

test("a store that fails is asked again, and does not end the process", { timeout: 30_000 }, async () => {
  memory.store.failNext("items.update", "unavailable", 4);
  const candidate = new Candidate();
  await until(() => candidate.logged.length > 0);
  await until(() => candidate.leads);
  await candidate.stop();
});
