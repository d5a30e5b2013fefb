import type { AcquireAnswer } from "../../shared/api/schemas/elections.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface AcquireLockInput extends CallerInput {
  readonly lock: string;
  /** Tells several contenders of one session apart. */
  readonly contenderId?: string | undefined;
  /** Default `write`. */
  readonly mode?: "write" | "read" | undefined;
  /** Long poll, 0 to 25,000. Default 0. */
  readonly waitMs?: number | undefined;
  /** Not granted in time: stay in line, to go on waiting with the next call. Default false. */
  readonly keepPlace?: boolean | undefined;
}

export type AcquireLockOutput = AcquireAnswer;

/**
 * Acquires a lock, and waits for it; sent again it goes on waiting where it stood.
 *
 * @throws StreamkeeperServiceException NO_AUTH | QUOTA_EXCEEDED | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class AcquireLockCommand implements Command<AcquireLockInput, AcquireLockOutput> {
  readonly name = "AcquireLockCommand";
  readonly repeat = "repeatable";
  readonly input: AcquireLockInput;
  readonly waitMs: number;

  constructor(input: AcquireLockInput) {
    this.input = input;
    this.waitMs = input.waitMs ?? 0;
  }

  serialize(input: AcquireLockInput, defaults: CommandDefaults): RequestParts {
    const { namespace, lock, contenderId, mode, waitMs, keepPlace } = input;
    return {
      ...routeTo("acquireLock", { namespace, lock }, defaults),
      headers: callerHeaders(input, defaults),
      json: { contenderId, mode, waitMs, keepPlace },
    };
  }

  deserialize(response: HttpResponse): AcquireLockOutput {
    return jsonOf(response) as AcquireLockOutput;
  }
}
