import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import type { CreateProducerAnswer } from "../../shared/api/schemas/produce.ts";

export interface CommitTransactionInput {
  readonly namespace?: string | undefined;
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export interface CommitTransactionOutput {
  /** Who the producer is in its next transaction, in which its sequences begin at 0 again. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/**
 * Commits, and answers when every partition and group knows; sent again it answers as the first time.
 *
 * @throws StreamkeeperServiceException PRODUCER_FENCED | INVALID_PRODUCER_ID_MAPPING | INVALID_TXN_STATE | CONCURRENT_TRANSACTIONS
 */
export class CommitTransactionCommand implements Command<CommitTransactionInput, CommitTransactionOutput> {
  readonly name = "CommitTransactionCommand";
  readonly repeat = "repeatable";
  readonly input: CommitTransactionInput;

  constructor(input: CommitTransactionInput) {
    this.input = input;
  }

  serialize(
    { namespace, transactionalId, producerId, producerEpoch }: CommitTransactionInput,
    defaults: CommandDefaults,
  ): RequestParts {
    return {
      ...routeTo("commitTransaction", { namespace, transactionalId }, defaults),
      json: { producerId: producerId.toString(), producerEpoch },
    };
  }

  deserialize(response: HttpResponse): CommitTransactionOutput {
    const { producerId, producerEpoch } = jsonOf(response) as CreateProducerAnswer;
    return { producerId: BigInt(producerId), producerEpoch };
  }
}
