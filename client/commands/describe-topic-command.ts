import type { TopicAnswer } from "../../shared/api/schemas/topics.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface DescribeTopicInput {
  readonly namespace?: string;
  readonly topic: string;
}

export type DescribeTopicOutput = TopicAnswer;

/** Describes a topic. @throws StreamkeeperServiceException UNKNOWN_TOPIC_OR_PARTITION | INVALID_TOPIC_EXCEPTION */
export class DescribeTopicCommand implements Command<DescribeTopicInput, DescribeTopicOutput> {
  readonly name = "DescribeTopicCommand";
  readonly repeat = "read";
  readonly input: DescribeTopicInput;

  constructor(input: DescribeTopicInput) {
    this.input = input;
  }

  serialize(input: DescribeTopicInput, defaults: CommandDefaults): RequestParts {
    return routeTo("describeTopic", input, defaults);
  }

  deserialize(response: HttpResponse): DescribeTopicOutput {
    return jsonOf(response) as DescribeTopicOutput;
  }
}
