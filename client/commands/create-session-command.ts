import type { CreateSessionAnswer } from "../../shared/api/schemas/sessions.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface CreateSessionInput {
  readonly namespace?: string | undefined;
  /** Brought to what the service allows. Default 10,000. */
  readonly timeoutMs?: number | undefined;
}

export type CreateSessionOutput = CreateSessionAnswer;

/**
 * Opens a session. `client.session` also keeps it alive.
 *
 * @throws StreamkeeperServiceException UNKNOWN_NAMESPACE | QUOTA_EXCEEDED
 */
export class CreateSessionCommand implements Command<CreateSessionInput, CreateSessionOutput> {
  readonly name = "CreateSessionCommand";
  readonly repeat = "repeatable";
  readonly input: CreateSessionInput;

  constructor(input: CreateSessionInput) {
    this.input = input;
  }

  serialize(input: CreateSessionInput, defaults: CommandDefaults): RequestParts {
    return {
      ...routeTo("createSession", { namespace: input.namespace }, defaults),
      json: { timeoutMs: input.timeoutMs },
    };
  }

  deserialize(response: HttpResponse): CreateSessionOutput {
    return jsonOf(response) as CreateSessionOutput;
  }
}
