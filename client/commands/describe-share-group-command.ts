import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import type { DescribeShareGroupAnswer } from "../../shared/api/schemas/share-groups.ts";

export interface DescribeShareGroupInput {
  readonly namespace?: string | undefined;
  readonly group: string;
}

export type DescribeShareGroupOutput = DescribeShareGroupAnswer;

/**
 * Describes a share group, with what is left to do in each partition.
 *
 * @throws StreamkeeperServiceException GROUP_ID_NOT_FOUND
 */
export class DescribeShareGroupCommand implements Command<DescribeShareGroupInput, DescribeShareGroupOutput> {
  readonly name = "DescribeShareGroupCommand";
  readonly repeat = "read";
  readonly input: DescribeShareGroupInput;

  constructor(input: DescribeShareGroupInput) {
    this.input = input;
  }

  serialize({ namespace, group }: DescribeShareGroupInput, defaults: CommandDefaults): RequestParts {
    return { ...routeTo("describeShareGroup", { namespace, group }, defaults) };
  }

  deserialize(response: HttpResponse): DescribeShareGroupOutput {
    return jsonOf(response) as DescribeShareGroupOutput;
  }
}
