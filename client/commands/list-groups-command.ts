import type { ListGroupsAnswer } from "../../shared/api/schemas/groups.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface ListGroupsInput {
  readonly namespace?: string;
  /** Groups on one page, 1 to 1,000. */
  readonly limit?: number;
  /** What the page before answered. */
  readonly nextToken?: string;
}

export type ListGroupsOutput = ListGroupsAnswer;

/** Lists one page of the consumer groups, by name; `paginateListGroups` lists all. @throws StreamkeeperServiceException UNKNOWN_NAMESPACE */
export class ListGroupsCommand implements Command<ListGroupsInput, ListGroupsOutput> {
  readonly name = "ListGroupsCommand";
  readonly repeat = "read";
  readonly input: ListGroupsInput;

  constructor(input: ListGroupsInput = {}) {
    this.input = input;
  }

  serialize(input: ListGroupsInput, defaults: CommandDefaults): RequestParts {
    const { namespace, limit, nextToken } = input;
    return { ...routeTo("listGroups", { namespace }, defaults), query: { limit, nextToken } };
  }

  deserialize(response: HttpResponse): ListGroupsOutput {
    return jsonOf(response) as ListGroupsOutput;
  }
}
