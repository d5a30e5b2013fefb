import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { znodeRoute } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import type { Acl, Stat } from "../znode-answers.ts";

export interface GetAclInput extends CallerInput {
  readonly path: string;
  /** The tree may be as old as this zxid, and is then served from memory; without it the answer is linearizable. */
  readonly minZxid?: number | undefined;
}

export interface GetAclOutput {
  readonly path: string;
  readonly acl: readonly Acl[];
  readonly stat: Stat;
  readonly zxid: number;
}

/**
 * Reads a znode's access control list; digests are masked unless the caller may ADMIN.
 *
 * @throws StreamkeeperServiceException NO_NODE | NO_AUTH | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class GetAclCommand implements Command<GetAclInput, GetAclOutput> {
  readonly name = "GetAclCommand";
  readonly repeat = "read";
  readonly input: GetAclInput;

  constructor(input: GetAclInput) {
    this.input = input;
  }

  serialize(input: GetAclInput, defaults: CommandDefaults): RequestParts {
    const { namespace, path, minZxid } = input;
    return {
      ...znodeRoute("getZnode", { namespace, path }, defaults),
      headers: callerHeaders(input, defaults),
      query: { view: "acl", minZxid },
    };
  }

  deserialize(response: HttpResponse): GetAclOutput {
    return jsonOf(response) as GetAclOutput;
  }
}
