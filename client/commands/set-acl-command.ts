import type { CreatedAnswer } from "../../shared/api/schemas/znodes.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { idempotencyHeaders, znodeRoute } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import type { Acl } from "../znode-answers.ts";

export interface SetAclInput extends CallerInput {
  readonly path: string;
  readonly acl: readonly Acl[];
  /** The aversion that is expected. Default -1: any. */
  readonly version?: number | undefined;
  readonly idempotencyKey?: string | undefined;
}

export type SetAclOutput = CreatedAnswer;

/**
 * Changes a znode's access control list.
 *
 * @throws StreamkeeperServiceException NO_NODE | BAD_VERSION | NO_AUTH | INVALID_ACL | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class SetAclCommand implements Command<SetAclInput, SetAclOutput> {
  readonly name = "SetAclCommand";
  readonly repeat = "keyed";
  readonly input: SetAclInput;

  constructor(input: SetAclInput) {
    this.input = input;
  }

  serialize(input: SetAclInput, defaults: CommandDefaults): RequestParts {
    const { namespace, path, acl, version } = input;
    return {
      ...znodeRoute("setZnode", { namespace, path }, defaults),
      headers: { ...callerHeaders(input, defaults), ...idempotencyHeaders(input.idempotencyKey) },
      query: { view: "acl" },
      json: { acl, version },
    };
  }

  deserialize(response: HttpResponse): SetAclOutput {
    return jsonOf(response) as SetAclOutput;
  }
}
