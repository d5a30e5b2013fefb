import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import { idempotencyHeaders, routeTo } from "../serialize.ts";

export interface DeleteTopicInput {
  readonly namespace?: string;
  readonly topic: string;
  readonly idempotencyKey?: string;
}

/** Deletes a topic with all its records. @throws StreamkeeperServiceException UNKNOWN_TOPIC_OR_PARTITION */
export class DeleteTopicCommand implements Command<DeleteTopicInput, object> {
  readonly name = "DeleteTopicCommand";
  readonly repeat = "keyed";
  readonly input: DeleteTopicInput;

  constructor(input: DeleteTopicInput) {
    this.input = input;
  }

  serialize(input: DeleteTopicInput, defaults: CommandDefaults): RequestParts {
    const { namespace, topic } = input;
    return {
      ...routeTo("deleteTopic", { namespace, topic }, defaults),
      headers: idempotencyHeaders(input.idempotencyKey),
    };
  }

  deserialize(): object {
    return {};
  }
}
