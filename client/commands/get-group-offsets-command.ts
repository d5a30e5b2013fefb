import type { GetGroupOffsetsAnswer } from "../../shared/api/schemas/groups.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface GetGroupOffsetsInput {
  readonly namespace?: string | undefined;
  readonly group: string;
  /** Default: all that the group has offsets of or owns. */
  readonly topics?: readonly string[] | undefined;
  /** Fail with UNSTABLE_OFFSET_COMMIT while a transaction's offsets are undecided (KIP-447). Default false. */
  readonly stable?: boolean | undefined;
}

export type GetGroupOffsetsOutput = GetGroupOffsetsAnswer;

/**
 * Reads the offsets that a group has committed, with its lag.
 *
 * @throws StreamkeeperServiceException GROUP_ID_NOT_FOUND | UNSTABLE_OFFSET_COMMIT
 */
export class GetGroupOffsetsCommand implements Command<GetGroupOffsetsInput, GetGroupOffsetsOutput> {
  readonly name = "GetGroupOffsetsCommand";
  readonly repeat = "read";
  readonly input: GetGroupOffsetsInput;

  constructor(input: GetGroupOffsetsInput) {
    this.input = input;
  }

  serialize(input: GetGroupOffsetsInput, defaults: CommandDefaults): RequestParts {
    const { namespace, group, topics, stable } = input;
    return {
      ...routeTo("getGroupOffsets", { namespace, group }, defaults),
      query: { topics: topics?.join(","), stable },
    };
  }

  deserialize(response: HttpResponse): GetGroupOffsetsOutput {
    return jsonOf(response) as GetGroupOffsetsOutput;
  }
}
