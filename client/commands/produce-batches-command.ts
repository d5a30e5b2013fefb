import { recordBatchMediaType } from "../../shared/api/routes.ts";
import type { ProduceBatchesAnswer } from "../../shared/api/schemas/produce.ts";
import type { Command, CommandDefaults, Repeat, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { idempotencyHeaders, routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface ProduceBatchesInput {
  readonly namespace?: string | undefined;
  readonly topic: string;
  readonly partition: number;
  /** One or more RecordBatches v2, one after the other; sent as they are, and not to be changed until the answer. */
  readonly batches: Uint8Array;
  /** Every batch carries a producer id and a sequence, so that the partition recognises a repeat by them. */
  readonly idempotentProducer?: boolean;
  /** Append only if this is the high watermark; else BAD_VERSION with `details.highWatermark`. */
  readonly expectedOffset?: number;
  /** A higher one raises the partition's fence; a lower one gets FENCED with `details.fencingToken`. */
  readonly fencingToken?: number;
  readonly idempotencyKey?: string;
  /** The batches are part of a transaction, which the partition was added to. */
  readonly transactionalId?: string;
}

export type ProduceBatchesOutput = ProduceBatchesAnswer;

/**
 * Produces whole record batches to one partition, all or nothing. For BAD_VERSION after a retry see
 * `ProduceToPartitionCommand`.
 *
 * @throws StreamkeeperServiceException CORRUPT_MESSAGE | INVALID_RECORD | MESSAGE_TOO_LARGE |
 *   UNSUPPORTED_COMPRESSION_TYPE | UNSUPPORTED_FOR_MESSAGE_FORMAT | OUT_OF_ORDER_SEQUENCE_NUMBER |
 *   INVALID_PRODUCER_EPOCH | PRODUCER_FENCED | INVALID_TXN_STATE | BAD_VERSION | FENCED | UNKNOWN_TOPIC_OR_PARTITION
 */
export class ProduceBatchesCommand implements Command<ProduceBatchesInput, ProduceBatchesOutput> {
  readonly name = "ProduceBatchesCommand";
  readonly repeat: Repeat;
  readonly input: ProduceBatchesInput;

  constructor(input: ProduceBatchesInput) {
    this.input = input;
    this.repeat = input.idempotentProducer === true ? "repeatable" : "keyed";
  }

  serialize(input: ProduceBatchesInput, defaults: CommandDefaults): RequestParts {
    const { namespace, topic, partition, expectedOffset, fencingToken, transactionalId } = input;
    return {
      ...routeTo("produceToPartition", { namespace, topic, partition }, defaults),
      query: { expectedOffset, fencingToken, transactionalId },
      headers: { "content-type": recordBatchMediaType, ...idempotencyHeaders(input.idempotencyKey) },
      body: input.batches,
    };
  }

  deserialize(response: HttpResponse): ProduceBatchesOutput {
    return jsonOf(response) as ProduceBatchesOutput;
  }
}
