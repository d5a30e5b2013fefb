/** Produce: finds the topic, checks or builds the batches, and hands them to the partition's writer. */
import { ServiceError } from "../api/errors.ts";
import { idempotencyKeyCharsMax, requestRecordsMax } from "../limits.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Appended, AppendRequest } from "../partition/plan-append.ts";
import type { Storage } from "../storage/storage.ts";
import { type ConfigDefaults, configDefaultsOf, type TopicSettings, topicSettings } from "../topics/topic-config.ts";
import { awaitAppend } from "./await-append.ts";
import { checkBatches } from "./check-batches.ts";
import { PartitionChooser } from "./choose-partitions.ts";
import { encodeRecords, type RecordsProducer } from "./encode-records.ts";
import { findPartition } from "./find-partition.ts";
import type { PartitionRegistry } from "./partition-registry.ts";
import type {
  AppendConditions,
  ProduceRecord,
  ProduceResult,
  ProduceService,
  RecordChecks,
  TopicFinder,
  TopicMetadata,
} from "./services.ts";
import { checkTransactionalId } from "./transaction-ids.ts";
import type { TransactionVerifier, VerifiedProducer } from "./transactions.ts";

/**
 * @param transactions asked before a transactional batch is appended
 * @param checks of batches that producers encode
 */
export function produceService(
  storage: Storage,
  topics: TopicFinder,
  partitions: PartitionRegistry,
  transactions: TransactionVerifier,
  checks: RecordChecks = "all",
): ProduceService {
  return new PartitionedProduceService(storage, topics, partitions, { transactions, checks });
}

interface Target {
  readonly namespace: string;
  readonly name: string;
  readonly topic: TopicMetadata;
  readonly settings: TopicSettings;
  readonly partition: number;
}

interface AskedAppend {
  readonly transactionalId: string | undefined;
  /** Wall clock of the caller's request. */
  readonly askedAtMs: number;
  readonly onQueued?: (() => void) | undefined;
}

class PartitionedProduceService implements ProduceService {
  readonly #storage: Storage;
  readonly #topics: TopicFinder;
  readonly #partitions: PartitionRegistry;
  readonly #transactions: TransactionVerifier;
  readonly #checks: RecordChecks;
  readonly #chooser: PartitionChooser;
  readonly #configDefaults: ConfigDefaults;
  readonly #settings = new WeakMap<TopicMetadata, TopicSettings>();

