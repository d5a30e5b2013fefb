import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

/** A transactional id, and its transaction. */
export interface TransactionDescription {
  readonly transactionalId: string;
  /** A 64-bit id as a decimal string. */
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly state: "Empty" | "Ongoing" | "PrepareCommit" | "PrepareAbort" | "CompleteCommit" | "CompleteAbort";
  readonly timeoutMs: number;
  /** While one is under way: ms since the epoch. */
  readonly startedAtMs?: number;
  readonly partitions: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
  readonly groups: readonly string[];
}

export interface DescribeTransactionInput {
  readonly namespace?: string | undefined;
  readonly transactionalId: string;
}

export type DescribeTransactionOutput = TransactionDescription;

/**
 * Says what state the transaction of a transactional id is in.
 *
 * @throws StreamkeeperServiceException TRANSACTIONAL_ID_NOT_FOUND
 */
export class DescribeTransactionCommand implements Command<DescribeTransactionInput, DescribeTransactionOutput> {
  readonly name = "DescribeTransactionCommand";
  readonly repeat = "read";
  readonly input: DescribeTransactionInput;

  constructor(input: DescribeTransactionInput) {
    this.input = input;
  }

  serialize({ namespace, transactionalId }: DescribeTransactionInput, defaults: CommandDefaults): RequestParts {
    return { ...routeTo("describeTransaction", { namespace, transactionalId }, defaults) };
  }

  deserialize(response: HttpResponse): DescribeTransactionOutput {
    return jsonOf(response) as DescribeTransactionOutput;
  }
}
