import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface ListShareGroupsInput {
  readonly namespace?: string | undefined;
  /** 1 to 1,000. */
  readonly limit?: number | undefined;
  /** What the page before answered. */
  readonly nextToken?: string | undefined;
}

export interface ListShareGroupsOutput {
  readonly groups: readonly { readonly group: string }[];
  readonly nextToken?: string;
}

/**
 * Lists one page of the share groups.
 *
 * @throws StreamkeeperServiceException UNKNOWN_NAMESPACE
 */
export class ListShareGroupsCommand implements Command<ListShareGroupsInput, ListShareGroupsOutput> {
  readonly name = "ListShareGroupsCommand";
  readonly repeat = "read";
  readonly input: ListShareGroupsInput;

  constructor(input: ListShareGroupsInput = {}) {
    this.input = input;
  }

  serialize({ namespace, limit, nextToken }: ListShareGroupsInput, defaults: CommandDefaults): RequestParts {
    return { ...routeTo("listShareGroups", { namespace }, defaults), query: { limit, nextToken } };
  }

  deserialize(response: HttpResponse): ListShareGroupsOutput {
    return jsonOf(response) as ListShareGroupsOutput;
  }
}