  constructor(
    storage: Storage,
    topics: TopicFinder,
    partitions: PartitionRegistry,
    { transactions, checks }: { readonly transactions: TransactionVerifier; readonly checks: RecordChecks },
  ) {
    this.#checks = checks;
    this.#storage = storage;
    this.#configDefaults = configDefaultsOf(storage);
    this.#topics = topics;
    this.#partitions = partitions;
    this.#transactions = transactions;
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
      const target = { namespace, name, topic, settings: this.#settingsOf(topic), partition };
      const outcome = await this.#appendRecords(target, part, nowMs, { idempotencyKey });
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
    const { records, idempotencyKey, transactionalId, conditions } = request;
    checkRecordCount(records);
    checkKey(idempotencyKey);
    if (transactionalId !== undefined && request.producer === undefined) {
      throw new ServiceError("INVALID_RECORD", "Records of a transaction need a producer");
    }
    const isTransactional = transactionalId !== undefined;
    const producer = request.producer === undefined ? undefined : { ...request.producer, isTransactional };
    const target = await this.#target(request.namespace, request.topic, request.partition);
    const nowMs = this.#storage.clock.wallMs();
    const outcome = await this.#appendRecords(target, records, nowMs, {
      producer,
      transactionalId,
      conditions,
      idempotencyKey,
    });
    if (outcome instanceof ServiceError) throw outcome;
    const defaultMs = outcome.duplicate ? outcome.appendedAtMs : nowMs;
    return { baseOffset: outcome.baseOffset, timestamps: records.map(({ timestamp }) => timestamp ?? defaultMs) };
  }

  async produceBatches(
    request: Parameters<ProduceService["produceBatches"]>[0],
  ): ReturnType<ProduceService["produceBatches"]> {
    const { bytes, transactionalId, conditions, idempotencyKey, onQueued } = request;
    const askedAtMs = request.askedAtMs ?? this.#storage.clock.wallMs();
    checkKey(idempotencyKey);
    if (transactionalId !== undefined) checkTransactionalId(transactionalId);
    const target = await this.#target(request.namespace, request.topic, request.partition);
    const batches = checkBatches(bytes, target.settings, this.#storage.clock.wallMs(), this.#checks);
    const key = keyOf(idempotencyKey, transactionalId);
    const append = { bytes, batches, ...conditions, ...key };
    const { baseOffset, appendedAtMs } = await this.#append(target, append, { transactionalId, askedAtMs, onQueued });
    return { baseOffset, appendedAtMs };
  }

  async #target(namespace: string, name: string, partition: number): Promise<Target> {
    const topic = await findPartition(this.#topics, namespace, name, partition);
    return { namespace, name, topic, settings: this.#settingsOf(topic), partition };
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
      readonly producer?: RecordsProducer | undefined;
      readonly transactionalId?: string | undefined;
      readonly conditions?: AppendConditions | undefined;
      readonly idempotencyKey?: string | undefined;
    },
  ): Promise<Appended | ServiceError> {
    const { producer, transactionalId, conditions, idempotencyKey } = options;
    try {
      const encoded = encodeRecords(records, target.settings, nowMs, producer);
      const key = keyOf(idempotencyKey, transactionalId);
      return await this.#append(target, { ...encoded, ...conditions, ...key }, { transactionalId, askedAtMs: nowMs });
    } catch (cause) {
      if (cause instanceof ServiceError) return cause;
      throw cause;
    }
  }

  async #append(target: Target, request: AppendRequest, { onQueued, ...transaction }: AskedAppend): Promise<Appended> {
    const name = { topicId: target.topic.topicId, partition: target.partition };
    const writer = this.#partitions.writer(name, target.settings);
    const verified = await this.#verify(target, request, transaction, false);
    const first = asVerified(request, verified);
    const appended = await awaitAppend(this.#storage, writer, first, onQueued).catch(async (cause: unknown) => {
      const isOver = cause instanceof ServiceError && cause.code === "INVALID_PRODUCER_EPOCH";
      if (!isOver || verified?.isRemembered !== true) throw cause;
      // The transaction that is remembered is over: the client may be in its next one, under the epoch that it keeps.
      const again = await this.#verify(target, request, transaction, true);
      if (again?.producerEpoch === verified.producerEpoch) throw cause;
      return awaitAppend(this.#storage, writer, asVerified(request, again));
    });
    if (this.#storage.metrics !== undefined && !appended.duplicate) this.#count(target, request, this.#storage.metrics);
    return appended;
  }

  #count({ namespace, name: topic }: Target, { bytes, batches }: AppendRequest, metrics: Metrics): void {
    const records = batches.reduce((sum, { recordCount }) => sum + recordCount, 0);
    metrics.count("BytesInPerSec", bytes.byteLength, { namespace, topic });
    metrics.count("MessagesInPerSec", records, { namespace, topic });
  }

  /** What is of a transaction comes under its id, and under an id comes nothing else. */
  async #verify(
    { namespace, topic, partition }: Target,
    { batches }: AppendRequest,
    { transactionalId, askedAtMs }: AskedAppend,
    isAgain: boolean,
  ): Promise<VerifiedProducer | undefined> {
    let verified: VerifiedProducer | undefined;
    for (const { producer, transaction } of batches) {
      if ((transaction === undefined) !== (transactionalId === undefined)) {
        const message =
          transactionalId === undefined
            ? "A transactional batch needs the transactional id under which it is written"
            : "A batch that is not transactional came under a transactional id";
        throw new ServiceError("INVALID_TXN_STATE", message);
      }
      if (transactionalId === undefined || producer === undefined) continue;
      const { producerId, producerEpoch } = producer;
      const { topicId } = topic;
      const asked = { namespace, transactionalId, producerId, producerEpoch, topicId, partition, askedAtMs, isAgain };
      verified = await this.#transactions.verify(asked);
    }
    return verified;
  }

  #settingsOf(topic: TopicMetadata): TopicSettings {
    const known = this.#settings.get(topic) ?? topicSettings(topic.config, this.#configDefaults);
    this.#settings.set(topic, known);
    return known;
  }
}

/** The batch of a producer as one of its transaction: the bytes say what the client goes by, and stay as they are. */
function asVerified(request: AppendRequest, verified: VerifiedProducer | undefined): AppendRequest {
  if (verified === undefined) return request;
  const { producerEpoch, sequencesSince } = verified;
  const batches = request.batches.map((batch) =>
    batch.producer === undefined ? batch : { ...batch, producer: { ...batch.producer, producerEpoch }, sequencesSince },
  );
  return { ...request, batches };
}

function checkRecordCount(records: readonly ProduceRecord[]): void {
  if (records.length === 0) throw new ServiceError("INVALID_RECORD", "The request holds no record");
  if (records.length > requestRecordsMax) {
    throw new ServiceError("RECORD_LIST_TOO_LARGE", `${records.length} records in one request`, {
      details: { records: records.length, recordsMax: requestRecordsMax },
    });
  }
}

/** In a transaction a repeat is known by its sequence; a key would also take for one what is sent again after an abort. */
function keyOf(
  idempotencyKey: string | undefined,
  transactionalId: string | undefined,
): Pick<AppendRequest, "idempotencyKey"> {
  return idempotencyKey === undefined || transactionalId !== undefined ? {} : { idempotencyKey };
}

function checkKey(idempotencyKey: string | undefined): void {
  if (idempotencyKey === undefined) return;
  if (idempotencyKey.length > 0 && idempotencyKey.length <= idempotencyKeyCharsMax && idempotencyKey.isWellFormed())
    return;
  throw new ServiceError("BAD_ARGUMENTS", "An Idempotency-Key has 1 to 128 characters", {
    details: { charsMax: idempotencyKeyCharsMax },
  });
}
