/**
 * Servers of a deployment over one simulated store: each with all services, its own clock, and duties that are handed to
 * any of them. They freeze, die and come back cold, their clocks step, and two versions serve at once while one takes over.
 */
import { doDuty } from "../../../functions/duties/do-duty.ts";
import { ServiceError } from "../../../shared/api/errors.ts";
import { sessionSkewMs } from "../../../shared/limits.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import type { ServiceOptions, Services } from "../../../shared/services/services.ts";
import type { Duty, Timers } from "../../../shared/storage/environment.ts";
import type { SeededRandom } from "../../../shared/storage/memory/seeded-random.ts";
import type { SimulatedProcess } from "../../../shared/storage/memory/simulated-process.ts";
import type { SimulatedStore } from "../../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { TargetError } from "../../../verify/target.ts";
import { targetErrorOf } from "./target-errors.ts";

const serversCount = 3;
/** A caller hears of nothing for so long, and gives up. */
const patienceMs = 4_000;
const visibilityMs = 3_000;
const deliveriesMax = 5;
const sweepEveryMs = 8_000;
const callTriesMax = 4;

export const clusterFailpoints = ["process/two-versions", "invocation/repeated"] as const;

interface Server {
  readonly process: SimulatedProcess;
  readonly services: Services;
}

export class Cluster {
  /** Never fails and never stops: the clock of the clients. */
  readonly timers: Timers;
  readonly problems: string[] = [];
  readonly #store: SimulatedStore;
  readonly #mutate: (storage: Storage) => Storage;
  readonly #random: SeededRandom;
  readonly #servers: Server[] = [];
  #isOver = false;
  #isCalm = false;

  /** @param mutate a fault of ours instead of the store's: what stands between servers and storage */
  constructor(store: SimulatedStore, mutate: (storage: Storage) => Storage = (storage) => storage) {
    this.#store = store;
    this.#mutate = mutate;
    this.#random = store.random.fork();
    this.timers = store.process().storage.timers;
    for (let index = 0; index < serversCount; index += 1) this.#start();
    store.onWake((duty) => void this.#deliver(duty));
  }

  get nowMs(): number {
    return this.#store.time.nowMs;
  }

  /** What befalls servers and schedules duties, until `end`. */
  live(): void {
    void this.#sweeps();
    void this.#trouble();
  }

  /** From now on nothing goes wrong any more. */
  calm(): void {
    this.#isCalm = true;
  }

  end(): void {
    this.#isOver = true;
  }

  /**
   * Asks any server, once.
   *
   * @throws TargetError
   */
  async call<Answer>(act: (services: Services) => Promise<Answer>, waitMs = 0): Promise<Answer> {
    if (this.#servers.length === 0) throw new TargetError("fail", "other", "there is no server");
    const { services } = this.#random.pick(this.#servers);
    const silence = this.timers.sleep(patienceMs + waitMs).then(() => undefined);
    try {
      const answered = await Promise.race([act(services).then((answer) => ({ answer })), silence]);
      if (answered !== undefined) return answered.answer;
    } catch (cause) {
      const isExpected = cause instanceof ServiceError && cause.code !== "SYSTEM_ERROR";
      if (!isExpected) this.problems.push(`unexpected: ${String(cause)}`);
      throw targetErrorOf(cause);
    }
    throw new TargetError("info", "other", "the server said nothing");
  }

  /**
   * Asks again, any server, what is recognised as a repeat.
   *
   * @throws TargetError whose outcome is that of all tries together
   */
  async insist<Answer>(act: (services: Services) => Promise<Answer>, waitMs = 0): Promise<Answer> {
    let isUnclear = false;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.call(act, waitMs);
      } catch (error) {
        if (!(error instanceof TargetError)) throw error;
        isUnclear ||= error.outcome === "info";
        const isFinal = error.outcome === "fail" && !isRetriable(error);
        if (!isFinal && tries < callTriesMax) continue;
        const isKnown = !isUnclear || (isFinal && error.code !== "CLIENT_LOST" && error.code !== "SESSION_EXPIRED");
        if (isKnown) throw error;
        throw new TargetError("info", error.code, error.message, { cause: error, reason: error.reason });
      }
    }
  }

  #start(options: ServiceOptions = {}): Server {
    const onKilled = (): void => {
      const index = this.#servers.indexOf(server);
      if (index < 0) return;
      this.#servers.splice(index, 1);
      // It comes back cold, after a while, unless another has taken its place by then.
      this.#store.time.schedule(this.#isCalm ? 0 : this.#random.between(0, 2_000), () => {
        if (this.#servers.length < serversCount) this.#start();
      });
    };
    const wallSkewMs = this.#random.between(-sessionSkewMs / 2, sessionSkewMs / 2);
    const process = this.#store.process({ wallSkewMs, driftPpm: this.#random.between(-200, 200), onKilled });
    const server = { process, services: createServices(this.#mutate(process.storage), options) };
    this.#servers.push(server);
    return server;
  }

  /** As a queue does it: again until it is done, a few times, and now and then twice at the same time. */
  async #deliver(duty: Duty): Promise<void> {
    for (let delivery = 0; delivery < deliveriesMax && !this.#isOver; delivery += 1) {
      let isDone = false;
      const times = this.#isCalm || !this.#random.chance(0.1) ? 1 : 2;
      if (times > 1) this.#count("invocation/repeated");
      for (let time = 0; time < times; time += 1) {
        this.#background(({ duties }) => doDuty(duties, duty)).then(
          () => (isDone = true),
          () => undefined,
        );
      }
      await this.timers.sleep(visibilityMs);
      if (isDone) return;
    }
  }

  async #sweeps(): Promise<void> {
    while (!this.#isOver) {
      await this.timers.sleep(sweepEveryMs);
      void this.#background(({ duties }) => duties.sweep()).catch(() => undefined);
    }
  }

  /** What fails of it is done again later. */
  async #background(act: (services: Services) => Promise<void>): Promise<void> {
    const server = this.#servers[this.#random.below(this.#servers.length)];
    if (server === undefined) throw new Error("there is no server");
    await act(server.services);
  }

  async #trouble(): Promise<void> {
    const meanMs = this.#random.between(2_000, 15_000);
    for (;;) {
      await this.timers.sleep(this.#random.between(0, 2 * meanMs));
      if (this.#isCalm || this.#isOver) return;
      const server = this.#servers[this.#random.below(this.#servers.length)];
      if (server !== undefined) this.#strike(server);
    }
  }

  #strike(server: Server): void {
    const choice = this.#random.fraction();
    if (choice < 0.35) {
      const monotonicStops = this.#random.chance(0.5);
      server.process.freeze(this.#random.between(10, 15_000), { monotonicStops });
    } else if (choice < 0.6) {
      server.process.kill();
    } else if (choice < 0.8) {
      server.process.stepWall(this.#random.between(-sessionSkewMs / 2, sessionSkewMs / 2));
    } else {
      // The next version, of which only what it remembers differs, takes over while the one before still serves.
      this.#count("process/two-versions");
      this.#start({ topicCacheMs: this.#random.pick([0, 500, 5_000]) });
      this.#store.time.schedule(this.#random.between(0, 5_000), () => server.process.kill());
    }
  }

  #count(failpoint: (typeof clusterFailpoints)[number]): void {
    this.#store.failpoints.count(failpoint, this.nowMs, 0);
  }
}

function isRetriable({ cause }: TargetError): boolean {
  return !(cause instanceof ServiceError) || cause.retriable;
}
