import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import type { CreateProducerAnswer } from "../../shared/api/schemas/produce.ts";

export interface AbortTransactionInput {
  readonly namespace?: string | undefined;
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export interface AbortTransactionOutput {
  /** Who the producer is in its next transaction, in which its sequences begin at 0 again. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/**
 * Aborts, and answers when every partition and group knows; sent again it answers as the first time.
 *
 * @throws StreamkeeperServiceException PRODUCER_FENCED | INVALID_PRODUCER_ID_MAPPING | INVALID_TXN_STATE | CONCURRENT_TRANSACTIONS
 */
export class AbortTransactionCommand implements Command<AbortTransactionInput, AbortTransactionOutput> {
  readonly name = "AbortTransactionCommand";
  readonly repeat = "repeatable";
  readonly input: AbortTransactionInput;

  constructor(input: AbortTransactionInput) {
    this.input = input;
  }

  serialize(
    { namespace, transactionalId, producerId, producerEpoch }: AbortTransactionInput,
    defaults: CommandDefaults,
  ): RequestParts {
    return {
      ...routeTo("abortTransaction", { namespace, transactionalId }, defaults),
      json: { producerId: producerId.toString(), producerEpoch },
    };
  }

  deserialize(response: HttpResponse): AbortTransactionOutput {
    const { producerId, producerEpoch } = jsonOf(response) as CreateProducerAnswer;
    return { producerId: BigInt(producerId), producerEpoch };
  }
}
