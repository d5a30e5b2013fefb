import type { ListNamespacesAnswer } from "../../shared/api/schemas/namespaces.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface ListNamespacesInput {
  /** Names on one page, 1 to 1,000. */
  readonly limit?: number;
  /** What the page before answered. */
  readonly nextToken?: string;
}

export type ListNamespacesOutput = ListNamespacesAnswer;

/** Lists one page of the namespaces, by name. */
export class ListNamespacesCommand implements Command<ListNamespacesInput, ListNamespacesOutput> {
  readonly name = "ListNamespacesCommand";
  readonly repeat = "read";
  readonly input: ListNamespacesInput;

  constructor(input: ListNamespacesInput = {}) {
    this.input = input;
  }

  serialize(input: ListNamespacesInput, defaults: CommandDefaults): RequestParts {
    const { limit, nextToken } = input;
    return { ...routeTo("listNamespaces", {}, defaults), query: { limit, nextToken } };
  }

  deserialize(response: HttpResponse): ListNamespacesOutput {
    return jsonOf(response) as ListNamespacesOutput;
  }
}
