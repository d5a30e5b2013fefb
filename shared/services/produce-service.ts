/** Produce: finds the topic, checks or builds the batches, and hands them to the partition's writer. */
import { ServiceError } from "../api/errors.ts";
import { appendWaitMsMax, idempotencyKeyCharsMax, requestRecordsMax } from "../limits.ts";
import type { Appended, AppendRequest } from "../partition/plan-append.ts";
import type { PartitionWriter } from "../partition/partition-writer.ts";
import type { Storage } from "../storage/storage.ts";
import { type TopicSettings, topicSettings } from "../topics/topic-config.ts";
import { appendedOrThrow, unknownOutcome } from "./append-errors.ts";
import { checkBatches } from "./check-batches.ts";
import { PartitionChooser } from "./choose-partitions.ts";
import { encodeRecords } from "./encode-records.ts";
import { findPartition } from "./find-partition.ts";
import type { PartitionRegistry } from "./partition-registry.ts";
import type {
  AppendConditions,
  ProduceRecord,
  ProduceResult,
  ProduceService,
  ProducerIdentity,
  TopicFinder,
  TopicMetadata,
} from "./services.ts";

export function produceService(storage: Storage, topics: TopicFinder, partitions: PartitionRegistry): ProduceService {
  return new PartitionedProduceService(storage, topics, partitions);
}

/** Made once: an exception with a stack for each append costs as much as a small append itself, and nobody reads it. */
const answered = new Error("the append was answered");

interface Target {
  readonly topic: TopicMetadata;
  readonly settings: TopicSettings;
  readonly partition: number;
}

class PartitionedProduceService implements ProduceService {
  readonly #storage: Storage;
  readonly #topics: TopicFinder;
  readonly #partitions: PartitionRegistry;
  readonly #chooser: PartitionChooser;
  readonly #settings = new WeakMap<TopicMetadata, TopicSettings>();

  constructor(storage: Storage, topics: TopicFinder, partitions: PartitionRegistry) {
    this.#storage = storage;
    this.#topics = topics;
    this.#partitions = partitions;
    this.#chooser = new PartitionChooser(storage.random);
  }

