import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import { routeTo } from "../serialize.ts";

export interface DeleteGroupInput {
  readonly namespace?: string | undefined;
  readonly group: string;
}

/** Deletes a consumer group without members, and its offsets. @throws StreamkeeperServiceException NON_EMPTY_GROUP | GROUP_ID_NOT_FOUND */
export class DeleteGroupCommand implements Command<DeleteGroupInput, object> {
  readonly name = "DeleteGroupCommand";
  readonly repeat = "repeatable";
  readonly input: DeleteGroupInput;

  constructor(input: DeleteGroupInput) {
    this.input = input;
  }

  serialize(input: DeleteGroupInput, defaults: CommandDefaults): RequestParts {
    const { namespace, group } = input;
    return routeTo("deleteGroup", { namespace, group }, defaults);
  }

  deserialize(): object {
    return {};
  }
}
