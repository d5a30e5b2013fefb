import type { ListTopicsAnswer } from "../../shared/api/schemas/topics.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface ListTopicsInput {
  readonly namespace?: string;
  /** Topics on one page, 1 to 1,000. */
  readonly limit?: number;
  /** What the page before answered. */
  readonly nextToken?: string;
}

export type ListTopicsOutput = ListTopicsAnswer;

/** Lists one page of the topics, by name; `paginateListTopics` lists all. @throws StreamkeeperServiceException UNKNOWN_NAMESPACE */
export class ListTopicsCommand implements Command<ListTopicsInput, ListTopicsOutput> {
  readonly name = "ListTopicsCommand";
  readonly repeat = "read";
  readonly input: ListTopicsInput;

  constructor(input: ListTopicsInput = {}) {
    this.input = input;
  }

  serialize(input: ListTopicsInput, defaults: CommandDefaults): RequestParts {
    const { namespace, limit, nextToken } = input;
    return { ...routeTo("listTopics", { namespace }, defaults), query: { limit, nextToken } };
  }

  deserialize(response: HttpResponse): ListTopicsOutput {
    return jsonOf(response) as ListTopicsOutput;
  }
}
