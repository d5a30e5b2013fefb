/** Transactions on the real services over storage in memory, and what readers see of them. */
import { createServices } from "../../shared/services/create-services.ts";
import type { ProduceRecord, Services } from "../../shared/services/services.ts";
import { ServiceError } from "../../shared/api/errors.ts";
import { createMemoryStorage, type MemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import { readCommitted } from "../shared/services/read-committed.ts";

export const namespace = "default";
export const topic = "orders";
/** What the group reads. */
export const source = "source";
export const group = "workers";
export const partitions = [0, 1, 2];

const utf8 = new TextEncoder();
const text = new TextDecoder();

export interface TransactionBed {
  readonly memory: MemoryStorage;
  /** A process that never fails. */
  readonly services: Services;
}

export interface Producer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export async function transactionBed(seed = 1): Promise<TransactionBed> {
  const memory = createMemoryStorage({ seed });
  const services = createServices(memory.storage);
  await services.topics.create(namespace, { name: topic, partitions: partitions.length });
  await services.topics.create(namespace, { name: source });
  return { memory, services };
}

export function record(value: string, partition: number): ProduceRecord {
  return { key: null, value: utf8.encode(value), headers: [], partition };
}

/** One record in each partition, as a part of the producer's transaction. */
export async function writeAll(
  services: Services,
  transactionalId: string,
  producer: Producer,
  value: string,
  baseSequence = 0,
): Promise<void> {
  await Promise.all(
    partitions.map((partition) =>
      services.produce.produceRecords({
        namespace,
        topic,
        partition,
        records: [record(value, partition)],
        transactionalId,
        producer: { ...producer, baseSequence },
      }),
    ),
  );
}

export interface SeenPartition {
  readonly values: readonly string[];
  /** Records that wait for the end of a transaction. */
  readonly undecided: number;
}

/** What a reader under read_committed sees of a partition. */
export async function see(services: Services, partition: number): Promise<SeenPartition> {
  const place = { namespace, topic, partition };
  const { records, highWatermark, lastStableOffset } = await readCommitted(services, place);
  const values = records.map(({ value }) => text.decode(value ?? undefined));
  return { values, undecided: highWatermark - lastStableOffset };
}

export async function seeAll(services: Services): Promise<readonly SeenPartition[]> {
  return await Promise.all(partitions.map((partition) => see(services, partition)));
}

/** Offsets of the source, as a part of a transaction or of a write in one call. */
export function offsetsTo(offset: number) {
  return { group, offsets: [{ topic: source, partition: 0, offset }] };
}

/** The committed offset of the source, or -1. Fails while a transaction's offsets are undecided. */
export async function committedOffset({ groups }: Services): Promise<number> {
  try {
    const offsets = await groups.offsets({ namespace, group, stable: true });
    return offsets.find(({ topic: name }) => name === source)?.offset ?? -1;
  } catch (cause) {
    if (cause instanceof ServiceError && cause.code === "GROUP_ID_NOT_FOUND") return -1;
    throw cause;
  }
}
