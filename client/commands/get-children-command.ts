import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { znodeRoute } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import type { Stat } from "../znode-answers.ts";

export interface GetChildrenInput extends CallerInput {
  readonly path: string;
  /** The tree may be as old as this zxid, and is then served from memory; without it the answer is linearizable. */
  readonly minZxid?: number | undefined;
  /** 1 to 1,000. Default 100. */
  readonly limit?: number | undefined;
  readonly nextToken?: string;
}

export interface GetChildrenOutput {
  readonly path: string;
  /** Names, in their order. */
  readonly children: readonly string[];
  readonly stat: Stat;
  readonly zxid: number;
  /** Absent on the last page. */
  readonly nextToken?: string | undefined;
}

/**
 * Reads a page of a znode's children.
 *
 * @throws StreamkeeperServiceException NO_NODE | NO_AUTH | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class GetChildrenCommand implements Command<GetChildrenInput, GetChildrenOutput> {
  readonly name = "GetChildrenCommand";
  readonly repeat = "read";
  readonly input: GetChildrenInput;

  constructor(input: GetChildrenInput) {
    this.input = input;
  }

  serialize(input: GetChildrenInput, defaults: CommandDefaults): RequestParts {
    const { namespace, path, minZxid, limit, nextToken } = input;
    return {
      ...znodeRoute("getZnode", { namespace, path }, defaults),
      headers: callerHeaders(input, defaults),
      query: { view: "children", minZxid, limit, nextToken },
    };
  }

  deserialize(response: HttpResponse): GetChildrenOutput {
    return jsonOf(response) as GetChildrenOutput;
  }
}
