import type { ProclaimAnswer } from "../../shared/api/schemas/elections.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { type RecordBytes, toWireOrNull } from "../record-bytes.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface ProclaimInput extends CallerInput {
  readonly election: string;
  /** Tells several contenders of one session apart. */
  readonly contenderId?: string | undefined;
  readonly data: RecordBytes | null;
}

export type ProclaimOutput = ProclaimAnswer;

/**
 * Changes what the leader has to say.
 *
 * @throws StreamkeeperServiceException FENCED | NO_NODE | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class ProclaimCommand implements Command<ProclaimInput, ProclaimOutput> {
  readonly name = "ProclaimCommand";
  readonly repeat = "repeatable";
  readonly input: ProclaimInput;

  constructor(input: ProclaimInput) {
    this.input = input;
  }

  serialize(input: ProclaimInput, defaults: CommandDefaults): RequestParts {
    const { namespace, election, contenderId, data } = input;
    return {
      ...routeTo("proclaim", { namespace, election }, defaults),
      headers: callerHeaders(input, defaults),
      json: { contenderId, data: toWireOrNull(data) },
    };
  }

  deserialize(response: HttpResponse): ProclaimOutput {
    return jsonOf(response) as ProclaimOutput;
  }
}
