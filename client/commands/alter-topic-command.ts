import type { AlterTopicBody, TopicAnswer } from "../../shared/api/schemas/topics.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { idempotencyHeaders, routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

/** More partitions, never fewer; a configuration key that is null is removed, one that is left out stays. */
export interface AlterTopicInput extends AlterTopicBody {
  readonly namespace?: string;
  readonly topic: string;
  readonly idempotencyKey?: string;
}

export type AlterTopicOutput = TopicAnswer;

/**
 * Gives a topic more partitions, or changes its configuration.
 *
 * @throws StreamkeeperServiceException UNKNOWN_TOPIC_OR_PARTITION | INVALID_PARTITIONS | INVALID_CONFIG
 */
export class AlterTopicCommand implements Command<AlterTopicInput, AlterTopicOutput> {
  readonly name = "AlterTopicCommand";
  readonly repeat = "keyed";
  readonly input: AlterTopicInput;

  constructor(input: AlterTopicInput) {
    this.input = input;
  }

  serialize(input: AlterTopicInput, defaults: CommandDefaults): RequestParts {
    const { namespace, topic, partitions, config } = input;
    return {
      ...routeTo("alterTopic", { namespace, topic }, defaults),
      headers: idempotencyHeaders(input.idempotencyKey),
      json: { partitions, config },
    };
  }

  deserialize(response: HttpResponse): AlterTopicOutput {
    return jsonOf(response) as AlterTopicOutput;
  }
}
