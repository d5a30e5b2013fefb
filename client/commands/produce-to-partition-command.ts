import type { ProduceToPartitionAnswer, ProduceToPartitionBody } from "../../shared/api/schemas/produce.ts";
import type { Command, CommandDefaults, Repeat, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { toWireRecord } from "../produced-record.ts";
import type { ProducedRecord } from "../produced-record.ts";
import { idempotencyHeaders, routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface ProduceToPartitionInput {
  readonly namespace?: string;
  readonly topic: string;
  readonly partition: number;
  /** 1 to 100,000, written as one batch. */
  readonly records: readonly Omit<ProducedRecord, "partition">[];
  /** With the sequence of the first record: the partition recognises a repeat. */
  readonly producer?: {
    readonly producerId: bigint;
    readonly producerEpoch: number;
    readonly baseSequence: number;
  };
  /** Append only if this is the high watermark; else BAD_VERSION with `details.highWatermark`. */
  readonly expectedOffset?: number;
  /** A higher one raises the partition's fence; a lower one gets FENCED with `details.fencingToken`. */
  readonly fencingToken?: number;
  readonly idempotencyKey?: string;
}

export type ProduceToPartitionOutput = ProduceToPartitionAnswer;

/**
 * Produces records to one partition, all or nothing.
 *
 * BAD_VERSION for an `expectedOffset` may be the answer to a retry of an attempt that was itself applied; then
 * `hasNoSideEffects()` is false and only reading at that offset tells.
 *
 * @throws StreamkeeperServiceException UNKNOWN_TOPIC_OR_PARTITION | MESSAGE_TOO_LARGE | INVALID_RECORD | BAD_VERSION |
 *   FENCED | OUT_OF_ORDER_SEQUENCE_NUMBER | INVALID_PRODUCER_EPOCH
 */
export class ProduceToPartitionCommand implements Command<ProduceToPartitionInput, ProduceToPartitionOutput> {
  readonly name = "ProduceToPartitionCommand";
  readonly repeat: Repeat;
  readonly input: ProduceToPartitionInput;

  constructor(input: ProduceToPartitionInput) {
    this.input = input;
    this.repeat = input.producer === undefined ? "keyed" : "repeatable";
  }

  serialize(input: ProduceToPartitionInput, defaults: CommandDefaults): RequestParts {
    const { namespace, topic, partition, producer, expectedOffset, fencingToken } = input;
    const json: ProduceToPartitionBody = {
      records: input.records.map(toWireRecord),
      ...(producer === undefined ? {} : { ...producer, producerId: producer.producerId.toString() }),
      ...(expectedOffset === undefined ? {} : { expectedOffset }),
      ...(fencingToken === undefined ? {} : { fencingToken }),
    };
    return {
      ...routeTo("produceToPartition", { namespace, topic, partition }, defaults),
      headers: idempotencyHeaders(input.idempotencyKey),
      json,
    };
  }

  deserialize(response: HttpResponse): ProduceToPartitionOutput {
    return jsonOf(response) as ProduceToPartitionOutput;
  }
}
