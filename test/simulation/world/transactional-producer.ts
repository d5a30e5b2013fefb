import {
  type CommittedOffset,
  type LogTransaction,
  TargetError,
  type TopicPartition,
  type TransactionalLogProducer,
} from "../../../verify/target.ts";
import type { Cluster } from "./cluster.ts";
import { namespace, offsetsOf, recordOf } from "./records.ts";
import { clientLost } from "./target-errors.ts";

interface Producer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export class ClusterTransactionalProducer implements TransactionalLogProducer {
  readonly cluster: Cluster;
  readonly transactionalId: string;
  producer: Producer;
  isLost = false;

  private constructor(cluster: Cluster, transactionalId: string, producer: Producer) {
    this.cluster = cluster;
    this.transactionalId = transactionalId;
    this.producer = producer;
  }

  static async open(
    cluster: Cluster,
    options: { readonly transactionalId: string; readonly timeoutMs: number },
  ): Promise<ClusterTransactionalProducer> {
    const producer = await cluster.insist(({ transactions }) => transactions.init({ namespace, ...options }));
    return new ClusterTransactionalProducer(cluster, options.transactionalId, producer);
  }

  begin(): Promise<LogTransaction> {
    if (this.isLost) return Promise.reject(clientLost());
    return Promise.resolve(new ClusterTransaction(this));
  }

  crash(): void {
    this.isLost = true;
  }

  close(): Promise<void> {
    this.crash();
    return Promise.resolve();
  }
}

class ClusterTransaction implements LogTransaction {
  readonly #owner: ClusterTransactionalProducer;
  readonly #own: Producer & { readonly namespace: string; readonly transactionalId: string };
  readonly #sequences = new Map<string, number>();
  /** Of what was sent nobody knows what became of it: it can only be aborted. */
  #isBroken = false;

  constructor(owner: ClusterTransactionalProducer) {
    this.#owner = owner;
    this.#own = { namespace, transactionalId: owner.transactionalId, ...owner.producer };
  }

  async send(place: TopicPartition, values: readonly number[]): Promise<readonly number[]> {
    const { topic, partition } = place;
    const partitions = [{ topic, partitions: [partition] }];
    return await this.#step(async ({ cluster, transactionalId }) => {
      await cluster.insist(({ transactions }) => transactions.addPartitions({ ...this.#own, partitions }));
      const name = `${topic}:${partition}`;
      const baseSequence = this.#sequences.get(name) ?? 0;
      const { producerId, producerEpoch } = this.#own;
      const producer = { producerId, producerEpoch, baseSequence };
      const records = values.map((value) => recordOf(value));
      const batch = { namespace, topic, partition, records, producer, transactionalId };
      const answer = await cluster.insist(({ produce }) => produce.produceRecords(batch));
      this.#sequences.set(name, baseSequence + values.length);
      return offsetsOf(answer, values);
    });
  }

  async sendOffsets(group: string, offsets: readonly CommittedOffset[]): Promise<void> {
    await this.#step(({ cluster }) =>
      cluster.insist(({ transactions }) => transactions.addOffsets({ ...this.#own, group, offsets })),
    );
  }

  async commit(): Promise<void> {
    if (this.#isBroken) throw new TargetError("fail", "MUST_ABORT", "a step of the transaction failed");
    await this.#end(true);
  }

  async abort(): Promise<void> {
    await this.#end(false);
  }

  async #step<Answer>(act: (owner: ClusterTransactionalProducer) => Promise<Answer>): Promise<Answer> {
    if (this.#owner.isLost) throw clientLost();
    try {
      return await act(this.#owner);
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
  }

  async #end(commit: boolean): Promise<void> {
    const owner = this.#owner;
    if (owner.isLost) throw clientLost();
    owner.producer = await owner.cluster.insist(({ transactions }) => transactions.end({ ...this.#own, commit }));
  }
}
