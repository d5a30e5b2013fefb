import type { CreateProducerAnswer } from "../../shared/api/schemas/produce.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface CreateProducerInput {
  readonly namespace?: string | undefined;
  /** Without a `transactionalId`: who may produce to this topic may get the id. */
  readonly topic?: string | undefined;
  /** Takes over the transactional id: ends what its earlier producer left open, and puts that producer out. */
  readonly transactionalId?: string | undefined;
  /** How long a transaction may be open, with a `transactionalId`. Default 60,000. */
  readonly timeoutMs?: number | undefined;
}

export interface CreateProducerOutput {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/**
 * Gets an id for an idempotent producer, or for one of transactions.
 *
 * @throws StreamkeeperServiceException UNKNOWN_NAMESPACE | INVALID_TRANSACTION_TIMEOUT | CONCURRENT_TRANSACTIONS
 */
export class CreateProducerCommand implements Command<CreateProducerInput, CreateProducerOutput> {
  readonly name = "CreateProducerCommand";
  readonly repeat = "repeatable";
  readonly input: CreateProducerInput;

  constructor(input: CreateProducerInput = {}) {
    this.input = input;
  }

  serialize(input: CreateProducerInput, defaults: CommandDefaults): RequestParts {
    const { namespace, topic, transactionalId, timeoutMs } = input;
    const isOfTopic = topic !== undefined && transactionalId === undefined && timeoutMs === undefined;
    if (isOfTopic) return routeTo("createTopicProducer", { namespace, topic }, defaults);
    return { ...routeTo("createProducer", { namespace }, defaults), json: { transactionalId, timeoutMs } };
  }

  deserialize(response: HttpResponse): CreateProducerOutput {
    const { producerId, producerEpoch } = jsonOf(response) as CreateProducerAnswer;
    return { producerId: BigInt(producerId), producerEpoch };
  }
}
