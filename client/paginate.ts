import { GetChildrenCommand } from "./commands/get-children-command.ts";
import type { GetChildrenInput, GetChildrenOutput } from "./commands/get-children-command.ts";
import { ListGroupsCommand } from "./commands/list-groups-command.ts";
import type { ListGroupsInput, ListGroupsOutput } from "./commands/list-groups-command.ts";
import { ListNamespacesCommand } from "./commands/list-namespaces-command.ts";
import type { ListNamespacesInput, ListNamespacesOutput } from "./commands/list-namespaces-command.ts";
import { ListTopicsCommand } from "./commands/list-topics-command.ts";
import type { ListTopicsInput, ListTopicsOutput } from "./commands/list-topics-command.ts";
import type { CommandSender, SendOptions } from "./command.ts";

export interface PaginationOptions extends SendOptions {
  readonly client: CommandSender;
}

/** Every page of the topics of a namespace. @throws StreamkeeperServiceException UNKNOWN_NAMESPACE */
export function paginateListTopics(
  options: PaginationOptions,
  input: ListTopicsInput = {},
): AsyncGenerator<ListTopicsOutput, void, void> {
  return paginate(input, (page) => options.client.send(new ListTopicsCommand(page), options));
}

/** Every page of the consumer groups of a namespace. @throws StreamkeeperServiceException UNKNOWN_NAMESPACE */
export function paginateListGroups(
  options: PaginationOptions,
  input: ListGroupsInput = {},
): AsyncGenerator<ListGroupsOutput, void, void> {
  return paginate(input, (page) => options.client.send(new ListGroupsCommand(page), options));
}

/** Every page of the namespaces. */
export function paginateListNamespaces(
  options: PaginationOptions,
  input: ListNamespacesInput = {},
): AsyncGenerator<ListNamespacesOutput, void, void> {
  return paginate(input, (page) => options.client.send(new ListNamespacesCommand(page), options));
}

/** Every page of a znode's children. @throws StreamkeeperServiceException NO_NODE | NO_AUTH | UNKNOWN_NAMESPACE */
export function paginateGetChildren(
  options: PaginationOptions,
  input: GetChildrenInput,
): AsyncGenerator<GetChildrenOutput, void, void> {
  return paginate(input, (page) => options.client.send(new GetChildrenCommand(page), options));
}

async function* paginate<
  Input extends { readonly nextToken?: string },
  Output extends { readonly nextToken?: string | undefined },
>(input: Input, send: (page: Input) => Promise<Output>): AsyncGenerator<Output, void, void> {
  let page = input;
  for (;;) {
    const output = await send(page);
    yield output;
    const { nextToken } = output;
    if (nextToken === undefined) return;
    if (nextToken === page.nextToken) throw new RangeError(`page ${nextToken} says that it comes after itself`);
    page = { ...page, nextToken };
  }
}
