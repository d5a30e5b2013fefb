/**
 * A share group under virtual time: servers with clocks that differ, which freeze, die and come back cold, over a store that
 * fails; workers that accept, release, reject and renew, pause past their locks, and die.
 */
import { ServiceError } from "../../shared/api/errors.ts";
import { shareSkewMs } from "../../shared/limits/share-groups.ts";
import type { AcknowledgeType, AcquiredRecord } from "../../shared/services/share-groups.ts";
import type { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import type { SimulationOptions } from "../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { type LineProcess, LineWorld } from "../shared/services/line-world.ts";
import { swarm } from "./swarm.ts";
import { ShareHistory, type ShareSimulationResult } from "./share-history.ts";

const namespace = "default";
const group = { namespace, group: "workers" };
const serversCount = 3;
const workersCount = 6;
const partitions = 2;
const recordsCount = 80;
const deliveriesMax = 3;
const lockMs = 4_000;
const lifeMs = 60_000;
/** A worker gives up a call of which it hears nothing. */
const callMsMax = 12_000;
const calmRounds = 400;

export interface ShareSimulation {
  readonly seed: number;
  readonly trouble: boolean;
  /** A fault of ours instead of the store's: what stands between servers and storage. */
  readonly mutate?: (storage: Storage) => Storage;
  /** The part of its load that it does, up to 1, which is the default. */
  readonly size?: number;
  /** What else of the store is chosen from outside. */
  readonly store?: Partial<SimulationOptions>;
}

export async function simulateShareGroup(simulation: ShareSimulation): Promise<ShareSimulationResult> {
  const world = new LineWorld({ seed: simulation.seed, ...simulation.store });
  return await world.run(() => new Simulation(world, simulation).run());
}

class Simulation {
  readonly #world: LineWorld;
  readonly #random: SeededRandom;
  readonly #options: ShareSimulation;
  readonly #history: ShareHistory;
  readonly #servers: LineProcess[];
  #names = 0;

  constructor(world: LineWorld, options: ShareSimulation) {
    this.#world = world;
    this.#random = world.store.random;
    this.#options = options;
    this.#history = new ShareHistory(() => world.nowMs, deliveriesMax);
    this.#servers = Array.from({ length: serversCount }, () => this.#start());
  }

  async run(): Promise<ShareSimulationResult> {
    const { topics, shareGroups } = this.#world.observer;
    await topics.create(namespace, { name: "jobs", partitions });
    await topics.create(namespace, { name: "dead", partitions: 1 });
    const config = { lockMs, deliveriesMax, deadLetterTopic: "dead", startAt: "earliest" } as const;
    await shareGroups.configure(group, config);
    const produced = this.#produce();
    if (this.#options.trouble) swarm(this.#world.store);
    const workers = Array.from({ length: workersCount }, () => this.#work());
    await Promise.all([...workers, this.#trouble()]);
    await produced;
    this.#world.store.setFaults({});
    await this.#finish();
    return await this.#judge();
  }

  #start(): LineProcess {
    const wallSkewMs = this.#random.between(-shareSkewMs / 2, shareSkewMs / 2);
    const onKilled = (): void => {
      const index = this.#servers.indexOf(started);
      if (index >= 0) this.#servers[index] = this.#start();
    };
    const started = this.#world.start({ wallSkewMs, onKilled }, this.#options.mutate);
    return started;
  }

  #any(): LineProcess {
    const server = this.#servers[this.#random.below(serversCount)];
    if (server === undefined) throw new Error("there is no server");
    return server;
  }

  /** Under keys, until each is there: what the group is given is known. */
  async #produce(): Promise<void> {
    for (let index = 0; index < recordsCount * (this.#options.size ?? 1); index += 1) {
      const value = new TextEncoder().encode(`r${index}`);
      const place = { namespace, topic: "jobs", partition: index % partitions };
      const records = [{ key: null, value, headers: [] }];
      for (;;) {
        try {
          const { baseOffset } = await this.#world.observer.produce.produceRecords({
            ...place,
            records,
            idempotencyKey: `p${index}`,
          });
          this.#history.produced(place.partition, baseOffset);
          break;
        } catch (cause) {
          if (!(cause instanceof ServiceError)) throw cause;
        }
      }
      await this.#world.sleep(this.#random.between(0, 1_000));
    }
  }

  async #trouble(): Promise<void> {
    const untilMs = this.#world.nowMs + lifeMs * (this.#options.size ?? 1);
    while (this.#world.nowMs < untilMs) {
      await this.#world.sleep(this.#random.between(1_000, 6_000));
      if (!this.#options.trouble) continue;
      const index = this.#random.below(serversCount);
      const server = this.#servers[index];
      if (this.#random.below(2) === 0) server?.process.freeze(this.#random.between(500, 20_000));
      else server?.process.kill();
    }
  }

  async #work(): Promise<void> {
    const untilMs = this.#world.nowMs + lifeMs * (this.#options.size ?? 1);
    let memberId = this.#name();
    while (this.#world.nowMs < untilMs) {
      const records = await this.#acquire(memberId, this.#random.below(2) * 3_000);
      if (records.length === 0) {
        await this.#world.sleep(this.#random.between(10, 500));
        continue;
      }
      await this.#world.sleep(this.#random.between(0, this.#random.below(5) === 0 ? 2 * lockMs : 500));
      // It dies, and its records come back.
      if (this.#random.below(8) === 0) memberId = this.#name();
      else for (const part of this.#parted(records)) await this.#acknowledge(memberId, part, this.#drawType());
    }
  }

  #name(): string {
    this.#names += 1;
    return `worker-${this.#names}`;
  }

  #drawType(): AcknowledgeType {
    const draw = this.#random.below(10);
    if (draw < 5) return "accept";
    if (draw < 8) return "release";
    return draw === 8 ? "reject" : "renew";
  }

  /** A few neighbours each. */
  #parted(records: readonly AcquiredRecord[]): AcquiredRecord[][] {
    const parts: AcquiredRecord[][] = [];
    for (const record of records) {
      const part = parts.at(-1);
      const last = part?.at(-1);
      const follows = last?.partition === record.partition && last.offset + 1 === record.offset;
      if (part !== undefined && follows && this.#random.below(3) > 0) part.push(record);
      else parts.push([record]);
    }
    return parts;
  }

  async #acquire(memberId: string, waitMs: number): Promise<readonly AcquiredRecord[]> {
    const bounds = { maxRecords: 1 + this.#random.below(12), maxBytes: 100_000, waitMs };
    const answer = await this.#heard(
      this.#any().shareGroups.acquire({ ...group, topics: ["jobs"], memberId, ...bounds }),
    );
    if (answer === undefined) return [];
    for (const record of answer.records) this.#history.delivered(memberId, record, answer.lockMs);
    return answer.records;
  }

  async #acknowledge(memberId: string, records: readonly AcquiredRecord[], type: AcknowledgeType): Promise<void> {
    const [first, last] = [records[0], records.at(-1)];
    if (first === undefined || last === undefined) return;
    const range = { topic: "jobs", partition: first.partition, firstOffset: first.offset, lastOffset: last.offset };
    const sentMs = this.#world.nowMs;
    if (type !== "renew") for (const record of records) this.#history.givenUp(memberId, record);
    const call = this.#any().shareGroups.acknowledge({ ...group, memberId, acknowledgements: [{ ...range, type }] });
    const answer = await this.#heard(call);
    const error = answer?.[0]?.error;
    const outcome =
      answer === undefined || error?.effect === "unknown" ? "unknown" : error === undefined ? "applied" : "refused";
    for (const record of records) {
      if (type === "accept") this.#history.accepted(record, outcome);
      if (type === "renew" && outcome === "applied") this.#history.renewed(memberId, record, sentMs + lockMs);
    }
  }

  /** What a worker hears within its patience; undefined for nothing, or for a failure that a caller must expect. */
  async #heard<Answer>(call: Promise<Answer>): Promise<Answer | undefined> {
    const expected = call.catch((cause: unknown) => {
      if (cause instanceof ServiceError && cause.retriable) return undefined;
      this.#history.anomalies.push(`a call failed: ${String(cause)}`);
      return undefined;
    });
    return await Promise.race([expected, this.#world.sleep(callMsMax).then(() => undefined)]);
  }

  /** Without trouble and by a worker that accepts, everything comes to its end. */
  async #finish(): Promise<void> {
    const server = this.#start();
    for (let round = 0; round < calmRounds; round += 1) {
      const records = await this.#acquireFrom(server);
      for (const part of this.#parted(records)) await this.#acknowledge("last", part, "accept");
      if (records.length > 0) continue;
      const { partitions: all } = await server.shareGroups.describe(group);
      if (all.every(({ lag }) => lag === 0)) return;
      await this.#world.sleep(500);
    }
    this.#history.anomalies.push("the group did not come to its end");
  }

  async #acquireFrom(server: LineProcess): Promise<readonly AcquiredRecord[]> {
    const bounds = { maxRecords: 100, maxBytes: 100_000, waitMs: 0 };
    const answer = await server.shareGroups.acquire({ ...group, topics: ["jobs"], memberId: "last", ...bounds });
    for (const record of answer.records) this.#history.delivered("last", record, answer.lockMs);
    return answer.records;
  }

  async #judge(): Promise<ShareSimulationResult> {
    const bounds = { maxBytes: 8_000_000, maxRecords: 100_000, minBytes: 0, waitMs: 0 };
    const place = { namespace, topic: "dead", partition: 0, offset: 0, isolation: "read_uncommitted" } as const;
    const { records } = await this.#world.observer.fetch.fetchRecords({ ...place, ...bounds });
    return this.#history.judge(records);
  }
}
