import type { DescribeGroupAnswer } from "../../shared/api/schemas/groups.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface DescribeGroupInput {
  readonly namespace?: string | undefined;
  readonly group: string;
}

export type DescribeGroupOutput = DescribeGroupAnswer;

/** Describes a consumer group and its members. @throws StreamkeeperServiceException GROUP_ID_NOT_FOUND */
export class DescribeGroupCommand implements Command<DescribeGroupInput, DescribeGroupOutput> {
  readonly name = "DescribeGroupCommand";
  readonly repeat = "read";
  readonly input: DescribeGroupInput;

  constructor(input: DescribeGroupInput) {
    this.input = input;
  }

  serialize(input: DescribeGroupInput, defaults: CommandDefaults): RequestParts {
    const { namespace, group } = input;
    return routeTo("describeGroup", { namespace, group }, defaults);
  }

  deserialize(response: HttpResponse): DescribeGroupOutput {
    return jsonOf(response) as DescribeGroupOutput;
  }
}
