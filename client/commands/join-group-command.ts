import type { MembershipAnswer } from "../../shared/api/schemas/groups.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface JoinGroupInput {
  readonly namespace?: string | undefined;
  readonly group: string;
  readonly topics?: readonly string[] | undefined;
  /** All topics whose whole name matches (RE2 syntax), also those that are yet to come. */
  readonly topicPattern?: string | undefined;
  /** Chosen by the caller, so that a repeated call joins once. Default: a random one. */
  readonly memberId?: string | undefined;
  /** A static member (KIP-345): one that comes back under it keeps its partitions. */
  readonly instanceId?: string | undefined;
  /** Default `uniform`. */
  readonly assignor?: "uniform" | "range" | undefined;
  readonly sessionTimeoutMs?: number | undefined;
  /** How long a member may take to give up partitions. */
  readonly rebalanceTimeoutMs?: number | undefined;
  readonly clientId?: string | undefined;
}

export type JoinGroupOutput = MembershipAnswer;

/**
 * Joins a consumer group (KIP-848). `Consumer` does so, and all that follows from it, by itself.
 *
 * @throws StreamkeeperServiceException GROUP_MAX_SIZE_REACHED | UNRELEASED_INSTANCE_ID | UNSUPPORTED_ASSIGNOR |
 *   INVALID_SESSION_TIMEOUT | INVALID_REGULAR_EXPRESSION | INVALID_TOPIC_EXCEPTION | INCONSISTENT_GROUP_PROTOCOL |
 *   INVALID_GROUP_ID | INVALID_REQUEST
 */
export class JoinGroupCommand implements Command<JoinGroupInput, JoinGroupOutput> {
  readonly name = "JoinGroupCommand";
  readonly repeat = "repeatable";
  readonly input: JoinGroupInput;

  constructor(input: JoinGroupInput) {
    this.input = { ...input, memberId: input.memberId ?? crypto.randomUUID() };
  }

  serialize(input: JoinGroupInput, defaults: CommandDefaults): RequestParts {
    const { namespace, group, ...subscription } = input;
    return { ...routeTo("joinGroup", { namespace, group }, defaults), json: subscription };
  }

  deserialize(response: HttpResponse): JoinGroupOutput {
    return jsonOf(response) as JoinGroupOutput;
  }
}
