import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import { routeTo } from "../serialize.ts";

export interface DeleteShareGroupInput {
  readonly namespace?: string | undefined;
  readonly group: string;
}

/**
 * Deletes a share group that no worker has records of.
 *
 * @throws StreamkeeperServiceException GROUP_ID_NOT_FOUND | NON_EMPTY_GROUP
 */
export class DeleteShareGroupCommand implements Command<DeleteShareGroupInput, object> {
  readonly name = "DeleteShareGroupCommand";
  readonly repeat = "once";
  readonly input: DeleteShareGroupInput;

  constructor(input: DeleteShareGroupInput) {
    this.input = input;
  }

  serialize({ namespace, group }: DeleteShareGroupInput, defaults: CommandDefaults): RequestParts {
    return { ...routeTo("deleteShareGroup", { namespace, group }, defaults) };
  }

  deserialize(): object {
    return {};
  }
}
