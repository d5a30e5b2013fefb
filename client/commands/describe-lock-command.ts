import type { LockAnswer } from "../../shared/api/schemas/elections.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface DescribeLockInput extends CallerInput {
  readonly lock: string;
}

export type DescribeLockOutput = LockAnswer;

/**
 * Who holds a lock, and how many wait.
 *
 * @throws StreamkeeperServiceException NO_AUTH | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class DescribeLockCommand implements Command<DescribeLockInput, DescribeLockOutput> {
  readonly name = "DescribeLockCommand";
  readonly repeat = "read";
  readonly input: DescribeLockInput;

  constructor(input: DescribeLockInput) {
    this.input = input;
  }

  serialize(input: DescribeLockInput, defaults: CommandDefaults): RequestParts {
    const { namespace, lock } = input;
    return {
      ...routeTo("describeLock", { namespace, lock }, defaults),
      headers: callerHeaders(input, defaults),
    };
  }

  deserialize(response: HttpResponse): DescribeLockOutput {
    return jsonOf(response) as DescribeLockOutput;
  }
}
