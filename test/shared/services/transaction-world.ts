/** Transactions under virtual time: processes over one simulated store, and wake-ups as a queue delivers them. */
import { ServiceError } from "../../../shared/api/errors.ts";
import { producerIdService } from "../../../shared/services/producer-id-service.ts";
import type { ProduceRecord, TopicFinder } from "../../../shared/services/services.ts";
import { TransactionItems } from "../../../shared/services/transaction-items.ts";
import { transactionService } from "../../../shared/services/transaction-service.ts";
import { transactionVerifier } from "../../../shared/services/transaction-verifier.ts";
import type { TransactionService } from "../../../shared/services/transactions.ts";
import { type CountedStorage, countRequests } from "../../../shared/storage/count-requests.ts";
import type { Duty } from "../../../shared/storage/environment.ts";
import { transactionsPartition } from "../../../shared/storage/item-keys.ts";
import type { Item } from "../../../shared/storage/item-store.ts";
import type { ProcessOptions, SimulatedProcess } from "../../../shared/storage/memory/simulated-process.ts";
import { SimulatedStore, type SimulationOptions } from "../../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import {
  appendBatch,
  type GroupView,
  groupKey,
  logKey,
  markerWriter,
  transactionalOffsets,
  viewGroup,
  viewPartition,
} from "./transaction-doubles.ts";

export const namespace = "default";
export const group = "workers";
const partitionsOfTopic = 4;
const utf8 = new TextEncoder();

export interface Producer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export interface TransactionProcess extends CountedStorage {
  readonly process: SimulatedProcess;
  readonly transactions: TransactionService;
  /** One transactional batch. */
  write(transactionalId: string, producer: Producer, topic: string, partition: number, value: string): Promise<number>;
}

export class TransactionWorld {
  readonly store: SimulatedStore;
  /** Never fails: for a look at what is there. */
  readonly observer: TransactionProcess;
  readonly deletedTopics = new Set<string>();
  readonly duties: Duty[] = [];
  /** Duties are kept for `duties` unless somebody does them. */
  #worker: TransactionProcess | undefined;

  constructor(options: Partial<SimulationOptions> = {}) {
    this.store = new SimulatedStore({ seed: 1, ...options, delays: { wakeLateMsMax: 100, ...options.delays } });
    this.observer = this.start();
    this.store.onWake((duty) => {
      this.duties.push(duty);
      if (duty.kind !== "transaction" || this.#worker === undefined) return;
      // A queue delivers again what failed.
      void this.#worker.transactions.recover(duty).catch(() => this.store.scheduleWake(duty, 5_000));
    });
  }

  /** @param wrap what stands between the process and its storage */
  start(options: ProcessOptions = {}, wrap: (storage: Storage) => Storage = (storage) => storage): TransactionProcess {
    const process = this.store.process(options);
    const counted = countRequests(wrap(process.storage));
    const { storage } = counted;
    const items = new TransactionItems(storage);
    const verifier = transactionVerifier(items);
    const topics = this.#topics();
    const write: TransactionProcess["write"] = async (transactionalId, producer, topic, partition, value) => {
      const { topicId } = await topics.find(namespace, topic);
      await verifier.verify({ namespace, transactionalId, ...producer, topicId, partition });
      return await appendBatch(storage, { ...producer, topicId, partition, values: [value] });
    };
    const transactions = transactionService(storage, items, {
      namespaces: { require: () => Promise.resolve() },
      topics,
      producers: producerIdService(storage),
      markers: markerWriter(storage),
      offsets: transactionalOffsets(storage),
      produce: {
        produceRecords: async ({ topic, partition, records, producer, transactionalId }) => {
          const { topicId } = await topics.find(namespace, topic);
          const identity = producer ?? { producerId: -1n, producerEpoch: 0 };
          if (transactionalId !== undefined) {
            await verifier.verify({ namespace, transactionalId, ...identity, topicId, partition });
          }
          const values = records.map(({ value }) => new TextDecoder().decode(value ?? undefined));
          const baseOffset = await appendBatch(storage, { ...identity, topicId, partition, values });
          return { baseOffset, timestamps: records.map(({ timestamp }) => timestamp ?? 0) };
        },
      },
    });
    return { ...counted, process, transactions, write };
  }

  /** Wake-ups are its to do from now on. */
  deliverTo(process: TransactionProcess): void {
    this.#worker = process;
  }

  run<Result>(main: () => Promise<Result>): Promise<Result> {
    return this.store.time.run(main);
  }

  sleep(ms: number): Promise<void> {
    return this.observer.storage.timers.sleep(ms);
  }

  /** What a reader under read_committed sees of a partition. */
  seen(topic: string, partition: number): readonly string[] {
    return this.#view(topic, partition).committed;
  }

  /** Transactions that nobody has ended in a partition. */
  open(topic: string, partition: number): number {
    return this.#view(topic, partition).open;
  }

  group(name = group): GroupView {
    return viewGroup(this.store.items.get(groupKey(name)));
  }

  items(): readonly Item[] {
    return this.store.items.query(transactionsPartition(namespace), { limit: 1_000 }).items;
  }

  #view(topic: string, partition: number): ReturnType<typeof viewPartition> {
    return viewPartition(this.store.items.get(logKey(`${topic}-id`, partition)));
  }

  #topics(): TopicFinder {
    return {
      find: (_, name) =>
        this.deletedTopics.has(name)
          ? Promise.reject(new ServiceError("UNKNOWN_TOPIC_OR_PARTITION", `no topic ${name}`))
          : Promise.resolve({ topicId: `${name}-id`, partitions: partitionsOfTopic, config: {} }),
      forget: () => undefined,
    };
  }
}

export function record(value: string, partition?: number): ProduceRecord {
  const place = partition === undefined ? {} : { partition };
  return { key: null, value: utf8.encode(value), headers: [], ...place };
}
