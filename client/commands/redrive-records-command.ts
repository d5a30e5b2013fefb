import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface RedriveRecordsInput {
  readonly namespace?: string | undefined;
  readonly group: string;
  /** 1 to 1,000. */
  readonly maxRecords?: number | undefined;
}

export interface RedriveRecordsOutput {
  readonly redriven: number;
  /** There are more of them. */
  readonly more: boolean;
}

/**
 * Sends dead letters of a share group back to where they came from.
 *
 * @throws StreamkeeperServiceException GROUP_ID_NOT_FOUND | INVALID_CONFIG
 */
export class RedriveRecordsCommand implements Command<RedriveRecordsInput, RedriveRecordsOutput> {
  readonly name = "RedriveRecordsCommand";
  readonly repeat = "repeatable";
  readonly input: RedriveRecordsInput;

  constructor(input: RedriveRecordsInput) {
    this.input = input;
  }

  serialize({ namespace, group, maxRecords }: RedriveRecordsInput, defaults: CommandDefaults): RequestParts {
    return { ...routeTo("redriveRecords", { namespace, group }, defaults), json: { maxRecords } };
  }

  deserialize(response: HttpResponse): RedriveRecordsOutput {
    return jsonOf(response) as RedriveRecordsOutput;
  }
}
