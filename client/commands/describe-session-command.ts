import type { DescribeSessionAnswer } from "../../shared/api/schemas/sessions.ts";
import { callerHeaders, type CallerInput, type SessionCredentials } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface DescribeSessionInput extends CallerInput {
  readonly session: SessionCredentials;
}

export type DescribeSessionOutput = DescribeSessionAnswer;

/**
 * Describes a session and what goes with it.
 *
 * @throws StreamkeeperServiceException UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED
 */
export class DescribeSessionCommand implements Command<DescribeSessionInput, DescribeSessionOutput> {
  readonly name = "DescribeSessionCommand";
  readonly repeat = "read";
  readonly input: DescribeSessionInput;

  constructor(input: DescribeSessionInput) {
    this.input = input;
  }

  serialize(input: DescribeSessionInput, defaults: CommandDefaults): RequestParts {
    const { namespace, session } = input;
    return {
      ...routeTo("describeSession", { namespace, sessionId: session.sessionId }, defaults),
      headers: callerHeaders(input, defaults),
    };
  }

  deserialize(response: HttpResponse): DescribeSessionOutput {
    return jsonOf(response) as DescribeSessionOutput;
  }
}
