/** Share groups on memory storage: processes over one store, each with all services and with its requests counted. */
import { createServices } from "../../../shared/services/create-services.ts";
import type { FetchedRecord, Services } from "../../../shared/services/services.ts";
import type { AcquiredRecords, AcquireRecords } from "../../../shared/services/share-groups.ts";
import { type CountedStorage, countRequests } from "../../../shared/storage/count-requests.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { SimulatedProcess } from "../../../shared/storage/memory/simulated-process.ts";
import type { Storage } from "../../../shared/storage/storage.ts";

export const namespace = "default";
export const group = { namespace, group: "workers" };
const text = new TextDecoder();

export interface ShareProcess extends CountedStorage, Services {
  readonly process: SimulatedProcess;
  /** Of the topic `jobs`, by `w`, as many as there are. */
  acquire(request?: Partial<AcquireRecords>): Promise<AcquiredRecords>;
  accept(records: readonly { topic: string; partition: number; offset: number }[], memberId?: string): Promise<boolean>;
}

export class ShareWorld {
  readonly memory: MemoryStorage;
  readonly observer: ShareProcess;

  constructor(memory = createMemoryStorage()) {
    this.memory = memory;
    this.observer = this.start();
  }

  start(wrap: (storage: Storage) => Storage = (storage) => storage): ShareProcess {
    const process = this.memory.store.process();
    const counted = countRequests(wrap(process.storage));
    const services = createServices(counted.storage);
    return {
      ...counted,
      ...services,
      process,
      acquire: (request) =>
        services.shareGroups.acquire({
          ...group,
          topics: ["jobs"],
          memberId: "w",
          maxRecords: 500,
          maxBytes: 1_000_000,
          waitMs: 0,
          ...request,
        }),
      async accept(records, memberId = "w") {
        const acknowledgements = records.map(({ topic, partition, offset }) => {
          return { topic, partition, firstOffset: offset, lastOffset: offset, type: "accept" } as const;
        });
        const results = await services.shareGroups.acknowledge({ ...group, memberId, acknowledgements });
        return results.every(({ error }) => error === undefined);
      },
    };
  }

  /** The topic `jobs` and a group that begins at its start. */
  async prepare(
    options: { partitions?: number; deadLetterTopic?: string; deliveriesMax?: number } = {},
  ): Promise<void> {
    const { topics, shareGroups } = this.observer;
    const { partitions = 1, ...config } = options;
    await topics.create(namespace, { name: "jobs", partitions });
    if (config.deadLetterTopic !== undefined) await topics.create(namespace, { name: config.deadLetterTopic });
    await shareGroups.configure(group, { startAt: "earliest", ...config });
  }

  /** Records with these values, the value as the key too. */
  async produce(values: readonly string[], partition = 0, topic = "jobs"): Promise<void> {
    const records = values.map((value) => ({
      key: new TextEncoder().encode(value),
      value: new TextEncoder().encode(value),
      headers: [{ key: "own", value: null }],
    }));
    await this.observer.produce.produceRecords({ namespace, topic, partition, records });
  }

  async readAll(topic: string, partition = 0): Promise<readonly FetchedRecord[]> {
    const bounds = { maxBytes: 8_000_000, maxRecords: 100_000, minBytes: 0, waitMs: 0 };
    const place = { namespace, topic, partition, offset: 0, isolation: "read_uncommitted" } as const;
    return (await this.observer.fetch.fetchRecords({ ...place, ...bounds })).records;
  }

  async advance(ms: number): Promise<void> {
    await this.memory.time.advance(ms);
  }
}

export function textOf(bytes: Uint8Array | null | undefined): string {
  return bytes === null || bytes === undefined ? "" : text.decode(bytes);
}

export function valuesOf({ records }: AcquiredRecords): readonly string[] {
  return records.map(({ value }) => textOf(value));
}

export function headersOf({ headers }: FetchedRecord): Readonly<Record<string, string>> {
  return Object.fromEntries(headers.map(({ key, value }) => [key, textOf(value)]));
}
