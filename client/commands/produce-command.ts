import type { ProduceAnswer, TopicRecord as WireRecord } from "../../shared/api/schemas/produce.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { toWireRecord } from "../produced-record.ts";
import type { ProducedRecord } from "../produced-record.ts";
import { idempotencyHeaders, routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface ProduceInput {
  readonly namespace?: string;
  readonly topic: string;
  /** 1 to 100,000. */
  readonly records: readonly ProducedRecord[];
  readonly idempotencyKey?: string;
}

/** One result per record, in the order of the records; those with an `error` were not written, or may not have been. */
export type ProduceOutput = ProduceAnswer;

/**
 * Produces records to the partitions that their keys lead to. One partition's failure hides no other's success, so
 * look at each result.
 *
 * @throws StreamkeeperServiceException UNKNOWN_TOPIC_OR_PARTITION | RECORD_LIST_TOO_LARGE | INVALID_RECORD
 */
export class ProduceCommand implements Command<ProduceInput, ProduceOutput> {
  readonly name = "ProduceCommand";
  readonly repeat = "keyed";
  readonly input: ProduceInput;

  constructor(input: ProduceInput) {
    this.input = input;
  }

  serialize(input: ProduceInput, defaults: CommandDefaults): RequestParts {
    const { namespace, topic } = input;
    const records = input.records.map((record): WireRecord => ({
      ...toWireRecord(record),
      ...(record.partition === undefined ? {} : { partition: record.partition }),
    }));
    return {
      ...routeTo("produce", { namespace, topic }, defaults),
      headers: idempotencyHeaders(input.idempotencyKey),
      json: { records },
    };
  }

  deserialize(response: HttpResponse): ProduceOutput {
    return jsonOf(response) as ProduceOutput;
  }
}
