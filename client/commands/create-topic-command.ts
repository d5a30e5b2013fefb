import type { CreateTopicBody, TopicAnswer } from "../../shared/api/schemas/topics.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { idempotencyHeaders, routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface CreateTopicInput extends CreateTopicBody {
  readonly namespace?: string;
  readonly idempotencyKey?: string;
}

export type CreateTopicOutput = TopicAnswer;

/**
 * Creates a topic.
 *
 * @throws StreamkeeperServiceException TOPIC_ALREADY_EXISTS | INVALID_TOPIC_EXCEPTION | INVALID_PARTITIONS |
 *   INVALID_CONFIG | UNKNOWN_NAMESPACE
 */
export class CreateTopicCommand implements Command<CreateTopicInput, CreateTopicOutput> {
  readonly name = "CreateTopicCommand";
  readonly repeat = "keyed";
  readonly input: CreateTopicInput;

  constructor(input: CreateTopicInput) {
    this.input = input;
  }

  serialize(input: CreateTopicInput, defaults: CommandDefaults): RequestParts {
    const { name, partitions, config } = input;
    return {
      ...routeTo("createTopic", { namespace: input.namespace }, defaults),
      headers: idempotencyHeaders(input.idempotencyKey),
      json: { name, partitions, config },
    };
  }

  deserialize(response: HttpResponse): CreateTopicOutput {
    return jsonOf(response) as CreateTopicOutput;
  }
}
