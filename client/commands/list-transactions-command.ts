import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import type { TransactionDescription } from "./describe-transaction-command.ts";

export interface ListTransactionsInput {
  readonly namespace?: string | undefined;
  /** 1 to 1,000. */
  readonly limit?: number | undefined;
  /** What the page before answered. */
  readonly nextToken?: string | undefined;
}

export interface ListTransactionsOutput {
  readonly transactions: readonly TransactionDescription[];
  readonly nextToken?: string;
}

/**
 * Lists one page of the transactional ids.
 *
 * @throws StreamkeeperServiceException UNKNOWN_NAMESPACE
 */
export class ListTransactionsCommand implements Command<ListTransactionsInput, ListTransactionsOutput> {
  readonly name = "ListTransactionsCommand";
  readonly repeat = "read";
  readonly input: ListTransactionsInput;

  constructor(input: ListTransactionsInput = {}) {
    this.input = input;
  }

  serialize({ namespace, limit, nextToken }: ListTransactionsInput, defaults: CommandDefaults): RequestParts {
    return { ...routeTo("listTransactions", { namespace }, defaults), query: { limit, nextToken } };
  }

  deserialize(response: HttpResponse): ListTransactionsOutput {
    return jsonOf(response) as ListTransactionsOutput;
  }
}
