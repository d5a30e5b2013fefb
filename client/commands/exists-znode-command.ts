import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { znodeRoute } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import type { Stat } from "../znode-answers.ts";

export interface ExistsZnodeInput extends CallerInput {
  readonly path: string;
  /** The tree may be as old as this zxid, and is then served from memory; without it the answer is linearizable. */
  readonly minZxid?: number | undefined;
}

export interface ExistsZnodeOutput {
  readonly path: string;
  readonly stat: Stat;
  readonly zxid: number;
}

/**
 * Reads a znode's Stat.
 *
 * @throws StreamkeeperServiceException NO_NODE | NO_AUTH | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class ExistsZnodeCommand implements Command<ExistsZnodeInput, ExistsZnodeOutput> {
  readonly name = "ExistsZnodeCommand";
  readonly repeat = "read";
  readonly input: ExistsZnodeInput;

  constructor(input: ExistsZnodeInput) {
    this.input = input;
  }

  serialize(input: ExistsZnodeInput, defaults: CommandDefaults): RequestParts {
    const { namespace, path, minZxid } = input;
    return {
      ...znodeRoute("getZnode", { namespace, path }, defaults),
      headers: callerHeaders(input, defaults),
      query: { view: "stat", minZxid },
    };
  }

  deserialize(response: HttpResponse): ExistsZnodeOutput {
    return jsonOf(response) as ExistsZnodeOutput;
  }
}
