import type { TopicAnswer } from "../../shared/api/schemas/topics.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface DescribePartitionsInput {
  readonly namespace?: string | undefined;
  readonly topic: string;
}

export type DescribePartitionsOutput = TopicAnswer;

/**
 * As `DescribeTopicCommand`, for whoever may produce to a topic but not read it.
 *
 * @throws StreamkeeperServiceException UNKNOWN_TOPIC_OR_PARTITION | INVALID_TOPIC_EXCEPTION
 */
export class DescribePartitionsCommand implements Command<DescribePartitionsInput, DescribePartitionsOutput> {
  readonly name = "DescribePartitionsCommand";
  readonly repeat = "read";
  readonly input: DescribePartitionsInput;

  constructor(input: DescribePartitionsInput) {
    this.input = input;
  }

  serialize(input: DescribePartitionsInput, defaults: CommandDefaults): RequestParts {
    return routeTo("describePartitions", input, defaults);
  }

  deserialize(response: HttpResponse): DescribePartitionsOutput {
    return jsonOf(response) as DescribePartitionsOutput;
  }
}
