import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import { routeTo } from "../serialize.ts";

/** Where a group goes on in a partition. */
export interface OffsetToCommit {
  readonly topic: string;
  readonly partition: number;
  /** The next record to read. */
  readonly offset: number;
  /** At most 4,096 characters. */
  readonly metadata?: string | undefined;
}

export interface AddOffsetsToTransactionInput {
  readonly namespace?: string | undefined;
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly group: string;
  /** Both or neither: fences offsets of a member that the group has put out. */
  readonly memberId?: string | undefined;
  readonly memberEpoch?: number | undefined;
  readonly offsets: readonly OffsetToCommit[];
}

/**
 * Adds offsets of a group, which are committed with the transaction or not at all.
 *
 * @throws StreamkeeperServiceException PRODUCER_FENCED | INVALID_PRODUCER_ID_MAPPING | INVALID_TXN_STATE | CONCURRENT_TRANSACTIONS | UNKNOWN_MEMBER_ID | STALE_MEMBER_EPOCH | OFFSET_METADATA_TOO_LARGE
 */
export class AddOffsetsToTransactionCommand implements Command<AddOffsetsToTransactionInput, object> {
  readonly name = "AddOffsetsToTransactionCommand";
  readonly repeat = "repeatable";
  readonly input: AddOffsetsToTransactionInput;

  constructor(input: AddOffsetsToTransactionInput) {
    this.input = input;
  }

  serialize(input: AddOffsetsToTransactionInput, defaults: CommandDefaults): RequestParts {
    const { namespace, transactionalId, producerId, producerEpoch, group, memberId, memberEpoch, offsets } = input;
    return {
      ...routeTo("addOffsetsToTransaction", { namespace, transactionalId }, defaults),
      json: { producerId: producerId.toString(), producerEpoch, group, memberId, memberEpoch, offsets },
    };
  }

  deserialize(): object {
    return {};
  }
}
