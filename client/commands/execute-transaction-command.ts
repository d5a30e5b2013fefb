import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { idempotencyHeaders, routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import { toWireRecord } from "../produced-record.ts";
import type { ProducedRecord } from "../produced-record.ts";
import type { OffsetToCommit } from "./add-offsets-to-transaction-command.ts";

export interface ExecuteTransactionInput {
  readonly namespace?: string | undefined;
  readonly produce?: readonly { readonly topic: string; readonly records: readonly ProducedRecord[] }[] | undefined;
  readonly offsets?:
    | readonly {
        readonly group: string;
        readonly memberId?: string | undefined;
        readonly memberEpoch?: number | undefined;
        readonly offsets: readonly OffsetToCommit[];
      }[]
    | undefined;
  readonly idempotencyKey?: string | undefined;
}

export interface ExecuteTransactionOutput {
  /** One for each record, in the order given. */
  readonly results: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly timestamp: number;
  }[];
}

/**
 * Produces records to any partitions, and commits offsets of groups: all of it or nothing, in one call.
 *
 * @throws StreamkeeperServiceException as ProduceCommand and CommitOffsetsCommand: nothing was written then
 */
export class ExecuteTransactionCommand implements Command<ExecuteTransactionInput, ExecuteTransactionOutput> {
  readonly name = "ExecuteTransactionCommand";
  readonly repeat = "keyed";
  readonly input: ExecuteTransactionInput;

  constructor(input: ExecuteTransactionInput) {
    this.input = input;
  }

  serialize(input: ExecuteTransactionInput, defaults: CommandDefaults): RequestParts {
    return {
      ...routeTo("writeAtomically", { namespace: input.namespace }, defaults),
      headers: idempotencyHeaders(input.idempotencyKey),
      json: {
        produce: (input.produce ?? []).map(({ topic, records }) => ({
          topic,
          records: records.map((record) => ({
            ...toWireRecord(record),
            ...(record.partition === undefined ? {} : { partition: record.partition }),
          })),
        })),
        offsets: input.offsets ?? [],
      },
    };
  }

  deserialize(response: HttpResponse): ExecuteTransactionOutput {
    return jsonOf(response) as ExecuteTransactionOutput;
  }
}
