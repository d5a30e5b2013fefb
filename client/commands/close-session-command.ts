import type { ZxidAnswer } from "../../shared/api/schemas/common.ts";
import { callerHeaders, type CallerInput, type SessionCredentials } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface CloseSessionInput extends CallerInput {
  readonly session: SessionCredentials;
}

export type CloseSessionOutput = ZxidAnswer;

/**
 * Closes a session: its ephemerals go at one zxid.
 *
 * @throws StreamkeeperServiceException UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED
 */
export class CloseSessionCommand implements Command<CloseSessionInput, CloseSessionOutput> {
  readonly name = "CloseSessionCommand";
  readonly repeat = "repeatable";
  readonly input: CloseSessionInput;

  constructor(input: CloseSessionInput) {
    this.input = input;
  }

  serialize(input: CloseSessionInput, defaults: CommandDefaults): RequestParts {
    const { namespace, session } = input;
    return {
      ...routeTo("closeSession", { namespace, sessionId: session.sessionId }, defaults),
      headers: callerHeaders(input, defaults),
    };
  }

  deserialize(response: HttpResponse): CloseSessionOutput {
    return jsonOf(response) as CloseSessionOutput;
  }
}
