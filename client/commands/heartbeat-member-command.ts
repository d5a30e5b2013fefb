import type { TopicPartitions } from "../consumer/topic-partition.ts";
import type { MembershipAnswer } from "../../shared/api/schemas/groups.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface HeartbeatMemberInput {
  readonly namespace?: string | undefined;
  readonly group: string;
  readonly memberId: string;
  readonly memberEpoch: number;
  /** What the member owns at this moment. Default: as it was told last. */
  readonly owned?: readonly TopicPartitions[] | undefined;
  /** With `topicPattern` another subscription. Default: as before. */
  readonly topics?: readonly string[] | undefined;
  readonly topicPattern?: string | undefined;
}

export type HeartbeatMemberOutput = MembershipAnswer;

/**
 * Keeps a member of a consumer group alive, and tells it what to own.
 *
 * @throws StreamkeeperServiceException UNKNOWN_MEMBER_ID | FENCED_MEMBER_EPOCH | STALE_MEMBER_EPOCH | FENCED_INSTANCE_ID
 */
export class HeartbeatMemberCommand implements Command<HeartbeatMemberInput, HeartbeatMemberOutput> {
  readonly name = "HeartbeatMemberCommand";
  readonly repeat = "repeatable";
  readonly input: HeartbeatMemberInput;

  constructor(input: HeartbeatMemberInput) {
    this.input = input;
  }

  serialize(input: HeartbeatMemberInput, defaults: CommandDefaults): RequestParts {
    const { namespace, group, memberId: member, ...state } = input;
    return { ...routeTo("heartbeatMember", { namespace, group, member }, defaults), json: state };
  }

  deserialize(response: HttpResponse): HeartbeatMemberOutput {
    return jsonOf(response) as HeartbeatMemberOutput;
  }
}
