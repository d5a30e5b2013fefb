/** A transactional producer that speaks Kafka's protocol as a client does, in the versions that it is told to use. */
import { addOffsetsToTxn } from "../../../gateway/kafka/protocol/apis/add-offsets-to-txn.ts";
import { addPartitionsToTxn } from "../../../gateway/kafka/protocol/apis/add-partitions-to-txn.ts";
import { endTxn } from "../../../gateway/kafka/protocol/apis/end-txn.ts";
import { initProducerId } from "../../../gateway/kafka/protocol/apis/init-producer-id.ts";
import { produce } from "../../../gateway/kafka/protocol/apis/produce.ts";
import { txnOffsetCommit } from "../../../gateway/kafka/protocol/apis/txn-offset-commit.ts";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import type { WireClient } from "./wire-client.ts";

export interface TransactionalVersions {
  readonly addPartitions: number;
  readonly addOffsets: number;
  readonly commitOffsets: number;
  readonly endTxn: number;
  readonly produce: number;
}

const utf8 = new TextEncoder();

export class TransactionalClient {
  readonly #client: WireClient;
  readonly #versions: TransactionalVersions;
  readonly transactionalId: string;
  readonly #sequences = new Map<string, number>();
  producerId = -1n;
  producerEpoch = -1;

  constructor(client: WireClient, transactionalId: string, versions: TransactionalVersions) {
    this.#client = client;
    this.transactionalId = transactionalId;
    this.#versions = versions;
  }

  get #producer() {
    const { transactionalId, producerId, producerEpoch } = this;
    return { transactionalId, producerId, producerEpoch };
  }

  async init(timeoutMs = 60_000, version = 4): Promise<number> {
    const request = { ...this.#producer, transactionTimeoutMs: timeoutMs };
    const given = await this.#client.send(initProducerId, request, version);
    if (given.errorCode === 0) this.#become(given);
    return given.errorCode;
  }

  #become({ producerId, producerEpoch }: { readonly producerId: bigint; readonly producerEpoch: number }): void {
    this.producerId = producerId;
    this.producerEpoch = producerEpoch;
    this.#sequences.clear();
  }

  async add(name: string, ...partitions: readonly number[]): Promise<readonly number[]> {
    const request = {
      v3AndBelowTransactionalId: this.transactionalId,
      v3AndBelowProducerId: this.producerId,
      v3AndBelowProducerEpoch: this.producerEpoch,
      v3AndBelowTopics: [{ name, partitions }],
    };
    const answer = await this.#client.send(addPartitionsToTxn, request, this.#versions.addPartitions);
    return answer.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) =>
      resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
    );
  }

  async write(name: string, index: number, value: string): Promise<number> {
    const place = `${name}/${index}`;
    const baseSequence = this.#sequences.get(place) ?? 0;
    const { producerId, producerEpoch, transactionalId } = this;
    const batch = { records: [{ key: null, value: utf8.encode(value) }], isTransactional: true };
    const bytes = encodeBatch({ ...batch, producerId, producerEpoch, baseSequence }, (_type, plain) => plain);
    const topicData = [{ name, partitionData: [{ index, records: [bytes] }] }];
    const request = { transactionalId, acks: -1, timeoutMs: 1_000, topicData };
    const { responses } = await this.#client.send(produce, request, this.#versions.produce);
    const errorCode = responses[0]?.partitionResponses[0]?.errorCode ?? -1;
    if (errorCode === 0) this.#sequences.set(place, baseSequence + 1);
    return errorCode;
  }

  async addGroup(groupId: string): Promise<number> {
    const request = { ...this.#producer, groupId };
    return (await this.#client.send(addOffsetsToTxn, request, this.#versions.addOffsets)).errorCode;
  }

  async commitOffset(groupId: string, name: string, committedOffset: number, more = {}): Promise<number> {
    const topics = [{ name, partitions: [{ partitionIndex: 0, committedOffset }] }];
    const request = { ...this.#producer, groupId, topics, ...more };
    const answer = await this.#client.send(txnOffsetCommit, request, this.#versions.commitOffsets);
    return answer.topics[0]?.partitions[0]?.errorCode ?? -1;
  }

  async end(committed: boolean): Promise<number> {
    const { errorCode, ...next } = await this.#client.send(
      endTxn,
      { ...this.#producer, committed },
      this.#versions.endTxn,
    );
    if (errorCode === 0 && next.producerId >= 0n) this.#become(next);
    return errorCode;
  }
}
