/** Services in the memory of a test: as little as the handlers can tell apart, nothing of the log. */
import { ServiceError } from "../../shared/api/errors.ts";
import type {
  FetchedRecord,
  FetchRequest,
  ProduceRecord,
  Services,
  TopicConfig,
  TopicDescription,
} from "../../shared/services/services.ts";

interface Partition {
  readonly records: FetchedRecord[];
  readonly batches: { readonly baseOffset: number; readonly bytes: Uint8Array }[];
  next: number;
}

interface Topic {
  description: TopicDescription;
  readonly partitions: Partition[];
}

const newPartition = (): Partition => ({ records: [], batches: [], next: 0 });

const unknown = (): ServiceError =>
  new ServiceError("UNKNOWN_TOPIC_OR_PARTITION", "There is no such topic or partition");

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** A test may put other methods in the place of these. */
export interface FakeServices extends Services {
  readonly fetch: Writable<Services["fetch"]>;
  readonly produce: Writable<Services["produce"]>;
  /** Every call, by its name, with its arguments. */
  readonly calls: { readonly name: string; readonly arguments: readonly unknown[] }[];
  /** What the next call of a name throws. */
  failNext(name: string, error: unknown): void;
}

export function createFakeServices(options: { readonly nowMs?: number } = {}): FakeServices {
  const now = options.nowMs ?? 1_700_000_000_000;
  const namespaces = new Map([["default", { name: "default", createdAtMs: now }]]);
  const topics = new Map<string, Topic>();
  const calls: { name: string; arguments: readonly unknown[] }[] = [];
  const failures = new Map<string, unknown>();
  let producerIds = 1_000n;

  const called = (name: string, ...args: unknown[]): void => {
    calls.push({ name, arguments: args });
    if (!failures.has(name)) return;
    const error = failures.get(name);
    failures.delete(name);
    throw error;
  };
  const topicOf = (namespace: string, name: string): Topic => {
    if (!/^[a-zA-Z0-9._-]{1,249}$/.test(name) || name === "." || name === "..") {
      throw new ServiceError("INVALID_TOPIC_EXCEPTION", "not a name");
    }
    const topic = topics.get(`${namespace}/${name}`);
    if (topic === undefined) throw unknown();
    return topic;
  };
  const partitionOf = (request: { namespace: string; topic: string; partition: number }): Partition => {
    const partition = topicOf(request.namespace, request.topic).partitions[request.partition];
    if (partition === undefined) throw unknown();
    return partition;
  };
  const append = (partition: Partition, record: ProduceRecord): { offset: number; timestamp: number } => {
    const offset = partition.next++;
    const timestamp = record.timestamp ?? now;
    partition.records.push({ offset, timestamp, key: record.key, value: record.value, headers: record.headers });
    return { offset, timestamp };
  };
  const inRange = (partition: Partition, offset: number): void => {
    if (offset >= 0 && offset <= partition.next) return;
    const details = { logStartOffset: 0, highWatermark: partition.next };
    throw new ServiceError("OFFSET_OUT_OF_RANGE", "out of range", { details });
  };
  const watermarks = (partition: Partition) => ({
    highWatermark: partition.next,
    lastStableOffset: partition.next,
    logStartOffset: 0,
  });

  return {
    calls,
    failNext: (name, error) => failures.set(name, error),
    namespaces: {
      create: async (name) => {
        called("namespaces.create", name);
        if (namespaces.has(name)) throw new ServiceError("NAMESPACE_ALREADY_EXISTS", "exists");
        const namespace = { name, createdAtMs: now };
        namespaces.set(name, namespace);
        return namespace;
      },
      list: async (page) => {
        called("namespaces.list", page);
        return { items: [...namespaces.values()] };
      },
      delete: async (name) => {
        called("namespaces.delete", name);
        if (!namespaces.delete(name)) throw new ServiceError("UNKNOWN_NAMESPACE", "no such namespace");
      },
    },
    topics: {
      create: async (namespace, { name, partitions = 1, config = {}, ...rest }) => {
        called("topics.create", namespace, { name, partitions, config, ...rest });
        if (!/^[a-zA-Z0-9._-]{1,249}$/.test(name)) throw new ServiceError("INVALID_TOPIC_EXCEPTION", "not a name");
        if (partitions < 1) throw new ServiceError("INVALID_PARTITIONS", "at least 1");
        if (topics.has(`${namespace}/${name}`)) throw new ServiceError("TOPIC_ALREADY_EXISTS", "exists");
        const description = { name, topicId: "tttttttttttttttttttttt", partitions, config, createdAtMs: now };
        topics.set(`${namespace}/${name}`, {
          description,
          partitions: Array.from({ length: partitions }, newPartition),
        });
        return description;
      },
      list: async (namespace, page) => {
        called("topics.list", namespace, page);
        return { items: [...topics.values()].map(({ description }) => description), nextToken: "more" };
      },
      describe: async (namespace, name) => {
        called("topics.describe", namespace, name);
        return topicOf(namespace, name).description;
      },
      alter: async (namespace, name, { config = {}, partitions, ...rest }) => {
        called("topics.alter", namespace, name, { config, partitions, ...rest });
        const topic = topicOf(namespace, name);
        const set: TopicConfig = Object.fromEntries(
          Object.entries({ ...topic.description.config, ...config }).filter(
            (entry): entry is [string, string] => entry[1] !== null,
          ),
        );
        topic.description = {
          ...topic.description,
          config: set,
          partitions: partitions ?? topic.description.partitions,
        };
        return topic.description;
      },
      delete: async (namespace, name, rest) => {
        called("topics.delete", namespace, name, rest);
        topicOf(namespace, name);
        topics.delete(`${namespace}/${name}`);
      },
    },
    producers: {
      allocate: async (namespace) => {
        called("producers.allocate", namespace);
        return { producerId: producerIds++, producerEpoch: 0 };
      },
    },
    produce: {
      produce: async (request) => {
        called("produce.produce", request);
        const { partitions } = topicOf(request.namespace, request.topic);
        return request.records.map((record) => {
          const index = record.partition ?? 0;
          const partition = partitions[index];
          return partition === undefined
            ? { partition: index, error: unknown() }
            : { partition: index, ...append(partition, record) };
        });
      },
      produceRecords: async (request) => {
        called("produce.produceRecords", request);
        const partition = partitionOf(request);
        const baseOffset = partition.next;
        return { baseOffset, timestamps: request.records.map((record) => append(partition, record).timestamp) };
      },
      produceBatches: async (request) => {
        called("produce.produceBatches", request);
        const partition = partitionOf(request);
        const baseOffset = partition.next++;
        partition.batches.length = 0;
        partition.batches.push({ baseOffset, bytes: request.bytes });
        return { baseOffset, appendedAtMs: now };
      },
    },
    fetch: {
      fetchBatches: async (request: FetchRequest) => {
        called("fetch.fetchBatches", request);
        const partition = partitionOf(request);
        inRange(partition, request.offset);
        const batches = partition.batches.map(({ bytes }) => bytes);
        return { batches, nextOffset: partition.next, ...watermarks(partition) };
      },
      fetchRecords: async (request: FetchRequest) => {
        called("fetch.fetchRecords", request);
        const partition = partitionOf(request);
        inRange(partition, request.offset);
        const records = partition.records.filter(({ offset }) => offset >= request.offset).slice(0, request.maxRecords);
        return { records, nextOffset: (records.at(-1)?.offset ?? request.offset - 1) + 1, ...watermarks(partition) };
      },
      listOffset: async (namespace, topic, index, point) => {
        called("fetch.listOffset", namespace, topic, index, point);
        const partition = partitionOf({ namespace, topic, partition: index });
        if (point.at === "earliest") return { offset: 0, timestamp: -1 };
        if (point.at === "latest") return { offset: partition.next, timestamp: -1 };
        const found = partition.records.find(({ timestamp }) => timestamp >= point.timestampMs);
        return { offset: found?.offset ?? -1, timestamp: found?.timestamp ?? -1 };
      },
    },
    truncate: {
      truncate: async (namespace, topic, index, beforeOffset) => {
        called("truncate.truncate", namespace, topic, index, beforeOffset);
        const partition = partitionOf({ namespace, topic, partition: index });
        inRange(partition, Math.max(0, beforeOffset));
        return { logStartOffset: beforeOffset === -1 ? partition.next : beforeOffset };
      },
    },
    duties: {
      seal: async (topicId, partition) => called("duties.seal", topicId, partition),
      retain: async (topicId, partition) => called("duties.retain", topicId, partition),
      collect: async (topicId, partition) => called("duties.collect", topicId, partition),
      sweep: async () => called("duties.sweep"),
    },
    health: {
      check: async () => {
        called("health.check");
        return { storage: "ok" };
      },
    },
  };
}
