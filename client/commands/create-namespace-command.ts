import type { NamespaceAnswer } from "../../shared/api/schemas/namespaces.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface CreateNamespaceInput {
  readonly name: string;
}

export type CreateNamespaceOutput = NamespaceAnswer;

/**
 * Creates a namespace. A retry of an attempt that was applied finds the namespace there: the exception then says
 * that the effect is unknown.
 *
 * @throws StreamkeeperServiceException NAMESPACE_ALREADY_EXISTS | BAD_ARGUMENTS
 */
export class CreateNamespaceCommand implements Command<CreateNamespaceInput, CreateNamespaceOutput> {
  readonly name = "CreateNamespaceCommand";
  readonly repeat = "repeatable";
  readonly input: CreateNamespaceInput;

  constructor(input: CreateNamespaceInput) {
    this.input = input;
  }

  serialize(input: CreateNamespaceInput, defaults: CommandDefaults): RequestParts {
    return { ...routeTo("createNamespace", {}, defaults), json: { name: input.name } };
  }

  deserialize(response: HttpResponse): CreateNamespaceOutput {
    return jsonOf(response) as CreateNamespaceOutput;
  }
}
