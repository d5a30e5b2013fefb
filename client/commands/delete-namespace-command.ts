import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import { routeTo } from "../serialize.ts";

export interface DeleteNamespaceInput {
  readonly name: string;
}

/**
 * Deletes a namespace that has no topics, znodes or sessions; its groups and transactional ids go with it. A retry of an attempt that was applied finds none: the exception then says that the
 * effect is unknown.
 *
 * @throws StreamkeeperServiceException UNKNOWN_NAMESPACE | NOT_EMPTY | BAD_ARGUMENTS
 */
export class DeleteNamespaceCommand implements Command<DeleteNamespaceInput, object> {
  readonly name = "DeleteNamespaceCommand";
  readonly repeat = "repeatable";
  readonly input: DeleteNamespaceInput;

  constructor(input: DeleteNamespaceInput) {
    this.input = input;
  }

  serialize(input: DeleteNamespaceInput, defaults: CommandDefaults): RequestParts {
    return routeTo("deleteNamespace", { namespace: input.name }, defaults);
  }

  deserialize(): object {
    return {};
  }
}
