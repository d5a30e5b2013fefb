import type { HeartbeatAnswer } from "../../shared/api/schemas/sessions.ts";
import { callerHeaders, type CallerInput, type SessionCredentials } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface HeartbeatInput extends CallerInput {
  readonly session: SessionCredentials;
}

export type HeartbeatOutput = HeartbeatAnswer;

/**
 * Keeps a session alive, or takes it up again in another process.
 *
 * @throws StreamkeeperServiceException UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED
 */
export class HeartbeatCommand implements Command<HeartbeatInput, HeartbeatOutput> {
  readonly name = "HeartbeatCommand";
  readonly repeat = "repeatable";
  readonly input: HeartbeatInput;

  constructor(input: HeartbeatInput) {
    this.input = input;
  }

  serialize(input: HeartbeatInput, defaults: CommandDefaults): RequestParts {
    const { namespace, session } = input;
    return {
      ...routeTo("heartbeat", { namespace, sessionId: session.sessionId }, defaults),
      headers: callerHeaders(input, defaults),
    };
  }

  deserialize(response: HttpResponse): HeartbeatOutput {
    return jsonOf(response) as HeartbeatOutput;
  }
}
