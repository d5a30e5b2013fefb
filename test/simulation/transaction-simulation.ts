/**
 * Producers that share transactional ids, on servers that die and freeze, over a store that fails: who is told that a
 * transaction is committed finds it whole, and nothing is ever seen in part, twice, or of a transaction that was aborted.
 */
import { ServiceError } from "../../shared/api/errors.ts";
import type { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import type { SimulationOptions } from "../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import {
  group,
  namespace,
  type Producer,
  record,
  type TransactionProcess,
  TransactionWorld,
} from "../shared/services/transaction-world.ts";
import { swarm } from "./swarm.ts";

export interface TransactionSimulation {
  readonly seed: number;
  /** Whether the store fails and servers stop. */
  readonly trouble: boolean;
  /** What stands between each server and its storage: a mistake that is to be found. */
  readonly mutate?: (storage: Storage) => Storage;
  /** What else of the store is chosen from outside. */
  readonly store?: Partial<SimulationOptions>;
}

export interface TransactionHistory {
  readonly anomalies: readonly string[];
  readonly committed: number;
  readonly aborted: number;
  readonly unknown: number;
}

type Outcome = "committed" | "aborted" | "unknown";

const producers = 4;
const ids = 2;
const rounds = 6;
const timeoutMs = 5_000;
const topic = "orders";
const partitions = [0, 1, 2];

export async function simulateTransactions(simulation: TransactionSimulation): Promise<TransactionHistory> {
  const run = new Run(simulation);
  return await run.history();
}

class Run {
  readonly #simulation: TransactionSimulation;
  readonly #world: TransactionWorld;
  readonly #random: SeededRandom;
  readonly #outcomes = new Map<string, Outcome>();
  readonly #anomalies: string[] = [];
  #servers: TransactionProcess[] = [];
  #value = 0;