  async produce(request: Parameters<ProduceService["produce"]>[0]): Promise<readonly ProduceResult[]> {
    const { namespace, topic: name, records, idempotencyKey } = request;
    checkRecordCount(records);
    checkKey(idempotencyKey);
    const { topic, assigned } = await this.#assign(namespace, name, records, idempotencyKey);
    const nowMs = this.#storage.clock.wallMs();
    const results: ProduceResult[] = [];
    const appends = [...assigned].map(async ([partition, indexes]) => {
      const part = indexes.flatMap((index) => records[index] ?? []);
      const outcome = await this.#appendRecords({ topic, settings: this.#settingsOf(topic), partition }, part, nowMs, {
        idempotencyKey,
      });
      indexes.forEach((index, place) => {
        results[index] =
          outcome instanceof ServiceError
            ? { partition, error: outcome }
            : {
                partition,
                offset: outcome.baseOffset + place,
                timestamp: records[index]?.timestamp ?? (outcome.duplicate ? outcome.appendedAtMs : nowMs),
              };
      });
    });
    await Promise.all(appends);
    return results;
  }

  async produceRecords(
    request: Parameters<ProduceService["produceRecords"]>[0],
  ): ReturnType<ProduceService["produceRecords"]> {
    const { records, idempotencyKey, producer, conditions } = request;
    checkRecordCount(records);
    checkKey(idempotencyKey);
    const target = await this.#target(request.namespace, request.topic, request.partition);
    const nowMs = this.#storage.clock.wallMs();
    const outcome = await this.#appendRecords(target, records, nowMs, { producer, conditions, idempotencyKey });
    if (outcome instanceof ServiceError) throw outcome;
    const defaultMs = outcome.duplicate ? outcome.appendedAtMs : nowMs;
    return { baseOffset: outcome.baseOffset, timestamps: records.map(({ timestamp }) => timestamp ?? defaultMs) };
  }

  async produceBatches(
    request: Parameters<ProduceService["produceBatches"]>[0],
  ): ReturnType<ProduceService["produceBatches"]> {
    const { bytes, conditions, idempotencyKey } = request;
    checkKey(idempotencyKey);
    const target = await this.#target(request.namespace, request.topic, request.partition);
    const batches = checkBatches(bytes, target.settings, this.#storage.clock.wallMs());
    const { baseOffset, appendedAtMs } = await this.#append(target, {
      bytes,
      batches,
      ...conditions,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
    return { baseOffset, appendedAtMs };
  }

  async #target(namespace: string, name: string, partition: number): Promise<Target> {
    const topic = await findPartition(this.#topics, namespace, name, partition);
    return { topic, settings: this.#settingsOf(topic), partition };
  }

  async #assign(
    namespace: string,
    name: string,
    records: readonly ProduceRecord[],
    idempotencyKey: string | undefined,
  ): Promise<{ readonly topic: TopicMetadata; readonly assigned: Map<number, number[]> }> {
    const highest = records.reduce((most, { partition }) => Math.max(most, partition ?? 0), 0);
    const { topic } = await this.#target(namespace, name, highest);
    return { topic, assigned: this.#chooser.assign(topic.topicId, topic.partitions, records, idempotencyKey) };
  }

  async #appendRecords(
    target: Target,
    records: readonly ProduceRecord[],
    nowMs: number,
    options: {
      readonly producer?: ProducerIdentity | undefined;
      readonly conditions?: AppendConditions | undefined;
      readonly idempotencyKey?: string | undefined;
    },
  ): Promise<Appended | ServiceError> {
    const { producer, conditions, idempotencyKey } = options;
    try {
      const encoded = encodeRecords(records, target.settings, nowMs, producer);
      const key = idempotencyKey === undefined ? {} : { idempotencyKey };
      return await this.#append(target, { ...encoded, ...conditions, ...key });
    } catch (cause) {
      if (cause instanceof ServiceError) return cause;
      throw cause;
    }
  }

  async #append(target: Target, request: AppendRequest): Promise<Appended> {
    const name = { topicId: target.topic.topicId, partition: target.partition };
    const writer = this.#partitions.writer(name, target.settings.inlineBytesMax);
    return appendedOrThrow(await this.#withinWait(writer, request));
  }

  /** An append that takes too long goes on, but its caller is told that nobody knows. */
  async #withinWait(writer: PartitionWriter, request: AppendRequest): ReturnType<PartitionWriter["append"]> {
    const over = new AbortController();
    const timeout = this.#storage.timers.sleep(appendWaitMsMax, over.signal).then(
      () => {
        throw unknownOutcome(new Error(`no answer within ${appendWaitMsMax} ms`));
      },
      // Aborted because the append was answered; the race is decided.
      () => new Promise<never>(() => undefined),
    );
    try {
      return await Promise.race([writer.append(request), timeout]);
    } finally {
      over.abort(answered);
    }
  }

  #settingsOf(topic: TopicMetadata): TopicSettings {
    const known = this.#settings.get(topic) ?? topicSettings(topic.config);
    this.#settings.set(topic, known);
    return known;
  }
}

function checkRecordCount(records: readonly ProduceRecord[]): void {
  if (records.length === 0) throw new ServiceError("INVALID_RECORD", "The request holds no record");
  if (records.length > requestRecordsMax) {
    throw new ServiceError("RECORD_LIST_TOO_LARGE", `${records.length} records in one request`, {
      details: { records: records.length, recordsMax: requestRecordsMax },
    });
  }
}

function checkKey(idempotencyKey: string | undefined): void {
  if (idempotencyKey === undefined) return;
  if (idempotencyKey.length > 0 && idempotencyKey.length <= idempotencyKeyCharsMax && idempotencyKey.isWellFormed())
    return;
  throw new ServiceError("BAD_ARGUMENTS", "An Idempotency-Key has 1 to 128 characters", {
    details: { charsMax: idempotencyKeyCharsMax },
  });
}
