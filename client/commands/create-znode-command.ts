import type { CreatedAnswer } from "../../shared/api/schemas/znodes.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { idempotencyHeaders, routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import { createBody, type CreateFields } from "../znode-answers.ts";

export interface CreateZnodeInput extends CallerInput, CreateFields {
  readonly path: string;
  readonly idempotencyKey?: string | undefined;
}

export type CreateZnodeOutput = CreatedAnswer;

/**
 * Creates a znode.
 *
 * @throws StreamkeeperServiceException NO_NODE | NODE_EXISTS | NO_AUTH | INVALID_ACL | NO_CHILDREN_FOR_EPHEMERALS |
 *   UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class CreateZnodeCommand implements Command<CreateZnodeInput, CreateZnodeOutput> {
  readonly name = "CreateZnodeCommand";
  readonly repeat = "keyed";
  readonly input: CreateZnodeInput;

  constructor(input: CreateZnodeInput) {
    this.input = input;
  }

  serialize(input: CreateZnodeInput, defaults: CommandDefaults): RequestParts {
    const { namespace, path } = input;
    return {
      ...routeTo("createZnode", { namespace, path }, defaults),
      headers: { ...callerHeaders(input, defaults), ...idempotencyHeaders(input.idempotencyKey) },
      json: createBody(input),
    };
  }

  deserialize(response: HttpResponse): CreateZnodeOutput {
    return jsonOf(response) as CreateZnodeOutput;
  }
}
