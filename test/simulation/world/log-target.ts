/** The log of a cluster, for the workloads. */
import { ServiceError } from "../../../shared/api/errors.ts";
import type { SeededRandom } from "../../../shared/storage/memory/seeded-random.ts";
import {
  type AtomicWrite,
  type GroupMember,
  type GroupMemberOptions,
  type Isolation,
  type LogProducer,
  type LogReader,
  type LogTarget,
  TargetError,
  type TopicPartition,
  type TransactionalLogProducer,
} from "../../../verify/target.ts";
import type { Cluster } from "./cluster.ts";
import { ClusterMember } from "./member.ts";
import { ClusterReader } from "./reader.ts";
import { namespace, offsetsOf, recordOf } from "./records.ts";
import { clientLost } from "./target-errors.ts";
import { ClusterTransactionalProducer } from "./transactional-producer.ts";

export class ClusterLog implements LogTarget {
  readonly #cluster: Cluster;
  readonly #random: SeededRandom;

  constructor(cluster: Cluster, random: SeededRandom) {
    this.#cluster = cluster;
    this.#random = random;
  }

  async createTopic(name: string, partitions: number, config: Readonly<Record<string, string>> = {}): Promise<void> {
    try {
      await this.#cluster.insist(({ topics }) => topics.create(namespace, { name, partitions, config }));
    } catch (error) {
      if (!(error instanceof TargetError && error.reason === "TOPIC_ALREADY_EXISTS")) throw error;
    }
  }

  async endOffset({ topic, partition }: TopicPartition, isolation: Isolation): Promise<number> {
    const latest = { at: "latest" } as const;
    const { offset } = await this.#cluster.insist(({ fetch }) =>
      fetch.listOffset(namespace, topic, partition, latest, isolation),
    );
    return offset;
  }

  openProducer(options: { readonly topic: string; readonly idempotent: boolean }): Promise<LogProducer> {
    return Promise.resolve(new ClusterProducer(this.#cluster, options));
  }

  async openTransactionalProducer(options: {
    readonly transactionalId: string;
    readonly timeoutMs: number;
  }): Promise<TransactionalLogProducer> {
    return await ClusterTransactionalProducer.open(this.#cluster, options);
  }

  openReader({ isolation }: { readonly isolation: Isolation }): Promise<LogReader> {
    return Promise.resolve(new ClusterReader(this.#cluster, isolation));
  }

  async openMember(options: GroupMemberOptions): Promise<GroupMember> {
    return await ClusterMember.open(this.#cluster, this.#random.id(), options);
  }

  async committedOffset(group: string, { topic, partition }: TopicPartition): Promise<number | undefined> {
    return await this.#cluster.insist(async ({ groups }) => {
      try {
        const offsets = await groups.offsets({ namespace, group, topics: [topic], stable: true });
        const found = offsets.find((one) => one.topic === topic && one.partition === partition);
        return found === undefined || found.offset < 0 ? undefined : found.offset;
      } catch (cause) {
        if (cause instanceof ServiceError && cause.code === "GROUP_ID_NOT_FOUND") return undefined;
        throw cause;
      }
    });
  }

  readonly writeAtomically = async ({ produce, offsets }: AtomicWrite): Promise<readonly (readonly number[])[]> => {
    const write = {
      namespace,
      produce: produce.map(({ topic, partition, values }) => ({
        topic,
        records: values.map((value) => ({ ...recordOf(value), partition })),
      })),
      offsets: offsets === undefined ? [] : [offsets],
      idempotencyKey: this.#random.id(),
    };
    const { results } = await this.#cluster.insist(({ transactions }) => transactions.execute(write));
    const all = results.map(({ offset }) => offset);
    let from = 0;
    return produce.map(({ values }) => all.slice(from, (from += values.length)));
  };
}

class ClusterProducer implements LogProducer {
  readonly #cluster: Cluster;
  readonly #topic: string;
  readonly #isIdempotent: boolean;
  readonly #sequences = new Map<number, number>();
  #producer: { readonly producerId: bigint; readonly producerEpoch: number } | undefined;
  #isLost = false;

  constructor(cluster: Cluster, { topic, idempotent }: { readonly topic: string; readonly idempotent: boolean }) {
    this.#cluster = cluster;
    this.#topic = topic;
    this.#isIdempotent = idempotent;
  }

  async send(partition: number, values: readonly number[]): Promise<readonly number[]> {
    if (this.#isLost) throw clientLost();
    const batch = { namespace, topic: this.#topic, partition, records: values.map((value) => recordOf(value)) };
    if (!this.#isIdempotent) {
      return offsetsOf(await this.#cluster.call(({ produce }) => produce.produceRecords(batch)), values);
    }
    const identity = (this.#producer ??= await this.#cluster.insist(({ producers }) => producers.allocate(namespace)));
    const baseSequence = this.#sequences.get(partition) ?? 0;
    const producer = { ...identity, baseSequence };
    try {
      const answer = await this.#cluster.insist(({ produce }) => produce.produceRecords({ ...batch, producer }));
      this.#sequences.set(partition, baseSequence + values.length);
      return offsetsOf(answer, values);
    } catch (error) {
      // What comes next could not be told from a repeat.
      if (error instanceof TargetError && error.outcome === "info") this.#isLost = true;
      throw error;
    }
  }

  crash(): void {
    this.#isLost = true;
  }

  close(): Promise<void> {
    this.crash();
    return Promise.resolve();
  }
}
