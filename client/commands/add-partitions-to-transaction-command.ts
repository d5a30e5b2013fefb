import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import { routeTo } from "../serialize.ts";

export interface AddPartitionsToTransactionInput {
  readonly namespace?: string | undefined;
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly partitions: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
}

/**
 * Begins a transaction if none is open, and adds partitions to it; adding them again changes nothing.
 *
 * @throws StreamkeeperServiceException PRODUCER_FENCED | INVALID_PRODUCER_ID_MAPPING | INVALID_TXN_STATE | CONCURRENT_TRANSACTIONS | UNKNOWN_TOPIC_OR_PARTITION
 */
export class AddPartitionsToTransactionCommand implements Command<AddPartitionsToTransactionInput, object> {
  readonly name = "AddPartitionsToTransactionCommand";
  readonly repeat = "repeatable";
  readonly input: AddPartitionsToTransactionInput;

  constructor(input: AddPartitionsToTransactionInput) {
    this.input = input;
  }

  serialize(
    { namespace, transactionalId, producerId, producerEpoch, partitions }: AddPartitionsToTransactionInput,
    defaults: CommandDefaults,
  ): RequestParts {
    return {
      ...routeTo("addPartitionsToTransaction", { namespace, transactionalId }, defaults),
      json: { producerId: producerId.toString(), producerEpoch, partitions },
    };
  }

  deserialize(): object {
    return {};
  }
}
