import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import { routeTo } from "../serialize.ts";

export interface LeaveGroupInput {
  readonly namespace?: string | undefined;
  readonly group: string;
  readonly memberId: string;
  /** A static member gives up its place as well, in place of having it kept until its session is over. Default false. */
  readonly forever?: boolean | undefined;
}

/** Leaves a consumer group; leaving twice is no error. @throws StreamkeeperServiceException INVALID_GROUP_ID */
export class LeaveGroupCommand implements Command<LeaveGroupInput, object> {
  readonly name = "LeaveGroupCommand";
  readonly repeat = "repeatable";
  readonly input: LeaveGroupInput;

  constructor(input: LeaveGroupInput) {
    this.input = input;
  }

  serialize(input: LeaveGroupInput, defaults: CommandDefaults): RequestParts {
    const { namespace, group, memberId: member, forever } = input;
    return { ...routeTo("leaveGroup", { namespace, group, member }, defaults), query: { forever } };
  }

  deserialize(): object {
    return {};
  }
}
