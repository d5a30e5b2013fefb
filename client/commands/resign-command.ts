import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import { routeTo } from "../serialize.ts";

export interface ResignInput extends CallerInput {
  readonly election: string;
  /** Tells several contenders of one session apart. */
  readonly contenderId?: string | undefined;
}

/**
 * Stands down.
 *
 * @throws StreamkeeperServiceException NO_NODE | NO_AUTH | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class ResignCommand implements Command<ResignInput, object> {
  readonly name = "ResignCommand";
  readonly repeat = "repeatable";
  readonly input: ResignInput;

  constructor(input: ResignInput) {
    this.input = input;
  }

  serialize(input: ResignInput, defaults: CommandDefaults): RequestParts {
    const { namespace, election, contenderId } = input;
    return {
      ...routeTo("resign", { namespace, election }, defaults),
      headers: callerHeaders(input, defaults),
      json: { contenderId },
    };
  }

  deserialize(): object {
    return {};
  }
}
