import type { GetZnodeAnswer } from "../../shared/api/schemas/znodes.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import type { RecordBytes } from "../record-bytes.ts";
import { znodeRoute } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import { type Stat, withData } from "../znode-answers.ts";

export interface GetZnodeInput extends CallerInput {
  readonly path: string;
  /** The tree may be as old as this zxid, and is then served from memory; without it the answer is linearizable. */
  readonly minZxid?: number | undefined;
}

export interface GetZnodeOutput {
  readonly path: string;
  /** Text where the bytes are UTF-8, else the bytes. */
  readonly data: RecordBytes | null;
  readonly stat: Stat;
  /** Of the tree that was read. */
  readonly zxid: number;
}

/**
 * Reads a znode's data.
 *
 * @throws StreamkeeperServiceException NO_NODE | NO_AUTH | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class GetZnodeCommand implements Command<GetZnodeInput, GetZnodeOutput> {
  readonly name = "GetZnodeCommand";
  readonly repeat = "read";
  readonly input: GetZnodeInput;

  constructor(input: GetZnodeInput) {
    this.input = input;
  }

  serialize(input: GetZnodeInput, defaults: CommandDefaults): RequestParts {
    const { namespace, path, minZxid } = input;
    return {
      ...znodeRoute("getZnode", { namespace, path }, defaults),
      headers: callerHeaders(input, defaults),
      query: { view: "data", minZxid },
    };
  }

  deserialize(response: HttpResponse): GetZnodeOutput {
    return withData(jsonOf(response) as GetZnodeAnswer & Pick<GetZnodeOutput, "stat">);
  }
}
