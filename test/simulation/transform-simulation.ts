/**
 * Consume, transform, produce: workers read a topic from their group's offsets and write what they make of it together with
 * the next offset, while every process is killed at random. The output under read_committed must be exactly what the
 * workers make of the input.
 */
import { ServiceError } from "../../shared/api/errors.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { ProduceRecord, Services } from "../../shared/services/services.ts";
import type { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import type { ProcessOptions, SimulatedProcess } from "../../shared/storage/memory/simulated-process.ts";
import { SimulatedStore, type SimulationOptions } from "../../shared/storage/memory/simulated-store.ts";
import { readCommitted } from "../shared/services/read-committed.ts";
import { swarm } from "./swarm.ts";

export interface TransformSimulation {
  readonly seed: number;
  /** In one call, or step by step under a transactional id. */
  readonly form: "one call" | "steps";
  /** Whether offsets are committed after the output, by themselves: what must be found. */
  readonly careless?: boolean;
  /** What else of the store is chosen from outside. */
  readonly store?: Partial<SimulationOptions>;
}

export interface TransformHistory {
  readonly anomalies: readonly string[];
  readonly kills: number;
}

const namespace = "default";
const group = "workers";
const [input, output] = ["input", "output"];
const inputPartitions = [0, 1];
const recordsPerPartition = 20;
const batchRecords = 4;
const roundsMax = 2_000;
const timeoutMs = 3_000;
const utf8 = new TextEncoder();
const text = new TextDecoder();

interface Worker {
  readonly process: SimulatedProcess;
  readonly services: Services;
}

export async function simulateTransform(simulation: TransformSimulation): Promise<TransformHistory> {
  const run = new Run(simulation);
  return await run.history();
}

class Run {
  readonly #simulation: TransformSimulation;
  readonly #store: SimulatedStore;
  readonly #random: SeededRandom;
  readonly #observer: Worker;
  #coordinator: Worker;
  #kills = 0;
  #finished = 0;

  constructor(simulation: TransformSimulation) {
    this.#simulation = simulation;
    this.#store = new SimulatedStore({
      seed: simulation.seed,
      ...simulation.store,
      delays: { wakeLateMsMax: 200 },
    });
    this.#random = this.#store.random.fork();
    this.#observer = this.#start({});
    this.#coordinator = this.#start();
    this.#store.onWake((duty) => {
      if (duty.kind !== "transaction") return;
      // A queue delivers again what was not done.
      const { services, process } = this.#coordinator;
      void services.duties.recover(duty);
      void this.#sleep(1_000).then(() => (process.killed ? this.#store.scheduleWake(duty, 0) : undefined));
    });
  }

  async history(): Promise<TransformHistory> {
    const anomalies: string[] = [];
    await this.#store.time.run(async () => {
      await this.#prepare();
      swarm(this.#store, { killBefore: 0.004, killAfter: 0.004, slow: 0.1, tornRange: 0.3, shortRange: 0.3 });
      await Promise.all([this.#killCoordinators(), ...inputPartitions.map((partition) => this.#work(partition))]);
      this.#store.setFaults({});
      // What a coordinator was killed over, and nobody asks for any more, is ended by sweeps.
      for (let sweep = 0; sweep < 2; sweep += 1) {
        await this.#sleep(60_000);
        await this.#observer.services.transactions.sweep(namespace);
      }
      await this.#sleep(60_000);
      anomalies.push(...(await this.#check()));
    });
    return { anomalies, kills: this.#kills };
  }

  #start(options: ProcessOptions = { onKilled: () => undefined }): Worker {
    const process = this.#store.process(options);
    return { process, services: createServices(process.storage) };
  }

  #sleep(ms: number): Promise<void> {
    return this.#observer.process.storage.timers.sleep(ms);
  }

  async #prepare(): Promise<void> {
    const { topics, produce } = this.#observer.services;
    await topics.create(namespace, { name: input, partitions: inputPartitions.length });
    await topics.create(namespace, { name: output, partitions: 3 });
    for (const partition of inputPartitions) {
      const records = Array.from({ length: recordsPerPartition }, (_, index) => recordOf(`${partition}.${index}`));
      await produce.produceRecords({ namespace, topic: input, partition, records });
    }
  }

  async #killCoordinators(): Promise<void> {
    while (this.#finished < inputPartitions.length) {
      const { services, process } = this.#coordinator;
      // As the schedule does, for wake-ups that were never asked for.
      void services.transactions.sweep(namespace);
      await this.#sleep(this.#random.between(500, 3_000));
      process.kill();
      this.#coordinator = this.#start();
    }
  }

  /** Works on a partition until all of it is done, in one process after the other. */
  async #work(partition: number): Promise<void> {
    for (let round = 0; round < roundsMax; round += 1) {
      const worker = this.#start();
      let isDone = false;
      const work = this.#workIn(worker.services, partition).then(() => (isDone = true));
      // The first ones die soon, or nothing would ever be done.
      const lifeMs = this.#random.between(1, 20 + 10 * round);
      await Promise.race([work, this.#sleep(lifeMs)]);
      if (isDone) break;
      worker.process.kill();
      this.#kills += 1;
    }
    this.#finished += 1;
  }

  async #workIn(services: Services, partition: number): Promise<void> {
    const transactionalId = `transformer-${partition}`;
    const id = { namespace, transactionalId };
    let producer =
      this.#simulation.form === "steps"
        ? await this.#insist(() => services.transactions.init({ ...id, timeoutMs }))
        : undefined;
    for (;;) {
      const offset = await this.#insist(() => committedOffset(services, partition));
      if (offset >= recordsPerPartition) return;
      const waiting = await readCommitted(services, { namespace, topic: input, partition }, offset);
      const records = waiting.records.slice(0, batchRecords);
      const made = records.map(({ value }) => transformed(text.decode(value ?? undefined)));
      const next = offsetsOf(partition, offset + records.length);
      if (this.#simulation.careless === true) {
        await services.produce.produce({ namespace, topic: output, records: made });
        await services.groups.commit({ namespace, ...next });
      } else if (producer === undefined) {
        await this.#execute(services, made, next);
      } else {
        const own = { ...id, ...producer };
        const target = this.#random.below(3);
        await services.transactions.addPartitions({ ...own, partitions: [{ topic: output, partitions: [target] }] });
        await services.produce.produceRecords({
          namespace,
          topic: output,
          partition: target,
          records: made.map(({ key, value, headers }) => ({ key, value, headers })),
          transactionalId,
          producer: { ...producer, baseSequence: 0 },
        });
        await services.transactions.addOffsets({ ...own, ...next });
        producer = await services.transactions.end({ ...own, commit: true });
      }
    }
  }

  async #execute(
    services: Services,
    records: readonly ProduceRecord[],
    next: ReturnType<typeof offsetsOf>,
  ): Promise<void> {
    await services.transactions.execute({ namespace, produce: [{ topic: output, records }], offsets: [next] });
  }

  /** Until what another left is decided. */
  async #insist<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    for (;;) {
      try {
        return await call();
      } catch (cause) {
        if (!(cause instanceof ServiceError) || !cause.retriable) throw cause;
      }
      await this.#sleep(200);
    }
  }

  async #check(): Promise<string[]> {
    const { services } = this.#observer;
    const found: string[] = [];
    for (const partition of [0, 1, 2]) {
      const { records } = await readCommitted(services, { namespace, topic: output, partition });
      found.push(...records.map(({ value }) => text.decode(value ?? undefined)));
    }
    const wanted = inputPartitions.flatMap((partition) =>
      Array.from({ length: recordsPerPartition }, (_, index) => `made of ${partition}.${index}`),
    );
    const anomalies = wanted.filter((value) => !found.includes(value)).map((value) => `lost: ${value}`);
    const rest = [...found];
    for (const value of wanted) if (rest.includes(value)) rest.splice(rest.indexOf(value), 1);
    return [...anomalies, ...rest.map((value) => `too many: ${value}`)];
  }
}

function offsetsOf(partition: number, offset: number) {
  return { group, offsets: [{ topic: input, partition, offset }] };
}

function recordOf(value: string): ProduceRecord {
  return { key: null, value: utf8.encode(value), headers: [] };
}

/** One for each, in partitions of their own. */
function transformed(value: string): ProduceRecord {
  return { ...recordOf(`made of ${value}`), partition: Number(value.split(".")[1]) % 3 };
}

async function committedOffset({ groups }: Services, partition: number): Promise<number> {
  try {
    const offsets = await groups.offsets({ namespace, group, topics: [input], stable: true });
    const found = offsets.find((one) => one.topic === input && one.partition === partition);
    return Math.max(0, found?.offset ?? 0);
  } catch (cause) {
    if (cause instanceof ServiceError && cause.code === "GROUP_ID_NOT_FOUND") return 0;
    throw cause;
  }
}
