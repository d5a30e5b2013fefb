import type { ZxidAnswer } from "../../shared/api/schemas/common.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { idempotencyHeaders, routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface DeleteZnodeInput extends CallerInput {
  readonly path: string;
  /** Default -1: any. */
  readonly version?: number | undefined;
  readonly idempotencyKey?: string | undefined;
}

export type DeleteZnodeOutput = ZxidAnswer;

/**
 * Deletes a znode that has no children.
 *
 * @throws StreamkeeperServiceException NO_NODE | BAD_VERSION | NOT_EMPTY | NO_AUTH | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class DeleteZnodeCommand implements Command<DeleteZnodeInput, DeleteZnodeOutput> {
  readonly name = "DeleteZnodeCommand";
  readonly repeat = "keyed";
  readonly input: DeleteZnodeInput;

  constructor(input: DeleteZnodeInput) {
    this.input = input;
  }

  serialize(input: DeleteZnodeInput, defaults: CommandDefaults): RequestParts {
    const { namespace, path, version } = input;
    return {
      ...routeTo("deleteZnode", { namespace, path }, defaults),
      headers: { ...callerHeaders(input, defaults), ...idempotencyHeaders(input.idempotencyKey) },
      query: { version },
    };
  }

  deserialize(response: HttpResponse): DeleteZnodeOutput {
    return jsonOf(response) as DeleteZnodeOutput;
  }
}