  constructor(simulation: TransactionSimulation) {
    this.#simulation = simulation;
    this.#world = new TransactionWorld({
      seed: simulation.seed,
      ...simulation.store,
      delays: { lateApplyMsMax: 3_000, wakeLateMsMax: 500 },
    });
    this.#random = this.#world.store.random.fork();
  }

  async history(): Promise<TransactionHistory> {
    const world = this.#world;
    await world.run(async () => {
      this.#servers = [this.#start(), this.#start(), this.#start()];
      world.deliverTo(world.start({}, this.#simulation.mutate));
      if (this.#simulation.trouble) swarm(world.store);
      await Promise.all(Array.from({ length: producers }, (_, index) => this.#produce(`id-${index % ids}`)));
      world.store.setFaults({});
      await world.sleep(2 * timeoutMs + 10_000);
      const sweeper = world.start();
      for (let round = 0; round < 3; round += 1) {
        await sweeper.transactions.sweep(namespace);
        await world.sleep(timeoutMs + 12_000);
      }
    });
    this.#check();
    const count = (wanted: Outcome): number =>
      [...this.#outcomes.values()].filter((outcome) => outcome === wanted).length;
    return {
      anomalies: this.#anomalies,
      committed: count("committed"),
      aborted: count("aborted"),
      unknown: count("unknown"),
    };
  }

  #start(): TransactionProcess {
    const onKilled = (): void => {
      const index = this.#servers.indexOf(started);
      if (index >= 0) this.#servers[index] = this.#start();
    };
    const started = this.#world.start({ onKilled }, this.#simulation.mutate);
    return started;
  }

  /** One of several that fight for an id, each thinking that it is the only one. */
  async #produce(transactionalId: string): Promise<void> {
    const id = { namespace, transactionalId };
    let producer: Producer | undefined;
    for (let round = 0; round < rounds; round += 1) {
      await this.#world.sleep(this.#random.between(0, 300));
      this.#value += 1;
      const value = String(this.#value);
      if (this.#random.chance(0.3)) {
        await this.#oneCall(value);
        continue;
      }
      try {
        producer ??= await this.#ask(({ transactions }) => transactions.init({ ...id, timeoutMs }));
        producer = await this.#transact(transactionalId, producer, value);
      } catch (cause) {
        this.#expected(cause);
        producer = undefined;
      }
    }
  }

  async #transact(transactionalId: string, producer: Producer, value: string): Promise<Producer> {
    const own = { namespace, transactionalId, ...producer };
    this.#outcomes.set(value, "aborted");
    await this.#ask(({ transactions }) => transactions.addPartitions({ ...own, partitions: [{ topic, partitions }] }));
    for (const partition of partitions) {
      await this.#ask((server) => server.write(transactionalId, producer, topic, partition, value));
    }
    const offsets = [{ topic: value, partition: 0, offset: 1 }];
    await this.#ask(({ transactions }) => transactions.addOffsets({ ...own, group, offsets }));
    const commit = this.#random.chance(0.7);
    if (commit) this.#outcomes.set(value, "unknown");
    for (let tries = 0; ; tries += 1) {
      try {
        const next = await this.#ask(({ transactions }) => transactions.end({ ...own, commit }));
        this.#outcomes.set(value, commit ? "committed" : "aborted");
        return next;
      } catch (cause) {
        const isRetriable = cause instanceof ServiceError && cause.retriable;
        if (!isRetriable || tries === 5) {
          // Fenced at once it was not committed; after an unclear answer nobody knows.
          if (tries === 0 && cause instanceof ServiceError && cause.effect === "none")
            this.#outcomes.set(value, "aborted");
          throw cause;
        }
      }
    }
  }

  async #oneCall(value: string): Promise<void> {
    const produce = [{ topic, records: partitions.map((partition) => record(value, partition)) }];
    const offsets = [{ group, offsets: [{ topic: value, partition: 0, offset: 1 }] }];
    const write = { namespace, produce, offsets, idempotencyKey: `key-${value}` };
    let isUnclear = false;
    for (let tries = 0; tries < 4; tries += 1) {
      try {
        await this.#ask(({ transactions }) => transactions.execute(write));
        this.#outcomes.set(value, "committed");
        return;
      } catch (cause) {
        this.#expected(cause);
        isUnclear ||= !(cause instanceof ServiceError) || cause.effect === "unknown";
        this.#outcomes.set(value, isUnclear ? "unknown" : "aborted");
      }
    }
  }

  /** Asks any server; one may die, or freeze past the time-out, on the way. */
  async #ask<Answer>(call: (server: TransactionProcess) => Promise<Answer>): Promise<Answer> {
    const index = this.#random.below(this.#servers.length);
    const server = this.#servers[index];
    if (server === undefined) throw new Error("there is no server");
    const trouble = this.#simulation.trouble ? this.#random.below(60) : -1;
    if (trouble === 0) {
      this.#servers[index] = this.#start();
      void this.#world.sleep(this.#random.between(0, 30)).then(() => server.process.kill());
    } else if (trouble === 1) {
      const ms = this.#random.between(100, 2 * timeoutMs);
      void this.#world.sleep(this.#random.between(0, 30)).then(() => server.process.freeze(ms));
    }
    const silence = this.#world.sleep(20_000).then(() => {
      throw new ServiceError("REQUEST_TIMED_OUT", "the server said nothing", { effect: "unknown" });
    });
    return await Promise.race([call(server), silence]);
  }

  #expected(cause: unknown): void {
    if (cause instanceof ServiceError && cause.code !== "SYSTEM_ERROR") return;
    this.#anomalies.push(`unexpected: ${String(cause)}`);
  }

  #check(): void {
    const world = this.#world;
    const seen = partitions.map((partition) => world.seen(topic, partition));
    const { committed, staged } = world.group();
    if (staged > 0) this.#anomalies.push(`${staged} offsets are undecided`);
    for (const partition of partitions) {
      if (world.open(topic, partition) > 0) this.#anomalies.push(`partition ${partition} has an open transaction`);
    }
    for (const [value, outcome] of this.#outcomes) {
      const times = [
        ...seen.map((values) => values.filter((one) => one === value).length),
        committed[`${value}:0`] ?? 0,
      ];
      const isWhole = times.every((count) => count === times[0]) && (times[0] ?? 0) <= 1;
      if (!isWhole) this.#anomalies.push(`${value} is there ${times.join(", ")} times`);
      if (outcome === "committed" && times[0] !== 1) this.#anomalies.push(`${value} was committed, and is not there`);
      if (outcome === "aborted" && times[0] !== 0) this.#anomalies.push(`${value} was not committed, and is there`);
    }
    for (const { key, attributes } of world.items()) {
      const state = String(attributes["state"]);
      if (!/^(Empty|Complete)/.test(state)) this.#anomalies.push(`${JSON.stringify(key.sort)} is left in ${state}`);
    }
  }
}
