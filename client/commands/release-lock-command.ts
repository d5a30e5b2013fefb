import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import { routeTo } from "../serialize.ts";

export interface ReleaseLockInput extends CallerInput {
  readonly lock: string;
  /** Tells several contenders of one session apart. */
  readonly contenderId?: string | undefined;
}

/**
 * Releases a lock, or leaves its line.
 *
 * @throws StreamkeeperServiceException NO_NODE | NO_AUTH | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class ReleaseLockCommand implements Command<ReleaseLockInput, object> {
  readonly name = "ReleaseLockCommand";
  readonly repeat = "repeatable";
  readonly input: ReleaseLockInput;

  constructor(input: ReleaseLockInput) {
    this.input = input;
  }

  serialize(input: ReleaseLockInput, defaults: CommandDefaults): RequestParts {
    const { namespace, lock, contenderId } = input;
    return {
      ...routeTo("releaseLock", { namespace, lock }, defaults),
      headers: callerHeaders(input, defaults),
      json: { contenderId },
    };
  }

  deserialize(): object {
    return {};
  }
}
