/**
 * Transactions over all services under virtual time: producers that take each other's ids over write to a topic, to a compacted
 * one and to a group's offsets, on servers that die and freeze, over a store that fails, while their partitions are sealed and
 * compacted and readers of committed records follow.
 */
import { ServiceError } from "../../shared/api/errors.ts";
import { compactPartition } from "../../shared/partition/compact-partition.ts";
import { sealPartition } from "../../shared/partition/seal-partition.ts";
import type { ProduceRecord } from "../../shared/services/services.ts";
import type { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import type { SimulationOptions } from "../../shared/storage/memory/simulated-store.ts";
import { type LineProcess, LineWorld } from "../shared/services/line-world.ts";
import { codecs, compaction } from "../shared/partition/compaction-fixture.ts";
import { sealSettings } from "../shared/partition/partition-fixture.ts";
import { ExactlyOnceHistory, nameOf, type Place, type SeenRecord, type Sent } from "./exactly-once-history.ts";
import { faultsMost, swarm } from "./swarm.ts";

// What a flipped bit changes in a record a reader must find by the checksum of its batch, and these have only the records.
const { blobFlipped: _, ...faults } = faultsMost;
const namespace = "default";
const group = "workers";
const [orders, state, marks] = ["orders", "state", "marks"];
const places: readonly Place[] = [
  { topic: orders, partition: 0 },
  { topic: orders, partition: 1 },
  { topic: state, partition: 0 },
];
const producersCount = 4;
const idsCount = 3;
const roundsCount = 6;
const keysCount = 3;
const timeoutMs = 3_000;
const serversCount = 3;
const patienceMs = 6_000;
const sealedMs = 3_600_000;

export interface ExactlyOnceSimulation {
  readonly seed: number;
  /** Whether the store fails and servers stop. */
  readonly trouble: boolean;
  /** The part of its load that it does, up to 1, which is the default. */
  readonly size?: number;
  /** What else of the store is chosen from outside. */
  readonly store?: Partial<SimulationOptions>;
}

export interface ExactlyOnceResult {
  /** In words; none if every transaction is whole or not there. */
  readonly anomalies: readonly string[];
  readonly committed: number;
  readonly aborted: number;
  readonly unknown: number;
}

interface Producer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export async function simulateExactlyOnce(options: ExactlyOnceSimulation): Promise<ExactlyOnceResult> {
  const world = new LineWorld({
    seed: options.seed,
    delays: { lateApplyMsMax: 3_000, wakeLateMsMax: 500 },
    ...options.store,
  });
  return await world.run(() => new Simulation(world, options).run());
}

class Simulation {
  readonly #world: LineWorld;
  readonly #random: SeededRandom;
  readonly #options: ExactlyOnceSimulation;
  readonly #history = new ExactlyOnceHistory();
  readonly #topicIds = new Map<string, string>();
  readonly #servers: LineProcess[];
  #values = 0;
  #isOver = false;

  constructor(world: LineWorld, options: ExactlyOnceSimulation) {
    this.#world = world;
    this.#random = world.store.random.fork();
    this.#options = options;
    this.#servers = Array.from({ length: serversCount }, () => this.#start());
  }

  async run(): Promise<ExactlyOnceResult> {
    const { observer, store } = this.#world;
    const topics = [
      { name: orders, partitions: 2 },
      { name: state, partitions: 1 },
      // A partition for the offset that each transaction commits.
      { name: marks, partitions: producersCount * roundsCount + 1 },
    ];
    for (const topic of topics) {
      const { topicId } = await observer.topics.create(namespace, topic);
      this.#topicIds.set(topic.name, topicId);
    }
    if (this.#options.trouble) swarm(store, faults);
    const beside = [this.#tend(), ...places.map((place) => this.#follow(place))];
    if (this.#options.trouble) beside.push(this.#trouble());
    await Promise.all(Array.from({ length: producersCount }, (_, index) => this.#produce(`id-${index % idsCount}`)));
    this.#isOver = true;
    store.setFaults({});
    await Promise.all(beside);
    await this.#calmDown();
    await this.#judge();
    const { anomalies, sent } = this.#history;
    const count = (wanted: string): number => sent.filter(({ outcome }) => outcome === wanted).length;
    return { anomalies, committed: count("committed"), aborted: count("aborted"), unknown: count("unknown") };
  }

  #start(): LineProcess {
    const onKilled = (): void => {
      const index = this.#servers.indexOf(started);
      if (index >= 0) this.#servers[index] = this.#start();
    };
    const started = this.#world.start({ onKilled });
    return started;
  }

  async #produce(transactionalId: string): Promise<void> {
    const id = { namespace, transactionalId };
    let producer: Producer | undefined;
    const rounds = Math.ceil(roundsCount * (this.#options.size ?? 1));
    for (let round = 0; round < rounds; round += 1) {
      await this.#world.sleep(this.#random.between(0, 600));
      this.#values += 1;
      const sent: Sent = { value: String(this.#values), key: `k${this.#random.below(keysCount)}`, outcome: "aborted" };
      this.#history.sent.push(sent);
      try {
        producer ??= await this.#ask(({ transactions }) => transactions.init({ ...id, timeoutMs }));
        producer = await this.#transact(transactionalId, producer, sent);
      } catch (cause) {
        this.#expected(cause);
        producer = undefined;
      }
    }
  }

  async #transact(transactionalId: string, producer: Producer, sent: Sent): Promise<Producer> {
    const own = { namespace, transactionalId, ...producer };
    const partitions = [
      { topic: orders, partitions: [0, 1] },
      { topic: state, partitions: [0] },
    ];
    await this.#ask(({ transactions }) => transactions.addPartitions({ ...own, partitions }));
    for (const place of places) {
      const baseOffset = await this.#send(own, place, sent);
      if (place.topic === state) sent.stateOffset = baseOffset;
      if (this.#random.chance(0.2)) await this.#world.sleep(this.#random.between(0, 1_500));
    }
    const offsets = [{ topic: marks, partition: Number(sent.value), offset: 1 }];
    await this.#ask(({ transactions }) => transactions.addOffsets({ ...own, group, offsets }));
    const commit = this.#random.chance(0.7);
    if (commit) sent.outcome = "unknown";
    for (let tries = 0; ; tries += 1) {
      try {
        const next = await this.#ask(({ transactions }) => transactions.end({ ...own, commit }));
        sent.outcome = commit ? "committed" : "aborted";
        return next;
      } catch (cause) {
        // Fenced at once it was not committed; after an unclear answer nobody knows.
        if (tries === 0 && cause instanceof ServiceError && cause.effect === "none") sent.outcome = "aborted";
        if (!isRetriable(cause) || tries === 5) throw cause;
        if (commit) sent.outcome = "unknown";
      }
    }
  }

  /** Again under its sequence where the answer was lost, on any server. */
  async #send(own: Producer & { readonly transactionalId: string }, place: Place, sent: Sent): Promise<number> {
    const { transactionalId, producerId, producerEpoch } = own;
    const records = [recordOf(sent.key, sent.value)];
    const producer = { producerId, producerEpoch, baseSequence: 0 };
    for (let tries = 0; ; tries += 1) {
      try {
        const request = { namespace, ...place, records, transactionalId, producer };
        return (await this.#ask(({ produce }) => produce.produceRecords(request))).baseOffset;
      } catch (cause) {
        if (!isRetriable(cause) || tries === 3) throw cause;
      }
    }
  }

  /** Seals and compacts, whatever is open. */
  async #tend(): Promise<void> {
    while (!this.#isOver) {
      await this.#world.sleep(this.#random.between(100, 1_500));
      await this.#tendOnce(this.#random.pick(this.#servers)).catch((cause: unknown) => {
        if (!(cause instanceof Error && cause.name.startsWith("Storage"))) throw cause;
      });
    }
  }

  async #tendOnce({ storage }: LineProcess): Promise<void> {
    const place = this.#random.pick(places);
    const name = { topicId: this.#topicIds.get(place.topic) ?? "", partition: place.partition };
    const work = async (): Promise<void> => {
      await sealPartition(storage, name, sealSettings, { forced: true });
      if (place.topic !== state) return;
      await compactPartition(storage, name, compaction, { ...codecs, segmentBytes: 600, forced: true });
    };
    await Promise.race([work(), this.#world.sleep(patienceMs)]);
  }

  /** Never sees what is not decided, or was aborted, and never sees it otherwise later. */
  async #follow(place: Place): Promise<void> {
    let offset = 0;
    while (!this.#isOver) {
      await this.#world.sleep(this.#random.between(20, 400));
      try {
        const { records, nextOffset } = await this.#ask((server) => fetchFrom(server, place, offset));
        this.#history.saw(place, offset, nextOffset, records);
        offset = nextOffset;
      } catch (cause) {
        this.#expected(cause);
      }
    }
  }

  async #trouble(): Promise<void> {
    while (!this.#isOver) {
      await this.#world.sleep(this.#random.between(500, 6_000));
      const index = this.#random.below(serversCount);
      if (this.#random.chance(0.6)) this.#servers[index]?.process.freeze(this.#random.between(100, 2 * timeoutMs));
      else this.#servers[index]?.process.kill();
    }
  }

  /** Whatever stopped half-way is finished. */
  async #calmDown(): Promise<void> {
    await this.#world.sleep(2 * timeoutMs + 10_000);
    const sweeper = this.#world.start();
    for (let round = 0; round < 3; round += 1) {
      await sweeper.transactions.sweep(namespace);
      await this.#world.sleep(timeoutMs + 12_000);
    }
  }

  async #judge(): Promise<void> {
    const server = this.#world.start();
    const { anomalies } = this.#history;
    const young = await Promise.all(places.map((place) => this.#readAll(server, place)));
    // By then sealed segments are read, and not the entries that they were made of.
    await this.#world.sleep(sealedMs);
    for (const [index, place] of places.entries()) {
      const all = await this.#readAll(this.#world.start(), place);
      if (JSON.stringify(all) !== JSON.stringify(young[index])) {
        anomalies.push(`${nameOf(place)} is read otherwise from its segments: ${JSON.stringify([young[index], all])}`);
      }
      this.#history.last(place, all);
    }
    const offsets = await server.groups.offsets({ namespace, group, topics: [marks], stable: true }).catch((cause) => {
      if (!(cause instanceof ServiceError) || cause.code !== "GROUP_ID_NOT_FOUND") anomalies.push(String(cause));
      return [];
    });
    this.#history.judge(new Set(offsets.flatMap(({ partition, offset }) => (offset === 1 ? [String(partition)] : []))));
  }

  async #readAll(server: LineProcess, place: Place): Promise<readonly SeenRecord[]> {
    const all: SeenRecord[] = [];
    for (let offset = 0; ;) {
      const { records, nextOffset, highWatermark } = await fetchFrom(server, place, offset);
      all.push(...records);
      if (nextOffset > offset) {
        offset = nextOffset;
        continue;
      }
      if (offset < highWatermark) this.#history.anomalies.push(`${nameOf(place)} has an open transaction at ${offset}`);
      return all;
    }
  }

  async #ask<Answer>(call: (server: LineProcess) => Promise<Answer>): Promise<Answer> {
    const silence = this.#world.sleep(patienceMs).then(() => {
      throw new ServiceError("REQUEST_TIMED_OUT", "the server said nothing", { effect: "unknown" });
    });
    return await Promise.race([call(this.#random.pick(this.#servers)), silence]);
  }

  #expected(cause: unknown): void {
    if (cause instanceof ServiceError && cause.code !== "SYSTEM_ERROR") return;
    this.#history.anomalies.push(`unexpected: ${String(cause)}`);
  }
}

async function fetchFrom(
  { fetch }: LineProcess,
  place: Place,
  offset: number,
): Promise<{ readonly records: readonly SeenRecord[]; readonly nextOffset: number; readonly highWatermark: number }> {
  const bounds = { maxBytes: 100_000, maxRecords: 1_000, minBytes: 0, waitMs: 0 };
  const request = { namespace, ...place, offset, ...bounds, isolation: "read_committed" as const };
  const { records, nextOffset, highWatermark } = await fetch.fetchRecords(request);
  const text = new TextDecoder();
  const seen = records.map((one) => ({
    offset: one.offset,
    key: text.decode(one.key ?? undefined),
    value: text.decode(one.value ?? undefined),
  }));
  return { records: seen, nextOffset, highWatermark };
}

function isRetriable(cause: unknown): boolean {
  return cause instanceof ServiceError && cause.retriable;
}

function recordOf(key: string, value: string): ProduceRecord {
  const utf8 = new TextEncoder();
  return { key: utf8.encode(key), value: utf8.encode(value), headers: [] };
}
