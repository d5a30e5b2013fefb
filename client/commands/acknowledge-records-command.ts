import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import type { PartError } from "../../shared/api/schemas/common.ts";

/** A range of records, and what became of them. */
export interface AcknowledgementInput {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  /** Inclusive. */
  readonly lastOffset: number;
  readonly type: "accept" | "release" | "reject" | "renew";
}

export interface AcknowledgeRecordsInput {
  readonly namespace?: string | undefined;
  readonly group: string;
  readonly memberId: string;
  readonly acknowledgements: readonly AcknowledgementInput[];
}

export interface AcknowledgeRecordsOutput {
  /** In the order of the acknowledgements. */
  readonly results: readonly (AcknowledgementInput & { readonly error?: PartError })[];
}

/**
 * Says what became of records: accepted, to be delivered again, rejected, or still at work on. Ranges that are no longer the worker's fail each with INVALID_RECORD_STATE.
 *
 * @throws StreamkeeperServiceException GROUP_ID_NOT_FOUND | INVALID_REQUEST
 */
export class AcknowledgeRecordsCommand implements Command<AcknowledgeRecordsInput, AcknowledgeRecordsOutput> {
  readonly name = "AcknowledgeRecordsCommand";
  readonly repeat = "repeatable";
  readonly input: AcknowledgeRecordsInput;

  constructor(input: AcknowledgeRecordsInput) {
    this.input = input;
  }

  serialize(
    { namespace, group, memberId, acknowledgements }: AcknowledgeRecordsInput,
    defaults: CommandDefaults,
  ): RequestParts {
    const [topic, ...others] = new Set(acknowledgements.map((one) => one.topic));
    if (topic === undefined || others.length > 0) {
      return { ...routeTo("acknowledgeRecords", { namespace, group }, defaults), json: { memberId, acknowledgements } };
    }
    // Who works off one topic needs to be allowed no more than that one.
    const ranges = acknowledgements.map(({ topic: _topic, ...range }) => range);
    const json = { memberId, acknowledgements: ranges };
    return { ...routeTo("acknowledgeTopicRecords", { namespace, group, topic }, defaults), json };
  }

  deserialize(response: HttpResponse): AcknowledgeRecordsOutput {
    return jsonOf(response) as AcknowledgeRecordsOutput;
  }
}
