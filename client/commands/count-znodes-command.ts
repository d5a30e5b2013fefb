import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { znodeRoute } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface CountZnodesInput extends CallerInput {
  readonly path: string;
  /** The tree may be as old as this zxid, and is then served from memory; without it the answer is linearizable. */
  readonly minZxid?: number | undefined;
}

export interface CountZnodesOutput {
  readonly path: string;
  readonly count: number;
  readonly zxid: number;
}

/**
 * Counts the znodes below one.
 *
 * @throws StreamkeeperServiceException NO_NODE | NO_AUTH | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class CountZnodesCommand implements Command<CountZnodesInput, CountZnodesOutput> {
  readonly name = "CountZnodesCommand";
  readonly repeat = "read";
  readonly input: CountZnodesInput;

  constructor(input: CountZnodesInput) {
    this.input = input;
  }

  serialize(input: CountZnodesInput, defaults: CommandDefaults): RequestParts {
    const { namespace, path, minZxid } = input;
    return {
      ...znodeRoute("getZnode", { namespace, path }, defaults),
      headers: callerHeaders(input, defaults),
      query: { view: "count", minZxid },
    };
  }

  deserialize(response: HttpResponse): CountZnodesOutput {
    return jsonOf(response) as CountZnodesOutput;
  }
}
