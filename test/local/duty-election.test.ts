import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DutyElection } from "../../local/duty-election.ts";
import { DutyLoop } from "../../local/duty-loop.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { Services } from "../../shared/services/services.ts";
import { createMemoryStorage, type MemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import { InProcessWakeUps } from "../../shared/storage/node/in-process-wake-ups.ts";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";

const sessionTimeoutMs = 1_000;

let memory: MemoryStorage;
/** Whose sweep it was, in order. */
let sweeps: Candidate[];
beforeEach(() => {
  sweeps = [];
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
  readonly #loop: DutyLoop;
  readonly #woken = Promise.withResolvers<never>();
  #frozen = false;

  constructor() {
    const environment = createNodeEnvironment();
    this.#wakeUps = new InProcessWakeUps(environment.clock, environment.timers);
    const services = createServices({ ...memory.storage, ...environment, wakeUps: this.#wakeUps });
    const { duties } = services;
    this.#loop = new DutyLoop({
      ...environment,
      leads: false,
      sweepMs: 20,
      log: () => undefined,
      duties: {
        seal: duties.seal.bind(duties),
        retain: duties.retain.bind(duties),
        collect: duties.collect.bind(duties),
        compact: duties.compact.bind(duties),
        reap: duties.reap.bind(duties),
        expire: duties.expire.bind(duties),
        recover: duties.recover.bind(duties),
        sweep: async () => void sweeps.push(this),
        arm: duties.arm.bind(duties),
      },
    });
    this.#wakeUps.onWake((duty) => this.#loop.add(duty));
    this.#loop.start();
    this.#woken.promise.catch(() => undefined);
    this.#election = new DutyElection({
      ...environment,
      services: this.#mortal(services),
      sessionTimeoutMs,
      log: (_level, event) => void this.logged.push(event),
      onLead: (leads) => {
        if (leads && !this.leads) this.leadsSinceMs = performance.now();
        this.leads = leads;
        this.#loop.lead(leads);
      },
    });
    this.#election.start();
  }

  /** Requests of the process are no longer answered, and no wake-up comes. */
  silence(): void {
    this.#frozen = true;
    this.#wakeUps.close();
  }

  /** As `kill -9` does it: silent, and its loop stops without a word to others. */
  async kill(): Promise<void> {
    this.silence();
    await this.#loop.stop();
  }

  async stop(): Promise<void> {
    this.#frozen = false;
    this.#woken.reject(new Error("killed"));
    await this.#election.stop();
    await this.#loop.stop();
    this.#wakeUps.close();
  }

  #mortal({ sessions, elections }: Services): Pick<Services, "sessions" | "elections"> {
    const alive = <Method extends (...args: never[]) => Promise<unknown>>(method: Method): Method =>
      ((...args: Parameters<Method>) => (this.#frozen ? this.#woken.promise : method(...args))) as Method;
    return {
      sessions: {
        create: alive(sessions.create.bind(sessions)),
        heartbeat: alive(sessions.heartbeat.bind(sessions)),
        takeOver: alive(sessions.takeOver.bind(sessions)),
        close: alive(sessions.close.bind(sessions)),
        describe: alive(sessions.describe.bind(sessions)),
        reap: alive(sessions.reap.bind(sessions)),
        reapIfOver: alive(sessions.reapIfOver.bind(sessions)),
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
  "one of many sweeps; another takes over at once when it stops, and in time when it dies",
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
    await second?.kill();
    const others = candidates.filter((candidate) => candidate !== first && candidate !== second);
    const tookMs = await until(() => others.some(({ leads }) => leads));
    expect(tookMs).toBeLessThan(sessionTimeoutMs + 2_000);
    await until(() => sweeps.at(-1) === others[0]);
    await sleep(100);
    expect(
      sweeps.filter((candidate, at) => candidate !== sweeps[at - 1]),
      "each sweeps in its turn",
    ).toEqual([first, second, others[0]]);
    await Promise.all(candidates.map((candidate) => candidate.stop()));
  },
);

test("a leader that gets no answer stops leading before another may begin", { timeout: 30_000 }, async () => {
  const one = new Candidate();
  await until(() => one.leads);
  const other = new Candidate();
  one.silence();
  expect(await until(() => !one.leads)).toBeLessThan(sessionTimeoutMs + 100);
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
